//! The worker's name, place and limits.

use std::time::Duration;

use domain::{Incarnation, Region, WorkerId};

use crate::WINDOW;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub worker: WorkerId,
    pub region: Region,
    /// Cases executed at once.
    pub slots: u32,
    pub incarnation: Incarnation,
    pub version: String,
    pub beat: Duration,
    /// Bytes of results sent and not acknowledged; more wait in the spool.
    pub window_bytes: usize,
    /// Bytes of results not acknowledged above which no case starts.
    pub spool_bytes: usize,
    #[cfg(feature = "planted")]
    pub planted: Option<crate::planted::Planted>,
}

impl Config {
    pub fn new(worker: WorkerId, region: Region, slots: u32, incarnation: Incarnation) -> Self {
        Self {
            worker,
            region,
            slots,
            incarnation,
            version: String::new(),
            beat: Duration::from_secs(5),
            window_bytes: WINDOW,
            spool_bytes: 64 << 20,
            #[cfg(feature = "planted")]
            planted: None,
        }
    }
}
