//! The rules of a run, event by event: each is checked in full before anything changes.
//!
//! A new event gets its arm in `apply` and one function: here, in `shard` or in `settle`.

use crate::event::RunEvent;
use crate::gate::Verdict;
use crate::ids::{AttemptId, Region, Term, WorkerId};
use crate::record::{CaseResult, Preflight};
use crate::run::legs::{lease_legs, settle_leg};
use crate::run::settle::{advance, carry, close, keep, settle};
use crate::run::shard::{end, lease, lose, reattach, share_caps};
use crate::run::{Aside, ClosedGate, EnvironmentChange, Illegal, Run, Stop, WorkerSeen};

pub(super) type Applied = Result<(), Illegal>;

#[expect(
    clippy::too_many_lines,
    reason = "the closed list of events, one arm each"
)]
pub(super) fn apply(run: &mut Run, event: &RunEvent) -> Applied {
    check_order(run, event)?;
    match event {
        RunEvent::RunOpened {
            run: id, bundle, ..
        } => {
            if *id != run.plan.run {
                let (log, plan) = (id.clone(), run.plan.run.clone());
                return Err(Illegal::WrongRun { log, plan });
            }
            run.bundle = Some(bundle.clone());
        }
        RunEvent::TermStarted { term, .. } => return start_term(run, *term),
        RunEvent::WorkerJoined {
            worker,
            region,
            slots,
            incarnation,
        } => {
            let seen = WorkerSeen {
                region: region.clone(),
                slots: *slots,
                incarnation: *incarnation,
                left: None,
            };
            run.workers.insert(worker.clone(), seen);
        }
        RunEvent::WorkerLeft { worker, why } => return leave(run, worker, why),
        RunEvent::RegionProbed { region, preflight } => return probe(run, region, preflight),
        RunEvent::GateClosed { tier, why } => {
            let (tier, why) = (*tier, why.clone());
            run.gates_closed.push(ClosedGate { tier, why });
        }
        RunEvent::CapsShared { sharers } => return share_caps(run, *sharers),
        RunEvent::ShardLeased {
            attempt,
            worker,
            session,
            region,
            cases,
        } => return lease(run, *attempt, (worker, *session, region), cases),
        RunEvent::LegsLeased { case, legs } => return lease_legs(run, case, legs),
        RunEvent::AttemptReattached { attempt, session } => {
            return reattach(run, *attempt, *session);
        }
        RunEvent::CaseSettled {
            attempt,
            seq,
            result,
        } => return settle(run, *attempt, *seq, result),
        RunEvent::LegSettled {
            attempt,
            seq,
            result,
        } => return settle_leg(run, *attempt, *seq, result),
        RunEvent::CaseCarried { case } => return carry(run, case),
        RunEvent::CaseClosed {
            case,
            outcome,
            reason,
        } => return close(run, case, *outcome, reason),
        RunEvent::AttemptEnded { attempt, released } => return end(run, *attempt, released),
        RunEvent::AttemptLost {
            attempt,
            why,
            blames,
        } => return lose(run, *attempt, why, *blames),
        RunEvent::ResultKept {
            attempt,
            seq,
            result,
            why,
        } => return keep(run, *attempt, *seq, result, why),
        RunEvent::ResultRejected {
            attempt,
            seq,
            result,
            why,
        } => {
            advance(run, *attempt, *seq)?;
            run.rejected.push(aside(*attempt, *seq, result, why));
        }
        RunEvent::EnvironmentChanged { region, from, to } => {
            check_region(run, region)?;
            run.changes.push(EnvironmentChange {
                region: region.clone(),
                from: from.clone(),
                to: to.clone(),
            });
        }
        RunEvent::StopRequested { cause, why } => {
            let (cause, why) = (*cause, why.clone());
            match run.stop {
                Some(_) => return Err(Illegal::StoppedTwice),
                None => run.stop = Some(Stop { cause, why }),
            }
        }
        RunEvent::Draining { why } => match run.draining {
            Some(_) => return Err(Illegal::Draining),
            None => run.draining = Some(why.clone()),
        },
        RunEvent::RunEnded { verdict, elapsed } => {
            finish(run, verdict)?;
            run.observe_elapsed(*elapsed);
        }
        RunEvent::ResultLate {
            attempt,
            seq,
            result,
        } => {
            advance(run, *attempt, *seq)?;
            run.late.push(aside(*attempt, *seq, result, ""));
        }
    }
    Ok(())
}

/// What holds between events of any kind: opened first, under a term, and little after the end.
fn check_order(run: &Run, event: &RunEvent) -> Applied {
    match event {
        RunEvent::RunOpened { .. } if run.is_opened() => return Err(Illegal::OpenedTwice),
        RunEvent::RunOpened { .. } => return Ok(()),
        _ if !run.is_opened() => return Err(Illegal::NotOpened),
        RunEvent::TermStarted { .. } => return Ok(()),
        _ if run.term.is_none() => return Err(Illegal::NoTerm),
        _ => {}
    }
    let outlives_the_end = matches!(
        event,
        RunEvent::ResultLate { .. }
            | RunEvent::WorkerJoined { .. }
            | RunEvent::WorkerLeft { .. }
            | RunEvent::AttemptReattached { .. }
            | RunEvent::AttemptEnded { .. }
            | RunEvent::AttemptLost { .. }
    );
    match (run.is_ended(), event) {
        (false, RunEvent::ResultLate { .. }) => Err(Illegal::NotEnded),
        (true, _) if !outlives_the_end => Err(Illegal::AfterEnd),
        _ => Ok(()),
    }
}

fn start_term(run: &mut Run, term: Term) -> Applied {
    match run.term {
        Some(held) if term <= held => Err(Illegal::TermFalls {
            from: held,
            to: term,
        }),
        _ => {
            run.term = Some(term);
            Ok(())
        }
    }
}

fn leave(run: &mut Run, worker: &WorkerId, why: &str) -> Applied {
    let seen = run.workers.get_mut(worker);
    let seen = seen.ok_or_else(|| Illegal::UnknownWorker(worker.clone()))?;
    seen.left = Some(why.to_owned());
    Ok(())
}

fn check_region(run: &Run, region: &Region) -> Applied {
    match run.plan.regions.contains(region) {
        true => Ok(()),
        false => Err(Illegal::UnknownRegion(region.clone())),
    }
}

fn probe(run: &mut Run, region: &Region, preflight: &Preflight) -> Applied {
    check_region(run, region)?;
    if run.preflights.contains_key(region) {
        return Err(Illegal::ProbedTwice(region.clone()));
    }
    run.preflights.insert(region.clone(), preflight.clone());
    Ok(())
}

fn finish(run: &mut Run, verdict: &Verdict) -> Applied {
    match run.n_open {
        0 => {
            run.verdict = Some(verdict.clone());
            Ok(())
        }
        open => Err(Illegal::CasesOpen(open)),
    }
}

fn aside(attempt: AttemptId, seq: u64, result: &CaseResult, why: &str) -> Aside {
    Aside {
        attempt,
        seq,
        result: result.clone(),
        why: why.to_owned(),
    }
}
