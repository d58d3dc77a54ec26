//! The loop that moves bytes between the accounting machine, the logs and the streams.
//!
//! One event at a time goes into the machine, and what it asks for is done in order. Nothing is
//! decided here. `handle` is how the doors reach the loop, `logs` the threads that write, `duties`
//! what the machine asks to have read.

use std::collections::BTreeMap;
use std::io;

use accounting::coordinator::{
    self as machine, Answer, Coordinator, Exit, Input, Output, StreamId,
};
use domain::message::{FromWorker, ToWorker};
use domain::{Instant, RunId, Term};
use lifecycle::{Stop, clock};
use run_log::{Blobs, Position};
use tokio::sync::{mpsc, oneshot, watch};

use crate::archive::Archive;

mod duties;
mod handle;
mod logs;
mod spans;

pub use handle::{Connected, Gone, Handle, Stream};
use logs::Logs;
use spans::OpenSpans;

/// Messages and requests that may wait for the loop; whoever sends more waits.
const WAITING: usize = 1024;

/// Everything that can happen to the loop from outside the process's own disk.
#[derive(Debug)]
enum Event {
    StreamOpened {
        stream: StreamId,
        down: mpsc::Sender<ToWorker>,
    },
    FromWorker {
        stream: StreamId,
        message: FromWorker,
    },
    StreamClosed {
        stream: StreamId,
    },
    Request {
        request: machine::Request,
        reply: oneshot::Sender<Answer>,
    },
    /// Somebody wants to know how far a run's log may be shown.
    Watch {
        run: RunId,
        reply: oneshot::Sender<watch::Receiver<Position>>,
    },
    Connected {
        reply: oneshot::Sender<Vec<Connected>>,
    },
}

/// The loop and all that it holds.
#[derive(Debug)]
pub struct Shell {
    machine: Coordinator,
    archive: Archive,
    logs: Logs,
    events: mpsc::Receiver<Event>,
    /// What the machine's own duties come to: appends, reads, rechecks.
    inputs: mpsc::UnboundedReceiver<Input>,
    own: mpsc::UnboundedSender<Input>,
    streams: BTreeMap<StreamId, Connection>,
    clients: BTreeMap<machine::ClientId, oneshot::Sender<Answer>>,
    next_client: u64,
    shown: BTreeMap<RunId, watch::Sender<Position>>,
    wake: Option<Instant>,
    term: Term,
    spans: OpenSpans,
}

/// A worker's stream, as the loop sees it.
#[derive(Debug)]
struct Connection {
    down: mpsc::Sender<ToWorker>,
    /// Once it has said hello.
    who: Option<Connected>,
}

/// Why the loop ended; another process may go on from the logs.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Ended(pub(crate) Exit);

/// The loop, not yet running, and the way to reach it.
pub fn make(
    config: machine::Config,
    archive: Archive,
    blobs: Box<dyn Blobs>,
    term: Term,
) -> io::Result<(Shell, Handle)> {
    let (send, events) = mpsc::channel(WAITING);
    let (own, inputs) = mpsc::unbounded_channel();
    let logs = Logs::start(
        archive.store().clone(),
        blobs,
        config.leader.clone(),
        own.clone(),
    )?;
    let handle = Handle::new(send, archive.clone());
    let shell = Shell {
        machine: Coordinator::new(config),
        archive,
        logs,
        events,
        inputs,
        own,
        streams: BTreeMap::new(),
        clients: BTreeMap::new(),
        next_client: 0,
        shown: BTreeMap::new(),
        wake: None,
        term,
        spans: OpenSpans::default(),
    };
    Ok((shell, handle))
}

impl Shell {
    /// Leads until `stop`, or until the machine gives up, which `silent` is told. The threads that
    /// write have ended when this returns.
    pub async fn run(mut self, stop: Stop, silent: Stop) -> Result<(), Ended> {
        let term = self.term;
        let mut exit = self.step(Input::Elected { term });
        while exit.is_none() {
            exit = self.turn(&stop).await;
        }
        // Nobody is told anything more.
        silent.cancel();
        self.streams.clear();
        self.clients.clear();
        let logs = self.logs;
        if tokio::task::spawn_blocking(move || logs.close())
            .await
            .is_err()
        {
            tracing::error!("closing the logs panicked");
        }
        match exit {
            Some(Exit::Retired) | None => Ok(()),
            Some(exit) => Err(Ended(exit)),
        }
    }

