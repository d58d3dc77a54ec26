//! One WebSocket of a test: its bounded log, and the task that fills it.
//!
//! The task owns the connection: it appends everything received with its time, sends what it is
//! told to, and says why the connection ended. It decides nothing; what a log means is
//! `judge::log`. A reconnect gives the same log a new connection; see `interpreter::reconnect`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};

use crate::recording::Record;
use crate::tape::{Clock, Kept};
use crate::transport::{Broken, Frame, Wire};
use crate::weight::weight;

/// Most entries of one socket's log.
pub(crate) const LOG_ENTRIES: usize = 10_000;
/// Most memory of one socket's log, in bytes.
pub(crate) const LOG_BYTES: usize = 32 * 1024 * 1024;
/// Longest that a connection stays open behind the target's close frame.
const LINGER: Duration = Duration::from_secs(2);
/// Memory of an entry beside its bytes.
const PER_ENTRY: usize = 256;
/// How often a message is in memory once an expression has read its `frame`: as received, as text
/// and as bytes.
const COPIES: usize = 3;

/// What happened on a socket, in order.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    Received(Arc<Record>),
    /// The connection ended without our asking.
    Interrupted {
        at_ms: f64,
        why: Arc<str>,
    },
    /// A new connection took over.
    Recovered {
        recovery_ms: f64,
    },
    /// No new connection came about in time.
    GaveUp {
        at_ms: f64,
        why: Arc<str>,
    },
    /// We ended the connection.
    Ended,
    /// The log holds as much as it may; nothing after this was kept.
    Full,
}

/// An append-only log that can be waited on.
#[derive(Debug)]
pub(crate) struct Log {
    entries: Mutex<Vec<Entry>>,
    bytes: Mutex<usize>,
    /// What the try keeps in all; see `Live::keeps`.
    kept: Kept,
    length: watch::Sender<usize>,
}

impl Log {
    pub(crate) fn new(kept: Kept) -> Self {
        Self {
            kept,
            ..Self::of(Vec::new())
        }
    }

    pub(crate) fn of(entries: Vec<Entry>) -> Self {
        let length = watch::Sender::new(entries.len());
        Self {
            entries: Mutex::new(entries),
            bytes: Mutex::new(0),
            kept: Kept::default(),
            length,
        }
    }

    pub(crate) fn append(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(entries.last(), Some(Entry::Full)) {
            return;
        }
        let entry = match &entry {
            Entry::Received(record) if !self.has_room(entries.len(), record) => Entry::Full,
            _ => entry,
        };
        entries.push(entry);
        self.length.send_replace(entries.len());
    }

    fn has_room(&self, entries: usize, record: &Record) -> bool {
        let copied = (COPIES - 1).saturating_mul(record.bytes.len());
        let weight = (PER_ENTRY + weight(&record.bytes)).saturating_add(copied);
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        *bytes = bytes.saturating_add(weight);
        entries < LOG_ENTRIES && *bytes <= LOG_BYTES && self.kept.has_room(weight)
    }

    /// Whether nothing more is kept.
    fn is_full(&self) -> bool {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(entries.last(), Some(Entry::Full))
    }

    pub(crate) fn len(&self) -> usize {
        self.entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    /// The entries in a range, as far as there are any.
    pub(crate) fn range(&self, from: usize, to: usize) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let to = to.min(entries.len());
        entries
            .get(from..to)
            .map(<[Entry]>::to_vec)
            .unwrap_or_default()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<usize> {
        self.length.subscribe()
    }
}

/// What the task of a socket is told.
#[derive(Debug)]
pub(crate) enum Command {
    Send(Frame, oneshot::Sender<Result<(), Broken>>),
    Close(u16, oneshot::Sender<Result<(), Broken>>),
    Abandon(oneshot::Sender<Result<(), Broken>>),
}

/// The sending side of a connection, replaced by each reconnect.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    commands: mpsc::Sender<Command>,
}

impl Line {
    pub(crate) async fn tell(
        &self,
        deadline: Instant,
        command: impl FnOnce(oneshot::Sender<Result<(), Broken>>) -> Command,
    ) -> Result<(), Broken> {
        let (answer, answered) = oneshot::channel();
        let gone = || Broken::Closed("the connection is closed".to_owned());
        let told = async {
            self.commands
                .send(command(answer))
                .await
                .map_err(|_| gone())?;
            answered.await.map_err(|_| gone())?
        };
        timeout_at(deadline, told)
            .await
            .map_err(|_| Broken::Timeout("while the message was sent"))?
    }
}

