//! The append-only record of runs, and the blobs that its events name.
//!
//! A log is a chain of segments; an append names the position it expects, and a leader that was
//! deposed loses its next one: the log itself is the fence. What an event means is not known here.
//!
//! Reading order: `port` (the guarantees), `segment` (the bytes and their chain), `file` (the
//! adapter on a local disk), `object` (the adapter on an object store), `writer` (the threads that
//! own logs and blobs), `verify` (what is wrong with a log, all of it), `conformance`, and beside all
//! that `spans`, which nothing waits for.

pub mod conformance;
pub mod file;
pub mod object;
pub mod port;
pub mod segment;
pub mod spans;
pub mod verify;
pub mod writer;

pub use file::{FileStore, Layout, RunFolder};
pub use object::{Address, AddressError, ObjectStore};
pub use port::{
    AppendError, Batch, Blob, Blobs, Error, Log, LogId, Position, ReadBlobs, ReadLog, Store, Tail,
};
pub use segment::Stored;
pub use writer::{Answer, Append, Writer};
