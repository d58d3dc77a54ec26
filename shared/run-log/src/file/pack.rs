//! Blobs, many to a file: 2,000 small records cost a sync per batch, not per record.
//!
//! `blobs/pack-00001` and so on hold entries `digest 32 | len u32 | crc32c of the bytes u32 | crc32c
//! of the head u32 | bytes`. Each opening writes into a pack of its own: what an earlier process
//! left may never have reached the disk, so it is read but not relied on when a blob comes again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use domain::Digest;
use sha2::{Digest as _, Sha256};

use crate::file::{at, sync_directory};
use crate::port::{AppendError, Blob, Blobs, Error, ReadBlobs};

const HEAD: usize = 44;
const PREFIX: &str = "pack-";

/// Where a blob's bytes lie.
#[derive(Clone, Copy, Debug)]
struct Place {
    pack: u32,
    offset: u64,
    length: u32,
    checksum: u32,
}

/// The blobs of a folder, as one writer and many readers see them.
#[derive(Debug)]
pub struct Packs {
    index: Arc<Index>,
    /// The pack that this opening writes; made with the first blob.
    current: Option<File>,
    number: u32,
    length: u64,
    unsynced: bool,
    /// Set after a failed write: nothing is written again.
    broken: Option<String>,
}

/// Where every blob of a folder lies.
#[derive(Debug)]
pub struct Index {
    folder: PathBuf,
    places: RwLock<BTreeMap<Digest, Place>>,
}

impl Index {
    /// Reads the heads of every pack in `folder`, which may not exist yet.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let index = Self {
            folder: folder.to_owned(),
            places: RwLock::default(),
        };
        index.scan()?;
        Ok(index)
    }

    /// Reads the heads again; answers with the highest number of a pack.
    pub fn scan(&self) -> Result<u32, Error> {
        let numbers = pack_numbers(&self.folder).map_err(at(&self.folder))?;
        for &number in &numbers {
            let path = self.path(number);
            self.scan_pack(number, &path).map_err(at(&path))?;
        }
        Ok(numbers.last().copied().unwrap_or_default())
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:05}"))
    }

    fn place(&self, digest: &Digest) -> Option<Place> {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        places.get(digest).copied()
    }

    fn insert(&self, digest: Digest, place: Place) {
        let mut places = self.places.write().unwrap_or_else(PoisonError::into_inner);
        places.insert(digest, place);
    }

    /// Walks the heads of one pack. The first one that does not hold is a torn tail, or damage that
    /// shows when an event names a blob which is not found.
    fn scan_pack(&self, number: u32, path: &Path) -> io::Result<()> {
        let file = File::open(path)?;
        let end = file.metadata()?.len();
        let mut offset = 0;
        let mut head = [0; HEAD];
        while offset + HEAD as u64 <= end {
            file.read_exact_at(&mut head, offset)?;
            let Some((digest, place)) = read_head(&head, number, offset + HEAD as u64) else {
                break;
            };
            offset = place.offset + u64::from(place.length);
            if offset > end {
                break;
            }
            self.insert(digest, place);
        }
        Ok(())
    }
}

impl ReadBlobs for Index {
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let Some(place) = self.place(digest) else {
            return Ok(None);
        };
        let path = self.path(place.pack);
        let mut bytes = vec![0; place.length as usize];
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
        };
        file.read_exact_at(&mut bytes, place.offset)
            .map_err(at(&path))?;
        let right = crc32c::crc32c(&bytes) == place.checksum
            && hex::encode(Sha256::digest(&bytes)) == digest.as_str();
        if right {
            return Ok(Some(bytes));
        }
        Err(Error::BadBlob {
            place: path.display().to_string(),
            digest: digest.clone(),
        })
    }
}

