//! Blobs as objects named by their digest: the same name always holds the same bytes.

use std::sync::Arc;

use bytes::Bytes;
use domain::Digest;
use sha2::{Digest as _, Sha256};

use crate::object::bucket::Bucket;
use crate::port::{AppendError, Blob, Blobs, Error, ReadBlobs};

#[derive(Clone, Debug)]
pub(crate) struct ObjectBlobs {
    bucket: Bucket,
}

impl ObjectBlobs {
    pub(crate) fn new(bucket: Bucket) -> Self {
        Self { bucket }
    }
}

/// A name that comes from outside never becomes a key as it stands.
fn key(digest: &Digest) -> Option<String> {
    let name = digest.as_str();
    let is_hex = name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| format!("blobs/{}/{name}", &name[..2]))
}

fn is_of(digest: &Digest, bytes: &[u8]) -> bool {
    hex::encode(Sha256::digest(bytes)) == digest.as_str()
}

impl Blobs for ObjectBlobs {
    fn put(&mut self, blobs: &[Blob]) -> Result<(), AppendError> {
        let mut objects = Vec::with_capacity(blobs.len());
        for blob in blobs {
            let key = key(&blob.digest).filter(|_| is_of(&blob.digest, &blob.bytes));
            let key = key.ok_or_else(|| AppendError::Fatal {
                place: self.bucket.place("blobs"),
                why: format!("a blob was handed in under a wrong name, {}", blob.digest),
            })?;
            objects.push((key, Bytes::copy_from_slice(&blob.bytes)));
        }
        self.bucket
            .put_all(objects)
            .map_err(|why| AppendError::Fatal {
                place: self.bucket.place("blobs"),
                why: why.to_string(),
            })
    }

    /// A put that was answered is durable already.
    fn sync(&mut self) -> Result<(), AppendError> {
        Ok(())
    }

    fn reader(&self) -> Arc<dyn ReadBlobs> {
        Arc::new(self.clone())
    }
}

impl ReadBlobs for ObjectBlobs {
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>, Error> {
        let Some(key) = key(digest) else {
            return Ok(None);
        };
        let Some(bytes) = self.bucket.read(&key)? else {
            return Ok(None);
        };
        match is_of(digest, &bytes) {
            true => Ok(Some(bytes.into())),
            false => Err(Error::BadBlob {
                place: self.bucket.place(&key),
                digest: digest.clone(),
            }),
        }
    }
}
