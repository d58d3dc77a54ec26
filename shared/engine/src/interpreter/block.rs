//! Steps around steps: turns, conditions, and what a block hands out.
//!
//! A turn or branch has a scope and sockets of its own; only `each` and `into` carry out. See
//! `parallel` and `poll` for those.

use std::sync::Arc;

use expression::{EvalError, Expression, Value};
use suite::model::{Repeat, Step};
use tokio::time::Instant;

use super::frame::Frame;
use super::{Done, Here, Interpreter, written};
use crate::judge::{Fault, Stop, line};
use crate::recording::Place;

/// Most turns or branches of one block.
const MOST_TURNS: i64 = 100_000;

impl Interpreter {
    pub(super) async fn repeat(self: &Arc<Self>, here: &mut Here<'_>, repeat: &Repeat) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        let times = self.count(frame, &repeat.times, place, "times")?;
        let mut kept = Vec::new();
        let turns = async {
            for turn in 0..times {
                let mut inner = frame.turn(format!("{}.repeat[{turn}].", place.path));
                if let Some(index) = &repeat.index {
                    inner.scope.set(index.as_str(), Value::int(turn));
                }
                inner.actor = self.actor(&mut inner, &step.acting, place)?;
                self.steps(&mut inner, journal, &repeat.steps, "steps")
                    .await?;
                kept.push(self.each(&mut inner, &repeat.each, place).await?);
            }
            Ok(())
        };
        self.in_time(step, place, turns).await?;
        if let Some(into) = &repeat.into {
            frame.scope.set(into.as_str(), Value::list(kept));
        }
        self.conclude(here, None).await
    }

    pub(super) async fn when(
        self: &Arc<Self>,
        here: &mut Here<'_>,
        condition: &Expression,
        steps: &[Step],
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        let holds = match self.holds(frame, condition) {
            Ok(holds) => holds,
            Err(error) if error.is_missing() => false,
            Err(error) => return Err(line::broken(&error, place, "when")),
        };
        if holds {
            let mut inner = frame.block(format!("{}.when.", place.path));
            self.in_time(step, place, self.steps(&mut inner, journal, steps, "steps"))
                .await?;
        }
        self.conclude(here, None).await
    }

    /// A block's steps within its time.
    pub(super) async fn in_time<T>(
        &self,
        step: &Step,
        place: &Place,
        steps: impl Future<Output = Result<T, Stop>>,
    ) -> Result<T, Stop> {
        match self
            .tape
            .within(place, Instant::now() + step.within, steps)
            .await
        {
            Ok(done) => done,
            Err(during) => {
                let message = format!(
                    "{}: not done within {}, during {during}",
                    step.name,
                    written(step.within)
                );
                Err(Stop::failed(Fault::new("within", place, message)))
            }
        }
    }

    /// What a turn hands out; a field that is missing is `null`.
    pub(super) async fn each(
        &self,
        frame: &mut Frame,
        each: &[(String, Expression)],
        place: &Place,
    ) -> Result<Value, Stop> {
        if each.is_empty() {
            return Ok(Value::null());
        }
        let place = Place {
            path: format!("{}each", frame.prefix).into(),
            ..place.clone()
        };
        frame.see(self.tape.moment(&place).await);
        let mut entries = Vec::with_capacity(each.len());
        for (name, expression) in each {
            let value = match self.evaluate(frame, expression) {
                Ok(evaluated) if self.case.names.is_secret(name) => evaluated.value.tainted(),
                Ok(evaluated) => evaluated.value,
                Err(EvalError {
                    kind: expression::ErrorKind::Missing { .. },
                    ..
                }) => Value::null().received(),
                Err(error) => return Err(line::broken(&error, &place, &format!("each {name}"))),
            };
            self.learn(name, &value);
            entries.push((name.as_str(), value));
        }
        Ok(Value::map(entries))
    }

    pub(super) fn count(
        &self,
        frame: &mut Frame,
        expression: &Expression,
        place: &Place,
        what: &str,
    ) -> Result<i64, Stop> {
        let evaluated = self
            .evaluate(frame, expression)
            .map_err(|error| line::broken(&error, place, what))?;
        match evaluated.value.as_int() {
            // A block of no turns would pass without having asked anything.
            Some(count) if (1..=MOST_TURNS).contains(&count) => Ok(count),
            _ => {
                let message = format!(
                    "{what}: {} is not a whole number from 1 to {MOST_TURNS}",
                    self.shown(what, &evaluated.value)
                );
                Err(Stop::failed(Fault::new("evaluation", place, message)))
            }
        }
    }
}
