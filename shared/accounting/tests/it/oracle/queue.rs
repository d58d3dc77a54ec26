//! Runs beside each other: who is admitted, and who shares caps with whom.

use domain::RunId;

use crate::oracle::{Broken, Invariant, Oracle, Seen};

impl Oracle {
    fn is_active(&self, run: &RunId) -> bool {
        self.admitted.contains(run) && !self.closed.contains(run)
    }

    /// Runs that are admitted and not closed, but for those that are only ended.
    fn active(&self) -> impl Iterator<Item = (&RunId, &Seen)> {
        let active = self.runs.iter().filter(|(run, _)| self.is_active(run));
        active.filter(|(_, seen)| !seen.is_stopped)
    }

    fn active_beside(&self, run: &RunId) -> impl Iterator<Item = (&RunId, &Seen)> {
        self.active()
            .filter(move |(other, _)| *other != run && self.is_beside(run, other))
    }

    /// A run was submitted: what keeps it waiting?
    pub(super) fn queued(&mut self, run: &RunId) {
        let n_active = self.active().count();
        let own = self.runs.get(run).and_then(|seen| seen.limits());
        let is_exclusive = self.runs.get(run).is_some_and(|seen| seen.is_exclusive);
        let is_locked = |seen: &Seen| seen.is_exclusive || is_exclusive;
        let waits_for_lock = self.active_beside(run).any(|(_, seen)| is_locked(seen));
        let waits_for_caps = self
            .active_beside(run)
            .any(|(_, seen)| !is_locked(seen) && seen.limits() != own);
        for (is_so, what) in [
            (n_active >= self.max_active, "run waited for a place"),
            (waits_for_lock, "run waited for a lock"),
            (waits_for_caps, "run waited for other caps"),
        ] {
            if is_so {
                self.noted.insert(what);
            }
        }
        self.queue.push(run.clone());
    }

    pub(super) fn run_admitted(&mut self, run: &RunId, is_stopped: bool) -> Result<(), Broken> {
        let place = self.queue.iter().position(|queued| queued == run);
        let before = place.and_then(|place| self.queue.get(..place));
        if !is_stopped && before.is_some_and(|before| !before.is_empty()) {
            self.noted.insert("run admitted before an earlier one");
        }
        self.queue.retain(|queued| queued != run);
        self.admitted.insert(run.clone());
        if let Some(seen) = self.runs.get_mut(run) {
            seen.is_stopped = is_stopped;
        }
        let (n_active, most) = (self.active().count(), self.max_active);
        match n_active <= most {
            true => Ok(()),
            false => {
                Err(Invariant::Bounded
                    .broken(format!("{n_active} runs are active, and {most} may be")))
            }
        }
    }

    /// All runs on an environment divide its caps alike, into parts that can hold a case of each.
    pub(super) fn caps_divided(&mut self, run: &RunId, sharers: u32) -> Result<(), Broken> {
        let of = |seen: &Seen| seen.fold.as_ref().map(|run| run.plan().caps);
        let caps = self.runs.get(run).and_then(of).flatten();
        let most = caps.map_or(0, |caps| caps.most_sharers());
        if sharers > most {
            return Err(Invariant::CapsHold.broken(format!(
                "run {run} shares its caps in {sharers} parts, and fits into {most} only"
            )));
        }
        let others = self.active_beside(run);
        let others =
            others.filter(|(_, seen)| seen.fold.as_ref().is_some_and(|run| !run.is_ended()));
        let divided: Vec<(RunId, u32)> = others
            .filter_map(|(id, seen)| Some((id.clone(), seen.fold.as_ref()?.sharers()?)))
            .collect();
        if let Some((other, theirs)) = divided.iter().find(|(_, theirs)| *theirs != sharers) {
            return Err(Invariant::CapsHold.broken(format!(
                "run {run} divides the caps by {sharers}, run {other} beside it by {theirs}"
            )));
        }
        if !divided.is_empty() {
            self.noted.insert("caps shared by several runs");
        }
        Ok(())
    }

    pub(super) fn note_company(&mut self) {
        let environments = self.leasing.iter().filter_map(|run| {
            let fold = self.runs.get(run)?.fold.as_ref()?;
            Some(fold.plan().environment.as_str())
        });
        let n_environments = environments
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        let n_runs = self.leasing.len();
        for (is_so, what) in [
            (n_runs > 1, "several runs at once"),
            (n_runs > 2, "three runs at once"),
            (n_environments > 1, "runs on two environments at once"),
        ] {
            if is_so {
                self.noted.insert(what);
            }
        }
    }

    /// A worker touches the target for a run: does another run hold the environment alone?
    pub(crate) fn excludes(&self, run: &RunId, other: &RunId) -> bool {
        let is_exclusive = |run: &RunId| self.runs.get(run).is_some_and(|seen| seen.is_exclusive);
        run != other && self.is_beside(run, other) && (is_exclusive(run) || is_exclusive(other))
    }
}

impl Seen {
    /// What its caps say of the environment; `None` where they say nothing.
    fn limits(&self) -> Option<(Option<u32>, Option<u32>)> {
        let caps = self.fold.as_ref()?.plan().caps?;
        Some((caps.rps, caps.users))
    }
}
