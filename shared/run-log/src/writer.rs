//! Threads that own a log or the blobs: blocking file calls never run on an async runtime.
//!
//! Blobs that wait are written together, up to a number, and synced once. After a fatal error every further command
//! is answered with it: the owner ends the process. Which appends go together is the caller's to
//! say.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use domain::Digest;

use crate::port::{AppendError, Batch, Blob, Blobs, LogId, Position, Store};

/// Blobs that are written together: as many as an object store is sent at a time. Whoever waits for
/// one of them waits for all, so more would be no faster for anybody.
const BLOBS_TOGETHER: usize = 64;

/// What became of a command.
#[derive(Debug)]
pub enum Answer {
    /// The log is durable up to here.
    Durable { log: LogId, to: Position },
    /// The append was not made, or nobody knows.
    AppendFailed { log: LogId, error: AppendError },
    /// The blob is durable.
    BlobStored { digest: Digest },
    /// A blob could not be stored.
    BlobFailed { error: AppendError },
}

/// The handle to an owner's thread. Close it before the directory's lock is given back.
#[derive(Debug)]
pub struct Writer<C> {
    commands: Sender<C>,
    thread: JoinHandle<()>,
}

/// An append at a position.
pub type Append = (Position, Batch);

impl Writer<Append> {
    /// Starts a log's thread, which opens the log there; `answer` is called on it and must not
    /// block.
    pub fn of_log(
        id: LogId,
        store: Arc<dyn Store>,
        answer: impl Fn(Answer) + Send + 'static,
    ) -> io::Result<Self> {
        Self::start(format!("log {id}"), move |commands| {
            let mut log = store.open(&id).map_err(|error| error.to_string());
            while let Ok((at, batch)) = commands.recv() {
                let appended = match &mut log {
                    Ok(log) => log.append(at, &batch),
                    Err(why) => Err(AppendError::Fatal {
                        place: id.to_string(),
                        why: why.clone(),
                    }),
                };
                let log = id.clone();
                answer(match appended {
                    Ok(to) => Answer::Durable { log, to },
                    Err(error) => Answer::AppendFailed { log, error },
                });
            }
        })
    }
}

impl Writer<Blob> {
    /// Starts the blobs' thread; `answer` is called on it and must not block.
    pub fn of_blobs(
        mut blobs: Box<dyn Blobs>,
        answer: impl Fn(Answer) + Send + 'static,
    ) -> io::Result<Self> {
        Self::start("blobs".to_owned(), move |commands| {
            while let Ok(first) = commands.recv() {
                let others = commands.try_iter().take(BLOBS_TOGETHER - 1);
                let waiting: Vec<Blob> = std::iter::once(first).chain(others).collect();
                match blobs.put(&waiting).and_then(|()| blobs.sync()) {
                    Ok(()) => waiting
                        .into_iter()
                        .for_each(|Blob { digest, .. }| answer(Answer::BlobStored { digest })),
                    Err(error) => answer(Answer::BlobFailed { error }),
                }
            }
        })
    }
}

impl<C: Send + 'static> Writer<C> {
    fn start(name: String, own: impl FnOnce(Receiver<C>) + Send + 'static) -> io::Result<Self> {
        let (commands, received) = channel();
        let thread = thread::Builder::new()
            .name(name)
            .spawn(move || own(received))?;
        Ok(Self { commands, thread })
    }

    /// Hands a command in. It only fails after a panic in the thread; the caller then hears
    /// nothing, as after a crash.
    pub fn send(&self, command: C) {
        if self.commands.send(command).is_err() {
            tracing::error!("a thread that writes is gone");
        }
    }

    /// Lets the thread finish what it was given; blocks until it has.
    pub fn close(self) {
        drop(self.commands);
        if self.thread.join().is_err() {
            tracing::error!("a thread that writes panicked");
        }
    }
}
