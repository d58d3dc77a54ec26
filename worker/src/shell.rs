//! The loop that moves bytes between the accounting machine, the stream, the spool and the engine.
//!
//! One event at a time goes into the machine, and what it asks for is done in order. It runs on a
//! thread of its own, so that a lease is renewed and its gate closed however busy the cases are.

use std::time::Duration;

use accounting::worker::{CaseKey, Input, Output, StreamId, Worker};
use domain::Instant;
use domain::message::{ToWorker, ToWorkerBody};
use lifecycle::{Stop, clock};
use tokio::sync::mpsc;

use crate::executor::{Executor, Order as Work};
use crate::gate::Gates;
use crate::probes::{Standing, Teller};
use crate::session::{Link, News};
use crate::spool::{Keeper, Order as Keep};
use crate::watchdog::Watched;

/// How long aborted cases may take to end, on top of the grace.
const ABORTED_WITHIN: Duration = Duration::from_secs(5);

/// The ends of the loop.
#[derive(Debug)]
pub(crate) struct Shell {
    pub(crate) machine: Worker,
    pub(crate) news: mpsc::UnboundedReceiver<News>,
    /// What the machine's own duties come to: ended cases, written frames, preflights.
    pub(crate) inputs: mpsc::UnboundedReceiver<Input>,
    pub(crate) executor: Executor,
    pub(crate) keeper: Keeper,
    pub(crate) grace: Duration,
    pub(crate) watched: Watched,
    pub(crate) teller: Teller,
}

/// Why the loop ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Asked to stop, and everything was handed over.
    Done,
    /// Asked to stop; what was not handed over waits in the spool.
    OutOfTime,
    /// The coordinator does not want this worker.
    Refused(String),
    /// Ended at once, as by a crash.
    Vanished,
}

struct State {
    machine: Worker,
    link: Option<(StreamId, Link)>,
    gates: Gates,
    executor: Executor,
    keeper: Keeper,
    wake: Option<Instant>,
    watched: Watched,
    teller: Teller,
}

impl Shell {
    /// Works until `stop` and what follows from it, or until `vanish`. The spool's directory is free
    /// when this returns.
    pub(crate) async fn run(self, stop: Stop, vanish: Stop) -> End {
        let Self {
            machine,
            mut news,
            mut inputs,
            executor,
            keeper,
            grace,
            watched,
            teller,
        } = self;
        let mut state = State {
            machine,
            link: None,
            gates: Gates::default(),
            executor,
            keeper,
            wake: None,
            watched,
            teller,
        };
        let mut leaving = Leaving::new(stop, grace);
        let end = loop {
            let end = tokio::select! {
                biased;
                () = vanish.cancelled() => Some(End::Vanished),
                () = wake_at(state.wake) => {
                    state.wake = None;
                    state.step(Input::Wake)
                }
                Some(news) = news.recv() => state.hear(news),
                Some(input) = inputs.recv() => state.step(input),
                step = leaving.next() => match step {
                    Some(input) => state.step(input),
                    None => Some(End::OutOfTime),
                },
            };
            if let Some(end) = end {
                break end;
            }
        };
        // The session dials no more once nobody hears it.
        drop(news);
        state.finish().await;
        end
    }
}

fn is_welcome(message: &ToWorker) -> bool {
    matches!(message.body, ToWorkerBody::Welcome { .. })
}

