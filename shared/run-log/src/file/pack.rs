//! Blobs of one log, many to a file: 2,000 small records cost a sync per batch, not per record.
//!
//! `blobs/pack-00001` and so on hold entries `digest 32 | len u32 | crc32c of the bytes u32 | crc32c
//! of the head u32 | bytes`. Each opening writes into a pack of its own: what an earlier process
//! left may never have reached the disk, so it is read but not relied on when a blob comes again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use domain::Digest;
use sha2::{Digest as _, Sha256};

use crate::file::{at, sync_directory};
use crate::port::{Blob, Error};

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

/// The packs of one log.
#[derive(Debug)]
pub struct Packs {
    folder: PathBuf,
    index: BTreeMap<Digest, Place>,
    /// The pack that this opening writes; made with the first blob.
    current: Option<File>,
    number: u32,
    length: u64,
    unsynced: bool,
}

impl Packs {
    /// Reads the heads of every pack in `folder`, which may not exist yet.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let mut packs = Self {
            folder: folder.to_owned(),
            index: BTreeMap::new(),
            current: None,
            number: 0,
            length: 0,
            unsynced: false,
        };
        for number in pack_numbers(folder).map_err(at(folder))? {
            let path = packs.path(number);
            packs.scan(number).map_err(at(&path))?;
            packs.number = packs.number.max(number);
        }
        packs.number += 1;
        Ok(packs)
    }

    fn path(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{PREFIX}{number:05}"))
    }

    /// Walks the heads of one pack. The first one that does not hold is a torn tail, or damage that
    /// shows when an event names a blob which is not found.
    fn scan(&mut self, number: u32) -> io::Result<()> {
        let file = File::open(self.path(number))?;
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
            self.index.insert(digest, place);
        }
        Ok(())
    }

    /// Writes a blob unless this opening already has; durable after `sync`.
    pub fn put(&mut self, blob: &Blob) -> io::Result<()> {
        let known = self.index.get(&blob.digest);
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
            fs::create_dir_all(&self.folder)?;
            let path = self.path(self.number);
            let file = OpenOptions::new()
                .append(true)
                .create_new(true)
                .open(path)?;
            file.sync_all()?;
            sync_directory(&self.folder)?;
            if let Some(parent) = self.folder.parent() {
                sync_directory(parent)?;
            }
            self.current = Some(file);
        }
        let missing = || io::Error::other("the pack was not opened");
        self.current.as_mut().ok_or_else(missing)
    }

    /// Makes what was put durable.
    pub fn sync(&mut self) -> io::Result<()> {
        if let (true, Some(file)) = (self.unsynced, &self.current) {
            file.sync_data()?;
            self.unsynced = false;
        }
        Ok(())
    }

    /// The bytes of a blob, with their digest checked.
    pub fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let Some(place) = self.index.get(digest) else {
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
