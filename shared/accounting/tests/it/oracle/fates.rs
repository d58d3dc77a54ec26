//! What became of every result that an execution gave.

use std::collections::BTreeMap;

use accounting::worker::CaseKey;
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Outcome, RunId};

use crate::oracle::{Broken, Invariant};
use crate::planned;
use crate::store::Store;

/// Bytes of a reason that the ledger takes.
pub(crate) const LONGEST_REASON: usize = 300;

type Key = (RunId, AttemptId, CaseId);

#[derive(Debug)]
struct Fate {
    result: CaseResult,
    /// How the log holds it.
    logged: Option<&'static str>,
    /// Why it is gone from where it was produced.
    destroyed: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(crate) struct Fates(BTreeMap<Key, Fate>);

fn key(of: &CaseKey) -> Key {
    (of.run.clone(), of.attempt, of.case.clone())
}

impl Fates {
    pub(crate) fn produced(&mut self, of: &CaseKey, result: &CaseResult) {
        let fate = Fate {
            result: result.clone(),
            logged: None,
            destroyed: None,
        };
        self.0.insert(key(of), fate);
    }

    /// The result is gone, and why.
    pub(crate) fn destroyed(&mut self, of: &CaseKey, why: &'static str) {
        if let Some(fate) = self.0.get_mut(&key(of)) {
            fate.destroyed.get_or_insert(why);
        }
    }

    /// No phantoms: what is counted was produced by that attempt, and its record is stored.
    pub(super) fn counted(
        &mut self,
        run: &RunId,
        attempt: AttemptId,
        result: &CaseResult,
        store: &Store,
    ) -> Result<(), Broken> {
        let case = &result.case;
        let truth = planned::truth(case, attempt);
        if result.outcome != truth {
            return Err(Invariant::NoPhantom.broken(format!(
                "case {case} is counted as {}, and {truth} is what happened",
                result.outcome
            )));
        }
        let stored = |digest| store.blobs.contains(digest);
        if !result.record.as_ref().is_none_or(stored) {
            let what = format!("the record of case {case} is named and not stored");
            return Err(Invariant::NoPhantom.broken(what));
        }
        self.logged(run, attempt, result, "counted")
    }

    /// The log holds the result, by any name.
    pub(super) fn logged(
        &mut self,
        run: &RunId,
        attempt: AttemptId,
        result: &CaseResult,
        how: &'static str,
    ) -> Result<(), Broken> {
        let case = &result.case;
        if result.reason.len() > LONGEST_REASON {
            let n_bytes = result.reason.len();
            let what = format!("the ledger takes a reason of {n_bytes} bytes for {case}");
            return Err(Invariant::Bounded.broken(what));
        }
        let fate = self.0.get_mut(&(run.clone(), attempt, case.clone()));
        let Some(fate) = fate else {
            return Err(Invariant::NoPhantom.broken(format!(
                "case {case} is {how} in attempt {attempt}, which never produced it"
            )));
        };
        if !is_same(&fate.result, result) {
            return Err(Invariant::NoPhantom.broken(format!(
                "case {case} is {how} in attempt {attempt}, and is not what that produced"
            )));
        }
        if let Some(before) = fate.logged {
            return Err(Invariant::AllAccountedFor.broken(format!(
                "the result of {case} in attempt {attempt} is {before} and again {how}"
            )));
        }
        fate.logged = Some(how);
        Ok(())
    }

    pub(super) fn all_known(&self) -> Result<(), Broken> {
        let unknown = |fate: &Fate| fate.logged.is_none() && fate.destroyed.is_none();
        match self.0.iter().find(|(_, fate)| unknown(fate)) {
            None => Ok(()),
            Some(((run, attempt, case), _)) => Err(Invariant::AllAccountedFor.broken(format!(
                "nobody knows what became of {case} in attempt {attempt} of run {run}"
            ))),
        }
    }

    /// Results gone before the log had them, by reason.
    pub(crate) fn reasons(&self) -> impl Iterator<Item = &'static str> {
        let gone = self.0.values().filter(|fate| fate.logged.is_none());
        gone.filter_map(|fate| fate.destroyed)
    }
}

/// What the coordinator may change is the outcome of a result that shows nothing, and how long a
/// reason is.
fn is_same(produced: &CaseResult, logged: &CaseResult) -> bool {
    let mut adjusted = logged.clone();
    let is_cut = logged.reason.len() == LONGEST_REASON;
    if is_cut && produced.reason.starts_with(&logged.reason) {
        adjusted.reason.clone_from(&produced.reason);
    }
    if logged.outcome == Outcome::Unproven {
        adjusted.outcome = produced.outcome;
        adjusted.reason.clone_from(&produced.reason);
    }
    adjusted == *produced
}
