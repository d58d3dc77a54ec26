//! Steps around steps: repeat, parallel with sampling, poll, when, barrier.
//!
//! A turn or branch has a scope and sockets of its own; only `each` and `into` carry out. Branches
//! run in one task: the first that stops ends the others where they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use expression::{EvalError, Expression, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use suite::model::{Acting, Branches, During, Parallel, Repeat, Step};
use tokio::time::Instant;

use super::frame::{Frame, Last};
use super::{Done, Interpreter, join, written};
use crate::judge::{Fault, Journal, Stop, line};
use crate::recording::{Place, Seen};

/// Most turns or branches of one block.
const MOST_TURNS: i64 = 100_000;

/// What a `poll` step asks for.
pub(super) struct Poll<'a> {
    pub(super) every: Duration,
    pub(super) steps: &'a [Step],
    pub(super) into: Option<&'a str>,
}

/// The branches of one `parallel`, which meet at its barriers.
#[derive(Debug)]
pub(crate) struct Group {
    size: usize,
    barriers: Mutex<HashMap<String, Arc<tokio::sync::Barrier>>>,
}

impl Group {
    fn new(size: usize) -> Arc<Self> {
        Arc::new(Self {
            size,
            barriers: Mutex::default(),
        })
    }

    fn barrier(&self, name: &str) -> Arc<tokio::sync::Barrier> {
        let mut barriers = self.barriers.lock().unwrap_or_else(PoisonError::into_inner);
        barriers
            .entry(name.to_owned())
            .or_insert_with(|| Arc::new(tokio::sync::Barrier::new(self.size)))
            .clone()
    }
}

/// One branch before it runs.
struct Branch<'a> {
    frame: Frame,
    journal: Journal,
    steps: &'a [Step],
}

impl Interpreter {
    pub(super) async fn repeat(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        repeat: &Repeat,
    ) -> Done {
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
        self.conclude(frame, journal, step, place, None).await
    }

    pub(super) async fn parallel(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        parallel: &Parallel,
    ) -> Done {
        let mut branches = self.branches(frame, parallel, place)?;
        let mut samples = Vec::new();
        let mut sampled = Journal::default();
        let running: Vec<BoxFuture<'_, Result<Value, Stop>>> = branches
            .iter_mut()
            .map(|branch| {
                self.branch(branch, &step.acting, &parallel.each, place)
                    .boxed()
            })
            .collect();
        let sampler = parallel.during.as_ref().map(|during| {
            self.sample(frame.clone(), during, place, &mut samples, &mut sampled)
                .boxed()
        });
        let done = self.in_time(step, place, join::all(running, sampler)).await;
        for branch in branches {
            journal.append(branch.journal);
        }
        journal.append(sampled);
        let kept = done?;
        if let Some(into) = &parallel.into {
            frame.scope.set(into.as_str(), Value::list(kept));
        }
        if let Some(into) = parallel
            .during
            .as_ref()
            .and_then(|during| during.into.as_ref())
        {
            frame.scope.set(into.as_str(), Value::list(samples));
        }
        self.conclude(frame, journal, step, place, None).await
    }

    fn branches<'a>(
        &self,
        frame: &mut Frame,
        parallel: &'a Parallel,
        place: &Place,
    ) -> Result<Vec<Branch<'a>>, Stop> {
        let mut branches = Vec::new();
        match &parallel.branches {
            Branches::Count { count, steps } => {
                let count = self.count(frame, count, place, "count")?;
                for index in 0..count {
                    let mut inner = frame.turn(format!("{}.parallel[{index}].", place.path));
                    if let Some(name) = &parallel.index {
                        inner.scope.set(name.as_str(), Value::int(index));
                    }
                    branches.push(Branch {
                        frame: inner,
                        journal: Journal::default(),
                        steps,
                    });
                }
            }
            Branches::Named(named) => {
                for (name, steps) in named {
                    let inner = frame.turn(format!("{}.{name}.", place.path));
                    branches.push(Branch {
                        frame: inner,
                        journal: Journal::default(),
                        steps,
                    });
                }
            }
        }
        let group = Group::new(branches.len());
        for branch in &mut branches {
            branch.frame.group = Some(group.clone());
        }
        Ok(branches)
    }

    async fn branch(
        self: &Arc<Self>,
        branch: &mut Branch<'_>,
        acting: &Acting,
        each: &[(String, Expression)],
        place: &Place,
    ) -> Result<Value, Stop> {
        branch.frame.actor = self.actor(&mut branch.frame, acting, place)?;
        self.steps(
            &mut branch.frame,
            &mut branch.journal,
            branch.steps,
            "steps",
        )
        .await?;
        self.each(&mut branch.frame, each, place).await
    }

    /// Samples until the branches are done; returns only when a sample stops.
    async fn sample(
        self: &Arc<Self>,
        frame: Frame,
        during: &During,
        place: &Place,
        samples: &mut Vec<Value>,
        journal: &mut Journal,
    ) -> Stop {
        let mut next = Instant::now();
        let mut number = 0_u64;
        loop {
            let mut inner = frame.turn(format!("{}.during[{number}].", place.path));
            let sampled = async {
                self.steps(&mut inner, journal, &during.steps, "steps")
                    .await?;
                self.each(&mut inner, &during.each, place).await
            };
            match sampled.await {
                Ok(value) => samples.push(value),
                Err(stop) => return stop,
            }
            // A sample that took longer than the interval is followed by the next at once.
            next = (next + during.every).max(Instant::now());
            let pause = Place {
                path: format!("{}pause", inner.prefix).into(),
                ..place.clone()
            };
            self.tape.pause(&pause, next).await;
            number += 1;
        }
    }

    /// Repeats until a turn passes; what the last turn saw is the failure when the time is over.
    pub(super) async fn poll(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        poll: &Poll<'_>,
    ) -> Done {
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
        self.conclude(frame, journal, step, place, None).await
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

    pub(super) async fn when(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        condition: &Expression,
        steps: &[Step],
    ) -> Done {
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
        self.conclude(frame, journal, step, place, None).await
    }

    pub(super) async fn barrier(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        name: &str,
    ) -> Done {
        let barrier = frame.group.as_ref().map(|group| group.barrier(name));
        let met = async {
            if let Some(barrier) = barrier {
                barrier.wait().await;
            }
            Seen::Passed
        };
        let waited = self
            .tape
            .within(
                place,
                Instant::now() + step.within,
                self.tape.observe(place, met),
            )
            .await;
        if waited.is_err() {
            let message = format!(
                "barrier {name}: not all branches came within {}",
                written(step.within)
            );
            return Err(Stop::failed(Fault::new("within", place, message)));
        }
        self.conclude(frame, journal, step, place, None).await
    }

    /// A block's steps within its time.
    async fn in_time<T>(
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
    async fn each(
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

    fn count(
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
            Some(count) if (0..=MOST_TURNS).contains(&count) => Ok(count),
            _ => {
                let message = format!(
                    "{what}: {} is not a whole number from 0 to {MOST_TURNS}",
                    self.shown(what, &evaluated.value)
                );
                Err(Stop::failed(Fault::new("evaluation", place, message)))
            }
        }
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