    /// One event. What the disk says goes first: others wait for it.
    async fn turn(&mut self, stop: &Stop) -> Option<Exit> {
        let wake = self.wake;
        let woken = async {
            match wake {
                Some(due) => clock::sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => self.step(Input::Retire),
            Some(input) = self.inputs.recv() => self.step(input),
            () = woken => {
                self.wake = None;
                self.step(Input::Wake)
            }
            Some(event) = self.events.recv() => self.take(event),
        }
    }

    fn take(&mut self, event: Event) -> Option<Exit> {
        match event {
            Event::StreamOpened { stream, down } => {
                let connection = Connection { down, who: None };
                self.streams.insert(stream, connection);
                None
            }
            Event::FromWorker { stream, message } => {
                self.note_hello(stream, &message);
                // What a stream said before it was closed from here is void.
                let is_open = self.streams.contains_key(&stream);
                is_open.then(|| self.step(Input::FromWorker { stream, message }))?
            }
            Event::StreamClosed { stream } => {
                let was_open = self.streams.remove(&stream).is_some();
                was_open.then(|| self.step(Input::Disconnected { stream }))?
            }
            Event::Request { request, reply } => {
                self.next_client += 1;
                let client = machine::ClientId(self.next_client);
                self.clients.insert(client, reply);
                self.step(Input::FromClient { client, request })
            }
            Event::Watch { run, reply } => {
                let shown = self.shown.entry(run).or_default();
                let _ = reply.send(shown.subscribe());
                None
            }
            Event::Connected { reply } => {
                let who = self.streams.values().filter_map(|one| one.who.clone());
                let _ = reply.send(who.collect());
                None
            }
        }
    }

    fn note_hello(&mut self, stream: StreamId, message: &FromWorker) {
        if let (FromWorker::Hello(hello), Some(one)) = (message, self.streams.get_mut(&stream)) {
            one.who = Some(Connected::from(hello));
        }
    }

    /// Gives the machine one input and does what it asks for; says why to end, if it is to.
    fn step(&mut self, input: Input) -> Option<Exit> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            for output in self.machine.step(clock::now(), input) {
                match output {
                    Output::Exit(exit) => return Some(exit),
                    Output::Send {
                        stream, message, ..
                    } => inputs.extend(self.send(stream, message)),
                    output => self.act(output),
                }
            }
        }
        None
    }

    fn act(&mut self, output: Output) {
        match output {
            Output::ReadGrid { from } => duties::read_grid(&self.archive, &self.own, from),
            Output::ReadRun { run, plan, from } => {
                duties::read_run(&self.archive, &self.own, run, plan, from);
            }
            Output::Recheck { run, plan, up_to } => {
                duties::recheck(&self.archive, &self.own, run, plan, up_to);
            }
            Output::Append {
                log,
                at,
                term,
                elapsed,
                events,
            } => {
                if let (machine::LogId::Run(run), machine::Events::Run(events)) = (&log, &events) {
                    self.spans.see(run, events);
                }
                self.logs.append(log, at, term, elapsed, &events);
            }
            Output::PutBlob { digest, bytes } => self.logs.put_blob(digest, bytes),
            Output::Close { stream } => {
                self.streams.remove(&stream);
            }
            Output::Reply { client, answer, .. } => {
                if let Some(reply) = self.clients.remove(&client) {
                    // The client may have given up.
                    let _ = reply.send(answer);
                }
            }
            Output::Published { run, up_to } => {
                let shown = self.shown.entry(run).or_default();
                shown.send_if_modified(|held| {
                    let is_news = *held < up_to;
                    *held = up_to.max(*held);
                    is_news
                });
            }
            Output::Forgotten { run } => {
                self.shown.remove(&run);
            }
            Output::WakeAt(due) => self.wake = Some(due),
            Output::Note(text) => tracing::info!(term = %self.term, "{text}"),
            // The lock goes with the process; these two are answered by `step`.
            Output::Resign | Output::Exit(_) | Output::Send { .. } => {}
        }
    }

    /// A worker that does not read what it is sent loses its stream, and comes back by itself.
    fn send(&mut self, stream: StreamId, message: ToWorker) -> Option<Input> {
        let connection = self.streams.get(&stream)?;
        if connection.down.try_send(message).is_ok() {
            return None;
        }
        self.streams.remove(&stream);
        Some(Input::Disconnected { stream })
    }
}
