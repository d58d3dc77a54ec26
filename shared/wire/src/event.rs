//! The events of both logs, each as bytes of its own.
//!
//! An event kind that this build does not know is an error: a leader refuses to lead over it.
//! Run events are in `event::run`.

use domain::Term;
use domain::event::GridEvent;
use prost::Message;
use proto::v1;
use proto::v1::grid_event::Event;

use crate::bad_message::{BadMessage, name, read, required};
use crate::digest;

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
        } => Event::RunSubmitted(v1::RunSubmitted {
            client_request_id: client_request_id.clone(),
            run: run.to_string(),
            plan: Some(digest::encode(plan)),
            bundle: Some(digest::encode(bundle)),
        }),
        GridEvent::RunAdmitted { run } => Event::RunAdmitted(v1::RunAdmitted {
            run: run.to_string(),
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
            client_request_id: message.client_request_id,
            run: name("run_submitted.run", message.run)?,
            plan: digest::decode("run_submitted.plan", message.plan)?,
            bundle: digest::decode("run_submitted.bundle", message.bundle)?,
        },
        Event::RunAdmitted(message) => GridEvent::RunAdmitted {
            run: name("run_admitted.run", message.run)?,
        },
        Event::RunClosed(message) => GridEvent::RunClosed {
            run: name("run_closed.run", message.run)?,
        },
        Event::Tick(_) => GridEvent::Tick,
    })
}

fn term_started(term: Term, leader: &str, format: u32) -> v1::TermStarted {
    v1::TermStarted {
        term: term.0,
        leader: leader.to_owned(),
        format,
    }
}
