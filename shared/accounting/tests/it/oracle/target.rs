//! Exchanges with the target: the target's own receipts, and who may make one.

use domain::{AttemptId, CaseId, RunId};

use crate::oracle::{Broken, Invariant, Oracle};

impl Oracle {
    /// A worker exchanged something with the target for a case.
    pub(crate) fn touched(
        &mut self,
        run: &RunId,
        case: &CaseId,
        attempt: AttemptId,
    ) -> Result<(), Broken> {
        if !self.admitted.contains(run) || self.closed.contains(run) {
            return Err(Invariant::OnlyWhatWasGranted.broken(format!(
                "the target hears of run {run}, which is not admitted or is closed"
            )));
        }
        if !self.was_leased(run, attempt) {
            return Err(Invariant::OnlyWhatWasGranted.broken(format!(
                "attempt {attempt} touched the target for {case} and was never leased"
            )));
        }
        let is_lost = self
            .runs
            .get(run)
            .is_some_and(|seen| seen.lost.contains(&attempt));
        if is_lost {
            return Err(Invariant::NothingAfterTheLease.broken(format!(
                "attempt {attempt} touched the target for {case} after it was given up"
            )));
        }
        let key = (run.clone(), case.clone());
        let seen = self.runs.get(run);
        // Legs that were leased together touch the target together.
        let leasing = seen.map_or(attempt, |seen| seen.leasing(attempt));
        let latest = self.touched.entry(key).or_insert(leasing);
        if leasing < *latest {
            return Err(Invariant::NothingAfterTheLease.broken(format!(
                "attempt {attempt} touched the target for {case} after attempt {latest} had"
            )));
        }
        *latest = leasing;
        Ok(())
    }

    /// Two runs share the caps of one environment.
    pub(crate) fn is_beside(&self, run: &RunId, other: &RunId) -> bool {
        let environment = |run: &RunId| {
            let fold = self.runs.get(run).and_then(|seen| seen.fold.as_ref());
            fold.map(|run| &run.plan().environment)
        };
        environment(run) == environment(other)
    }

    /// How many workers may touch the environment at a time; `None` where no caps say so.
    pub(crate) fn most_sharers(&self, run: &RunId) -> Option<u32> {
        let fold = self.runs.get(run)?.fold.as_ref()?;
        fold.plan().caps?;
        fold.sharers()
    }
}
