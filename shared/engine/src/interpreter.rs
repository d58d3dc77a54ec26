//! Walks the steps of a test: asks the tape for what is observed, and the judge for what it means.
//!
//! The same walk runs a case and judges its recording again. It never talks to the network itself
//! and never decides an outcome. One file per kind of step; what a step reads is `frame` and `evaluate`; who acts is `user`.

mod block;
mod collect;
mod cookie;
mod evaluate;
mod exchange;
mod frame;
mod gather;
mod http;
mod join;
mod message;
mod parallel;
mod poll;
mod reconnect;
mod render;
mod silence;
mod socket;
mod splitter;
mod stream;
mod user;
mod wait;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use expression::{Redactor, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use suite::model::{Step, StepKind};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::case::{Case, Mark, Stepped};
use crate::judge::{Journal, Stop, line};
use crate::recording::Place;
use crate::seed::{Seed, StepEffects};
use crate::tape::Tape;
pub(crate) use frame::{Actor, Frame};
pub(crate) use socket::OpenSocket;
pub use splitter::stream_records;
pub(crate) use user::User;
pub(crate) use wait::over_stop;

/// How a step, or a sequence of them, ended.
pub(crate) type Done = Result<(), Stop>;

/// Where a step runs: its scope, where its judgements go, the step itself.
pub(crate) struct Here<'a> {
    pub(crate) frame: &'a mut Frame,
    pub(crate) journal: &'a mut Journal,
    pub(crate) step: &'a Step,
    pub(crate) place: &'a Place,
}

/// Work that goes on beside the steps, in the same task: reconnects.
pub(crate) type Background = BoxFuture<'static, ()>;

/// The walk through one try.
#[derive(Debug)]
pub(crate) struct Interpreter {
    pub(crate) case: Arc<Case>,
    pub(crate) seed: Seed,
    pub(crate) nonce: String,
    pub(crate) tape: Tape,
    pub(crate) redactor: Redactor,
    users: Mutex<Vec<Arc<User>>>,
    sockets: Mutex<Vec<Arc<OpenSocket>>>,
    background: mpsc::UnboundedSender<Background>,
}

impl Interpreter {
    pub(crate) fn new(
        case: Arc<Case>,
        seed: Seed,
        tape: Tape,
        redactor: Redactor,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Background>) {
        let (background, inbox) = mpsc::unbounded_channel();
        let this = Self {
            case,
            seed,
            nonce: seed.hex("nonce", 16),
            tape,
            redactor,
            users: Mutex::default(),
            sockets: Mutex::default(),
            background,
        };
        (Arc::new(this), inbox)
    }

