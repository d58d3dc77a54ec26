//! Walks the steps of a test: asks the tape for what is observed, and the judge for what it means.
//!
//! The same walk runs a case and judges its recording again. It never talks to the network itself
//! and never decides an outcome. One file per family of steps: `http`, `stream`, `socket`,
//! `message`, `block`; what a step reads is `frame` and `evaluate`; who acts is `user`.

mod block;
mod cookie;
mod evaluate;
mod frame;
mod http;
mod join;
mod message;
mod reconnect;
mod render;
mod socket;
mod stream;
mod user;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use expression::{Redactor, Value};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use suite::model::{Step, StepKind};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::case::Case;
use crate::judge::{Journal, Stop, line};
use crate::recording::Place;
use crate::seed::{Seed, StepEffects};
use crate::tape::Tape;
pub(crate) use frame::{Actor, Frame};
pub(crate) use message::over_stop;
pub(crate) use socket::OpenSocket;
pub(crate) use user::User;

/// How a step, or a sequence of them, ended.
pub(crate) type Done = Result<(), Stop>;

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
        let done = match self.act(frame, step, &place) {
            Ok(()) => {
                place.user = frame.actor.name();
                self.dispatch(frame, journal, step, &place).await
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
        match done {
            Err(Stop::Failed(fault)) if step.soft => {
                journal.soft.push(*fault);
                Ok(())
            }
            done => done,
        }
    }

    /// Makes the frame act as the step says. Turns and branches find out for themselves, because
    /// `as: crowd[i]` may read their index.
    fn act(&self, frame: &mut Frame, step: &Step, place: &Place) -> Done {
        if !matches!(step.kind, StepKind::Repeat(_) | StepKind::Parallel(_)) {
            frame.actor = self.actor(frame, &step.acting, place)?;
        }
        Ok(())
    }

    async fn dispatch(
        self: &Arc<Self>,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
    ) -> Done {
        match &step.kind {
            StepKind::Http(request) => self.http(frame, journal, step, place, request).await,
            StepKind::Stream {
                request,
                into,
                until,
            } => {
                self.stream(
                    frame,
                    journal,
                    step,
                    place,
                    &stream::Asked {
                        request,
                        into: into.as_deref(),
                        until: until.as_ref(),
                    },
                )
                .await
            }
            StepKind::WebSocket(handshake) => {
                self.open(frame, journal, step, place, handshake).await
            }
            StepKind::Send { socket, message } => {
                self.send(frame, journal, step, place, socket, message)
                    .await
            }
            StepKind::Receive(receive) => self.receive(frame, journal, step, place, receive).await,
            StepKind::Collect(collect) => self.collect(frame, journal, step, place, collect).await,
            StepKind::Silence {
                socket,
                matching,
                duration,
            } => {
                self.silence(
                    frame,
                    journal,
                    step,
                    place,
                    &message::Quiet {
                        socket,
                        matching: matching.as_ref(),
                        duration: *duration,
                    },
                )
                .await
            }
            StepKind::Close { socket, code } => {
                self.close(
                    frame,
                    journal,
                    step,
                    place,
                    socket,
                    Some(code.unwrap_or(1000)),
                )
                .await
            }
            StepKind::Abandon { socket } => {
                self.close(frame, journal, step, place, socket, None).await
            }
            StepKind::Repeat(repeat) => self.repeat(frame, journal, step, place, repeat).await,
            StepKind::Parallel(parallel) => {
                self.parallel(frame, journal, step, place, parallel).await
            }
            StepKind::Poll { every, steps, into } => {
                self.poll(
                    frame,
                    journal,
                    step,
                    place,
                    &block::Poll {
                        every: *every,
                        steps,
                        into: into.as_deref(),
                    },
                )
                .await
            }
            StepKind::When { condition, steps } => {
                self.when(frame, journal, step, place, condition, steps)
                    .await
            }
            StepKind::Wait { duration } => {
                self.tape.pause(place, Instant::now() + *duration).await;
                self.conclude(frame, journal, step, place, None).await
            }
            StepKind::Barrier { name } => self.barrier(frame, journal, step, place, name).await,
            StepKind::CheckOnly => self.conclude(frame, journal, step, place, None).await,
        }
    }

    /// Evaluates all checks of a step, then its saves if nothing stopped it.
    async fn conclude(
        &self,
        frame: &mut Frame,
        journal: &mut Journal,
        step: &Step,
        place: &Place,
        stop: Option<Stop>,
    ) -> Done {
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
        if let Some(stop) = stop {
            return Err(stop);
        }
        for (name, expression) in &step.save {
            let saved = self
                .evaluate(frame, expression)
                .map_err(|error| line::broken(&error, place, &format!("save {name}")))?;
            self.save(frame, journal, name, saved.value);
        }
        Ok(())
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
        _ if ms % 60_000 == 0 && ms > 0 => format!("{}m", ms / 60_000),
        _ if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}
