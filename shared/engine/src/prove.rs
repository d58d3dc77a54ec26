//! Which checks of a passed case can fail: its recording is altered in many ways, one at a time,
//! and judged again. Nothing is sent to the target.
//!
//! A check is proven when an alteration makes it false. One that only can't be evaluated any more,
//! because a field is missing, is not: `body.items.size() >= 0` breaks without `items` and yet says
//! nothing. Reading order: `words` (what the test's expressions mention), `mutations` (what is
//! tried), `field` (documents and their alterations), `change` (an altered recording).

mod change;
mod field;
mod mutations;
mod silence;
mod socket;
mod text;
mod words;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Outcome;
use domain::record::Check;
use expression::Redactor;
use tokio_util::sync::CancellationToken;

use crate::case::{Case, evaluate};
use crate::interpreter::Interpreter;
use crate::judge::Judged;
use crate::play;
use crate::recording::Recording;
use crate::tape::{Replay, Tape, run_ready};
use change::Change;
use mutations::Mutation;

/// How much is tried for one case.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Mutations for each check of the case, on average.
    pub mutations: usize,
    /// Time for the whole case; when it is over, what was not tried is not proven.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mutations: 200,
            time: Duration::from_secs(20),
        }
    }
}

/// A check as it is written: its place in the file and its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Written {
    pub line: u32,
    pub expression: String,
}

/// What the mutations did to one check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    /// The first mutation that made it false.
    pub falsified_by: Option<String>,
    /// Mutations under which it was evaluated and held.
    pub survived: usize,
    /// Mutations under which it could not be evaluated.
    pub broken: usize,
    /// Mutations that would have changed what is sent before the check is reached.
    pub not_replayable: usize,
}

/// What was found out about one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    pub checks: BTreeMap<Written, Tried>,
    pub mutations: usize,
    /// Whether everything was tried that there was to try, or all checks were proven before.
    pub is_complete: bool,
}

/// Why nothing can be said about the checks of a case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProvable {
    #[error("it did not pass: {outcome}: {reason}")]
    NotPassed { outcome: Outcome, reason: String },
    #[error("its recording is not judged as it was live: {0}")]
    NotReplayable(String),
}

impl Proof {
    /// Adds what another case of the same test showed, such as another row.
    pub fn add(&mut self, other: Self) {
        self.mutations += other.mutations;
        self.is_complete &= other.is_complete;
        for (written, tried) in other.checks {
            let known = self.checks.entry(written).or_default();
            known.falsified_by = known.falsified_by.take().or(tried.falsified_by);
            known.survived += tried.survived;
            known.broken += tried.broken;
            known.not_replayable += tried.not_replayable;
        }
    }
}

/// Tries to make each check of a recorded case false. A function of the recording alone, as long
/// as the time suffices and nobody says `stop`.
pub fn prove(
    case: &Arc<Case>,
    recording: &Recording,
    judged: &Judged,
    limits: Limits,
    stop: &CancellationToken,
) -> Result<Proof, NotProvable> {
    let started = Instant::now();
    is_provable(case, recording, judged)?;
    let words = words::of(&case.test);
    let mut proof = Proof::default();
    let mut reaches: BTreeMap<Written, Reach> = BTreeMap::new();
    for check in judged.checks.iter().filter(|check| counts(check)) {
        let written = written(check);
        reaches
            .entry(written.clone())
            .or_default()
            .add(recording, &check.step);
        proof.checks.entry(written).or_default();
    }
    let replayed = replay(case, recording, &Change::None);
    note(&mut proof, "as it was recorded, at first", &replayed.checks);
    for tried in proof.checks.values_mut() {
        tried.survived = 0;
    }
    for written in &words.checks {
        proof.checks.entry(written.clone()).or_default();
    }
    proof.is_complete = attempt(case, recording, &words, &mut proof, &reaches, &|tried| {
        let most = limits.mutations.saturating_mul(tried.checks.len());
        tried.mutations < most && started.elapsed() < limits.time && !stop.is_cancelled()
    });
    Ok(proof)
}

fn is_provable(
    case: &Arc<Case>,
    recording: &Recording,
    judged: &Judged,
) -> Result<(), NotProvable> {
    if judged.outcome != Outcome::Passed {
        return Err(NotProvable::NotPassed {
            outcome: judged.outcome,
            reason: judged.reason.clone(),
        });
    }
    let again = evaluate(case, recording);
    let held = |checks: &[Check]| -> Vec<(Written, bool)> {
        checks
            .iter()
            .map(|check| (written(check), check.held))
            .collect()
    };
    // Their texts may differ: live, secrets of other cases were taken out as well.
    if again.outcome != judged.outcome || held(&again.checks) != held(&judged.checks) {
        let why = if again.reason.is_empty() {
            "other checks or values".to_owned()
        } else {
            again.reason
        };
        return Err(NotProvable::NotReplayable(why));
    }
    let replayed = replay(case, recording, &Change::None);
    if replayed.has_diverged || held(&replayed.checks) != held(&judged.checks) {
        return Err(NotProvable::NotReplayable(
            "it would send something else than it did".to_owned(),
        ));
    }
    Ok(())
}

