//! Why an event must not happen. A coordinator never appends such an event; a reader that meets
//! one refuses the log.

use crate::ids::{AttemptId, CaseId, Region, RunId, SessionId, Term, WorkerId};
use crate::outcome::Outcome;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    #[error("the log opens run {log}, the plan is of run {plan}")]
    WrongRun { log: RunId, plan: RunId },
    #[error("the run is opened twice")]
    OpenedTwice,
    #[error("the first event of a run log is not RunOpened")]
    NotOpened,
    #[error("no term has started: nothing may be decided yet")]
    NoTerm,
    #[error("term {to} does not follow term {from}")]
    TermFalls { from: Term, to: Term },
    #[error("a segment of term {segment} stands where term {held} leads")]
    ForeignTerm { held: Term, segment: Term },
    #[error("case {0} is not in the plan")]
    UnknownCase(CaseId),
    #[error("attempt {0} was never leased")]
    UnknownAttempt(AttemptId),
    #[error("worker {0} never joined, or has left")]
    UnknownWorker(WorkerId),
    #[error("region {0} is not one of the plan's")]
    UnknownRegion(Region),
    #[error("region {0} was probed already")]
    ProbedTwice(Region),
    #[error("region {0} has no green preflight: nothing may be leased there")]
    NotGreen(Region),
    #[error("case {case} is not planned for region {region}")]
    WrongRegion { case: CaseId, region: Region },
    #[error("worker {worker} stands in region {stands}, the lease says {region}")]
    WrongPlace {
        worker: WorkerId,
        stands: Region,
        region: Region,
    },
    #[error("attempt {got} does not follow attempt {last}")]
    AttemptNotGrowing { last: AttemptId, got: AttemptId },
    #[error("attempt {0} leases no case")]
    EmptyShard(AttemptId),
    #[error("case {0} is not waiting")]
    NotWaiting(CaseId),
    #[error("case {0} stands twice in one shard")]
    TwiceInShard(CaseId),
    #[error("case {0} is exclusive and would not be alone")]
    NotAlone(CaseId),
    #[error("case {0} has several legs, which are leased together")]
    SeveralLegs(CaseId),
    #[error("what is leased of case {0} is not each of its legs once, each to another worker")]
    NotItsLegs(CaseId),
    #[error("attempt {0} is over")]
    AttemptOver(AttemptId),
    #[error("attempt {0} is open: its results count")]
    AttemptOpen(AttemptId),
    #[error("attempt {attempt} goes on under session {from}, not {to}")]
    SessionFalls {
        attempt: AttemptId,
        from: SessionId,
        to: SessionId,
    },
    #[error("the caps are shared already, or there are none to share")]
    CapsShared,
    #[error("{0} can't lease: no part of the environment's caps is free for it")]
    NoShare(WorkerId),
    #[error("case {case} is not leased under attempt {attempt}")]
    NotUnderAttempt { case: CaseId, attempt: AttemptId },
    #[error("case {0} has its outcome already")]
    SettledTwice(CaseId),
    #[error("attempt {attempt} expects result {expected}, not {got}")]
    SeqGap {
        attempt: AttemptId,
        expected: u64,
        got: u64,
    },
    #[error("case {0} passed without an exchange, or without a check that read something received")]
    PassWithoutEvidence(CaseId),
    #[error("case {case} can't be closed as {outcome}: only an execution ends so")]
    NotForClosing { case: CaseId, outcome: Outcome },
    #[error("case {0} is leased; only a draining run may close it")]
    ClosedWhileLeased(CaseId),
    #[error("case {0} was begun here, or the plan carries no result of it")]
    NotCarried(CaseId),
    #[error("the run drains: nothing is leased any more")]
    Draining,
    #[error("the run was asked to stop already")]
    StoppedTwice,
    #[error("the run has its verdict; this comes too late")]
    AfterEnd,
    #[error("the run has no verdict yet; nothing is late")]
    NotEnded,
    #[error("{0} cases have no outcome: the run can't end")]
    CasesOpen(usize),
}
