//! The file of server spans beside a run's log: a lane of its own, in which loss is counted.
//!
//! `spans` holds entries `len u32 | crc32c u32 | ServerSpans`, little endian, never synced. A torn
//! tail is cut off at the next opening; readers stop at the first entry that does not hold.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use prost::Message as _;
use proto::v1::ServerSpans;

use crate::file::at;
use crate::port::Error;

const FILE: &str = "spans";
const HEAD: usize = 8;
/// Bytes of a run's file that are read; a coordinator writes less.
const LARGEST: u64 = 128 * 1024 * 1024;

/// The file of one run, open for writing.
#[derive(Debug)]
pub struct SpanFile {
    path: PathBuf,
    file: File,
    length: u64,
    /// Spans in it when it was opened.
    found: ServerSpans,
}

impl SpanFile {
    /// Opens the file in a run's folder; a missing one is made.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(at(folder))?;
        let path = folder.join(FILE);
        let open = || -> io::Result<(File, u64, ServerSpans)> {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)?;
            let (found, length) = entries(&mut file)?;
            file.set_len(length)?;
            file.seek(SeekFrom::Start(length))?;
            Ok((file, length, found))
        };
        let (file, length, found) = open().map_err(at(&path))?;
        Ok(Self {
            path,
            file,
            length,
            found,
        })
    }

    /// Bytes written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// What lay in it when it was opened.
    pub fn found(&self) -> &ServerSpans {
        &self.found
    }

    /// Adds an entry; readers see it when this returns.
    pub fn append(&mut self, spans: &ServerSpans) -> Result<(), Error> {
        let bytes = spans.encode_to_vec();
        let mut entry = Vec::with_capacity(HEAD + bytes.len());
        let length = u32::try_from(bytes.len())
            .map_err(|_| at(&self.path)(io::Error::other("too many spans for one entry")))?;
        entry.extend_from_slice(&length.to_le_bytes());
        entry.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
        entry.extend_from_slice(&bytes);
        self.file.write_all(&entry).map_err(at(&self.path))?;
        self.length += entry.len() as u64;
        Ok(())
    }
}

/// All server spans of the run in `folder`, and how many were dropped; nothing when there are none.
pub fn read(folder: &Path) -> Result<ServerSpans, Error> {
    let path = folder.join(FILE);
    match File::open(&path) {
        Ok(mut file) => Ok(entries(&mut file).map_err(at(&path))?.0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ServerSpans::default()),
        Err(error) => Err(at(&path)(error)),
    }
}

/// What the whole entries at the start hold, and where they end.
fn entries(file: &mut File) -> io::Result<(ServerSpans, u64)> {
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes)?;
    let mut rest = bytes.as_slice();
    let mut all = ServerSpans::default();
    while let Some((entry, behind)) = first_entry(rest) {
        all.spans.extend(entry.spans);
        all.dropped = all.dropped.saturating_add(entry.dropped);
        rest = behind;
    }
    Ok((all, (bytes.len() - rest.len()) as u64))
}

fn first_entry(bytes: &[u8]) -> Option<(ServerSpans, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (checksum, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (entry, behind) = rest.split_at_checked(length)?;
    if crc32c::crc32c(entry) != u32::from_le_bytes(*checksum) {
        return None;
    }
    Some((ServerSpans::decode(entry).ok()?, behind))
}

#[cfg(test)]
mod tests {
    use proto::v1::ServerSpan;

    use super::*;

    fn named(name: &str, dropped: u64) -> ServerSpans {
        let span = ServerSpan {
            name: name.to_owned(),
            ..ServerSpan::default()
        };
        ServerSpans {
            spans: vec![span],
            dropped,
        }
    }

    #[test]
    fn spans_are_read_back_and_a_torn_tail_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), ServerSpans::default());
        let mut file = SpanFile::open(folder.path()).unwrap();
        file.append(&named("a", 0)).unwrap();
        let whole = file.length();
        file.append(&named("b", 2)).unwrap();
        let path = folder.path().join(FILE);
        let bytes = fs::read(&path).unwrap();
        for cut in 0..bytes.len() {
            fs::write(&path, &bytes[..cut]).unwrap();
            let found = read(folder.path()).unwrap();
            assert_eq!(found.spans.len(), usize::from(cut as u64 >= whole), "{cut}");
        }
        let mut again = SpanFile::open(folder.path()).unwrap();
        assert_eq!((again.length(), again.found().spans.len()), (whole, 1));
        again.append(&named("c", 3)).unwrap();
        let found = read(folder.path()).unwrap();
        let names: Vec<&str> = found.spans.iter().map(|span| span.name.as_str()).collect();
        assert_eq!((names, found.dropped), (vec!["a", "c"], 3));
    }
}
