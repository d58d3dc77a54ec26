//! A process that may lead: its machine, and what the simulation does to it.

use accounting::coordinator::Coordinator;

#[derive(Debug)]
pub(crate) struct Node {
    /// `None` once the process is gone; a restart is a new node.
    pub(crate) machine: Option<Coordinator>,
    /// Its clock is ahead of the world's by this.
    pub(crate) offset: u64,
    pub(crate) wake: Option<u64>,
    pub(crate) paused_until: u64,
    /// Its appends don't reach the store before this.
    pub(crate) isolated_until: u64,
    pub(crate) n_in_flight: u64,
}

impl Node {
    pub(crate) fn new(machine: Coordinator, offset: u64) -> Self {
        Self {
            machine: Some(machine),
            offset,
            wake: None,
            paused_until: 0,
            isolated_until: 0,
            n_in_flight: 0,
        }
    }
}
