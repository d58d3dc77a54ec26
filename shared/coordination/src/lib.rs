//! Who may try to lead, and where the leader is.
//!
//! Coordination only chooses who tries: what makes a leader is its own `TermStarted` in the log,
//! and what deposes it is a conflict there. Nothing here decides about runs.
//!
//! Reading order: `port` (the guarantees), `embedded` (a directory on this machine), `etcd` (a
//! cluster of it), and `conformance` (what every adapter must pass).

pub mod conformance;
pub mod embedded;
pub mod etcd;
pub mod port;

pub use embedded::Embedded;
pub use etcd::Etcd;
pub use port::{Elector, Error, Leader, Tenure};
