//! The `parallel` step: branches at once, sampling beside them, barriers between them.
//!
//! Branches run in one task; the first that stops ends the others where they are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use expression::{Expression, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use suite::model::{Acting, Branches, During, Parallel, Step};
use tokio::time::Instant;

use super::frame::Frame;
use super::{Done, Here, Interpreter, join, written};
use crate::judge::{Fault, Journal, Stop};
use crate::recording::{Place, Seen};

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
    pub(super) async fn parallel(
        self: &Arc<Self>,
        here: &mut Here<'_>,
        parallel: &Parallel,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
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
        self.conclude(here, None).await
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

    pub(super) async fn barrier(self: &Arc<Self>, here: &mut Here<'_>, name: &str) -> Done {
        let (step, place) = (here.step, here.place);
        let barrier = here.frame.group.as_ref().map(|group| group.barrier(name));
        let met = async {
            if let Some(barrier) = barrier {
                barrier.wait().await;
            }
            Seen::Passed
        };
        let deadline = Instant::now() + step.within;
        let waited = self
            .tape
            .within(place, deadline, self.tape.observe(place, met))
            .await;
        if waited.is_err() {
            let within = written(step.within);
            let message = format!("barrier {name}: not all branches came within {within}");
            return Err(Stop::failed(Fault::new("within", place, message)));
        }
        self.conclude(here, None).await
    }
}
