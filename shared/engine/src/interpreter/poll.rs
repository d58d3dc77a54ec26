//! The `poll` step: the same steps again until all of them pass, or the time is over.

use std::sync::Arc;
use std::time::Duration;

use expression::Value;
use suite::model::Step;
use tokio::time::Instant;

use super::frame::Last;
use super::{Done, Here, Interpreter, written};
use crate::judge::{Fault, Journal, Stop};
use crate::recording::Place;

/// What a `poll` step asks for.
pub(super) struct Poll<'a> {
    pub(super) every: Duration,
    pub(super) steps: &'a [Step],
    pub(super) into: Option<&'a str>,
}

impl Interpreter {
    /// Repeats until a turn passes; what the last turn saw is the failure when the time is over.
    pub(super) async fn poll(self: &Arc<Self>, here: &mut Here<'_>, poll: &Poll<'_>) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        let started_ms = frame.moment.at_ms;
        let mut last: Option<(Fault, Journal)> = None;
        let turns = async {
            for turn in 0_i64.. {
                let mut inner = frame.turn(format!("{}.poll[{turn}].", place.path));
                let mut turned = Journal::default();
                let done = self
                    .steps(&mut inner, &mut turned, poll.steps, "steps")
                    .await;
                let soft = turned.soft.first().cloned();
                match (done, soft) {
                    (Ok(()), None) => return Ok((turn + 1, inner.last, turned)),
                    (Ok(()), Some(fault)) => last = Some((fault, turned)),
                    (Err(Stop::Failed(fault)), _) => last = Some((*fault, turned)),
                    (Err(stop), _) => return Err(stop),
                }
                let pause = Place {
                    path: format!("{}pause", inner.prefix).into(),
                    ..place.clone()
                };
                self.tape.pause(&pause, Instant::now() + poll.every).await;
            }
            Err(Stop::errored(Fault::new(
                "engine",
                place,
                "a poll had more turns than can be counted",
            )))
        };
        let polled = self
            .tape
            .within(place, Instant::now() + step.within, turns)
            .await;
        let (turns, answer, turned) = match polled {
            Ok(done) => done?,
            Err(_during) => return Err(poll_expired(journal, step, place, last)),
        };
        journal.append(turned);
        frame.see(self.tape.moment(place).await);
        if let Some(into) = poll.into {
            let elapsed_ms = frame.moment.at_ms - started_ms;
            frame
                .scope
                .set(into, self.polled(&answer, elapsed_ms, turns));
        }
        self.conclude(here, None).await
    }

    /// What `into` of a poll holds: the time until it passed, its turns, and its last answer.
    fn polled(&self, answer: &Last, elapsed_ms: f64, turns: i64) -> Value {
        let mut entries = vec![
            ("elapsed_ms", Value::double(elapsed_ms).received()),
            ("turns", Value::int(turns).received()),
        ];
        if let Last::Answer(exchanged) = answer {
            for name in ["status", "headers", "body", "text", "at_ms"] {
                entries.extend(
                    self.answer_value(exchanged, name)
                        .map(|value| (name, value)),
                );
            }
        }
        Value::map(entries)
    }
}

fn poll_expired(
    journal: &mut Journal,
    step: &Step,
    place: &Place,
    last: Option<(Fault, Journal)>,
) -> Stop {
    let within = written(step.within);
    match last {
        Some((fault, turned)) => {
            journal.append(Journal {
                soft: Vec::new(),
                ..turned
            });
            let message = format!(
                "{}: did not pass within {within}; at last {}",
                step.name,
                fault.reason()
            );
            Stop::failed(Fault::new("within", place, message).with(fault.expected, fault.actual))
        }
        None => Stop::failed(Fault::new(
            "within",
            place,
            format!("{}: no turn ended within {within}", step.name),
        )),
    }
}
