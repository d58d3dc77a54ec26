//! The bytes of one entry of a log file, and the walk that tells a torn tail from damage.
//!
//! A file is `MAGIC`, then frames: `len u32 | crc32c u32 | term u64 | position u64 | prev 32 bytes |
//! payload`, integers little-endian, `position` the number of segments before, `len` that of the payload, the checksum over all behind it.
//! This module never writes.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use domain::Term;
use prost::Message;

use crate::file::at;
use crate::port::{Error, LogId, Position, Tail};
use crate::segment::{Chain, Link, Stored};

/// First bytes of every log file; the digit is the layout of frames.
pub const MAGIC: &[u8; 16] = b"muster log 1\n\0\0\0";
/// Bytes of a frame before its payload.
pub const HEAD: usize = 56;
/// No frame is longer; a length beyond it is damage.
pub const LONGEST: usize = 64 * 1024 * 1024;

/// The frame of one segment.
pub fn encode(term: Term, position: Position, previous: &Link, payload: &[u8]) -> Vec<u8> {
    let mut checked = Vec::with_capacity(HEAD + payload.len());
    checked.extend_from_slice(&term.0.to_le_bytes());
    checked.extend_from_slice(&position.to_le_bytes());
    checked.extend_from_slice(previous);
    checked.extend_from_slice(payload);
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut frame = Vec::with_capacity(HEAD + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&crc32c::crc32c(&checked).to_le_bytes());
    frame.extend_from_slice(&checked);
    frame
}

/// What a walk over a log file found.
#[derive(Debug)]
struct Walked {
    /// Bytes up to the last frame that is right.
    kept: usize,
    chain: Chain,
    segments: Vec<Stored>,
    /// Offset of an entry that was cut short by a crash.
    torn_at: Option<u64>,
}

/// A log file as its next writer finds it.
#[derive(Debug)]
pub struct Verified {
    /// Magic and every frame that is right; empty when there is no log yet.
    pub kept: Vec<u8>,
    pub chain: Chain,
    /// Offset of an entry that was cut short by a crash.
    pub torn_at: Option<u64>,
}

/// A frame whose checksum holds.
pub(crate) struct Frame<'a> {
    pub(crate) term: u64,
    pub(crate) position: u64,
    pub(crate) previous: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// Of head and payload.
    pub(crate) length: usize,
}

/// What stands before a payload, as it stands there: nothing of it has been checked.
pub(crate) struct Head<'a> {
    /// Of the payload.
    pub(crate) length: usize,
    pub(crate) checksum: u32,
    pub(crate) term: u64,
    pub(crate) position: u64,
    pub(crate) previous: &'a [u8],
}

/// The head at the start of `bytes`, if it is there whole.
pub(crate) fn head(bytes: &[u8]) -> Option<Head<'_>> {
    let head = bytes.get(..HEAD)?;
    let number = |from: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&head[from..from + 8]);
        u64::from_le_bytes(eight)
    };
    Some(Head {
        length: usize::try_from(number(0) & 0xffff_ffff).unwrap_or(usize::MAX),
        checksum: u32::try_from(number(0) >> 32).unwrap_or_default(),
        term: number(8),
        position: number(16),
        previous: &head[24..56],
    })
}

/// Reads the frame at the start of `bytes`; the text says what is wrong with it.
pub(crate) fn decode(bytes: &[u8]) -> Result<Frame<'_>, &'static str> {
    let head = head(bytes).ok_or("its head is cut short")?;
    let length = head.length;
    if length > LONGEST {
        return Err("its length is impossible");
    }
    let checked = bytes.get(8..HEAD + length).ok_or("it is cut short")?;
    if crc32c::crc32c(checked) != head.checksum {
        return Err("its checksum does not hold");
    }
    Ok(Frame {
        term: head.term,
        position: head.position,
        previous: head.previous,
        payload: &bytes[HEAD..HEAD + length],
        length: HEAD + length,
    })
}

/// Walks a whole file. A missing file, and one whose making was cut short, are empty logs.
pub fn verify(id: &LogId, path: &Path) -> Result<Verified, Error> {
    let mut bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(at(path)(error)),
    };
    let place = Place { path, offset: 0 };
    let walked = walk_bytes(
        Chain::start(id),
        &place,
        &bytes,
        Start::Magic,
        Position::MAX,
    )?;
    bytes.truncate(walked.kept);
    Ok(Verified {
        kept: bytes,
        chain: walked.chain,
        torn_at: walked.torn_at,
    })
}

