//! Shards and attempts: what may be leased, to whom, and how a leasing is over.

use std::collections::BTreeSet;

use crate::ids::{AttemptId, CaseId, Incarnation, Region, SessionId, WorkerId};
use crate::plan::{PlannedCase, PlannedRegion};
use crate::run::apply::Applied;
use crate::run::legs::leg_over;
use crate::run::{Attempt, AttemptState, CaseState, Illegal, Loss, Run};

pub(super) fn lease(
    run: &mut Run,
    id: AttemptId,
    (worker, session, region): (&WorkerId, SessionId, &Region),
    cases: &[CaseId],
) -> Applied {
    check_shard(run, id, region, cases)?;
    let incarnation = check_worker(run, worker, region)?;
    if !run.has_share(worker) {
        return Err(Illegal::NoShare(worker.clone()));
    }
    for case in cases {
        run.set_state(case, CaseState::Leased(id))?;
    }
    let holder = (worker, incarnation, region);
    open(run, id, holder, session, cases);
    Ok(())
}

/// The worker takes part, and stands where the lease says.
pub(super) fn check_worker(
    run: &Run,
    worker: &WorkerId,
    region: &Region,
) -> Result<Incarnation, Illegal> {
    let seen = run.workers.get(worker).filter(|seen| seen.left.is_none());
    let seen = seen.ok_or_else(|| Illegal::UnknownWorker(worker.clone()))?;
    match seen.region == *region {
        true => Ok(seen.incarnation),
        false => Err(Illegal::WrongPlace {
            worker: worker.clone(),
            stands: seen.region.clone(),
            region: region.clone(),
        }),
    }
}

pub(super) fn open(
    run: &mut Run,
    id: AttemptId,
    (worker, incarnation, region): (&WorkerId, Incarnation, &Region),
    session: SessionId,
    cases: &[CaseId],
) {
    let attempt = Attempt {
        id,
        worker: worker.clone(),
        incarnation,
        region: region.clone(),
        session,
        cases: cases.to_vec(),
        open: cases.iter().cloned().collect(),
        acked: 0,
        state: AttemptState::Open,
        n_reattached: 0,
    };
    run.attempts.insert(id, attempt);
    run.open_attempts.insert(id);
}

pub(super) fn share_caps(run: &mut Run, sharers: u32) -> Applied {
    match (run.plan.caps, run.sharers) {
        (Some(_), None) if sharers > 0 => {
            run.sharers = Some(sharers);
            Ok(())
        }
        _ => Err(Illegal::CapsShared),
    }
}

fn check_shard(run: &Run, id: AttemptId, region: &Region, cases: &[CaseId]) -> Applied {
    check_place(run, id, region)?;
    if cases.is_empty() {
        return Err(Illegal::EmptyShard(id));
    }
    let (others_run, holds_alone) = (run.anything_runs(), run.exclusive_leased());
    let mut seen = BTreeSet::new();
    for case in cases {
        if !seen.insert(case) {
            return Err(Illegal::TwiceInShard(case.clone()));
        }
        let planned = check_waiting(run, region, case)?;
        if holds_alone || planned.exclusive && (cases.len() > 1 || others_run) {
            return Err(Illegal::NotAlone(case.clone()));
        }
    }
    Ok(())
}

/// An attempt may be opened in this region.
pub(super) fn check_place(run: &Run, id: AttemptId, region: &Region) -> Applied {
    if run.draining.is_some() {
        return Err(Illegal::Draining);
    }
    if !run.is_green(region) {
        return Err(Illegal::NotGreen(region.clone()));
    }
    if id < run.next_attempt() {
        let last = AttemptId(run.next_attempt().0 - 1);
        return Err(Illegal::AttemptNotGrowing { last, got: id });
    }
    Ok(())
}

fn check_waiting<'a>(
    run: &'a Run,
    region: &Region,
    id: &CaseId,
) -> Result<&'a PlannedCase, Illegal> {
    let unknown = || Illegal::UnknownCase(id.clone());
    let planned = run.planned(id).ok_or_else(unknown)?;
    if run.state(id) != Some(&CaseState::Waiting) {
        return Err(Illegal::NotWaiting(id.clone()));
    }
    if planned.is_gang() {
        return Err(Illegal::SeveralLegs(id.clone()));
    }
    match planned.region.admits(region) {
        true => Ok(planned),
        false => Err(Illegal::WrongRegion {
            case: id.clone(),
            region: region.clone(),
        }),
    }
}

fn open_attempt(run: &mut Run, id: AttemptId) -> Result<&mut Attempt, Illegal> {
    let attempt = run.attempts.get_mut(&id);
    let attempt = attempt.ok_or(Illegal::UnknownAttempt(id))?;
    match attempt.is_open() {
        true => Ok(attempt),
        false => Err(Illegal::AttemptOver(id)),
    }
}