/// Tries one mutation after the other until all is proven; whether there is nothing left to try.
fn attempt(
    case: &Arc<Case>,
    recording: &Recording,
    words: &words::Words,
    proof: &mut Proof,
    reaches: &BTreeMap<Written, Reach>,
    may_go_on: &dyn Fn(&Proof) -> bool,
) -> bool {
    let mut mutations = mutations::of(recording, words);
    let home = |mutation: &Mutation| {
        let seen = recording.observations.get(mutation.at);
        seen.map_or(0, |observation| observation.place.line)
    };
    let mut is_tried = vec![false; mutations.len()];
    // What a check's own step observed is likeliest to decide it, then what came shortly before.
    for is_at_home in [true, false] {
        for (mutation, is_tried) in mutations.iter().zip(&mut is_tried) {
            let can_decide = |(written, tried): (&Written, &Tried)| {
                let reach = reaches.get(written);
                tried.falsified_by.is_none()
                    && reach
                        .filter(|reach| mutation.at <= reach.last)
                        .is_some_and(|reach| reach.lines.contains(&home(mutation)) == is_at_home)
            };
            if *is_tried || !proof.checks.iter().any(can_decide) {
                continue;
            }
            if !may_go_on(proof) {
                return false;
            }
            proof.mutations += 1;
            *is_tried = true;
            try_one(case, recording, mutation, proof, reaches);
        }
        let mut tried: Vec<(Mutation, bool)> = mutations.into_iter().zip(is_tried).collect();
        tried.sort_by_key(|(mutation, _)| (mutation.rank, Reverse(mutation.at)));
        (mutations, is_tried) = tried.into_iter().unzip();
    }
    true
}

fn try_one(
    case: &Arc<Case>,
    recording: &Recording,
    mutation: &Mutation,
    proof: &mut Proof,
    reaches: &BTreeMap<Written, Reach>,
) {
    let replayed = replay(case, recording, &mutation.change);
    if replayed.has_diverged {
        for (written, tried) in &mut proof.checks {
            let is_reached = replayed
                .checks
                .iter()
                .any(|check| check.line == written.line && check.expression == written.expression);
            let is_after = reaches
                .get(written)
                .is_some_and(|reach| mutation.at <= reach.last);
            tried.not_replayable += usize::from(!is_reached && is_after);
        }
    }
    let touched = |check: &&Check| {
        reaches
            .get(&written(check))
            .is_some_and(|reach| mutation.at <= reach.last)
    };
    let checks: Vec<Check> = replayed.checks.iter().filter(touched).cloned().collect();
    note(proof, &mutation.label, &checks);
}

/// Enters what a mutation did to the checks; of several evaluations of one, a false one counts.
fn note(proof: &mut Proof, label: &str, checks: &[Check]) {
    let mut verdicts: BTreeMap<Written, Verdict> = BTreeMap::new();
    for check in checks.iter().filter(|check| counts(check)) {
        let verdict = verdicts.entry(written(check)).or_insert(Verdict::Held);
        *verdict = (*verdict).max(Verdict::of(check));
    }
    for (written, verdict) in verdicts {
        let Some(tried) = proof.checks.get_mut(&written) else {
            continue;
        };
        match verdict {
            Verdict::Held => tried.survived += 1,
            Verdict::Broken => tried.broken += 1,
            Verdict::False => {
                tried.falsified_by.get_or_insert_with(|| label.to_owned());
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Held,
    Broken,
    False,
}

impl Verdict {
    fn of(check: &Check) -> Self {
        // A line of `check` or `expect` is to be true; what other kinds expect is a text of theirs.
        let is_expression = check.expected == "true";
        match check {
            Check { held: true, .. } => Self::Held,
            Check { error: Some(_), .. } if is_expression => Self::Broken,
            _ => Self::False,
        }
    }
}

/// Checks of set-up and teardown can't make a case fail.
fn counts(check: &Check) -> bool {
    ["steps[", "after[", "expect["]
        .iter()
        .any(|phase| check.step.starts_with(phase))
}

fn written(check: &Check) -> Written {
    Written {
        line: check.line,
        expression: check.expression.clone(),
    }
}

/// What a check can have read.
#[derive(Debug, Default)]
struct Reach {
    /// Position of the last observation before its last evaluation.
    last: usize,
    /// Lines of the steps it stands in.
    lines: BTreeSet<u32>,
}

impl Reach {
    fn add(&mut self, recording: &Recording, step: &str) {
        let of_step = |path: &str| {
            let rest = path.strip_prefix(step);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let last = recording
            .observations
            .iter()
            .enumerate()
            .rfind(|(_, observation)| of_step(&observation.place.path));
        match last.filter(|_| !step.starts_with("expect[")) {
            Some((at, observation)) => {
                self.last = self.last.max(at);
                self.lines.insert(observation.place.line);
            }
            None => self.last = usize::MAX,
        }
    }
}

/// What a walk over an altered recording came to.
struct Replayed {
    checks: Vec<Check>,
    has_diverged: bool,
}

fn replay(case: &Arc<Case>, recording: &Recording, change: &Change) -> Replayed {
    let (seen, logs) = change::apply(recording, change);
    let tape = Tape::Replay(Replay::what_if(seen.into_iter(), logs.into_iter()));
    // Nothing of this walk is shown, so there is nothing to take secrets out of.
    let redactor = Redactor::new(case.redaction_key);
    let (interpreter, _inbox) = Interpreter::new(case.clone(), recording.seed, tape, redactor);
    let played = run_ready(pin!(play::play(&interpreter)));
    Replayed {
        checks: played
            .map(|played| played.journal.checks)
            .unwrap_or_default(),
        has_diverged: interpreter.tape.has_diverged(),
    }
}