/// The log that the first entry of a file belongs to.
pub fn first_log_name(bytes: &[u8]) -> Option<String> {
    let frame = decode(bytes.strip_prefix(MAGIC)?).ok()?;
    let segment = proto::v1::Segment::decode(frame.payload).ok()?;
    Some(segment.log)
}

/// Reads a file from its start on, a piece at a time, without ever writing.
#[derive(Debug)]
pub struct Cursor {
    path: PathBuf,
    chain: Chain,
    offset: u64,
}

impl Cursor {
    pub fn new(id: &LogId, path: PathBuf) -> Self {
        Self {
            path,
            chain: Chain::start(id),
            offset: 0,
        }
    }

    /// What lies behind the last piece. The file is opened anew: a writer that starts puts a
    /// verified copy in its place.
    fn rest(&self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(bytes),
            opened => opened?,
        };
        file.seek(SeekFrom::Start(self.offset))?;
        file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Tail for Cursor {
    fn next(&mut self, up_to: Position) -> Result<Vec<Stored>, Error> {
        if self.chain.position() >= up_to {
            return Ok(Vec::new());
        }
        let bytes = self.rest().map_err(at(&self.path))?;
        let start = if self.offset == 0 {
            Start::Magic
        } else {
            Start::Frame
        };
        let chain = self.chain.clone();
        let place = Place {
            path: &self.path,
            offset: self.offset,
        };
        let walked = walk_bytes(chain, &place, &bytes, start, up_to)?;
        self.chain = walked.chain;
        self.offset += walked.kept as u64;
        Ok(walked.segments)
    }
}

/// Where bytes come from, for messages.
struct Place<'a> {
    path: &'a Path,
    offset: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Magic,
    Frame,
}

fn walk_bytes(
    chain: Chain,
    place: &Place<'_>,
    bytes: &[u8],
    start: Start,
    up_to: Position,
) -> Result<Walked, Error> {
    let mut walked = Walked {
        kept: 0,
        chain,
        segments: Vec::new(),
        torn_at: None,
    };
    if start == Start::Magic {
        if bytes.len() < MAGIC.len() && MAGIC.starts_with(bytes) {
            return Ok(walked);
        }
        if !bytes.starts_with(MAGIC) {
            return Err(Error::Foreign {
                place: place.path.display().to_string(),
                why: "it does not begin as a log does".to_owned(),
            });
        }
        walked.kept = MAGIC.len();
    }
    while walked.kept < bytes.len() && walked.chain.position() < up_to {
        let offset = walked.kept;
        let damaged = |why: String| Error::Damaged {
            place: place.path.display().to_string(),
            offset: place.offset + offset as u64,
            why,
        };
        match decode(&bytes[offset..]) {
            Ok(frame) => join(&mut walked, &frame).map_err(damaged)?,
            Err(why) if valid_frame_behind(&bytes[offset + 1..], walked.chain.position()) => {
                return Err(damaged(why.to_owned()));
            }
            Err(_) => {
                walked.torn_at = Some(place.offset + offset as u64);
                break;
            }
        }
    }
    Ok(walked)
}

/// Takes a whole frame into the walk. One that does not follow was never written by a crash.
fn join(walked: &mut Walked, frame: &Frame<'_>) -> Result<(), String> {
    if frame.position != walked.chain.position() || frame.previous != walked.chain.link() {
        return Err("its head does not follow the entry before".to_owned());
    }
    let segment = walked
        .chain
        .join(frame.payload)
        .map_err(|error| error.to_string())?;
    if segment.term != frame.term {
        return Err("its head names another term than its content".to_owned());
    }
    walked.segments.push(Stored {
        bytes: frame.payload.to_vec(),
        segment,
    });
    walked.kept += frame.length;
    Ok(())
}

/// Whether any later byte begins a frame whose checksum holds. At most one append is in flight, so
/// a crash never leaves one; damage does.
fn valid_frame_behind(bytes: &[u8], position: Position) -> bool {
    next_valid(bytes, position).is_some()
}

/// The first byte at which a frame from `position` on begins whose checksum holds. Positions sort
/// nearly every offset out unread.
pub(crate) fn next_valid(bytes: &[u8], position: Position) -> Option<usize> {
    const FURTHEST: u64 = 1 << 40;
    (0..bytes.len().saturating_sub(HEAD)).find(|&offset| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&bytes[offset + 16..offset + 24]);
        let found = u64::from_le_bytes(eight);
        (position..position.saturating_add(FURTHEST)).contains(&found)
            && decode(&bytes[offset..]).is_ok()
    })
}