pub(super) fn reattach(run: &mut Run, id: AttemptId, session: SessionId) -> Applied {
    let attempt = open_attempt(run, id)?;
    if session <= attempt.session {
        return Err(Illegal::SessionFalls {
            attempt: id,
            from: attempt.session,
            to: session,
        });
    }
    attempt.session = session;
    attempt.n_reattached += 1;
    Ok(())
}

pub(super) fn end(run: &mut Run, id: AttemptId, released: &[CaseId]) -> Applied {
    let attempt = open_attempt(run, id)?;
    if let Some(case) = released.iter().find(|case| !attempt.cases.contains(case)) {
        let (case, attempt) = (case.clone(), id);
        return Err(Illegal::NotUnderAttempt { case, attempt });
    }
    attempt.state = AttemptState::Ended;
    let open = std::mem::take(&mut attempt.open);
    let worker = attempt.worker.clone();
    run.open_attempts.remove(&id);
    for case in open {
        let loss = (!released.contains(&case)).then(|| Loss {
            attempt: id,
            worker: worker.clone(),
            why: "begun and not finished".to_owned(),
            blames: false,
        });
        give_back(run, &case, id, loss)?;
    }
    Ok(())
}

pub(super) fn lose(run: &mut Run, id: AttemptId, why: &str, blames: bool) -> Applied {
    let attempt = open_attempt(run, id)?;
    attempt.state = AttemptState::Lost {
        why: why.to_owned(),
        blames,
    };
    let open = std::mem::take(&mut attempt.open);
    let worker = attempt.worker.clone();
    run.open_attempts.remove(&id);
    for case in open {
        let loss = Loss {
            attempt: id,
            worker: worker.clone(),
            why: why.to_owned(),
            blames,
        };
        give_back(run, &case, id, Some(loss))?;
    }
    Ok(())
}

/// The attempt is over, and had no result of the case; `None`: it had not begun it.
fn give_back(run: &mut Run, case: &CaseId, id: AttemptId, loss: Option<Loss>) -> Applied {
    if run.facts_mut(case)?.legs.is_empty() {
        wait_again(run, case, loss)
    } else {
        leg_over(run, case, id, loss)
    }
}

pub(super) fn wait_again(run: &mut Run, case: &CaseId, loss: Option<Loss>) -> Applied {
    run.set_state(case, CaseState::Waiting)?;
    let facts = run.facts_mut(case)?;
    facts.losses.extend(loss);
    if facts.must_be_alone() {
        run.suspects.insert(case.clone());
    }
    Ok(())
}

impl Run {
    /// Workers that hold an attempt that is neither ended nor lost.
    pub fn holders(&self) -> BTreeSet<&WorkerId> {
        self.open_attempts()
            .map(|attempt| &attempt.worker)
            .collect()
    }

    /// Workers that hold a case which must be alone.
    pub fn holders_alone(&self) -> impl Iterator<Item = &WorkerId> {
        let suspects = self.suspects.iter();
        suspects
            .flat_map(|case| self.attempts_of(case))
            .filter_map(|attempt| Some(&self.attempt(attempt)?.worker))
    }

    /// The attempts under which a case is leased: one for each leg that has no result yet.
    pub fn attempts_of(&self, case: &CaseId) -> Vec<AttemptId> {
        let Some(facts) = self.case(case) else {
            return Vec::new();
        };
        match &facts.state {
            CaseState::Leased(attempt) if facts.legs.is_empty() => vec![*attempt],
            CaseState::Leased(_) => facts.open_legs().collect(),
            _ => Vec::new(),
        }
    }

    /// The worker may lease under the environment's caps: it has its part of them already, or one
    /// is free.
    pub fn has_share(&self, worker: &WorkerId) -> bool {
        self.have_shares([worker])
    }

    /// The same of several workers at once.
    pub fn have_shares<'a>(&'a self, workers: impl IntoIterator<Item = &'a WorkerId>) -> bool {
        let Some(sharers) = self.sharers else {
            return self.plan.caps.is_none();
        };
        let mut holders = self.holders();
        let n_held = holders.len();
        holders.extend(workers);
        holders.len() == n_held || holders.len() <= sharers as usize
    }

    pub fn anything_runs(&self) -> bool {
        self.open_attempts().any(|attempt| !attempt.open.is_empty())
    }

    /// An exclusive case is leased: nothing else may be.
    pub fn exclusive_leased(&self) -> bool {
        self.n_exclusive_leased > 0
    }
}

impl PlannedRegion {
    /// A leg of the case may run in this region.
    pub fn admits(&self, region: &Region) -> bool {
        match self {
            Self::Any => true,
            Self::Named(named) => named == region,
            Self::Roles(roles) => roles.iter().any(|(_, named)| named == region),
        }
    }
}
