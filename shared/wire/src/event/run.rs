//! The events of a run log. A new kind of event gets an arm in `encode` and one in `decode`.

use std::time::Duration;

use domain::event::{LegLease, RunEvent, StopCause};
use domain::{AttemptId, Incarnation, SessionId, Term};
use prost::Message;
use proto::v1;
use proto::v1::run_event::Event;

use super::term_started;
use crate::bad_message::{BadMessage, name, names, nanos, read, required, texts};
use crate::{digest, gate, outcome, preflight, result};

pub fn encode(event: &RunEvent) -> Vec<u8> {
    let event = Some(message(event));
    v1::RunEvent { event }.encode_to_vec()
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of event")]
fn message(event: &RunEvent) -> Event {
    match event {
        RunEvent::RunOpened { run, plan, bundle } => Event::RunOpened(v1::RunOpened {
            run: run.to_string(),
            plan: Some(digest::encode(plan)),
            bundle: Some(digest::encode(bundle)),
        }),
        RunEvent::TermStarted {
            term,
            leader,
            format,
        } => Event::TermStarted(term_started(*term, leader, *format)),
        RunEvent::WorkerJoined {
            worker,
            region,
            slots,
            incarnation,
        } => Event::WorkerJoined(v1::WorkerJoined {
            worker: worker.to_string(),
            region: region.to_string(),
            slots: *slots,
            incarnation: incarnation.number,
            home: incarnation.home,
        }),
        RunEvent::WorkerLeft { worker, why } => Event::WorkerLeft(v1::WorkerLeft {
            worker: worker.to_string(),
            why: why.clone(),
        }),
        RunEvent::RegionProbed { region, preflight } => Event::RegionProbed(v1::RegionProbed {
            region: region.to_string(),
            preflight: Some(preflight::encode(preflight)),
        }),
        RunEvent::GateClosed { tier, why } => Event::GateClosed(v1::GateClosed {
            tier: outcome::encode_tier(*tier),
            why: why.clone(),
        }),
        RunEvent::CapsShared { sharers } => Event::CapsShared(v1::CapsShared { sharers: *sharers }),
        RunEvent::ShardLeased {
            attempt,
            worker,
            session,
            region,
            cases,
        } => Event::ShardLeased(v1::ShardLeased {
            attempt: attempt.0,
            worker: worker.to_string(),
            session: session.0,
            region: region.to_string(),
            cases: texts(cases),
        }),
        RunEvent::LegsLeased { case, legs } => Event::LegsLeased(v1::LegsLeased {
            case: case.to_string(),
            legs: legs.iter().map(encode_leg).collect(),
        }),
        RunEvent::AttemptReattached { attempt, session } => {
            Event::AttemptReattached(v1::AttemptReattached {
                attempt: attempt.0,
                session: session.0,
            })
        }
        RunEvent::CaseSettled {
            attempt,
            seq,
            result,
        } => Event::CaseSettled(v1::CaseSettled {
            attempt: attempt.0,
            seq: *seq,
            result: Some(result::encode(result)),
        }),
        RunEvent::LegSettled {
            attempt,
            seq,
            result,
        } => Event::LegSettled(v1::LegSettled {
            attempt: attempt.0,
            seq: *seq,
            result: Some(result::encode(result)),
        }),
        RunEvent::CaseCarried { case } => Event::CaseCarried(v1::CaseCarried {
            case: case.to_string(),
        }),
        RunEvent::CaseClosed {
            case,
            outcome,
            reason,
        } => Event::CaseClosed(v1::CaseClosed {
            case: case.to_string(),
            outcome: outcome::encode(*outcome),
            reason: reason.clone(),
        }),
        RunEvent::AttemptEnded { attempt, released } => Event::AttemptEnded(v1::AttemptEnded {
            attempt: attempt.0,
            released: texts(released),
        }),
        RunEvent::AttemptLost {
            attempt,
            why,
            blames,
        } => Event::AttemptLost(v1::AttemptLost {
            attempt: attempt.0,
            why: why.clone(),
            blames: *blames,
        }),
        RunEvent::ResultKept {
            attempt,
            seq,
            result,
            why,
        } => Event::ResultKept(v1::ResultKept {
            attempt: attempt.0,
            seq: *seq,
            result: Some(result::encode(result)),
            why: why.clone(),
        }),
        RunEvent::ResultRejected {
            attempt,
            seq,
            result,
            why,
        } => Event::ResultRejected(v1::ResultRejected {
            attempt: attempt.0,
            seq: *seq,
            result: Some(result::encode(result)),
            why: why.clone(),
        }),
        RunEvent::EnvironmentChanged { region, from, to } => {
            Event::EnvironmentChanged(v1::EnvironmentChanged {
                region: region.to_string(),
                from: from.clone(),
                to: to.clone(),
            })
        }
        RunEvent::StopRequested { cause, why } => Event::StopRequested(v1::StopRequested {
            why: why.clone(),
            cause: encode_cause(*cause),
        }),
        RunEvent::Draining { why } => Event::Draining(v1::Draining { why: why.clone() }),
        RunEvent::RunEnded { verdict, elapsed } => Event::RunEnded(v1::RunEnded {
            verdict: Some(gate::encode_verdict(verdict)),
            elapsed_ns: nanos(*elapsed),
        }),
        RunEvent::ResultLate {
            attempt,
            seq,
            result,
        } => Event::ResultLate(v1::ResultLate {
            attempt: attempt.0,
            result: Some(result::encode(result)),
            seq: *seq,
        }),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of event")]
pub fn decode(bytes: &[u8]) -> Result<RunEvent, BadMessage> {
    let message: v1::RunEvent = read("an event of a run log", bytes)?;
    Ok(match required("run_event", message.event)? {
        Event::RunOpened(message) => RunEvent::RunOpened {
            run: name("run_opened.run", message.run)?,
            plan: digest::decode("run_opened.plan", message.plan)?,
            bundle: digest::decode("run_opened.bundle", message.bundle)?,
        },
        Event::TermStarted(message) => RunEvent::TermStarted {
            term: Term(message.term),
            leader: message.leader,
            format: message.format,
        },
        Event::WorkerJoined(message) => RunEvent::WorkerJoined {
            worker: name("worker_joined.worker", message.worker)?,
            region: message.region.into(),
            slots: message.slots,
            incarnation: Incarnation {
                home: message.home,
                number: message.incarnation,
            },
        },
        Event::WorkerLeft(message) => RunEvent::WorkerLeft {
            worker: name("worker_left.worker", message.worker)?,
            why: message.why,
        },
        Event::RegionProbed(message) => RunEvent::RegionProbed {
            region: name("region_probed.region", message.region)?,
            preflight: preflight::decode(message.preflight)?,
        },
        Event::GateClosed(message) => RunEvent::GateClosed {
            tier: outcome::decode_tier("gate_closed.tier", message.tier)?,
            why: message.why,
        },
        Event::CapsShared(message) => RunEvent::CapsShared {
            sharers: message.sharers,
        },
        Event::ShardLeased(message) => RunEvent::ShardLeased {
            attempt: AttemptId(message.attempt),
            worker: name("shard_leased.worker", message.worker)?,
            session: SessionId(message.session),
            region: message.region.into(),
            cases: names(message.cases),
        },
        Event::LegsLeased(message) => RunEvent::LegsLeased {
            case: name("legs_leased.case", message.case)?,
            legs: message
                .legs
                .into_iter()
                .map(decode_leg)
                .collect::<Result<_, _>>()?,
        },
        Event::AttemptReattached(message) => RunEvent::AttemptReattached {
            attempt: AttemptId(message.attempt),
            session: SessionId(message.session),
        },
        Event::CaseSettled(message) => RunEvent::CaseSettled {
            attempt: AttemptId(message.attempt),
            seq: message.seq,
            result: result::decode_some(message.result)?,
        },
        Event::LegSettled(message) => RunEvent::LegSettled {
            attempt: AttemptId(message.attempt),
            seq: message.seq,
            result: result::decode_some(message.result)?,
        },
        Event::CaseCarried(message) => RunEvent::CaseCarried {
            case: name("case_carried.case", message.case)?,
        },
        Event::CaseClosed(message) => RunEvent::CaseClosed {
            case: name("case_closed.case", message.case)?,
            outcome: outcome::decode("case_closed.outcome", message.outcome)?,
            reason: message.reason,
        },
        Event::AttemptEnded(message) => RunEvent::AttemptEnded {
            attempt: AttemptId(message.attempt),
            released: names(message.released),
        },
        Event::AttemptLost(message) => RunEvent::AttemptLost {
            attempt: AttemptId(message.attempt),
            why: message.why,
            blames: message.blames,
        },
        Event::ResultKept(message) => RunEvent::ResultKept {
            attempt: AttemptId(message.attempt),
            seq: message.seq,
            result: result::decode_some(message.result)?,
            why: message.why,
        },
        Event::ResultRejected(message) => RunEvent::ResultRejected {
            attempt: AttemptId(message.attempt),
            seq: message.seq,
            result: result::decode_some(message.result)?,
            why: message.why,
        },
        Event::EnvironmentChanged(message) => RunEvent::EnvironmentChanged {
            region: name("environment_changed.region", message.region)?,
            from: message.from,
            to: message.to,
        },
        Event::StopRequested(message) => RunEvent::StopRequested {
            cause: decode_cause(message.cause)?,
            why: message.why,
        },
        Event::Draining(message) => RunEvent::Draining { why: message.why },
        Event::RunEnded(message) => RunEvent::RunEnded {
            verdict: gate::decode_verdict(message.verdict)?,
            elapsed: Duration::from_nanos(message.elapsed_ns),
        },
        Event::ResultLate(message) => RunEvent::ResultLate {
            attempt: AttemptId(message.attempt),
            seq: message.seq,
            result: result::decode_some(message.result)?,
        },
    })
}

fn encode_cause(cause: StopCause) -> i32 {
    let message = match cause {
        StopCause::Client => v1::StopCause::Client,
        StopCause::MaxFail => v1::StopCause::MaxFail,
        StopCause::Deadline => v1::StopCause::Deadline,
    };
    message.into()
}

fn decode_cause(number: i32) -> Result<StopCause, BadMessage> {
    match v1::StopCause::try_from(number) {
        Ok(v1::StopCause::Client) => Ok(StopCause::Client),
        Ok(v1::StopCause::MaxFail) => Ok(StopCause::MaxFail),
        Ok(v1::StopCause::Deadline) => Ok(StopCause::Deadline),
        Ok(v1::StopCause::Unspecified) => Err(BadMessage::missing("stop_requested.cause")),
        Err(_) => Err(BadMessage::invalid("stop_requested.cause", number)),
    }
}

fn encode_leg(leg: &LegLease) -> v1::LegLease {
    v1::LegLease {
        attempt: leg.attempt.0,
        worker: leg.worker.to_string(),
        session: leg.session.0,
        region: leg.region.to_string(),
    }
}

fn decode_leg(message: v1::LegLease) -> Result<LegLease, BadMessage> {
    Ok(LegLease {
        attempt: AttemptId(message.attempt),
        worker: name("legs_leased.worker", message.worker)?,
        session: SessionId(message.session),
        region: message.region.into(),
    })
}
