//! Who dies next: a worker with an open case each half second, a leader that has led for 20 s, etcd
//! now and then. It counts what it did; nothing here waits for an effect, or judges.

use std::time::{Duration, Instant};

use anyhow::Result;
use e2e::Fleet;
use e2e::fleet::Successor;
use e2e::watch::{View, Watch};

const WORKER_EVERY: Duration = Duration::from_millis(500);
/// Longer than a new leader waits for workers of its predecessor's that are gone: were it killed
/// before, again and again, what they held would never be leased anew.
const LEADS_FOR: Duration = Duration::from_secs(20);
const ETCD_EVERY: Duration = Duration::from_secs(37);
const ETCD_AWAY: Duration = Duration::from_secs(4);
/// A view is believed when every run has been read without a break for so long.
const LIVE_FOR: Duration = Duration::from_secs(1);
/// Who holds so many is not about to be free for a case that has to be alone.
const HOLDS: usize = 3;

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) workers: usize,
    pub(super) coordinators: usize,
    /// Times that etcd was away.
    pub(super) outages: usize,
}

impl Done {
    pub(super) fn reaches(self, goal: Self) -> bool {
        self.workers >= goal.workers
            && self.coordinators >= goal.coordinators
            && self.outages >= goal.outages
    }
}

#[derive(Debug)]
pub(super) struct Killer {
    pub(super) done: Done,
    began: Instant,
    pace: tokio::time::Interval,
    /// Who leads, and since when it is known.
    leader: Option<(String, Instant)>,
    etcd_at: Instant,
    /// Until when etcd is away.
    etcd_back: Option<Instant>,
}

impl Default for Killer {
    fn default() -> Self {
        let now = Instant::now();
        let mut pace = tokio::time::interval(WORKER_EVERY);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        Self {
            done: Done::default(),
            began: now,
            pace,
            leader: None,
            etcd_at: now + LEADS_FOR / 2,
            etcd_back: None,
        }
    }
}

impl Killer {
    /// One turn: waits for its time, and does what is due.
    pub(super) async fn turn(
        &mut self,
        fleet: &mut Fleet,
        watch: &Watch,
        goal: Done,
    ) -> Result<()> {
        self.pace.tick().await;
        let now = Instant::now();
        self.etcd(fleet, now)?;
        fleet.keep_coordinators()?;
        if let Some(leader) = self.led_long_enough(fleet).await {
            fleet.kill_coordinator(&leader)?;
            self.done.coordinators += 1;
            self.tell(watch, goal);
            return Ok(());
        }
        if let Some(victim) = self.victim(fleet, &watch.view()) {
            let successor = match self.done.workers % 2 {
                0 => Successor::SameHost,
                _ => Successor::OtherHost,
            };
            fleet.kill_worker(&victim, successor)?;
            self.done.workers += 1;
        }
        Ok(())
    }

    /// A turn after the storm: whoever is away comes back.
    pub(super) async fn calm(&mut self, fleet: &mut Fleet) -> Result<()> {
        if self.etcd_back.take().is_some() {
            fleet.etcd.restart()?;
        }
        fleet.keep_coordinators()?;
        self.pace.tick().await;
        Ok(())
    }

    fn etcd(&mut self, fleet: &mut Fleet, now: Instant) -> Result<()> {
        if self.etcd_back.is_some_and(|back| now >= back) {
            fleet.etcd.restart()?;
            self.etcd_back = None;
            self.done.outages += 1;
        }
        if self.etcd_back.is_none() && now >= self.etcd_at {
            fleet.etcd.kill();
            self.etcd_back = Some(now + ETCD_AWAY);
            self.etcd_at = now + ETCD_EVERY;
        }
        Ok(())
    }

    async fn led_long_enough(&mut self, fleet: &Fleet) -> Option<String> {
        let leads = fleet.leads_now().await?;
        if self
            .leader
            .as_ref()
            .is_none_or(|(known, _)| *known != leads)
        {
            self.leader = Some((leads, Instant::now()));
        }
        let old_enough = |(_, since): &mut (String, Instant)| since.elapsed() >= LEADS_FOR;
        Some(self.leader.take_if(old_enough)?.0)
    }

    /// A worker with open cases, another one each time; never one that runs a case alone because it
    /// was lost twice: that third loss would rightly be blamed on the case.
    fn victim(&self, fleet: &Fleet, view: &View) -> Option<String> {
        if !view.is_live(LIVE_FOR) {
            return None;
        }
        let (holders, workers) = (view.holders(), fleet.workers());
        let held = |worker: &String| holders.get(worker).copied().unwrap_or_default();
        let first = self.done.workers * 7 % workers.len();
        let mut all = workers.iter().cycle().skip(first).take(workers.len());
        let victim = all.find(|worker| held(worker) >= HOLDS && !view.runs_alone(worker));
        victim.cloned()
    }

    fn tell(&self, watch: &Watch, goal: Done) {
        let (view, after) = (watch.view(), self.began.elapsed());
        println!(
            "after {after:?}: {:?} of {goal:?}, {} cases settled, {} attempts lost",
            self.done,
            view.n_settled(),
            view.n_lost()
        );
    }
}
