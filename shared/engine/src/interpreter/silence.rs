//! The `silence` step: nothing that matches, unread so far or for a while to come.

use std::sync::Arc;
use std::time::Duration;

use expression::Expression;
use tokio::time::Instant;

use super::frame::Frame;
use super::wait::{budget_spent, describe, over_stop};
use super::{Done, Here, Interpreter, written};
use crate::judge::{Fault, Stop, log, stated};
use crate::recording::Record;

/// What a `silence` step asks for.
pub(super) struct Quiet<'a> {
    pub(super) socket: &'a str,
    pub(super) matching: Option<&'a Expression>,
    pub(super) duration: Duration,
}

impl Interpreter {
    pub(super) async fn silence(self: &Arc<Self>, here: &mut Here<'_>, quiet: &Quiet<'_>) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        let socket = self.socket(frame, quiet.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            this.matches(looking, quiet.matching, record)
                .map(|fits| (fits, fits))
        };
        let waited = self
            .wait(frame, &socket, place, Instant::now() + quiet.duration, look)
            .await;
        let found = self.look(frame, &waited, look);
        socket.advance(found.end.unwrap_or(waited.entries.len()));
        if let Some(stop) = budget_spent(&found, place) {
            return Err(stop);
        }
        let expression = format!(
            "{} for {}",
            describe("silence", quiet.socket, quiet.matching),
            written(quiet.duration)
        );
        let over = log::over(&waited.entries, socket.reconnects);
        let broken = found.records.first();
        let actual = broken.map(|record| {
            (
                "received".to_owned(),
                self.shown("frame", &record.whole(&self.case.names)),
            )
        });
        let held = broken.is_none() && over.is_none();
        let check = stated(
            place,
            place.line,
            expression.clone(),
            held,
            "nothing that matches".to_owned(),
            actual.clone().into_iter().collect(),
        );
        journal.checks.push(domain::record::Check {
            soft: step.soft,
            ..check
        });
        let stop = match (broken, over) {
            (Some(_), _) => {
                let text = actual.map(|(_, text)| text).unwrap_or_default();
                Some(Stop::failed(
                    Fault::new("check_failed", place, expression)
                        .with("nothing that matches", text),
                ))
            }
            (None, Some(over)) => Some(over_stop(&over, &socket, place)),
            (None, None) => None,
        };
        self.conclude(here, stop).await
    }
}
