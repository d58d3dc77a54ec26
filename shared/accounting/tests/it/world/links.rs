//! Streams between workers and coordinators: in order, mostly; late, cut one way or both, broken,
//! and each end learns of it in its own time.

use accounting::worker;
use domain::message::{FromWorker, ToWorker};

use crate::oracle::Broken;
use crate::world::{Happening, MILLI, SECOND, World};

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) site: usize,
    pub(crate) epoch: u64,
    pub(crate) node: usize,
    pub(crate) is_up_alive: bool,
    pub(crate) is_down_alive: bool,
    pub(crate) up_ready: u64,
    pub(crate) down_ready: u64,
}

impl World {
    pub(super) fn connect(&mut self, site: usize, epoch: u64) -> Result<(), Broken> {
        if self.sites[site].epoch != epoch || self.sites[site].stream.is_some() {
            return Ok(());
        }
        let alive: Vec<usize> = (0..self.nodes.len())
            .filter(|&node| self.nodes[node].machine.is_some())
            .collect();
        let newest = alive.last().copied();
        let node = match self.chance.percent(75) {
            true => newest,
            false => self.chance.pick(&alive),
        };
        let host = &self.sites[site];
        let is_cut = host.up.is_cut(self.now) || host.down.is_cut(self.now);
        if host.away_until > self.now {
            let at = host.away_until;
            return {
                self.schedule(at, Happening::Connect { site, epoch });
                Ok(())
            };
        }
        let Some(node) = node.filter(|_| !is_cut) else {
            let at = self.now + self.chance.within(300 * MILLI..SECOND);
            self.schedule(at, Happening::Connect { site, epoch });
            return Ok(());
        };
        let id = self.streams.len() as u64;
        let stream = Stream {
            site,
            epoch,
            node,
            is_up_alive: true,
            is_down_alive: true,
            up_ready: 0,
            down_ready: 0,
        };
        self.streams.insert(id, stream);
        self.sites[site].stream = Some(id);
        self.say(|| format!("site {site} connects to node {node} by stream {id}"));
        let stream = worker::StreamId(id);
        self.step_site(site, epoch, worker::Input::Connected { stream })
    }

    /// Messages of one stream arrive in order.
    pub(super) fn send_down(&mut self, id: u64, message: ToWorker) {
        let Some(site) = self.streams.get(&id).map(|stream| stream.site) else {
            return;
        };
        let at = self.sites[site].down.arrival(self.now) + self.delay();
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.down_ready = stream.down_ready.max(at);
            let at = stream.down_ready;
            let message = Box::new(message);
            self.schedule(
                at,
                Happening::Down {
                    stream: id,
                    message,
                },
            );
        }
    }

    pub(super) fn send_up(&mut self, id: u64, message: FromWorker) {
        let Some(site) = self.streams.get(&id).map(|stream| stream.site) else {
            return;
        };
        let at = self.sites[site].up.arrival(self.now) + self.delay();
        let is_doubled = self.is_troubled() && self.chance.percent(2);
        let may_fall_behind = matches!(
            message,
            FromWorker::Result { .. } | FromWorker::AttemptEnd { .. } | FromWorker::Beat { .. }
        );
        let falls_behind = may_fall_behind && self.is_troubled() && self.chance.percent(2);
        let Some(stream) = self.streams.get_mut(&id) else {
            return;
        };
        stream.up_ready = stream.up_ready.max(at);
        let mut at = stream.up_ready;
        if is_doubled {
            let message = message.clone();
            self.count("message doubled");
            self.schedule(
                at,
                Happening::Up {
                    stream: id,
                    message,
                },
            );
        }
        if falls_behind {
            self.count("message out of order");
            at += self.chance.within(10 * MILLI..2 * SECOND);
        }
        self.schedule(
            at,
            Happening::Up {
                stream: id,
                message,
            },
        );
    }

    /// Ended by the coordinator: what it said before arrives first.
    pub(super) fn close_stream(&mut self, stream: u64) {
        let last_word = self.streams.get(&stream).map(|stream| stream.down_ready);
        let at = last_word.unwrap_or_default();
        self.schedule(at, Happening::CloseStream { stream });
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

    pub(crate) fn disconnect(&mut self, site: usize) {
        if let Some(stream) = self.sites[site].stream {
            self.break_stream(stream);
        }
    }

    /// What is sent into a cut arrives after it, if the stream outlives it.
    pub(crate) fn cut(&mut self, site: usize, (up, down): (bool, bool), seconds: u64) {
        if self.sites[site].machine.is_none() {
            return;
        }
        self.count(match (up, down) {
            (true, true) => "worker cut off from the coordinator",
            (true, false) => "worker's messages cut off",
            _ => "coordinator's messages cut off",
        });
        let until = self.now + seconds * SECOND;
        let host = &mut self.sites[site];
        if up {
            host.up.cut_until = until;
        }
        if down {
            host.down.cut_until = until;
        }
        if let Some(stream) = host.stream {
            let at = self.now + self.chance.within(14 * SECOND..20 * SECOND);
            self.schedule(at, Happening::KeepAlive { stream });
        }
    }

    pub(super) fn keep_alive(&mut self, id: u64) {
        let site = self.streams.get(&id).map(|stream| stream.site);
        let is_cut = site.is_some_and(|site| {
            let host = &self.sites[site];
            host.up.is_cut(self.now) || host.down.is_cut(self.now)
        });
        if is_cut {
            self.count("stream given up for silence");
            self.break_stream(id);
        }
    }

    pub(crate) fn lag(&mut self, site: usize, (up_ms, down_ms): (u64, u64), seconds: u64) {
        self.count("link lagged");
        let until = self.now + seconds * SECOND;
        let host = &mut self.sites[site];
        (host.up.lag, host.up.lag_until) = (up_ms * MILLI, until);
        (host.down.lag, host.down.lag_until) = (down_ms * MILLI, until);
    }
}
