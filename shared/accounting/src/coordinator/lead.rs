//! One run as its leader holds it: the fold, the writer of its log, and what is not in the log
//! because a successor can do without it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use domain::event::RunEvent;
use domain::record::CaseResult;
use domain::run::Run;
use domain::schedule::Order;
use domain::{AttemptId, CaseId, Digest, Instant, Region, RunId, SessionId, WorkerId};

use crate::coordinator::Config;
use crate::coordinator::folded::{Folded, LogEnd};
use crate::coordinator::input::LogId;
use crate::coordinator::log::Writer;
use crate::coordinator::output::Mark;

#[derive(Debug)]
pub(crate) struct Lead {
    pub(crate) id: RunId,
    pub(crate) plan: Digest,
    pub(crate) bundle: Digest,
    pub(crate) run: Run,
    pub(crate) writer: Writer<RunEvent>,
    pub(crate) log_end: LogEnd,
    pub(crate) order: Order,
    /// Our own TermStarted is durable in this log.
    pub(crate) is_ready: bool,
    /// Workers and clients wait for this run to be ready: it was open when the term began.
    pub(crate) blocks: bool,
    /// Elapsed time of the run at an instant of our clock.
    base: (Duration, Instant),
    /// Since when, in elapsed time, a region has been without a worker.
    pub(crate) empty_since: BTreeMap<Region, Duration>,
    pub(crate) probing: BTreeMap<Region, (WorkerId, SessionId)>,
    /// Probes whose worker can't be asked any more, and when they have ended by themselves.
    pub(crate) stray_probes: Vec<(WorkerId, Instant)>,
    /// Something happened that may close regions or tiers, or call for a probe.
    pub(crate) is_survey_due: bool,
    /// Failures when it was last looked whether a tier is red.
    pub(crate) n_failed_seen: Option<u64>,
    pub(crate) drain_until: Option<Instant>,
    /// The marks of the log as far as the second routine was asked to read it; `None` before.
    pub(crate) recheck_asked: Option<BTreeSet<String>>,
    /// Every case has its outcome, and the second routine was not asked yet.
    pub(crate) is_recheck_due: bool,
    /// When the verdict was decided, and whether its workers were told to stop.
    pub(crate) ended_at: Option<Instant>,
    pub(crate) is_dismissed: bool,
    pub(crate) is_closed: bool,
    pub(crate) staged: BTreeMap<AttemptId, Staged>,
    /// When it was last given a worker, counted over all runs.
    pub(crate) turn: u64,
    /// Attempts whose worker was sent the lease, or took it up again under us.
    pub(crate) granted: BTreeSet<AttemptId>,
    #[cfg(feature = "planted")]
    pub(crate) forgets_watermarks: bool,
}

/// Results of one attempt on their way into the log: in order, each behind its blob.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    pub(crate) results: VecDeque<StagedResult>,
    pub(crate) end: Option<(u64, Vec<CaseId>)>,
}

#[derive(Debug)]
pub(crate) struct StagedResult {
    pub(crate) seq: u64,
    pub(crate) result: CaseResult,
    /// The blob it waits for.
    pub(crate) blob: Option<Digest>,
    /// Why it can't count, if that is known already.
    pub(crate) refused: Option<String>,
}

impl Lead {
    pub(crate) fn new(
        id: RunId,
        (plan, bundle): (Digest, Digest),
        blocks: bool,
        folded: Folded,
        config: &Config,
    ) -> Self {
        Self {
            order: folded.order,
            run: folded.run,
            id,
            plan,
            bundle,
            writer: Writer::at(folded.log_end.tail, config),
            log_end: folded.log_end,
            is_ready: false,
            blocks,
            base: (Duration::ZERO, Instant::ZERO),
            empty_since: BTreeMap::new(),
            probing: BTreeMap::new(),
            stray_probes: Vec::new(),
            is_survey_due: true,
            n_failed_seen: None,
            drain_until: None,
            recheck_asked: None,
            is_recheck_due: false,
            ended_at: None,
            is_dismissed: false,
            is_closed: false,
            staged: BTreeMap::new(),
            turn: 0,
            granted: BTreeSet::new(),
            #[cfg(feature = "planted")]
            forgets_watermarks: false,
        }
    }

    pub(crate) fn set_elapsed(&mut self, elapsed: Duration, now: Instant) {
        self.base = (elapsed, now);
    }

    pub(crate) fn elapsed(&self, now: Instant) -> Duration {
        self.base.0 + now.since(self.base.1)
    }

    /// The instant at which this much of the run will have elapsed.
    pub(crate) fn at_elapsed(&self, elapsed: Duration) -> Instant {
        self.base.1 + elapsed.saturating_sub(self.base.0)
    }

    /// The planted bug: the fold learns that a failed case was errored, the log that it failed.
    #[cfg(feature = "planted")]
    pub(crate) fn decide_two_ways(&mut self, event: RunEvent, due: Instant) -> bool {
        let mut folded = event.clone();
        if let RunEvent::CaseSettled { result, .. } | RunEvent::LegSettled { result, .. } =
            &mut folded
            && result.outcome == domain::Outcome::Failed
        {
            result.outcome = domain::Outcome::Errored;
        }
        let is_legal = self.run.apply(&folded).is_ok();
        if is_legal {
            self.is_survey_due = true;
            self.writer.push(event, due);
        }
        is_legal
    }

    /// What an output needs that depends on all decided so far.
    pub(crate) fn mark(&self) -> Vec<Mark> {
        vec![Mark {
            log: LogId::Run(self.id.clone()),
            to: self.writer.mark(),
        }]
    }

    /// The last result taken in order, staged ones too.
    pub(crate) fn taken_through(&self, attempt: AttemptId) -> u64 {
        let staged = self
            .staged
            .get(&attempt)
            .and_then(|staged| staged.results.back());
        let acked = self.run.attempt(attempt).map_or(0, |attempt| attempt.acked);
        staged.map_or(acked, |last| last.seq)
    }

    /// Results wait for their records, or behind others that do.
    pub(crate) fn has_staged(&self) -> bool {
        self.staged
            .values()
            .any(|staged| !staged.results.is_empty())
    }

    /// Leases are renewed: the run neither stops early nor has ended.
    pub(crate) fn renews(&self) -> bool {
        self.is_ready && self.run.stop().is_none() && !self.run.is_ended()
    }
}
