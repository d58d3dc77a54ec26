//! What happens to workers, their disks and the cases they execute.

use accounting::worker::{self, CaseKey};
use domain::record::Preflight;

use crate::oracle::Broken;
use crate::planned;
use crate::world::{Frame, Happening, MILLI, SECOND, Stream, World};

impl World {
    pub(super) fn boot_site(&mut self, site: usize) {
        #[cfg(feature = "planted")]
        let planted = self.planted;
        let host = &mut self.sites[site];
        if host.machine.is_some() {
            return;
        }
        host.boot(|config| {
            #[cfg(feature = "planted")]
            {
                config.planted = planted;
            }
            config.version = "simulated".to_owned();
        });
        let epoch = host.epoch;
        self.say(|| format!("site {site} boots as incarnation {epoch}"));
        self.schedule(self.now, Happening::Connect { site, epoch });
    }

    pub(crate) fn crash_site(&mut self, site: usize) {
        if self.sites[site].machine.is_none() {
            return;
        }
        let is_holding = self.sites[site]
            .machine
            .as_ref()
            .is_some_and(|worker| worker.n_unacked() > 0);
        self.count(if is_holding {
            "worker crashed with results"
        } else {
            "worker crashed"
        });
        self.site_gone(site);
    }

    pub(super) fn site_gone(&mut self, site: usize) {
        self.say(|| format!("site {site} is gone"));
        if let Some(stream) = self.sites[site].stream {
            self.break_stream(stream);
        }
        self.sites[site].die();
        self.sites[site].paused_until = 0;
        let at = self.now + self.chance.within(SECOND / 2..20 * SECOND);
        self.schedule(at, Happening::Boot { site });
    }

    pub(crate) fn leave_site(&mut self, site: usize) {
        let epoch = self.sites[site].epoch;
        self.count("worker asked to leave");
        let why = "SIGTERM".to_owned();
        let input = worker::Input::Leave { why };
        self.schedule(self.now, Happening::ToSite { site, epoch, input });
        let input = worker::Input::LeaveNow;
        let at = self.now + 8 * SECOND;
        self.schedule(at, Happening::ToSite { site, epoch, input });
    }

    pub(super) fn connect(&mut self, site: usize, epoch: u64) -> Result<(), Broken> {
        if self.sites[site].epoch != epoch || self.sites[site].stream.is_some() {
            return Ok(());
        }
        let alive: Vec<usize> = (0..self.nodes.len())
            .filter(|&node| self.nodes[node].machine.is_some())
            .collect();
        let newest = alive.last().copied();
        let node = match self.chance.percent(85) {
            true => newest,
            false => self.chance.pick(&alive),
        };
        let Some(node) = node else {
            let at = self.now + 300 * MILLI;
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

    pub(super) fn spool_written(
        &mut self,
        site: usize,
        epoch: u64,
        frame: Frame,
    ) -> Result<(), Broken> {
        if self.sites[site].epoch != epoch {
            return Ok(());
        }
        let Frame {
            run,
            attempt,
            seq,
            result,
            record,
        } = frame;
        let key = (run.clone(), attempt);
        self.sites[site]
            .spool
            .entry(key)
            .or_default()
            .insert(seq, (result, record));
        self.step_site(
            site,
            epoch,
            worker::Input::SpoolWritten { run, attempt, seq },
        )
    }

    /// An exchange with the target, if the gate lets it through.
    pub(super) fn touch(
        &mut self,
        site: usize,
        epoch: u64,
        key: CaseKey,
        fatal: bool,
    ) -> Result<(), Broken> {
        let host = &self.sites[site];
        if host.epoch != epoch || !host.running.contains_key(&key) {
            return Ok(());
        }
        if host.paused_until > self.now {
            let until = host.paused_until;
            self.schedule(
                until,
                Happening::Touch {
                    site,
                    epoch,
                    key,
                    fatal,
                },
            );
            return Ok(());
        }
        if !host.is_open(&(key.run.clone(), key.attempt), self.now) {
            self.count("gate closed under a running case");
            return Ok(());
        }
        self.oracle.touched(&key.run, &key.case, key.attempt)?;
        if fatal {
            self.count("case killed its worker");
            self.site_gone(site);
        }
        Ok(())
    }

    pub(super) fn case_done(
        &mut self,
        site: usize,
        epoch: u64,
        key: CaseKey,
        is_aborted: bool,
    ) -> Result<(), Broken> {
        let host = &mut self.sites[site];
        if host.epoch != epoch || !host.running.contains_key(&key) {
            return Ok(());
        }
        if host.paused_until > self.now {
            let until = host.paused_until;
            self.schedule(
                until,
                Happening::CaseDone {
                    site,
                    epoch,
                    key,
                    is_aborted,
                },
            );
            return Ok(());
        }
        host.running.remove(&key);
        let CaseKey { run, attempt, case } = key;
        let (mut result, record) = planned::result(&case, attempt, &host.region, &host.worker);
        match is_aborted {
            true => result.outcome = domain::Outcome::Cancelled,
            false => self.oracle.produced(&run, attempt, &result),
        }
        let input = worker::Input::CaseEnded {
            run,
            attempt,
            result: Box::new(result),
            record,
        };
        self.step_site(site, epoch, input)
    }

    pub(super) fn green() -> Preflight {
        Preflight {
            green: true,
            probes: Vec::new(),
            fingerprint: "revision 1".to_owned(),
        }
    }
}
