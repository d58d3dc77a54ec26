//! Preflights: one worker of each region executes what the suites require, before any case there.

use domain::event::RunEvent;
use domain::message::ToWorkerBody;
use domain::record::Preflight;
use domain::run::{EnvironmentChange, Run};
use domain::schedule::Field;
use domain::{Region, RunId, WorkerId};

use crate::coordinator::{Coordinator, Urgency, closing};

impl Coordinator {
    /// A region's cases begin only after one of its workers has executed `requires`.
    pub(super) fn probe(&mut self, id: &RunId, field: &Field) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let (plan, bundle) = (lead.plan.clone(), lead.bundle.clone());
        let regions = regions_to_probe(&lead.run);
        if regions.iter().any(|region| field.contains_key(region)) {
            self.share_caps(id, field);
        }
        for region in regions {
            if self.is_being_probed(id, &region) {
                continue;
            }
            let (now, probe_ends) = (self.now, self.probe_ends());
            let Some(lead) = self.runs.get_mut(id) else {
                return;
            };
            lead.stray_probes.retain(|(_, ends)| *ends > now);
            if let Some((gone, _)) = lead.probing.remove(&region) {
                lead.stray_probes.push((gone, probe_ends));
            }
            let sharers = lead.run.sharers().unwrap_or_default();
            let may = |worker: &&WorkerId| self.may_share(id, worker, field);
            let worker = field.get(&region).and_then(|here| here.iter().find(may));
            let Some(worker) = worker.cloned() else {
                continue;
            };
            let Some(session) = self.workers.get(&worker).map(|known| known.session) else {
                continue;
            };
            if let Some(lead) = self.runs.get_mut(id) {
                lead.probing.insert(region, (worker.clone(), session));
            }
            self.take_turn(id);
            let probe = ToWorkerBody::Probe {
                run: id.clone(),
                plan: plan.clone(),
                bundle: bundle.clone(),
                sharers,
            };
            let after = self.work_mark(id);
            self.send_to(&worker, probe, after);
        }
    }

    /// The worker that was asked is still there, under the same session.
    fn is_being_probed(&self, id: &RunId, region: &Region) -> bool {
        let asked = self.runs.get(id).and_then(|lead| lead.probing.get(region));
        asked.is_some_and(|(worker, session)| {
            let known = self.workers.get(worker);
            known.is_some_and(|known| known.stream.is_some() && known.session == *session)
        })
    }

    pub(super) fn probed(
        &mut self,
        worker: &WorkerId,
        id: &RunId,
        region: Region,
        preflight: Preflight,
    ) {
        let (Some(known), Some(lead)) = (self.workers.get(worker), self.runs.get_mut(id)) else {
            return;
        };
        let is_asked = lead
            .probing
            .get(&region)
            .is_some_and(|(asked, _)| asked == worker);
        if known.region != region || !is_asked {
            return;
        }
        lead.probing.remove(&region);
        self.is_dirty = true;
        if !lead.run.preflights().contains_key(&region) && !lead.run.is_ended() {
            let probed = RunEvent::RegionProbed {
                region: region.clone(),
                preflight,
            };
            self.decide(id, probed, Urgency::Awaited);
            self.confirm_carried(id, &region);
        }
    }

    /// Results taken over are of the environment that the region meets now, or it is said.
    fn confirm_carried(&mut self, id: &RunId, region: &Region) {
        let lead = self.runs.get(id);
        let changed = lead.and_then(|lead| lead.run.carried_from_another(region));
        if let Some(EnvironmentChange { region, from, to }) = changed {
            let changed = RunEvent::EnvironmentChanged { region, from, to };
            self.decide(id, changed, Urgency::Gathered);
        }
    }
}

/// Regions of the plan that were not probed yet, with cases still to lease, or with results that
/// were taken over.
pub(super) fn regions_to_probe(run: &Run) -> Vec<Region> {
    let needed = |region: &Region| closing::waiting(run).any(|(_, planned)| planned.admits(region));
    let to_confirm = run.regions_to_confirm();
    let regions = run.plan().regions.iter();
    regions
        .filter(|region| !run.preflights().contains_key(*region))
        .filter(|region| needed(region) || to_confirm.contains(region))
        .cloned()
        .collect()
}
