//! Messages of the coordinator, each under its term.

use std::time::Duration;

use domain::message::{ToWorker, ToWorkerBody};
use domain::{AttemptId, Instant, SessionId, Term};
use proto::v1;
use proto::v1::coordinator_message::Body;

use crate::bad_message::{BadMessage, decode_all, name, names, nanos, required, texts};
use crate::digest;

pub fn encode(message: &ToWorker) -> v1::CoordinatorMessage {
    v1::CoordinatorMessage {
        term: message.term.0,
        body: Some(encode_body(&message.body)),
    }
}

pub fn decode(message: v1::CoordinatorMessage) -> Result<ToWorker, BadMessage> {
    let body = required("coordinator_message.body", message.body)?;
    Ok(ToWorker {
        term: Term(message.term),
        body: decode_body(body)?,
    })
}

fn of_run(run: &domain::RunId, attempt: AttemptId) -> v1::AttemptOfRun {
    v1::AttemptOfRun {
        run: run.to_string(),
        attempt: attempt.0,
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of message")]
fn encode_body(body: &ToWorkerBody) -> Body {
    match body {
        ToWorkerBody::Welcome { session } => Body::Welcome(v1::Welcome { session: session.0 }),
        ToWorkerBody::Refused { why } => Body::Refused(v1::Refused { why: why.clone() }),
        ToWorkerBody::Later { after, why } => Body::Later(v1::Later {
            after_ns: nanos(*after),
            why: why.clone(),
        }),
        ToWorkerBody::Probe {
            run,
            plan,
            bundle,
            sharers,
        } => Body::Probe(v1::ProbeEnvironment {
            run: run.to_string(),
            sharers: *sharers,
            bundle: Some(digest::encode(bundle)),
            plan: Some(digest::encode(plan)),
        }),
        ToWorkerBody::Lease {
            run,
            attempt,
            session,
            plan,
            bundle,
            cases,
            sharers,
            stamp,
            ttl,
        } => Body::Lease(v1::Lease {
            sharers: *sharers,
            run: run.to_string(),
            attempt: attempt.0,
            session: session.0,
            bundle: Some(digest::encode(bundle)),
            cases: texts(cases),
            stamp: stamp.0,
            ttl_ns: nanos(*ttl),
            plan: Some(digest::encode(plan)),
        }),
        ToWorkerBody::Renew {
            stamp,
            ttl,
            attempts,
        } => Body::Renew(v1::Renew {
            stamp: stamp.0,
            ttl_ns: nanos(*ttl),
            attempts: attempts
                .iter()
                .map(|(run, attempt)| of_run(run, *attempt))
                .collect(),
        }),
        ToWorkerBody::Ack {
            run,
            attempt,
            through,
        } => Body::Ack(v1::Ack {
            run: run.to_string(),
            attempt: attempt.0,
            through: *through,
        }),
        ToWorkerBody::Expect { run, attempt, seq } => Body::Expect(v1::Expect {
            run: run.to_string(),
            attempt: attempt.0,
            seq: *seq,
        }),
        ToWorkerBody::Fenced { run, attempt, why } => Body::Fenced(v1::Fenced {
            run: run.to_string(),
            attempt: attempt.0,
            why: why.clone(),
        }),
        ToWorkerBody::AttemptOver { run, attempt } => Body::AttemptOver(of_run(run, *attempt)),
        ToWorkerBody::Cancel { run, attempt, why } => Body::Cancel(v1::CancelAttempt {
            run: run.to_string(),
            attempt: attempt.0,
            why: why.clone(),
        }),
        ToWorkerBody::Drain { why } => Body::Drain(v1::Drain { why: why.clone() }),
    }
}

#[expect(clippy::too_many_lines, reason = "one arm for each kind of message")]
fn decode_body(body: Body) -> Result<ToWorkerBody, BadMessage> {
    Ok(match body {
        Body::Welcome(message) => ToWorkerBody::Welcome {
            session: SessionId(message.session),
        },
        Body::Refused(message) => ToWorkerBody::Refused { why: message.why },
        Body::Later(message) => ToWorkerBody::Later {
            after: Duration::from_nanos(message.after_ns),
            why: message.why,
        },
        // Who dials follows it, before anybody's machine is asked.
        Body::Redirect(message) => {
            return Err(BadMessage::invalid("redirect.leader", message.leader));
        }
        Body::Probe(message) => ToWorkerBody::Probe {
            run: name("probe.run", message.run)?,
            plan: digest::decode("probe.plan", message.plan)?,
            bundle: digest::decode("probe.bundle", message.bundle)?,
            sharers: message.sharers,
        },
        Body::Lease(message) => ToWorkerBody::Lease {
            run: name("lease.run", message.run)?,
            attempt: AttemptId(message.attempt),
            session: SessionId(message.session),
            plan: digest::decode("lease.plan", message.plan)?,
            bundle: digest::decode("lease.bundle", message.bundle)?,
            cases: names(message.cases),
            sharers: message.sharers,
            stamp: Instant(message.stamp),
            ttl: Duration::from_nanos(message.ttl_ns),
        },
        Body::Renew(message) => ToWorkerBody::Renew {
            stamp: Instant(message.stamp),
            ttl: Duration::from_nanos(message.ttl_ns),
            attempts: decode_all(message.attempts, |one| {
                Ok((name("renew.attempts.run", one.run)?, AttemptId(one.attempt)))
            })?,
        },
        Body::Ack(message) => ToWorkerBody::Ack {
            run: name("ack.run", message.run)?,
            attempt: AttemptId(message.attempt),
            through: message.through,
        },
        Body::Expect(message) => ToWorkerBody::Expect {
            run: name("expect.run", message.run)?,
            attempt: AttemptId(message.attempt),
            seq: message.seq,
        },
        Body::Fenced(message) => ToWorkerBody::Fenced {
            run: name("fenced.run", message.run)?,
            attempt: AttemptId(message.attempt),
            why: message.why,
        },
        Body::AttemptOver(message) => ToWorkerBody::AttemptOver {
            run: name("attempt_over.run", message.run)?,
            attempt: AttemptId(message.attempt),
        },
        Body::Cancel(message) => ToWorkerBody::Cancel {
            run: name("cancel.run", message.run)?,
            attempt: AttemptId(message.attempt),
            why: message.why,
        },
        Body::Drain(message) => ToWorkerBody::Drain { why: message.why },
    })
}
