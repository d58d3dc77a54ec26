//! Whether a run's log counts right: both routines over the same bytes, against plan and report.
//!
//! Only a chain that is whole is counted: where segments are missing, so are their outcomes.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::RunEvent;
use domain::run::Run;
use domain::{Digest, Outcome, Totals};
use recheck::{Rechecked, recheck};
use run_log::verify::Spot;

use super::Problem;
use super::beside::{self, Counts};
use super::source::{OfRun, Source};
use crate::archive;

/// Sentences of the second routine that are looked up in the log; each costs some passes over it.
const LOOKED_UP: usize = 20;

/// What counting the log again showed.
#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) problems: Vec<Problem>,
    /// For people: the equation, or why it is not there.
    pub(super) says: String,
    pub(super) verdict: Option<String>,
}

pub(super) fn count(source: &Source, run: &OfRun) -> Counted {
    let events = match decoded(source) {
        Ok(events) => events,
        Err(problem) => return stopped(vec![problem]),
    };
    if !source.checked.is_whole() {
        return stopped(Vec::new());
    }
    let Some((at, RunEvent::RunOpened { plan: digest, .. })) = events.first() else {
        return never_opened(source, run, events.first().map(|(spot, _)| spot));
    };
    let mut problems = blobs(&events, run);
    let Some(plan) = run.blobs.get(digest).ok().flatten() else {
        return stopped(problems);
    };
    let decoded = match wire::plan::decode(&plan) {
        Ok(decoded) => decoded,
        Err(error) => {
            let what = format!("the plan {digest} can't be read: {error}");
            problems.push((at.clone(), what));
            return stopped(problems);
        }
    };
    let mut counted = compare(source, run, &plan, fold(Run::new(decoded), &events));
    counted.problems.splice(..0, problems);
    counted
}

/// The log has nothing to count with.
fn stopped(problems: Vec<Problem>) -> Counted {
    Counted {
        problems,
        says: "its outcomes were not counted again: that needs the whole log and its plan"
            .to_owned(),
        verdict: None,
    }
}

fn never_opened(source: &Source, run: &OfRun, first: Option<&Spot>) -> Counted {
    let spot = first.cloned().unwrap_or_else(|| Spot::of(&source.place));
    let what = match (first.is_some(), run.is_closed) {
        (true, _) => "a run's log begins with `RunOpened`, and this one does not",
        (false, true) => "the grid log closed this run, and its log is empty",
        (false, false) => {
            return Counted {
                says: "nothing was written yet".to_owned(),
                ..Counted::default()
            };
        }
    };
    stopped(vec![(spot, what.to_owned())])
}

fn decoded(source: &Source) -> Result<Vec<(Spot, RunEvent)>, Problem> {
    let events = source.checked.events();
    let decoded = events.map(|(spot, bytes)| match wire::event::decode_run(bytes) {
        Ok(event) => Ok((spot, event)),
        Err(error) => Err((spot, format!("the event can't be read: {error}"))),
    });
    decoded.collect()
}

/// Blobs that are named and not there, or not what their name says.
fn blobs(events: &[(Spot, RunEvent)], run: &OfRun) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (spot, event) in events {
        let is_record = !matches!(event, RunEvent::RunOpened { .. });
        if is_record && !run.reads_records {
            continue;
        }
        for digest in archive::named_by(event) {
            if !seen.insert(digest.clone()) {
                continue;
            }
            problems.extend(blob(run, &digest).map(|what| (spot.clone(), what)));
        }
    }
    problems
}

fn blob(run: &OfRun, digest: &Digest) -> Option<String> {
    match run.blobs.get(digest) {
        Ok(Some(_)) => None,
        Ok(None) => Some(format!("it names the blob {digest}, which is not there")),
        Err(error) => Some(format!("it names a blob that can't be read: {error}")),
    }
}

/// The first routine, up to the first event that it refuses.
fn fold(mut run: Run, events: &[(Spot, RunEvent)]) -> (Run, Option<Problem>) {
    for (spot, event) in events {
        if let Err(illegal) = run.apply(event) {
            let what = format!("the event must not happen here: {illegal}");
            return (run, Some((spot.clone(), what)));
        }
    }
    (run, None)
}

