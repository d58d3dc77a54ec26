//! Results on disk until they are acknowledged: they outlive this process, not this host.
//!
//! One file per attempt, `RUN.ATTEMPT.spool`, of frames `len|crc32c|seq|payload` (4, 4 and 8 bytes
//! little-endian; the checksum covers seq and payload). A frame that does not add up ends what can
//! be recovered of its file: what follows it was never told to anybody. The folder is locked, and
//! an incarnation counted in it proves to a coordinator that the process before is dead.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use accounting::worker::{Recovered, RecoveredResult};
use domain::message::FromWorker;
use domain::record::CaseResult;
use domain::{AttemptId, RunId, SessionId};
use prost::Message as _;
use proto::v1;
use rustix::fs::{FlockOperation, flock};

const HEADER: usize = 16;
/// Longer than any result with its record may be; a length above it is no length.
const FRAME_LIMIT: usize = 8 << 20;

#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    #[error("{path}: {why}; the spool needs a folder that can be written", path = path.display())]
    Io { path: PathBuf, why: io::Error },
    #[error(
        "{path} is another worker's: it is locked by a process that still runs; give each worker a --data folder of its own",
        path = path.display()
    )]
    Locked { path: PathBuf },
}

/// One attempt's file.
#[derive(Debug)]
struct Spooled {
    file: File,
    last_seq: u64,
}

/// The locked folder.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    incarnation: u64,
    attempts: BTreeMap<(RunId, AttemptId), Spooled>,
    _lock: File,
}

