//! The thread that writes the spool, so that a slow disk never holds a renewal up.
//!
//! A write that fails is tried again until it works: the machine starts no new case while results
//! wait, and none is given up.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use domain::record::CaseResult;
use domain::{AttemptId, RunId};

use super::Spool;
use super::frame::{self, Frame};

const TRY_AGAIN: Duration = Duration::from_millis(500);

/// What the thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    Write {
        run: RunId,
        attempt: AttemptId,
        seq: u64,
        result: Box<CaseResult>,
        record: Vec<u8>,
    },
    Acknowledged {
        run: RunId,
        attempt: AttemptId,
        through: u64,
    },
    Forget {
        run: RunId,
        attempt: AttemptId,
    },
}

/// A frame that is written: run, attempt and sequence number.
pub(crate) type Written = (RunId, AttemptId, u64);

/// The handle to the thread.
#[derive(Debug)]
pub(crate) struct Keeper {
    orders: Sender<Order>,
    thread: JoinHandle<()>,
}

impl Keeper {
    pub(crate) fn start(
        spool: Spool,
        written: impl Fn(Written) + Send + 'static,
    ) -> io::Result<Self> {
        let (orders, received) = channel();
        let keeper = State {
            spool,
            files: BTreeMap::new(),
        };
        let thread = thread::Builder::new()
            .name("spool".to_owned())
            .spawn(move || keeper.run(&received, &written))?;
        Ok(Self { orders, thread })
    }

    pub(crate) fn send(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::error!("the spool's thread is gone");
        }
    }

    /// Waits until everything is written that can be, and gives the directory back.
    pub(crate) fn close(self) {
        drop(self.orders);
        if self.thread.join().is_err() {
            tracing::error!("the spool's thread panicked");
        }
    }
}

#[derive(Debug)]
struct State {
    spool: Spool,
    files: BTreeMap<(RunId, AttemptId), Kept>,
}

#[derive(Debug)]
struct Kept {
    file: File,
    path: PathBuf,
    length: u64,
    /// Highest sequence number in the file.
    last: u64,
}

impl State {
    fn run(mut self, orders: &Receiver<Order>, written: &dyn Fn(Written)) {
        let mut waiting = VecDeque::new();
        loop {
            let order = match waiting.is_empty() {
                true => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => orders.recv_timeout(TRY_AGAIN),
            };
            match order {
                Ok(order) => waiting.push_back(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.work_off(&mut waiting, written);
        }
        self.work_off(&mut waiting, written);
    }

    /// Does what can be done, in order; the first failure leaves the rest for later.
    fn work_off(&mut self, waiting: &mut VecDeque<Order>, written: &dyn Fn(Written)) {
        while let Some(order) = waiting.front() {
            if let Err(error) = self.obey(order, written) {
                tracing::warn!(%error, folder = %self.spool.folder.display(), "the spool can't be written; trying again");
                return;
            }
            waiting.pop_front();
        }
    }

    fn obey(&mut self, order: &Order, written: &dyn Fn(Written)) -> io::Result<()> {
        match order {
            Order::Write {
                run,
                attempt,
                seq,
                result,
                record,
            } => {
                let frame = frame::encode(Frame {
                    run: run.clone(),
                    attempt: *attempt,
                    seq: *seq,
                    result: result.clone(),
                    record: record.clone(),
                });
                self.kept(run, *attempt)?.write(*seq, &frame)?;
                written((run.clone(), *attempt, *seq));
                Ok(())
            }
            Order::Acknowledged {
                run,
                attempt,
                through,
            } => match self.files.get_mut(&(run.clone(), *attempt)) {
                Some(kept) if kept.last <= *through => kept.empty(),
                _ => Ok(()),
            },
            Order::Forget { run, attempt } => {
                self.files.remove(&(run.clone(), *attempt));
                match fs::remove_file(self.spool.file(run, *attempt)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                }
            }
        }
    }

    fn kept(&mut self, run: &RunId, attempt: AttemptId) -> io::Result<&mut Kept> {
        let key = (run.clone(), attempt);
        if !self.files.contains_key(&key) {
            let path = self.spool.file(run, attempt);
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            let length = file.metadata()?.len();
            let kept = Kept {
                file,
                path,
                length,
                last: 0,
            };
            self.files.insert(key.clone(), kept);
        }
        let missing = || io::Error::other("a file of the spool is missing");
        self.files.get_mut(&key).ok_or_else(missing)
    }
}

impl Kept {
    /// A frame is there whole or not at all.
    fn write(&mut self, seq: u64, frame: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(frame) {
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += frame.len() as u64;
        self.last = self.last.max(seq);
        Ok(())
    }

    fn empty(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        tracing::trace!(path = %self.path.display(), "all results of the attempt are acknowledged");
        Ok(())
    }
}