/// How a connection ended.
#[derive(Debug)]
enum End {
    Ours,
    Theirs(String),
}

/// Makes the line and the task that serves it; the caller owns the task.
pub(crate) fn serve(
    wire: Box<dyn Wire>,
    log: Arc<Log>,
    clock: Clock,
) -> (Line, impl Future<Output = ()> + Send + 'static) {
    let (commands, inbox) = mpsc::channel(16);
    let task = run(wire, log, clock, inbox);
    (Line { commands }, task)
}

async fn run(
    mut wire: Box<dyn Wire>,
    log: Arc<Log>,
    clock: Clock,
    mut inbox: mpsc::Receiver<Command>,
) {
    let end = attend(&mut wire, &log, clock, &mut inbox).await;
    let at_ms = clock.at_ms();
    match end {
        End::Ours => log.append(Entry::Ended),
        End::Theirs(why) => log.append(Entry::Interrupted {
            at_ms,
            why: why.into(),
        }),
    }
}

async fn attend(
    wire: &mut Box<dyn Wire>,
    log: &Log,
    clock: Clock,
    inbox: &mut mpsc::Receiver<Command>,
) -> End {
    let mut closing = None;
    loop {
        // What would not be kept is not read either: a flood waits in the network, and costs nothing.
        let happened = tokio::select! {
            frame = next(wire, closing.is_some()), if !log.is_full() => Happened::Frame(frame),
            command = inbox.recv() => Happened::Command(command),
        };
        let end = match happened {
            Happened::Frame(frame) => take(frame, log, clock, &mut closing),
            Happened::Command(None) => Some(End::Ours),
            Happened::Command(Some(command)) => obey(command, wire).await,
        };
        if let Some(end) = end {
            return end;
        }
    }
}

/// The next frame. Behind a close frame the target has to end the connection, and soon.
async fn next(wire: &mut Box<dyn Wire>, is_closing: bool) -> Option<Result<Frame, Broken>> {
    if is_closing {
        timeout(LINGER, wire.next()).await.unwrap_or(None)
    } else {
        wire.next().await
    }
}

enum Happened {
    Frame(Option<Result<Frame, Broken>>),
    Command(Option<Command>),
}

/// Logs what came; after a close frame the connection is read on, so that the answer leaves.
fn take(
    frame: Option<Result<Frame, Broken>>,
    log: &Log,
    clock: Clock,
    closing: &mut Option<String>,
) -> Option<End> {
    let record = |kind: &str, bytes: Bytes| {
        log.append(Entry::Received(Arc::new(Record::new(
            clock.at_ms(),
            kind,
            bytes,
        ))))
    };
    match frame {
        Some(Ok(Frame::Text(text))) => record("text", text.into()),
        Some(Ok(Frame::Binary(bytes))) => record("binary", bytes),
        Some(Ok(Frame::Close { code, reason })) => {
            let told = serde_json::json!({ "code": code, "reason": reason });
            record("close", told.to_string().into());
            *closing = Some(
                format!("the target closed it with {code} {reason}")
                    .trim_end()
                    .to_owned(),
            );
        }
        Some(Err(broken)) => {
            return Some(End::Theirs(
                closing.take().unwrap_or_else(|| broken.to_string()),
            ));
        }
        None => {
            return Some(End::Theirs(
                closing
                    .take()
                    .unwrap_or_else(|| "the target ended the connection".to_owned()),
            ));
        }
    }
    None
}

/// An answer that nobody awaits any more is dropped: its step's time is over.
async fn obey(command: Command, wire: &mut Box<dyn Wire>) -> Option<End> {
    match command {
        Command::Send(frame, answer) => {
            let _ = answer.send(wire.send(frame).await);
            None
        }
        Command::Close(code, answer) => {
            let sent = wire
                .send(Frame::Close {
                    code,
                    reason: String::new(),
                })
                .await;
            let _ = answer.send(sent);
            Some(End::Ours)
        }
        Command::Abandon(answer) => {
            wire.abandon();
            let _ = answer.send(Ok(()));
            Some(End::Ours)
        }
    }
}
