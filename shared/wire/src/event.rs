//! The events of both logs, each as bytes of its own.
//!
//! An event kind that this build does not know is an error: a leader refuses to lead over it.
//! Run events are in `event::run`.

use domain::Term;
use domain::event::GridEvent;
use domain::queue::{Ask, Lock, Priority};
use prost::Message;
use proto::v1;
use proto::v1::grid_event::Event;

use crate::bad_message::{BadMessage, name, read, required};
use crate::{digest, plan};

mod run;

pub use run::{decode as decode_run, encode as encode_run};

pub fn encode_grid(event: &GridEvent) -> Vec<u8> {
    let event = match event {
        GridEvent::TermStarted {
            term,
            leader,
            format,
        } => Event::TermStarted(term_started(*term, leader, *format)),
        GridEvent::RunSubmitted {
            client_request_id,
            run,
            plan,
            bundle,
            ask,
        } => Event::RunSubmitted(v1::RunSubmitted {
            client_request_id: client_request_id.clone(),
            run: run.to_string(),
            plan: Some(digest::encode(plan)),
            bundle: Some(digest::encode(bundle)),
            environment: ask.environment.clone(),
            priority: Some(ask.priority.number()),
            exclusive: ask.exclusive,
            caps: ask.caps.map(plan::encode_caps),
        }),
        GridEvent::RunAdmitted { run, locks, stop } => Event::RunAdmitted(v1::RunAdmitted {
            run: run.to_string(),
            locks: locks.iter().map(encode_lock).collect(),
            stop: stop.clone(),
        }),
        GridEvent::CapsShared {
            environment,
            sharers,
        } => Event::EnvironmentShared(v1::EnvironmentShared {
            environment: environment.clone(),
            sharers: *sharers,
        }),
        GridEvent::RunClosed { run } => Event::RunClosed(v1::RunClosed {
            run: run.to_string(),
        }),
        GridEvent::Tick => Event::Tick(v1::Nothing {}),
    };
    v1::GridEvent { event: Some(event) }.encode_to_vec()
}

pub fn decode_grid(bytes: &[u8]) -> Result<GridEvent, BadMessage> {
    let message: v1::GridEvent = read("an event of the grid log", bytes)?;
    Ok(match required("grid_event", message.event)? {
        Event::TermStarted(message) => GridEvent::TermStarted {
            term: Term(message.term),
            leader: message.leader,
            format: message.format,
        },
        Event::RunSubmitted(message) => GridEvent::RunSubmitted {
            ask: ask(&message)?,
            client_request_id: message.client_request_id,
            run: name("run_submitted.run", message.run)?,
            plan: digest::decode("run_submitted.plan", message.plan)?,
            bundle: digest::decode("run_submitted.bundle", message.bundle)?,
        },
        Event::RunAdmitted(message) => GridEvent::RunAdmitted {
            run: name("run_admitted.run", message.run)?,
            locks: message.locks.into_iter().map(decode_lock).collect(),
            stop: message.stop,
        },
        Event::EnvironmentShared(message) => GridEvent::CapsShared {
            environment: message.environment,
            sharers: message.sharers,
        },
        Event::RunClosed(message) => GridEvent::RunClosed {
            run: name("run_closed.run", message.run)?,
        },
        Event::Tick(_) => GridEvent::Tick,
    })
}

/// A run of a log that was written before runs shared the grid asks for all of it.
fn ask(message: &v1::RunSubmitted) -> Result<Ask, BadMessage> {
    if message.environment.is_empty() {
        return Ok(Ask::unnamed());
    }
    Ok(Ask {
        environment: message.environment.clone(),
        priority: priority("run_submitted.priority", message.priority)?,
        exclusive: message.exclusive,
        caps: message.caps.map(plan::decode_caps),
    })
}

/// Absent: normal.
pub fn priority(what: &'static str, number: Option<u32>) -> Result<Priority, BadMessage> {
    let Some(number) = number else {
        return Ok(Priority::NORMAL);
    };
    Priority::of(number).ok_or_else(|| BadMessage::invalid(what, number))
}

pub fn encode_lock(lock: &Lock) -> v1::Lock {
    v1::Lock {
        name: lock.name.clone(),
        exclusive: lock.exclusive,
    }
}

fn decode_lock(lock: v1::Lock) -> Lock {
    Lock {
        name: lock.name,
        exclusive: lock.exclusive,
    }
}

fn term_started(term: Term, leader: &str, format: u32) -> v1::TermStarted {
    v1::TermStarted {
        term: term.0,
        leader: leader.to_owned(),
        format,
    }
}
