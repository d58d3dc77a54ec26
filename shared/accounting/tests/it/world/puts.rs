//! The store under the logs: files whose tails tear, or objects whose puts get lost answers, land
//! late, and race.

use accounting::coordinator::{AppendError, Events, Input, LogId};
use accounting::worker::CaseKey;
use domain::event::RunEvent;

use crate::adapter::{self, Heard, Next};
use crate::node::Put;
use crate::oracle::Broken;
use crate::shape::Keeping;
use crate::site::Site;
use crate::store::Append;
use crate::world::{Happening, MILLI, SECOND, World};

/// The store has the segment, or another stands there.
enum Taken {
    Created,
    AlreadyThere,
}

impl World {
    /// A machine asks for an append: its shell encodes it and sends it on its way.
    pub(super) fn put(&mut self, node: usize, append: Append) {
        let put = Box::new(self.nodes[node].write(append));
        let at = self.now + self.delay();
        self.schedule(at, Happening::Arrives { node, put });
    }

    pub(super) fn arrives(&mut self, node: usize, put: Box<Put>) -> Result<(), Broken> {
        let until = self.nodes[node].isolated_until;
        if until > self.now {
            self.schedule(until, Happening::Arrives { node, put });
            return Ok(());
        }
        match self.shape.keeping {
            Keeping::Files => self.write_file(node, put),
            Keeping::Objects => self.put_object(node, put),
        }
    }

    /// The segment joins its log, if nothing stands at its number.
    fn take(&mut self, node: usize, put: &Put) -> Result<Taken, Broken> {
        let (log, at) = (&put.append.log, put.append.at);
        let stands = at < self.store.len(log);
        #[cfg(feature = "planted")]
        let stands = stands && !self.was_deleted(log, at);
        if stands {
            return Ok(Taken::AlreadyThere);
        }
        self.say(|| format!("{log:?} {at} <- node {node}: {:?}", put.append.events));
        self.oracle.landed(put, &self.store, self.now)?;
        if self.nodes[node].machine.is_none() {
            self.count("append landed after its writer died");
        }
        self.note_decisions(put);
        self.remember(&put.bytes);
        self.store.push(&put.append, put.bytes.clone());
        Ok(Taken::Created)
    }

    /// For the table of situations.
    fn note_decisions(&mut self, put: &Put) {
        let (LogId::Run(run), Events::Run(events)) = (&put.append.log, &put.append.events) else {
            return;
        };
        for event in events {
            match event {
                RunEvent::AttemptLost { attempt, .. } => {
                    let holds = |key: &CaseKey| key.run == *run && key.attempt == *attempt;
                    let alive =
                        |site: &Site| site.machine.is_some() && site.running.keys().any(holds);
                    if self.sites.iter().any(alive) {
                        self.count("lease lost with its holder alive");
                    }
                }
                RunEvent::Draining { .. } if self.oracle.has_open_cases(run) => {
                    self.count("draining with stragglers");
                }
                _ => {}
            }
        }
    }

    /// The planted bug: all but the newest segments of an open run are deleted.
    #[cfg(feature = "planted")]
    fn was_deleted(&self, log: &LogId, at: u64) -> bool {
        self.planted == Some(accounting::planted::Planted::SegmentDeleted)
            && at + 2 < self.store.len(log)
    }

    fn put_object(&mut self, node: usize, put: Box<Put>) -> Result<(), Broken> {
        let is_gone = self.nodes[node].machine.is_none();
        if is_gone && self.chance.percent(50) {
            return Ok(());
        }
        let is_full = self.store_full_until > self.now;
        let trouble = match self.is_troubled() && self.chance.percent(4) {
            true => self.chance.within(0..4),
            false => 9,
        };
        let heard = match trouble {
            _ if is_full => {
                self.count("store refused puts");
                Heard::Unclear
            }
            // Two times out of four: it lands, and soon, or late.
            0 => {
                self.count("put done and answered by an error");
                self.take(node, &put)?;
                Heard::Unclear
            }
            1 => {
                self.count("put refused without effect");
                Heard::Unclear
            }
            2 | 3 => {
                let at = match self.chance.percent(60) {
                    true => self.now + self.chance.within(10 * MILLI..150 * MILLI),
                    false => self.now + self.chance.within(10 * MILLI..30 * SECOND),
                };
                let put = put.clone();
                self.schedule(at, Happening::LandsLate { node, put });
                Heard::Unclear
            }
            _ => match self.take(node, &put)? {
                Taken::Created => Heard::Created,
                Taken::AlreadyThere => {
                    self.count("put found its number taken");
                    Heard::AlreadyExists
                }
            },
        };
        let at = self.now + self.delay();
        self.schedule(at, Happening::Heard { node, put, heard });
        Ok(())
    }

    pub(super) fn lands_late(&mut self, node: usize, put: Box<Put>) -> Result<(), Broken> {
        match self.take(node, &put)? {
            Taken::Created => self.count("late put landed"),
            Taken::AlreadyThere => self.count("late put found its number taken"),
        }
        Ok(())
    }

