//! Verdicts, folds read again from the bytes, and the end of the world.

use std::collections::BTreeMap;
use std::time::Duration;

use accounting::coordinator::LogId;
use domain::event::{GridEvent, RunEvent, Segment};
use domain::gate::{Verdict, VerdictWord};
use domain::run::{self, Run};
use domain::{Evidence, Outcome, RunId};

use crate::oracle::{Broken, Invariant, Oracle, Seen};
use crate::planned;
use crate::store::Store;
use crate::world::SECOND;

/// How long a verdict may take beyond deadline and drain: reads, appends, the second routine.
const SLACK: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_secs(30);

impl Oracle {
    pub(super) fn run_ended(
        &mut self,
        id: &RunId,
        verdict: &Verdict,
        now: u64,
    ) -> Result<(), Broken> {
        let healed_at = self.healed_at;
        let Some(seen) = self.runs.get_mut(id) else {
            return Ok(());
        };
        seen.ended_at = Some(now);
        let Some(run) = &seen.fold else {
            return Ok(());
        };
        if run.n_open() > 0 || seen.outcomes.len() != run.plan().cases.len() {
            return Err(Invariant::Conserved.broken(format!("run {id} ends with cases open")));
        }
        seen.is_truly(verdict)?;
        // Clocks may be five parts in a hundred slow.
        let allowed = (planned::DEADLINE + DRAIN) * 106 / 100 + SLACK;
        let allowed = u64::try_from(allowed.as_nanos()).unwrap_or(u64::MAX);
        if now > seen.opened_at.max(healed_at) + allowed {
            let took = (now - seen.opened_at) / SECOND;
            return Err(Invariant::EndsInTime.broken(format!("run {id} took {took} s")));
        }
        match verdict.word {
            VerdictWord::Go => self.noted.insert("verdict GO"),
            VerdictWord::NoGo => self.noted.insert("verdict NO-GO"),
            VerdictWord::Inconclusive => self.noted.insert("verdict INCONCLUSIVE"),
            _ => false,
        };
        Ok(())
    }

    /// What a leader is about to read folds to what the oracle has folded all along, and holds
    /// everything that any worker was told is durable.
    pub(crate) fn read_again(
        &self,
        id: &RunId,
        segments: &[Segment<RunEvent>],
    ) -> Result<(), Broken> {
        let Some(seen) = self.runs.get(id) else {
            return Ok(());
        };
        let Some(held) = &seen.fold else {
            return Ok(());
        };
        let again = fold(held, segments)?;
        let is_same = run::table(&again) == run::table(held)
            && run::marks(&again) == run::marks(held)
            && again.attempts() == held.attempts()
            && again.totals() == held.totals();
        if !is_same {
            let what = format!("run {id}: its bytes fold to another state when read again");
            return Err(Invariant::PureFold.broken(what));
        }
        for (attempt, through) in &seen.told {
            let acked = again.attempt(*attempt).map_or(0, |attempt| attempt.acked);
            if acked < *through {
                return Err(Invariant::AckedIsDurable.broken(format!(
                    "a worker was told that result {through} of attempt {attempt} is durable; the next leader reads {acked}"
                )));
            }
        }
        Ok(())
    }

    /// What must hold once everything is over.
    pub(crate) fn at_the_end(&self, store: &Store) -> Result<(), Broken> {
        for (id, seen) in &self.runs {
            let Some(run) = &seen.fold else {
                continue;
            };
            seen.is_complete(id, run)?;
            let log = LogId::Run(id.clone());
            let segments = decode_run(store.encoded(&log))?;
            self.read_again(id, &segments)?;
            seen.second_opinion(id, run, store.encoded(&log))?;
        }
        self.fates.all_known()
    }
}

/// Segments of a run's log out of their bytes.
pub(crate) fn decode_run(encoded: &[Vec<u8>]) -> Result<Vec<Segment<RunEvent>>, Broken> {
    decode(encoded, wire::segment::decode_run_segment)
}

/// Segments of the grid log out of their bytes.
pub(crate) fn decode_grid(encoded: &[Vec<u8>]) -> Result<Vec<Segment<GridEvent>>, Broken> {
    decode(encoded, wire::segment::decode_grid_segment)
}

