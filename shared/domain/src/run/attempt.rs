//! One leasing of a shard: who holds it, under which session, and how far its results came.

use std::collections::BTreeSet;

use crate::ids::{AttemptId, CaseId, Incarnation, Region, SessionId, WorkerId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    Open,
    /// The worker said that nothing more comes.
    Ended,
    /// The lease ended without the worker.
    Lost {
        why: String,
        blames: bool,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub worker: WorkerId,
    /// The incarnation of the worker that took the lease.
    pub incarnation: Incarnation,
    pub region: Region,
    /// The session whose results are taken; later ones fence earlier ones.
    pub session: SessionId,
    /// The shard as leased.
    pub cases: Vec<CaseId>,
    /// The part of it that is still leased under this attempt.
    pub open: BTreeSet<CaseId>,
    /// Results durable without a gap up to here; 0 when there are none.
    pub acked: u64,
    pub state: AttemptState,
    /// How often the worker took it up again after a takeover or a reconnect.
    pub n_reattached: u32,
}

impl Attempt {
    pub fn is_open(&self) -> bool {
        self.state == AttemptState::Open
    }
}
