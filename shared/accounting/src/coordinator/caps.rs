//! The environment's caps, held over all workers at any instant.
//!
//! Before its first probe or lease a run fixes, in its log, how many workers share the caps. No
//! more of them hold leases or probe at one time, and each keeps to its equal part, so that no
//! worker has to hear of another. A part is free again when its holder's leases have ended, or
//! have run out on every clock.

use domain::event::RunEvent;
use domain::schedule::Field;
use domain::{Instant, RunId, WorkerId};

use crate::PROBE_LIMIT;
use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    /// One part for each worker that is here, and for at least one in each region; fewer where the
    /// parts would be too small to run a case.
    pub(super) fn share_caps(&mut self, id: &RunId, field: &Field) {
        let Some(lead) = self
            .runs
            .get(id)
            .filter(|lead| lead.run.sharers().is_none())
        else {
            return;
        };
        let plan = lead.run.plan();
        let Some(caps) = plan.caps else {
            return;
        };
        if !plan.regions.iter().any(|region| field.contains_key(region)) {
            return;
        }
        let n_in = |region| field.get(region).map_or(0, |here| here.len()).max(1);
        let n_workers: usize = plan.regions.iter().map(n_in).sum();
        let wanted = u32::try_from(n_workers).unwrap_or(u32::MAX).max(1);
        let sharers = wanted.min(caps.most_sharers());
        self.decide(id, RunEvent::CapsShared { sharers }, Urgency::Awaited);
    }

    /// When a probe that nobody waits for any more has ended by its worker's clock.
    pub(super) fn probe_ends(&self) -> Instant {
        self.now + PROBE_LIMIT + self.config.guard
    }

    /// An earlier leader may have asked for probes that still run: which is not in the log.
    pub(super) fn expect_probes(&mut self, id: &RunId) {
        let ends = self.probe_ends();
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        if lead.run.sharers().is_none() || self.config.one_process {
            return;
        }
        let plan = lead.run.plan().clone();
        let is_open = |region: &&_| !lead.run.preflights().contains_key(*region);
        for region in plan.regions.iter().filter(is_open) {
            let nobody = WorkerId::from(format!("a probe of {region}"));
            lead.stray_probes.push((nobody, ends));
        }
    }
}