impl Spool {
    /// Locks the folder, counts the incarnation up, and reads what earlier ones left.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Vec<Recovered>), SpoolError> {
        let io = |why| SpoolError::Io {
            path: folder.to_owned(),
            why,
        };
        fs::create_dir_all(folder).map_err(io)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join("lock"))
            .map_err(io)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Err(SpoolError::Locked {
                path: folder.to_owned(),
            });
        }
        let incarnation = next_incarnation(folder).map_err(io)?;
        let mut spool = Self {
            folder: folder.to_owned(),
            incarnation,
            attempts: BTreeMap::new(),
            _lock: lock,
        };
        let recovered = spool.recover().map_err(io)?;
        Ok((spool, recovered))
    }

    /// Grows with each process that opens the folder.
    pub(crate) fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Appends a result; after an error nothing of it is in the spool.
    pub(crate) fn write(
        &mut self,
        (run, attempt): (&RunId, AttemptId),
        seq: u64,
        result: &CaseResult,
        record: &[u8],
    ) -> io::Result<()> {
        let payload = encode((run, attempt), seq, result, record);
        let path = self.path(run, attempt);
        let key = (run.clone(), attempt);
        let spooled = match self.attempts.entry(key) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(fresh) => {
                let options = OpenOptions::new().create(true).append(true).clone();
                fresh.insert(Spooled {
                    file: options.open(path)?,
                    last_seq: 0,
                })
            }
        };
        append(&mut spooled.file, &frame(seq, &payload)?)?;
        spooled.last_seq = seq;
        Ok(())
    }

    /// Results up to `through` are durable elsewhere. The file shrinks when nothing is left in it:
    /// a frame that stays longer is offered again after a restart, and acknowledged again.
    pub(crate) fn trim(&mut self, run: &RunId, attempt: AttemptId, through: u64) -> io::Result<()> {
        match self.attempts.get_mut(&(run.clone(), attempt)) {
            Some(spooled) if spooled.last_seq <= through => spooled.file.set_len(0),
            _ => Ok(()),
        }
    }

    pub(crate) fn forget(&mut self, run: &RunId, attempt: AttemptId) -> io::Result<()> {
        if self.attempts.remove(&(run.clone(), attempt)).is_none() {
            return Ok(());
        }
        fs::remove_file(self.path(run, attempt))
    }

    fn path(&self, run: &RunId, attempt: AttemptId) -> PathBuf {
        self.folder.join(format!("{run}.{attempt}.spool"))
    }

    fn recover(&mut self) -> io::Result<Vec<Recovered>> {
        let mut recovered = Vec::new();
        let mut paths: Vec<PathBuf> = fs::read_dir(&self.folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        paths.sort();
        for path in paths
            .iter()
            .filter(|path| path.extension().is_some_and(|e| e == "spool"))
        {
            if let Some(attempt) = self.recover_file(path)? {
                recovered.push(attempt);
            }
        }
        Ok(recovered)
    }

    /// What one file holds; a file without a whole frame is removed.
    fn recover_file(&mut self, path: &Path) -> io::Result<Option<Recovered>> {
        let mut file = OpenOptions::new().read(true).append(true).open(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (results, whole) = read_frames(&bytes);
        let Some((run, attempt)) = results.first().map(|(key, _)| key.clone()) else {
            fs::remove_file(path)?;
            return Ok(None);
        };
        file.set_len(whole as u64)?;
        let results: Vec<RecoveredResult> = results.into_iter().map(|(_, result)| result).collect();
        let last_seq = results.last().map_or(0, |result| result.seq);
        self.attempts
            .insert((run.clone(), attempt), Spooled { file, last_seq });
        Ok(Some(Recovered {
            run,
            attempt,
            results,
        }))
    }
}

/// All of the frame, or none of it.
fn append(file: &mut File, frame: &[u8]) -> io::Result<()> {
    let end = file.seek(SeekFrom::End(0))?;
    file.write_all(frame).inspect_err(|_| {
        // The error that matters is the first; a torn frame left here is cut at recovery.
        let _ = file.set_len(end);
    })
}

fn next_incarnation(folder: &Path) -> io::Result<u64> {
    let path = folder.join("incarnation");
    let before = match fs::read_to_string(&path) {
        Ok(text) => text.trim().parse().unwrap_or(0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    let next: u64 = before + 1;
    let fresh = folder.join("incarnation.new");
    let mut file = File::create(&fresh)?;
    write!(file, "{next}")?;
    file.sync_all()?;
    fs::rename(fresh, path)?;
    File::open(folder)?.sync_all()?;
    Ok(next)
}

fn encode(
    (run, attempt): (&RunId, AttemptId),
    seq: u64,
    result: &CaseResult,
    record: &[u8],
) -> Vec<u8> {
    let message = FromWorker::Result {
        run: run.clone(),
        attempt,
        // Sessions end with their stream; the delivery names the one it happens in.
        session: SessionId(0),
        seq,
        result: Box::new(result.clone()),
        record: record.to_vec(),
    };
    wire::message::encode_from_worker(&message).encode_to_vec()
}

fn frame(seq: u64, payload: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|&n| n as usize <= FRAME_LIMIT);
    let length = length.ok_or_else(|| io::Error::other("a result is larger than 8 MiB"))?;
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(&seq.to_le_bytes());
    frame.extend_from_slice(payload);
    let checksum = crc32c::crc32c(&frame[8..]);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    Ok(frame)
}

type Found = ((RunId, AttemptId), RecoveredResult);

/// The whole frames from the start, and how many bytes they take.
fn read_frames(bytes: &[u8]) -> (Vec<Found>, usize) {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((result, length)) = read_frame(&bytes[at..]) {
        found.push(result);
        at += length;
    }
    (found, at)
}

fn read_frame(bytes: &[u8]) -> Option<(Found, usize)> {
    let length = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    let checksum = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
    let end = (length <= FRAME_LIMIT).then_some(HEADER + length)?;
    if crc32c::crc32c(bytes.get(8..end)?) != checksum {
        return None;
    }
    let message = v1::WorkerMessage::decode(bytes.get(HEADER..end)?).ok()?;
    match wire::message::decode_from_worker(message).ok()? {
        FromWorker::Result {
            run,
            attempt,
            seq,
            result,
            record,
            ..
        } => {
            let result = RecoveredResult {
                seq,
                result: *result,
                record,
            };
            Some((((run, attempt), result), end))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
