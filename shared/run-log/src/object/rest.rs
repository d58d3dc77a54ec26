//! A log as it lies in the store, holes and all: for those who look at damage. It never writes.

use crate::object::{Keys, ObjectStore};
use crate::port::{Error, LogId, ReadBlobs};
use crate::verify::Object;
use std::sync::Arc;

use super::blobs::ObjectBlobs;

impl ObjectStore {
    /// Every segment that is there, by its number, read but not checked; see `verify::objects`.
    /// Blocks.
    pub fn at_rest(&self, log: &LogId) -> Result<Vec<Object>, Error> {
        let keys = Keys::of(log);
        let names = self.bucket.list(&keys.segments())?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.parse().ok()).collect();
        numbers.sort_unstable();
        let wanted: Vec<String> = numbers.iter().map(|number| keys.segment(*number)).collect();
        let found = numbers
            .into_iter()
            .zip(&wanted)
            .zip(self.bucket.read_all(&wanted)?);
        let objects = found.filter_map(|((number, key), bytes)| {
            Some(Object {
                place: self.bucket.place(key),
                number,
                bytes: bytes?.into(),
            })
        });
        Ok(objects.collect())
    }

    /// The blobs, for reading alone.
    pub fn blobs_at_rest(&self) -> Arc<dyn ReadBlobs> {
        Arc::new(ObjectBlobs::new(self.bucket.clone()))
    }
}
