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

/// What the keeper asks of an attempt's file.
trait Tail: Write {
    /// Drops everything behind `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

impl Tail for File {
    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

#[derive(Debug)]
struct Kept<F = File> {
    file: F,
    path: PathBuf,
    length: u64,
    /// Bytes of a broken frame may stand behind `length`: nothing is written before they are cut off.
    is_torn: bool,
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
                is_torn: false,
                last: 0,
            };
            self.files.insert(key.clone(), kept);
        }
        let missing = || io::Error::other("a file of the spool is missing");
        self.files.get_mut(&key).ok_or_else(missing)
    }
}

impl<F: Tail> Kept<F> {
    /// A frame is there whole or not at all, and never behind a broken one, where no reader finds
    /// it.
    fn write(&mut self, seq: u64, frame: &[u8]) -> io::Result<()> {
        self.mend()?;
        self.is_torn = true;
        if let Err(error) = self.file.write_all(frame) {
            // When this fails too, the next write begins with it.
            let _ = self.mend();
            return Err(error);
        }
        self.is_torn = false;
        self.length += frame.len() as u64;
        self.last = self.last.max(seq);
        Ok(())
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.is_torn {
            self.file.cut(self.length)?;
            self.is_torn = false;
        }
        Ok(())
    }

    fn empty(&mut self) -> io::Result<()> {
        self.file.cut(0)?;
        self.length = 0;
        self.is_torn = false;
        tracing::trace!(path = %self.path.display(), "all results of the attempt are acknowledged");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes half of what it is given, and cuts nothing, as often as told.
    #[derive(Debug, Default)]
    struct Full {
        bytes: Vec<u8>,
        n_failures: usize,
        n_uncut: usize,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.n_failures > 0 {
                self.n_failures -= 1;
                self.bytes.extend_from_slice(&bytes[..3]);
                return Err(io::Error::other("no space"));
            }
            self.bytes.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Tail for Full {
        fn cut(&mut self, length: u64) -> io::Result<()> {
            if self.n_uncut > 0 {
                self.n_uncut -= 1;
                return Err(io::Error::other("nor this"));
            }
            self.bytes.truncate(usize::try_from(length).unwrap());
            Ok(())
        }
    }

    #[test]
    fn nothing_is_written_behind_what_could_not_be_cut_off() {
        let file = Full {
            n_failures: 1,
            n_uncut: 2,
            ..Full::default()
        };
        let mut kept = Kept {
            file,
            path: PathBuf::new(),
            length: 0,
            is_torn: false,
            last: 0,
        };
        assert!(
            kept.write(1, b"frame 1").is_err(),
            "half of it stands there"
        );
        assert!(kept.write(1, b"frame 1").is_err(), "and can't be cut off");
        kept.write(1, b"frame 1").unwrap();
        kept.write(2, b"frame 2").unwrap();
        assert_eq!(kept.file.bytes, b"frame 1frame 2");
    }
}
