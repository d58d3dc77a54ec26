//! What happens to processes, streams and disks.

use accounting::coordinator::{AppendError, Input, StreamId};
use accounting::worker::{self};
use domain::Instant;

use crate::faults::LAST_FAULT;
use crate::oracle::Broken;
use crate::store::Append;
use crate::world::{Happening, MILLI, SECOND, World};

impl World {
    pub(super) fn happen_to_hosts(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::ToNode { node, input } => self.step_node(node, input),
            Happening::NodeWake { node, at } => match self.nodes[node].wake == Some(at) {
                true => self.step_node(node, Input::Wake),
                false => Ok(()),
            },
            Happening::Land { node, append } => self.land(node, append),
            Happening::BlobLands { node, digest } => {
                self.store.blobs.insert(digest.clone());
                self.step_node(node, Input::BlobStored { digest })
            }
            Happening::Up { stream, message } => self.up(stream, message),
            Happening::NodeSeesBreak { stream } => self.node_sees_break(stream),
            Happening::Down { stream, message } => self.down(stream, message),
            Happening::ToSite { site, epoch, input } => self.step_site(site, epoch, input),
            Happening::SiteWake { site, epoch, at } => match self.sites[site].wake == Some(at) {
                true => self.step_site(site, epoch, worker::Input::Wake),
                false => Ok(()),
            },
            Happening::SpoolWritten { site, epoch, frame } => {
                self.spool_written(site, epoch, *frame)
            }
            Happening::Touch {
                site,
                epoch,
                key,
                fatal,
            } => self.touch(site, epoch, key, fatal),
            Happening::CaseDone {
                site,
                epoch,
                key,
                is_aborted,
            } => self.case_done(site, epoch, key, is_aborted),
            _ => Ok(()),
        }
    }

    fn step_node(&mut self, node: usize, input: Input) -> Result<(), Broken> {
        let until = self.nodes[node].paused_until;
        if until > self.now {
            self.schedule(until, Happening::ToNode { node, input });
            return Ok(());
        }
        let now = Instant(self.now + self.nodes[node].offset);
        let Some(machine) = self.nodes[node].machine.as_mut() else {
            return Ok(());
        };
        let outputs = machine.step(now, input);
        for output in outputs {
            self.node_says(node, output)?;
        }
        Ok(())
    }

    pub(super) fn step_site(
        &mut self,
        site: usize,
        epoch: u64,
        input: worker::Input,
    ) -> Result<(), Broken> {
        let host = &mut self.sites[site];
        if host.epoch != epoch {
            return Ok(());
        }
        if host.paused_until > self.now {
            let until = host.paused_until;
            self.schedule(until, Happening::ToSite { site, epoch, input });
            return Ok(());
        }
        let now = host.clock(self.now);
        let Some(machine) = host.machine.as_mut() else {
            return Ok(());
        };
        let outputs = machine.step(now, input);
        for output in outputs {
            self.site_says(site, epoch, output)?;
        }
        Ok(())
    }

    fn land(&mut self, node: usize, append: Append) -> Result<(), Broken> {
        let until = self.nodes[node].isolated_until;
        if until > self.now {
            self.schedule(until, Happening::Land { node, append });
            return Ok(());
        }
        self.nodes[node].n_in_flight = self.nodes[node].n_in_flight.saturating_sub(1);
        let is_gone = self.nodes[node].machine.is_none();
        if is_gone && self.chance.percent(50) {
            return Ok(());
        }
        let is_broken = !self.is_calm
            && self.now < LAST_FAULT
            && self.chance.percent(1)
            && self.chance.percent(10);
        let log = append.log.clone();
        let why = AppendError::Io("the disk is gone".to_owned());
        let failed = Input::AppendFailed {
            log: log.clone(),
            why,
        };
        if is_broken && self.chance.percent(50) {
            self.count("append failed");
            return self.step_node(node, failed);
        }
        let input = match self.store.append(&append) {
            Ok(to) => {
                self.say(|| format!("{log:?} {} <- node {node}: {:?}", append.at, append.events));
                self.oracle.landed(&append, &self.store)?;
                if is_gone {
                    self.count("append landed after its writer died");
                }
                Input::Durable { log, to }
            }
            Err(_) => {
                self.count("append conflicted");
                let why = AppendError::Conflict;
                Input::AppendFailed { log, why }
            }
        };
        let input = if is_broken { failed } else { input };
        let at = self.now + self.delay();
        self.schedule(at, Happening::ToNode { node, input });
        Ok(())
    }

    pub(crate) fn crash_leader(&mut self) {
        let node = self.nodes.len() - 1;
        if self.nodes[node].machine.is_some() {
            self.count("leader crashed");
            self.node_gone(node);
        }
    }

    /// The process is gone: its streams break, and somebody else is elected.
    pub(super) fn node_gone(&mut self, node: usize) {
        self.say(|| format!("node {node} is gone"));
        self.nodes[node].machine = None;
        let streams: Vec<u64> = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.node == node && stream.is_down_alive)
            .map(|(id, _)| *id)
            .collect();
        for stream in streams {
            self.break_stream(stream);
        }
        let at = self.now + self.chance.within(SECOND / 2..6 * SECOND);
        self.schedule(at, Happening::Elect);
    }

    pub(crate) fn isolate_leader(&mut self, seconds: u64) {
        let node = self.nodes.len() - 1;
        if self.nodes[node].machine.is_some() {
            self.count("leader isolated from the store");
            self.nodes[node].isolated_until = self.now + seconds * SECOND;
            self.elect();
        }
    }

    /// Both ends learn of it, the coordinator's perhaps much later.
    pub(crate) fn break_stream(&mut self, id: u64) {
        let Some(stream) = self
            .streams
            .get_mut(&id)
            .filter(|stream| stream.is_down_alive)
        else {
            return;
        };
        stream.is_down_alive = false;
        let (site, epoch) = (stream.site, stream.epoch);
        if self.chance.percent(50)
            && let Some(stream) = self.streams.get_mut(&id)
        {
            stream.is_up_alive = false;
        }
        let at = self.now + self.chance.within(0..SECOND);
        let input = worker::Input::Disconnected {
            stream: worker::StreamId(id),
        };
        self.schedule(at, Happening::ToSite { site, epoch, input });
        if self.sites[site].stream == Some(id) {
            self.sites[site].stream = None;
            let at = at + self.chance.within(100 * MILLI..2 * SECOND);
            self.schedule(at, Happening::Connect { site, epoch });
        }
        let late = match self.chance.percent(20) {
            true => self.chance.within(5 * SECOND..25 * SECOND),
            false => self.chance.within(0..SECOND),
        };
        let at = self.now + late;
        self.schedule(at, Happening::NodeSeesBreak { stream: id });
    }

    fn node_sees_break(&mut self, id: u64) -> Result<(), Broken> {
        let Some(stream) = self.streams.get_mut(&id) else {
            return Ok(());
        };
        stream.is_up_alive = false;
        let node = stream.node;
        let stream = StreamId(id);
        self.step_node(node, Input::Disconnected { stream })
    }

    fn up(&mut self, id: u64, message: domain::message::FromWorker) -> Result<(), Broken> {
        let Some(stream) = self.streams.get(&id).filter(|stream| stream.is_up_alive) else {
            return Ok(());
        };
        let node = stream.node;
        let stream = StreamId(id);
        self.step_node(node, Input::FromWorker { stream, message })
    }

    fn down(&mut self, id: u64, message: Box<domain::message::ToWorker>) -> Result<(), Broken> {
        let Some(stream) = self.streams.get(&id).filter(|stream| stream.is_down_alive) else {
            return Ok(());
        };
        let (site, epoch) = (stream.site, stream.epoch);
        let stream = worker::StreamId(id);
        self.step_site(
            site,
            epoch,
            worker::Input::FromCoordinator { stream, message },
        )
    }
}