fn decode<E>(
    encoded: &[Vec<u8>],
    read: impl Fn(&proto::v1::Segment) -> Result<Segment<E>, wire::BadMessage>,
) -> Result<Vec<Segment<E>>, Broken> {
    use prost::Message;
    let unreadable = |why: String| Invariant::PureFold.broken(format!("a segment: {why}"));
    let decode = |bytes: &Vec<u8>| {
        let message = proto::v1::Segment::decode(bytes.as_slice());
        let message = message.map_err(|error| unreadable(error.to_string()))?;
        read(&message).map_err(|error| unreadable(error.to_string()))
    };
    encoded.iter().map(decode).collect()
}

fn fold(like: &Run, segments: &[Segment<RunEvent>]) -> Result<Run, Broken> {
    let mut run = Run::new(like.plan().clone());
    for segment in segments {
        run.apply_segment(segment)
            .map_err(|illegal| Invariant::PureFold.broken(illegal.to_string()))?;
    }
    Ok(run)
}

impl Seen {
    /// The oracle knows what really happened.
    fn is_truly(&self, verdict: &Verdict) -> Result<(), Broken> {
        let Some(run) = &self.fold else {
            return Ok(());
        };
        let says = verdict.word;
        let is_green = matches!(says, VerdictWord::Go | VerdictWord::Passed);
        let really_passed = |(case, (outcome, by)): (_, &(Outcome, Vec<_>))| {
            let passed = |attempt: &_| planned::truth(case, *attempt) == Outcome::Passed;
            *outcome == Outcome::Passed && !by.is_empty() && by.iter().all(passed)
        };
        if is_green && !self.outcomes.iter().all(really_passed) {
            return Err(Invariant::NoFalseGo.broken(format!("{says} and not every case passed")));
        }
        let n_failed = run.totals().failed;
        let is_red = matches!(says, VerdictWord::NoGo | VerdictWord::Failed);
        if (n_failed > 0) != is_red {
            let what = format!("{n_failed} cases failed, and the verdict is {says}");
            return Err(Invariant::NoFailureVanishes.broken(what));
        }
        let is_flaky = run.cases().any(|(_, facts)| facts.is_flaky());
        if says == VerdictWord::Go && (self.n_failures > 0 || is_flaky) {
            return Err(Invariant::NoFailureVanishes.broken("GO beside a failure that was kept"));
        }
        Ok(())
    }

    fn is_complete(&self, id: &RunId, run: &Run) -> Result<(), Broken> {
        let Some(verdict) = run.verdict() else {
            return Err(Invariant::EndsInTime.broken(format!("run {id} did not end")));
        };
        let cases = &run.plan().cases;
        let has_outcome = |case: &domain::PlannedCase| self.outcomes.contains_key(&case.id);
        if self.outcomes.len() != cases.len() || !cases.iter().all(has_outcome) {
            let what = format!("run {id}: the cases with an outcome are not the plan's");
            return Err(Invariant::OneOutcomeEach.broken(what));
        }
        if domain::verdict::is_miscounted(verdict) {
            let what = format!("run {id}: {:?}", verdict.reasons);
            return Err(Invariant::PureFold.broken(what));
        }
        let results = run.cases().filter_map(|(_, facts)| facts.result());
        let mut sums = Evidence::default();
        for result in results {
            sums += result.evidence;
        }
        match sums == self.sums {
            true => Ok(()),
            false => Err(Invariant::ExactSums.broken(format!(
                "run {id} counts {sums:?}, its executions gave {:?}",
                self.sums
            ))),
        }
    }

    /// The routine that shares no code with the fold.
    fn second_opinion(&self, id: &RunId, run: &Run, encoded: &[Vec<u8>]) -> Result<(), Broken> {
        let broken = |what: &str| {
            let what = format!("run {id}: the second routine {what}");
            Err(Invariant::PureFold.broken(what))
        };
        let plan = wire::plan::encode(run.plan());
        let again = recheck::recheck(&plan, encoded, None);
        if let Some(problem) = again.problems.first() {
            return broken(&format!("disagrees: {problem}"));
        }
        if again.marks != run::marks(run) {
            return broken("reads other marks");
        }
        let outcomes: BTreeMap<_, _> = self
            .outcomes
            .iter()
            .map(|(case, (outcome, _))| (case.to_string(), outcome.word().to_owned()))
            .collect();
        let hash = run.verdict().map(|verdict| verdict.table_hash.as_str());
        if again.table != outcomes || hash != Some(again.hash.as_str()) {
            return broken("reads another table");
        }
        Ok(())
    }
}
