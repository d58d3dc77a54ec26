//! What happens to workers and to the cases they execute.

use std::collections::BTreeSet;

use accounting::worker::{self, CaseKey};
use domain::WorkerId;
use domain::record::Preflight;

use crate::faults::{Fault, LAST_FAULT};
use crate::oracle::{Broken, Invariant};
use crate::planned;
use crate::site::Site;
use crate::world::{Happening, SECOND, World};

impl World {
    pub(super) fn boot_site(&mut self, site: usize) {
        #[cfg(feature = "planted")]
        let planted = self.planted;
        let (now, shape) = (self.now, self.shape);
        let has_leader = self.nodes.iter().any(|node| node.machine.is_some());
        let host = &mut self.sites[site];
        if host.machine.is_some() {
            return;
        }
        if host.down_until > now || (shape.is_laptop && !has_leader) {
            let at = host.down_until.max(now + SECOND);
            return self.schedule(at, Happening::Boot { site });
        }
        let is_greedy = host.is_greedy;
        host.boot(|config| {
            #[cfg(feature = "planted")]
            {
                config.planted = planted;
            }
            config.version = "simulated".to_owned();
            if !is_greedy {
                config.spool_bytes = shape.spool_bytes;
                config.window_bytes = shape.window_bytes;
            }
        });
        let epoch = host.epoch;
        self.say(|| format!("site {site} boots as incarnation {epoch}"));
        self.schedule(self.now, Happening::Connect { site, epoch });
    }

    pub(crate) fn crash_site(&mut self, site: usize) {
        let Some(worker) = &self.sites[site].machine else {
            return;
        };
        if self.shape.is_laptop {
            return self.crash_leader();
        }
        let (n_unacked, n_running) = (worker.n_unacked(), worker.n_running());
        self.count("worker crashed");
        if n_unacked > 0 {
            self.count("worker crashed with results");
        }
        if n_running > 0 {
            self.count("worker crashed under running cases");
        }
        self.site_gone(site);
    }

    /// One process: what kills the coordinator kills its workers.
    pub(super) fn site_dies_with_coordinator(&mut self, site: usize) {
        if self.sites[site].machine.is_some() {
            self.site_gone(site);
        }
    }

    pub(super) fn site_gone(&mut self, site: usize) {
        self.say(|| format!("site {site} is gone"));
        self.disconnect(site);
        for key in self.sites[site].die() {
            self.oracle
                .fates
                .destroyed(&key, "its worker died before it was in the spool");
        }
        let at = self.now + self.chance.within(SECOND / 2..20 * SECOND);
        self.schedule(at, Happening::Boot { site });
    }

    /// Another host takes the place of one that is gone with its disk.
    pub(crate) fn lose_host(&mut self, site: usize) {
        if self.sites[site].machine.is_none() || self.shape.is_laptop {
            return;
        }
        self.count("worker's host lost with its disk");
        self.crash_site(site);
        self.lose_disk(site);
        self.replace_host(site, None);
    }

    /// The next process of the site runs on another host, with a disk of its own.
    fn replace_host(&mut self, site: usize, name: Option<WorkerId>) {
        let clock = self.draw_clock();
        let host = &mut self.sites[site];
        let fresh = || WorkerId::from(format!("{}-{site}-{}", host.region, host.epoch));
        host.worker = name.unwrap_or_else(fresh);
        host.clock = clock;
        // No disk is met twice: the first of each site is below their number.
        host.home += self.shape.n_sites;
    }

    /// As `lose_host`; the other host has the name of a site that goes on. What either can't deliver
    /// without the name would stay with it, so it gets a name of its own when faults end.
    pub(crate) fn name_alike(&mut self, site: usize) {
        let host = &self.sites[site];
        let is_other = |other: &&Site| other.region == host.region && other.worker != host.worker;
        let other = self.sites.iter().find(is_other);
        let other = other.map(|other| other.worker.clone());
        let Some(name) = other.filter(|_| !self.shape.is_laptop) else {
            return;
        };
        self.crash_site(site);
        self.lose_disk(site);
        self.replace_host(site, Some(name));
        self.schedule(LAST_FAULT, Happening::Fault(Fault::NameAnew { site }));
    }

    pub(crate) fn name_anew(&mut self, site: usize) {
        self.crash_site(site);
        self.lose_disk(site);
        self.replace_host(site, None);
    }

