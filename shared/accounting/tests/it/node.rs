//! A process that may lead: its machine, and what the simulation does to it.

use accounting::coordinator::Coordinator;

#[derive(Debug)]
pub struct Node {
    /// `None` once the process is gone; a restart is a new node.
    pub machine: Option<Coordinator>,
    /// Its clock is ahead of the world's by this.
    pub offset: u64,
    pub wake: Option<u64>,
    pub paused_until: u64,
    /// Its appends don't reach the store before this.
    pub isolated_until: u64,
    pub n_in_flight: u64,
}

impl Node {
    pub fn new(machine: Coordinator, offset: u64) -> Self {
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
