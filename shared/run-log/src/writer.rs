//! A thread that owns one log: it takes commands, groups what waits, and says what became durable.
//!
//! Blobs that wait are written together and synced once, before the append that names them; appends
//! that wait and join on become one segment. After a fatal error every further command is answered
//! with it: the owner ends the process.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use domain::Digest;

use crate::port::{AppendError, Batch, Blob, Log, LogId, Position};

/// A segment grows no further than this many bytes of events when appends wait.
const GROUP: usize = 256 * 1024;

/// What the thread is asked.
#[derive(Debug)]
pub enum Command {
    Append { at: Position, batch: Batch },
    PutBlob(Blob),
}

/// What became of a command. Appends are answered in their order, several by one answer when they
/// became one segment.
#[derive(Debug)]
pub enum Answer {
    /// The log is durable up to here.
    Durable { log: LogId, to: Position },
    /// The blob is durable.
    BlobStored { log: LogId, digest: Digest },
    /// Nothing was written.
    Failed { log: LogId, error: AppendError },
}

/// The handle to a log's thread. Close it before the directory's lock is given back.
#[derive(Debug)]
pub struct Writer {
    commands: Sender<Command>,
    thread: JoinHandle<()>,
}

impl Writer {
    /// Starts the thread; `answer` is called on it and must not block.
    pub fn start(
        id: &LogId,
        log: Box<dyn Log>,
        answer: impl Fn(Answer) + Send + 'static,
    ) -> io::Result<Self> {
        let (commands, received) = channel();
        let id = id.clone();
        let thread = thread::Builder::new()
            .name(format!("log {id}"))
            .spawn(move || Owner { id, log }.run(&received, &answer))?;
        Ok(Self { commands, thread })
    }

    /// Hands a command in. It only fails after a panic in the thread; the caller then hears
    /// nothing, as after a crash.
    pub fn send(&self, command: Command) {
        if self.commands.send(command).is_err() {
            tracing::error!("a log's thread is gone");
        }
    }

    /// Lets the thread finish what it was given; blocks until it has.
    pub fn close(self) {
        drop(self.commands);
        if self.thread.join().is_err() {
            tracing::error!("a log's thread panicked");
        }
    }
}

struct Owner {
    id: LogId,
    log: Box<dyn Log>,
}

impl Owner {
    fn run(mut self, commands: &Receiver<Command>, answer: &dyn Fn(Answer)) {
        while let Ok(first) = commands.recv() {
            let waiting = std::iter::once(first).chain(commands.try_iter()).collect();
            self.serve(waiting, answer);
        }
    }

    /// Blobs go first and share one sync: an event may only name what is durable, and a blob that
    /// nothing names yet harms nobody.
    fn serve(&mut self, waiting: Vec<Command>, answer: &dyn Fn(Answer)) {
        let mut blobs = Vec::new();
        let mut groups: Vec<(Position, Batch)> = Vec::new();
        for command in waiting {
            match command {
                Command::PutBlob(blob) => blobs.push(blob),
                Command::Append { at, batch } => match groups.last_mut() {
                    Some((from, held)) if joins_on(*from, held, at, &batch) => {
                        held.events.extend(batch.events);
                    }
                    _ => groups.push((at, batch)),
                },
            }
        }
        self.store(blobs, answer);
        for (at, batch) in groups {
            self.append(at, &batch, answer);
        }
    }

    fn append(&mut self, at: Position, batch: &Batch, answer: &dyn Fn(Answer)) {
        let log = self.id.clone();
        answer(match self.log.append(at, batch) {
            Ok(to) => Answer::Durable { log, to },
            Err(error) => Answer::Failed { log, error },
        });
    }

    fn store(&mut self, blobs: Vec<Blob>, answer: &dyn Fn(Answer)) {
        if blobs.is_empty() {
            return;
        }
        let log = self.id.clone();
        let put = self.log.put_blobs(&blobs);
        match put.and_then(|()| self.log.sync_blobs()) {
            Ok(()) => blobs.into_iter().for_each(|blob| {
                let (log, digest) = (log.clone(), blob.digest);
                answer(Answer::BlobStored { log, digest });
            }),
            Err(error) => answer(Answer::Failed { log, error }),
        }
    }
}

fn joins_on(from: Position, held: &Batch, at: Position, batch: &Batch) -> bool {
    let size: usize = held.events.iter().map(Vec::len).sum();
    from + held.events.len() as u64 == at
        && (held.term, &held.writer) == (batch.term, &batch.writer)
        && size < GROUP
}