    pub(crate) fn pause_site(&mut self, site: usize, seconds: u64, what: &'static str) {
        let until = self.now + seconds * SECOND;
        let host = &mut self.sites[site];
        if host.machine.is_none() {
            return;
        }
        host.paused_until = until;
        let is_running = !host.running.is_empty();
        self.count(what);
        if is_running && seconds > 17 {
            self.count("zombie: paused beyond its lease");
        }
    }

    pub(crate) fn lose_region(&mut self, region: usize, seconds: u64) {
        let until = self.now + seconds * SECOND;
        self.count("region lost");
        for site in 0..self.sites.len() {
            if self.sites[site].region.as_str() == planned::REGIONS[region % 2] {
                self.sites[site].down_until = until;
                self.crash_site(site);
            }
        }
    }

    pub(crate) fn storm(&mut self, of_hundred: u64) {
        self.count("many workers crashed at once");
        for site in 0..self.sites.len() {
            if self.chance.percent(of_hundred) {
                self.crash_site(site);
            }
        }
    }

    pub(crate) fn leave_site(&mut self, site: usize) {
        let epoch = self.sites[site].epoch;
        if self.sites[site].machine.is_none() || self.shape.is_laptop {
            return;
        }
        self.count("worker asked to leave");
        let why = "SIGTERM".to_owned();
        let input = worker::Input::Leave { why };
        self.schedule(self.now, Happening::ToSite { site, epoch, input });
        let input = worker::Input::LeaveNow;
        let at = self.now + 8 * SECOND;
        self.schedule(at, Happening::ToSite { site, epoch, input });
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
        self.caps_hold(&key)?;
        self.is_alone_if_exclusive(&key)?;
        if fatal && self.shape.is_laptop {
            self.count("case killed its worker");
            self.crash_leader();
        } else if fatal {
            self.count("case killed its worker");
            self.site_gone(site);
        }
        Ok(())
    }

    /// No worker may touch the target for a run that must not be beside this one.
    fn is_alone_if_exclusive(&self, key: &CaseKey) -> Result<(), Broken> {
        let beside = |site: &Site| {
            let mut running = site.running.keys();
            running.any(|held| {
                let attempt = (held.run.clone(), held.attempt);
                self.oracle.excludes(&key.run, &held.run) && site.is_open(&attempt, self.now)
            })
        };
        match self.sites.iter().find(|site| beside(site)) {
            None => Ok(()),
            Some(site) => Err(Invariant::OneHolder.broken(format!(
                "{} may touch the target beside run {}, and one of them wants to be alone",
                site.worker, key.run
            ))),
        }
    }

    fn caps_hold(&mut self, key: &CaseKey) -> Result<(), Broken> {
        let Some(most) = self.oracle.most_sharers(&key.run) else {
            return Ok(());
        };
        let now = self.now;
        let mut n_holders = 0;
        for site in &self.sites {
            let touching = site.running.keys().filter(|held| {
                let attempt = (held.run.clone(), held.attempt);
                site.is_open(&attempt, now) && self.oracle.is_beside(&key.run, &held.run)
            });
            n_holders += touching
                .map(|held| &held.run)
                .collect::<BTreeSet<_>>()
                .len();
        }
        self.count("caps shared");
        match n_holders <= most as usize {
            true => Ok(()),
            false => Err(Invariant::CapsHold.broken(format!(
                "{n_holders} workers may touch the target, {most} share its caps"
            ))),
        }
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
        let (mut result, record) =
            planned::result(&key.case, key.attempt, &host.region, &host.worker);
        match is_aborted {
            true => result.outcome = domain::Outcome::Cancelled,
            false => {
                host.unspooled.push(key.clone());
                self.oracle.fates.produced(&key, &result);
            }
        }
        let n_orders = host.n_spool_orders;
        let input = worker::Input::CaseEnded {
            run: key.run.clone(),
            attempt: key.attempt,
            result: Box::new(result),
            record,
        };
        self.step_site(site, epoch, input)?;
        let host = &mut self.sites[site];
        if !is_aborted && host.n_spool_orders == n_orders {
            host.unspooled.retain(|held| *held != key);
            self.oracle
                .fates
                .destroyed(&key, "its attempt had been stopped");
        }
        Ok(())
    }

    pub(super) fn green() -> Preflight {
        Preflight {
            green: true,
            probes: Vec::new(),
            fingerprint: "revision 1".to_owned(),
        }
    }
}