/// Both routines, the grid log and the report, each held against the others.
fn compare(
    source: &Source,
    run: &OfRun,
    plan: &[u8],
    (fold, refused): (Run, Option<Problem>),
) -> Counted {
    let segments = source.checked.segments.iter();
    let raw: Vec<Vec<u8>> = segments.map(|placed| placed.bytes.clone()).collect();
    let again = recheck(plan, &raw, None);
    let verdict = fold.verdict().map(|verdict| verdict.word.to_string());
    let is_ended = verdict.is_some() || refused.is_some();
    let mut problems = second(source, plan, &raw, &again, is_ended);
    let mut say = |what: &str| problems.push((Spot::of(&source.place), what.to_owned()));
    if refused.is_none() && !agrees(&fold, &again) {
        say("the two routines count different outcomes; this is a mistake of muster");
    }
    if run.is_closed && verdict.is_none() {
        say("the grid log closed this run, and its log has no verdict: its end is not there");
    }
    problems.extend(refused);
    let counts = Counts {
        run: fold.plan().run.as_str(),
        planned: fold.cases().count(),
        table: &again.table,
        verdict: verdict.as_deref(),
    };
    let mut says = equation(&counts);
    if let Some(path) = &run.report {
        let place = Spot::of(path.display().to_string());
        let differences = beside::differences(path, &counts);
        if differences.is_empty() {
            says += &format!("; {} says the same", path.display());
        }
        problems.extend(differences.into_iter().map(|what| (place.clone(), what)));
    }
    Counted {
        problems,
        says,
        verdict,
    }
}

fn agrees(fold: &Run, again: &Rechecked) -> bool {
    let ended = fold.cases().filter_map(|(case, facts)| {
        let outcome = facts.outcome()?;
        Some((case.id.to_string(), outcome.word().to_owned()))
    });
    ended.collect::<BTreeMap<_, _>>() == again.table
}

/// What the second routine says, each sentence at the segment in which it became true. That a case
/// has no outcome yet is none of them while the run is open.
fn second(
    source: &Source,
    plan: &[u8],
    raw: &[Vec<u8>],
    again: &Rechecked,
    is_ended: bool,
) -> Vec<Problem> {
    let is_missing = |sentence: &str| sentence.ends_with("is planned and has no outcome");
    let wanted = again
        .problems
        .iter()
        .filter(|one| is_ended || !is_missing(one));
    let placed = wanted.enumerate().map(|(nth, sentence)| {
        let at = match nth < LOOKED_UP && !is_missing(sentence) {
            true => first_with(plan, raw, sentence),
            false => None,
        };
        let placed = at.and_then(|at| source.checked.segments.get(at));
        let spot = placed.map_or_else(|| Spot::of(&source.place), |placed| placed.spot.clone());
        (spot, sentence.clone())
    });
    placed.collect()
}

/// The segment with which the sentence came: once said, it is said of every longer part too.
fn first_with(plan: &[u8], raw: &[Vec<u8>], sentence: &str) -> Option<usize> {
    let is_said = |n_segments: usize| {
        let part = recheck(plan, &raw[..n_segments], None);
        part.problems.iter().any(|one| one == sentence)
    };
    let (mut without, mut with) = (0, raw.len());
    while with - without > 1 {
        let middle = without + (with - without) / 2;
        match is_said(middle) {
            true => with = middle,
            false => without = middle,
        }
    }
    with.checked_sub(1)
}

/// The equation, with what is open, and the verdict.
fn equation(counts: &Counts<'_>) -> String {
    let mut totals = Totals {
        planned: counts.planned as u64,
        ..Totals::default()
    };
    for word in counts.table.values() {
        let outcome = Outcome::ALL.into_iter().find(|one| one.word() == word);
        outcome.into_iter().for_each(|one| totals.count(one));
    }
    let open = totals.planned.saturating_sub(totals.settled());
    format!(
        "{}; {}",
        report::figures::equation(&totals, open),
        counts.verdict.unwrap_or("no verdict yet")
    )
}