async fn wake_at(due: Option<Instant>) {
    match due {
        Some(due) => clock::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// The steps of a clean end: leave, then leave now, then no more time.
struct Leaving {
    stop: Stop,
    grace: Duration,
    deadline: Option<Instant>,
    is_forced: bool,
}

impl Leaving {
    fn new(stop: Stop, grace: Duration) -> Self {
        Self {
            stop,
            grace,
            deadline: None,
            is_forced: false,
        }
    }

    /// The next step when its time has come; nothing after the last.
    async fn next(&mut self) -> Option<Input> {
        let Some(deadline) = self.deadline else {
            self.stop.cancelled().await;
            self.deadline = Some(clock::now() + self.grace);
            return Some(Input::Leave {
                why: "asked to stop".to_owned(),
            });
        };
        clock::sleep_until(deadline).await;
        if self.is_forced {
            return None;
        }
        self.is_forced = true;
        self.deadline = Some(deadline + ABORTED_WITHIN);
        Some(Input::LeaveNow)
    }
}

impl State {
    fn hear(&mut self, news: News) -> Option<End> {
        match news {
            News::Connected { stream, link } => {
                self.link = Some((stream, link));
                self.step(Input::Connected { stream })
            }
            News::Heard { stream, message } => {
                if is_welcome(&message) {
                    self.teller.tell(Standing::Welcome);
                }
                self.step(Input::FromCoordinator { stream, message })
            }
            News::Disconnected { stream } => {
                self.link.take_if(|(held, _)| *held == stream);
                self.teller.tell(Standing::Apart);
                self.step(Input::Disconnected { stream })
            }
        }
    }

    /// Gives the machine one input and does what it asks for; says how to end, if it is to.
    fn step(&mut self, input: Input) -> Option<End> {
        if let Input::CaseEnded {
            run,
            attempt,
            result,
            ..
        } = &input
        {
            self.watched.ended(&CaseKey {
                run: run.clone(),
                attempt: *attempt,
                case: result.case.clone(),
            });
        }
        let asks_to_end = matches!(input, Input::Leave { .. });
        if asks_to_end {
            self.teller.tell(Standing::Leaving);
        }
        let mut end = None;
        for output in self.machine.step(clock::now(), input) {
            match output {
                Output::Done => end = Some(End::Done),
                Output::Refused { why } => end = Some(End::Refused(why)),
                output => self.act(output),
            }
        }
        // There is nobody to say goodbye to, and nothing to hand over.
        let holds_nothing = self.machine.n_running() == 0 && self.machine.n_unacked() == 0;
        if asks_to_end && self.link.is_none() && holds_nothing {
            return Some(End::Done);
        }
        end
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::Send { stream, message } => match &self.link {
                // A stream that takes no more is dropped; the session then says it is gone.
                Some((held, link)) if *held == stream && !link.send(message) => self.link = None,
                _ => {}
            },
            Output::Close { stream } => {
                self.link.take_if(|(held, _)| *held == stream);
            }
            Output::OpenGate {
                run,
                attempt,
                until,
            } => self.gates.open(run, attempt, until),
            Output::CloseGate { run, attempt, why } => {
                tracing::debug!(%run, %attempt, why, "the lease is over");
                self.gates.close(run, attempt);
            }
            Output::Start { key, made_of } => {
                let gate = self.gates.of(&key.run, key.attempt);
                self.executor.send(Work::Start { key, made_of, gate });
            }
            Output::Abort { key, why } => {
                self.watched.stopped(key.clone());
                self.executor.send(Work::Abort { key, why });
            }
            Output::Probe { run, made_of } => {
                self.executor.send(Work::Probe { run, made_of });
            }
            output => self.keep(output),
        }
    }

    fn keep(&mut self, output: Output) {
        match output {
            Output::Spool {
                run,
                attempt,
                seq,
                result,
                record,
            } => self.keeper.send(Keep::Write {
                run,
                attempt,
                seq,
                result,
                record,
            }),
            Output::Unspool {
                run,
                attempt,
                through,
            } => self.keeper.send(Keep::Acknowledged {
                run,
                attempt,
                through,
            }),
            Output::Forget { run, attempt } => {
                self.gates.close(run.clone(), attempt);
                self.gates.sweep();
                self.keeper.send(Keep::Forget { run, attempt });
            }
            Output::WakeAt(due) => self.wake = Some(due),
            Output::Note(text) => tracing::info!("{text}"),
            _ => {}
        }
    }

    /// No traffic after this; the stream's last words leave by themselves.
    async fn finish(mut self) {
        self.gates.close_all();
        self.executor.stop();
        self.link = None;
        let keeper = self.keeper;
        let closed = tokio::task::spawn_blocking(move || keeper.close()).await;
        if closed.is_err() {
            tracing::error!("closing the spool panicked");
        }
    }
}
