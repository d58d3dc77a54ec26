//! Light workers: the workers' own machine over real gRPC, without engine, spool and target.
//!
//! Whatever the protocol asks of a worker they do, because the machine is the product's; a case is
//! a time that passes, and a result that says so. A process holds thousands of them. `worker` is
//! one of them, `line` its stream, `seen` what all of them saw.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

mod line;
mod seen;
mod worker;

pub use seen::{Look, Seen};
use worker::Light;

/// What the workers of a crew have in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `HOST:PORT` of each coordinator.
    pub coordinators: Vec<String>,
    pub region: String,
    pub slots: u32,
    /// How long a case runs.
    pub case_takes: Duration,
    /// Size of the record that each result brings; 0: it brings none.
    pub record_bytes: usize,
    /// A later one proves that workers of the same names are dead.
    pub incarnation: u64,
}

impl Settings {
    /// Four slots, cases of a second, no records.
    pub fn new(coordinators: Vec<String>, region: &str) -> Self {
        Self {
            coordinators,
            region: region.to_owned(),
            slots: 4,
            case_takes: Duration::from_secs(1),
            record_bytes: 0,
            incarnation: 1,
        }
    }
}

/// Workers that run until this is dropped, which ends them as a crash would.
#[derive(Debug)]
pub struct Crew {
    seen: Arc<Seen>,
    _workers: JoinSet<()>,
}

impl Crew {
    /// Starts so many workers, named `light-0` and so on.
    pub fn start(n_workers: usize, settings: &Settings) -> Self {
        let seen = Arc::new(Seen::default());
        let mut workers = JoinSet::new();
        for number in 0..n_workers {
            let light = Light::new(&name(number), settings, seen.clone());
            workers.spawn(light.run());
        }
        Self {
            seen,
            _workers: workers,
        }
    }

    pub fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// How the workers of a crew are called.
pub fn name(number: usize) -> String {
    format!("light-{number}")
}