impl Packs {
    /// Opens the packs of `folder`, which may not exist yet.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let index = Index::open(folder)?;
        let number = index.scan()? + 1;
        Ok(Self {
            index: Arc::new(index),
            current: None,
            number,
            length: 0,
            unsynced: false,
            broken: None,
        })
    }

    /// Writes a blob unless this opening already has.
    fn write(&mut self, blob: &Blob) -> io::Result<()> {
        let known = self.index.place(&blob.digest);
        if known.is_some_and(|place| place.pack == self.number) {
            return Ok(());
        }
        let digest = Sha256::digest(&blob.bytes);
        if hex::encode(digest) != blob.digest.as_str() {
            return Err(io::Error::other(format!(
                "blob {} has other content than its name says",
                blob.digest
            )));
        }
        let length = u32::try_from(blob.bytes.len()).map_err(io::Error::other)?;
        let checksum = crc32c::crc32c(&blob.bytes);
        let entry = entry(digest.as_ref(), length, checksum, &blob.bytes);
        let offset = self.length + HEAD as u64;
        self.current()?.write_all(&entry)?;
        self.length += entry.len() as u64;
        self.unsynced = true;
        let place = Place {
            pack: self.number,
            offset,
            length,
            checksum,
        };
        self.index.insert(blob.digest.clone(), place);
        Ok(())
    }

    fn current(&mut self) -> io::Result<&mut File> {
        if self.current.is_none() {
            let folder = &self.index.folder;
            fs::create_dir_all(folder)?;
            let file = OpenOptions::new()
                .append(true)
                .create_new(true)
                .open(self.index.path(self.number))?;
            file.sync_all()?;
            sync_directory(folder)?;
            if let Some(parent) = folder.parent() {
                sync_directory(parent)?;
            }
            self.current = Some(file);
        }
        let missing = || io::Error::other("the pack was not opened");
        self.current.as_mut().ok_or_else(missing)
    }

    fn write_down(&mut self) -> io::Result<()> {
        if let (true, Some(file)) = (self.unsynced, &self.current) {
            file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    fn once(&mut self, act: impl FnOnce(&mut Self) -> io::Result<()>) -> Result<(), AppendError> {
        let why = match self.broken.take() {
            Some(why) => why,
            None => match act(self) {
                Ok(()) => return Ok(()),
                Err(error) => error.to_string(),
            },
        };
        self.broken = Some(why.clone());
        let place = self.index.folder.display().to_string();
        Err(AppendError::Fatal { place, why })
    }
}

impl Blobs for Packs {
    fn put(&mut self, blobs: &[Blob]) -> Result<(), AppendError> {
        self.once(|packs| blobs.iter().try_for_each(|blob| packs.write(blob)))
    }

    fn sync(&mut self) -> Result<(), AppendError> {
        self.once(Self::write_down)
    }

    fn reader(&self) -> Arc<dyn ReadBlobs> {
        self.index.clone()
    }
}

fn entry(digest: &[u8], length: u32, checksum: u32, bytes: &[u8]) -> Vec<u8> {
    let mut entry = Vec::with_capacity(HEAD + bytes.len());
    entry.extend_from_slice(digest);
    entry.extend_from_slice(&length.to_le_bytes());
    entry.extend_from_slice(&checksum.to_le_bytes());
    entry.extend_from_slice(&crc32c::crc32c(&entry).to_le_bytes());
    entry.extend_from_slice(bytes);
    entry
}

fn read_head(head: &[u8; HEAD], pack: u32, offset: u64) -> Option<(Digest, Place)> {
    let number = |from: usize| {
        let mut four = [0; 4];
        four.copy_from_slice(&head[from..from + 4]);
        u32::from_le_bytes(four)
    };
    if crc32c::crc32c(&head[..40]) != number(40) {
        return None;
    }
    let place = Place {
        pack,
        offset,
        length: number(32),
        checksum: number(36),
    };
    Some((Digest::from(hex::encode(&head[..32])), place))
}

/// Numbers of the packs in a folder, in order; none when there is no folder.
fn pack_numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        numbers.extend(number.and_then(|number| number.parse::<u32>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}