    pub(super) fn look(&mut self, node: usize, put: Box<Put>) {
        let until = self.nodes[node].isolated_until;
        if until > self.now {
            return self.schedule(until, Happening::Look { node, put });
        }
        let place = usize::try_from(put.append.at).unwrap_or_default();
        let found = self.store.encoded(&put.append.log).get(place);
        let heard = match found {
            None => Heard::Absent,
            Some(bytes) if *bytes == put.bytes => Heard::Ours,
            Some(bytes) => Heard::Theirs {
                same_writer: writer(bytes) == writer(&put.bytes),
            },
        };
        let at = self.now + self.delay();
        self.schedule(at, Happening::Heard { node, put, heard });
    }

    pub(super) fn put_heard(
        &mut self,
        node: usize,
        put: Box<Put>,
        heard: Heard,
    ) -> Result<(), Broken> {
        if self.nodes[node].machine.is_none() {
            return Ok(());
        }
        let until = self.nodes[node].paused_until;
        if until > self.now {
            self.schedule(until, Happening::Heard { node, put, heard });
            return Ok(());
        }
        #[cfg(feature = "planted")]
        let next = adapter::next_with(heard, self.planted);
        #[cfg(not(feature = "planted"))]
        let next = adapter::next(heard);
        let at = self.now + self.delay();
        match next {
            Next::Durable => self.durable(node, &put),
            Next::Conflict => {
                self.count("append conflicted");
                self.put_failed(node, &put.append, AppendError::Conflict)
            }
            Next::Look => {
                self.schedule(at, Happening::Look { node, put });
                Ok(())
            }
            Next::Again => {
                self.count("put repeated");
                let put = self.again(node, put);
                self.schedule(at, Happening::Arrives { node, put });
                Ok(())
            }
        }
    }

    /// The same bytes once more.
    #[cfg(not(feature = "planted"))]
    #[expect(clippy::unused_self, reason = "its twin with planted bugs reads them")]
    fn again(&self, _node: usize, put: Box<Put>) -> Box<Put> {
        put
    }

    /// The same bytes once more, or, with the bug, the same events with another time.
    #[cfg(feature = "planted")]
    fn again(&self, node: usize, mut put: Box<Put>) -> Box<Put> {
        use prost::Message;
        if self.planted == Some(accounting::planted::Planted::NumberReused)
            && let Ok(mut segment) = proto::v1::Segment::decode(put.bytes.as_slice())
        {
            segment.wall_ms = self.nodes[node].clock.wall_ms(self.now);
            put.bytes = segment.encode_to_vec();
        }
        put
    }

    fn durable(&mut self, node: usize, put: &Put) -> Result<(), Broken> {
        let (log, at) = (put.append.log.clone(), put.append.at);
        self.nodes[node].in_flight.remove(&(log.clone(), at));
        if let (LogId::Run(run), Events::Run(events)) = (&log, &put.append.events)
            && events
                .iter()
                .any(|event| matches!(event, RunEvent::TermStarted { .. }))
        {
            self.nodes[node].turns.leads(run);
        }
        let to = at + 1;
        self.step_node(node, Input::Durable { log, to })
    }

    fn put_failed(&mut self, node: usize, append: &Append, why: AppendError) -> Result<(), Broken> {
        let log = append.log.clone();
        self.nodes[node].in_flight.remove(&(log.clone(), append.at));
        self.step_node(node, Input::AppendFailed { log, why })
    }

    /// Write, then fsync. What an error leaves behind is chance, and the process ends.
    fn write_file(&mut self, node: usize, put: Box<Put>) -> Result<(), Broken> {
        if self.nodes[node].machine.is_none() {
            return Ok(());
        }
        let is_sync_failing = std::mem::take(&mut self.is_sync_failing);
        let is_full = self.store_full_until > self.now;
        if !is_full && !is_sync_failing {
            let taken = self.take(node, &put)?;
            let heard = match taken {
                Taken::Created => Heard::Created,
                Taken::AlreadyThere => Heard::Theirs { same_writer: false },
            };
            let at = self.now + self.delay();
            self.schedule(at, Happening::Heard { node, put, heard });
            return Ok(());
        }
        if is_full {
            self.count("coordinator's disk full");
        } else {
            self.count("fsync failed");
        }
        self.leave_tail(node, &put)?;
        let why = AppendError::Io("the disk takes no more".to_owned());
        self.put_failed(node, &put.append, why)
    }

    /// The process died with writes under way.
    pub(super) fn leave_tails(&mut self, node: usize) {
        let puts = std::mem::take(&mut self.nodes[node].in_flight);
        for put in puts.values() {
            if let Err(broken) = self.leave_tail(node, put) {
                self.broken.get_or_insert(broken);
            }
        }
    }

    /// A frame that was being written: whole on the disk, cut short, or not there. The next start
    /// keeps what is whole and cuts the rest off.
    fn leave_tail(&mut self, node: usize, put: &Put) -> Result<(), Broken> {
        match self.chance.within(0..3) {
            0 => {
                self.take(node, put)?;
            }
            1 => self.count("torn tail"),
            _ => {}
        }
        Ok(())
    }
}

fn writer(bytes: &[u8]) -> String {
    use prost::Message;
    proto::v1::Segment::decode(bytes).map_or_else(|_| String::new(), |segment| segment.writer)
}