    /// Runs steps in order until one stops. Paths are `{prefix}{label}[{index}]`.
    pub(crate) fn steps<'a>(
        self: &'a Arc<Self>,
        frame: &'a mut Frame,
        journal: &'a mut Journal,
        steps: &'a [Step],
        label: &'a str,
    ) -> BoxFuture<'a, Done> {
        async move {
            for (index, step) in steps.iter().enumerate() {
                let path: Arc<str> = format!("{}{label}[{index}]", frame.prefix).into();
                self.step(frame, journal, step, path).await?;
            }
            Ok(())
        }
        .boxed()
    }

    async fn step(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        path: Arc<str>,
    ) -> Done {
        let span = self.tape.live().map(|live| {
            live.spans
                .begin(&frame.span_id, &step.name, live.clock.at_ms())
        });
        let span_id = span
            .as_ref()
            .map(|span| span.span_id.clone())
            .unwrap_or_default();
        self.tape.enter(&path);
        let mut place = Place {
            path: path.clone(),
            line: step.line,
            user: Arc::from(""),
            span_id: span_id.clone(),
        };
        frame.see(self.tape.moment(&place).await);
        frame.use_effects(StepEffects::new(self.seed, path, frame.moment.now_ms));
        let outer_span = std::mem::replace(&mut frame.span_id, span_id);
        let outer_actor = frame.actor.clone();
        let before = Mark::of(journal);
        let done = match self.act(frame, step, &place) {
            Ok(()) => {
                place.user = frame.actor.name();
                self.dispatch(&mut Here {
                    frame: &mut *frame,
                    journal: &mut *journal,
                    step,
                    place: &place,
                })
                .await
            }
            Err(stop) => Err(stop),
        };
        frame.actor = outer_actor;
        frame.span_id = outer_span;
        if let (Some(live), Some(span)) = (self.tape.live(), &span) {
            live.spans.end(
                span,
                live.clock.at_ms(),
                step_attributes(step, &place),
                done.is_err(),
            );
        }
        self.tell(step, &place, journal, before, done.as_ref().err());
        match done {
            // A walk over what might have been goes on, because each check is asked by itself.
            Err(Stop::Failed(fault)) if step.soft || self.tape.is_what_if() => {
                journal.soft.push(*fault);
                Ok(())
            }
            done => done,
        }
    }

    /// Tells whoever watches that a step has ended.
    fn tell(
        &self,
        step: &Step,
        place: &Place,
        journal: &Journal,
        before: Mark,
        stop: Option<&Stop>,
    ) {
        let Some(live) = self.tape.live() else { return };
        let Some(watch) = &live.watch else { return };
        let is_block = matches!(
            step.kind,
            StepKind::Repeat(_)
                | StepKind::Parallel(_)
                | StepKind::Poll { .. }
                | StepKind::When { .. }
        );
        let stepped = Stepped {
            place,
            journal,
            before,
            stop,
            is_block,
        };
        watch.tell(&self.case, &self.redactor, live, &stepped);
    }

    /// Makes the frame act as the step says. Turns and branches find out for themselves, because
    /// `as: crowd[i]` may read their index.
    fn act(&self, frame: &mut Frame, step: &Step, place: &Place) -> Done {
        if !matches!(step.kind, StepKind::Repeat(_) | StepKind::Parallel(_)) {
            frame.actor = self.actor(frame, &step.acting, place)?;
        }
        Ok(())
    }

    async fn dispatch(self: &Arc<Self>, here: &mut Here<'_>) -> Done {
        match &here.step.kind {
            StepKind::Http(request) => self.http(here, request).await,
            StepKind::Stream {
                request,
                into,
                until,
            } => {
                let (into, until) = (into.as_deref(), until.as_ref());
                self.stream(
                    here,
                    &stream::Asked {
                        request,
                        into,
                        until,
                    },
                )
                .await
            }
            StepKind::WebSocket(handshake) => self.open(here, handshake).await,
            StepKind::Send { socket, message } => self.send(here, socket, message).await,
            StepKind::Receive(receive) => self.receive(here, receive).await,
            StepKind::Collect(collect) => self.collect(here, collect).await,
            StepKind::Silence {
                socket,
                matching,
                duration,
            } => {
                let (matching, duration) = (matching.as_ref(), *duration);
                self.silence(
                    here,
                    &silence::Quiet {
                        socket,
                        matching,
                        duration,
                    },
                )
                .await
            }
            StepKind::Close { socket, code } => {
                self.close(here, socket, Some(code.unwrap_or(1000))).await
            }
            StepKind::Abandon { socket } => self.close(here, socket, None).await,
            StepKind::Repeat(repeat) => self.repeat(here, repeat).await,
            StepKind::Parallel(parallel) => self.parallel(here, parallel).await,
            StepKind::Poll { every, steps, into } => {
                let (every, into) = (*every, into.as_deref());
                self.poll(here, &poll::Poll { every, steps, into }).await
            }
            StepKind::When { condition, steps } => self.when(here, condition, steps).await,
            StepKind::Wait { duration } => self.pause(here, *duration).await,
            StepKind::Barrier { name } => self.barrier(here, name).await,
            StepKind::CheckOnly => self.conclude(here, None).await,
        }
    }

    async fn pause(&self, here: &mut Here<'_>, duration: Duration) -> Done {
        self.tape.pause(here.place, Instant::now() + duration).await;
        self.conclude(here, None).await
    }

    /// Evaluates all checks of a step, then its saves if nothing stopped it.
    async fn conclude(&self, here: &mut Here<'_>, stop: Option<Stop>) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        frame.see(self.tape.moment(place).await);
        let mut stop = stop;
        for line in &step.checks {
            let outcome = self.evaluate(frame, &line.expression);
            let (check, broken) = line::judge(line, &outcome, place, step.soft, |path, value| {
                self.shown(path, value)
            });
            journal.checks.push(check);
            stop = stop.or(broken);
        }
        if let Some(stop) = &stop
            && !self.tape.is_what_if()
        {
            return Err(stop.clone());
        }
        for (name, expression) in &step.save {
            let saved = self
                .evaluate(frame, expression)
                .map_err(|error| line::broken(&error, place, &format!("save {name}")))?;
            self.save(frame, journal, name, saved.value);
        }
        stop.map_or(Ok(()), Err)
    }

    fn save(&self, frame: &mut Frame, journal: &mut Journal, name: &str, value: Value) {
        let value = if self.case.names.is_secret(name) {
            value.tainted()
        } else {
            value
        };
        self.learn(name, &value);
        journal
            .saved
            .push((name.to_owned(), self.shown(name, &value)));
        frame.saves.push((name.to_owned(), value.clone()));
        frame.scope.set(name, value);
    }

    pub(crate) fn users(&self) -> Vec<Arc<User>> {
        self.users
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn sockets(&self) -> Vec<Arc<OpenSocket>> {
        self.sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn step_attributes(step: &Step, place: &Place) -> Vec<(String, String)> {
    vec![
        ("muster.step".to_owned(), place.path.to_string()),
        ("muster.line".to_owned(), step.line.to_string()),
        ("muster.user".to_owned(), place.user.to_string()),
    ]
}

/// A duration as an author writes it.
pub(crate) fn written(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        _ if ms.is_multiple_of(60_000) && ms > 0 => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}
