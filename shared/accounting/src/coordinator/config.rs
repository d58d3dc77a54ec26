//! The coordinator's durations and limits. All times are measured on the caller's clock.

use std::time::Duration;

use crate::WINDOW;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Who leads, as the log names it.
    pub leader: String,
    /// A worker stops by itself this long after the stamp that its lease echoes.
    pub worker_ttl: Duration,
    /// The coordinator counts a lease this long from the newest stamp's arrival …
    pub lease_ttl: Duration,
    /// … and leases again only after this guard on top.
    pub guard: Duration,
    /// Results wait this long for company before an append; grants and answers don't wait.
    pub gather: Duration,
    /// An append holds at most this many events.
    pub batch_events: usize,
    /// Stamps that no segment has proven for this long get a Tick of their own.
    pub tick: Duration,
    /// How long a region may stand without a worker before its cases end as errored.
    pub placement: Duration,
    /// How long a stopped run waits for its workers.
    pub drain: Duration,
    /// On top of the longest time a leased case may take, before its worker counts as stuck: more
    /// than a worker itself allows for fetching a run, reading the fingerprint and stopping.
    pub stall_slack: Duration,
    /// Losses that a case may have before it ends as lost.
    pub infrastructure_budget: usize,
    /// Downtime between two leaders counts towards a run's elapsed time up to here.
    pub max_downtime: Duration,
    /// Workers live and die with this process: a predecessor's leases are dead at takeover.
    pub one_process: bool,
    /// Runs that may be active at once; others wait.
    pub max_active: usize,
    /// Runs that may wait to become active; a plan beyond them is refused.
    pub max_queued: usize,
    /// Messages and requests that wait for this process to lead; more are sent away.
    pub max_deferred: usize,
    /// Bytes of results that a stream of a worker may have under way, taken and not acknowledged:
    /// the window that workers keep to, and as much again for what one frame may hold.
    pub max_unacked: usize,
    /// Workers let in each second; the others are told when to ask again.
    pub hellos_per_second: u32,
    /// Closed runs that are remembered, for results that come late.
    pub keep_closed: usize,
    /// Plans with more cases are refused.
    pub max_cases: usize,
    /// Plans that are larger with their bundle are refused.
    pub max_plan_bytes: usize,
    #[cfg(feature = "planted")]
    pub planted: Option<crate::planted::Planted>,
}

impl Config {
    pub fn new(leader: impl Into<String>) -> Self {
        Self {
            leader: leader.into(),
            worker_ttl: Duration::from_secs(12),
            lease_ttl: Duration::from_secs(15),
            guard: Duration::from_millis(1_750),
            gather: Duration::from_millis(20),
            batch_events: 1_000,
            tick: Duration::from_secs(1),
            placement: Duration::from_secs(60),
            drain: Duration::from_secs(30),
            stall_slack: Duration::from_secs(120),
            infrastructure_budget: 5,
            max_downtime: Duration::from_secs(600),
            one_process: false,
            max_active: 4,
            max_queued: 100,
            max_deferred: 10_000,
            max_unacked: 2 * WINDOW,
            hellos_per_second: 200,
            keep_closed: 8,
            max_cases: 100_000,
            max_plan_bytes: 32 * 1024 * 1024,
            #[cfg(feature = "planted")]
            planted: None,
        }
    }

    /// After this long without a stamp, a worker's leases are given to others.
    pub fn silence(&self) -> Duration {
        self.lease_ttl + self.guard
    }
}

/// The format of the logs that this version writes; a log of a later one is not led.
pub const FORMAT: u32 = 1;
