//! The machines, each stepped with the clock of its own host.

use accounting::coordinator::{Input, StreamId};
use accounting::worker;
use domain::message::ToWorkerBody;

use crate::meter;
use crate::oracle::Broken;
use crate::world::{Happening, World};

impl World {
    pub(super) fn happen_to_hosts(&mut self, happening: Happening) -> Result<(), Broken> {
        match happening {
            Happening::ToNode { node, input } => self.step_node(node, input),
            Happening::NodeWake { node, at } => match self.nodes[node].wake == Some(at) {
                true => self.step_node(node, Input::Wake),
                false => Ok(()),
            },
            Happening::BlobLands { node, digest } => self.blob_lands(node, digest),
            Happening::Up { stream, message } => self.up(stream, message),
            Happening::NodeSeesBreak { stream } => self.node_sees_break(stream),
            Happening::Down { stream, message } => self.down(stream, message),
            Happening::ToSite { site, epoch, input } => self.step_site(site, epoch, input),
            Happening::SiteWake { site, epoch, at } => match self.sites[site].wake == Some(at) {
                true => self.step_site(site, epoch, worker::Input::Wake),
                false => Ok(()),
            },
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

    pub(super) fn step_node(&mut self, node: usize, input: Input) -> Result<(), Broken> {
        let until = self.nodes[node].paused_until;
        if until > self.now {
            self.schedule(until, Happening::ToNode { node, input });
            return Ok(());
        }
        let now = self.nodes[node].clock.at(self.now);
        let host = &mut self.nodes[node];
        let Some(machine) = host.machine.as_mut() else {
            return Ok(());
        };
        let heard = self
            .meter
            .as_ref()
            .map(|_| (meter::row(&input), meter::cpu()));
        let outputs = machine.step(now, input);
        if let (Some(meter), Some((heard, since))) = (&mut self.meter, heard) {
            meter.add(heard, since);
        }
        self.oracle.serves(machine, &mut host.turns)?;
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

    fn told_to_wait(&mut self, site: usize, body: &ToWorkerBody) {
        if let ToWorkerBody::Later { after, why } = body {
            self.count(match why.is_empty() {
                true => "worker told to come later",
                false => "worker's name held by another host",
            });
            let after = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
            self.sites[site].away_until = self.now.saturating_add(after);
        }
    }

    fn down(&mut self, id: u64, message: Box<domain::message::ToWorker>) -> Result<(), Broken> {
        let Some(stream) = self.streams.get(&id).filter(|stream| stream.is_down_alive) else {
            return Ok(());
        };
        let (site, epoch) = (stream.site, stream.epoch);
        if self.sites[site].epoch == epoch {
            self.oracle.heard(&message.body);
            self.told_to_wait(site, &message.body);
        }
        let stream = worker::StreamId(id);
        self.step_site(
            site,
            epoch,
            worker::Input::FromCoordinator { stream, message },
        )
    }
}
