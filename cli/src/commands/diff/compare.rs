//! Two runs → what differs between them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Gate, Outcome};
use report::Summary;
use report::summary::CaseLine;
use wire::Bundle;

use super::noise::{self, Change};
use crate::exit_code::ExitCode;

/// One of the two runs.
pub(super) struct Side {
    pub(super) summary: Summary,
    pub(super) bundle: Bundle,
    pub(super) gate: Option<Gate>,
}

/// Everything that differs, in the order in which it matters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Difference {
    pub(super) runs: [Head; 2],
    /// Outcomes whose counts differ.
    pub(super) totals: Vec<(Outcome, u64, u64)>,
    pub(super) cases: Vec<CaseChange>,
    /// Cases that only one of the runs planned.
    pub(super) gone: Vec<String>,
    pub(super) new: Vec<String>,
    pub(super) n_same: usize,
    pub(super) times: Times,
    /// What differs in plan and environment, a sentence each.
    pub(super) plan: Vec<String>,
}

/// A run in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) run: String,
    pub(super) verdict: &'static str,
    pub(super) reason: String,
    pub(super) environment: String,
    pub(super) created_at_ms: u64,
    pub(super) planned: u64,
}

/// What a change of a case's outcome means; the most weighty first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    FailedAnew,
    NoLongerProven,
    Mended,
    NowProven,
    /// Not proven before and after, for another reason.
    OtherReason,
    /// The outcome stayed, and whether its tries differ did not.
    Flakiness,
}

/// A case of both runs that ended otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CaseChange {
    pub(super) meaning: Meaning,
    pub(super) case: String,
    /// `passed`, `skipped(tier_gate)`.
    pub(super) before: String,
    pub(super) after: String,
    /// The later run's own words.
    pub(super) why: String,
}

/// Response times of tests whose times can be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Times {
    pub(super) changed: Vec<TimeChange>,
    pub(super) n_compared: usize,
    pub(super) n_too_few: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct TimeChange {
    pub(super) test: String,
    pub(super) change: Change,
}

impl Difference {
    pub(super) fn of(before: &Side, after: &Side) -> Self {
        let (earlier, later) = (by_id(&before.summary), by_id(&after.summary));
        let only = |of: &BTreeMap<&str, &CaseLine>, not: &BTreeMap<&str, &CaseLine>| {
            let ids = of.keys().filter(|id| !not.contains_key(*id));
            ids.map(ToString::to_string).collect::<Vec<_>>()
        };
        let both = earlier
            .iter()
            .filter_map(|(id, case)| Some((*case, *later.get(id)?)));
        let both: Vec<_> = both.collect();
        let mut cases: Vec<CaseChange> = both
            .iter()
            .filter_map(|(one, other)| change(one, other))
            .collect();
        cases.sort_by(|one, other| (one.meaning, &one.case).cmp(&(other.meaning, &other.case)));
        Self {
            runs: [head(&before.summary), head(&after.summary)],
            totals: totals(&before.summary, &after.summary),
            n_same: both.len() - cases.len(),
            cases,
            gone: only(&earlier, &later),
            new: only(&later, &earlier),
            times: times(&before.summary, &after.summary),
            plan: plan(before, after),
        }
    }

    /// The exit code of `--check`, if the later run is worse.
    pub(super) fn is_worse(&self) -> Option<ExitCode> {
        let has = |meaning| self.cases.iter().any(|case| case.meaning == meaning);
        if has(Meaning::FailedAnew) {
            Some(ExitCode::Failed)
        } else if has(Meaning::NoLongerProven) {
            Some(ExitCode::NotProven)
        } else {
            None
        }
    }

    pub(super) fn is_nothing(&self) -> bool {
        let [before, after] = &self.runs;
        before.verdict == after.verdict
            && self.totals.is_empty()
            && self.cases.is_empty()
            && self.gone.is_empty()
            && self.new.is_empty()
            && self.times.changed.is_empty()
            && self.plan.is_empty()
    }
}

fn by_id(summary: &Summary) -> BTreeMap<&str, &CaseLine> {
    let cases = summary.cases.iter();
    cases.map(|case| (case.id.as_str(), case)).collect()
}

fn head(summary: &Summary) -> Head {
    Head {
        run: summary.run.to_string(),
        verdict: summary.word(),
        reason: summary
            .verdict
            .as_ref()
            .map(|verdict| verdict.reasons.join("; "))
            .unwrap_or_default(),
        environment: summary.environment.clone(),
        created_at_ms: summary.created_at_ms,
        planned: summary.totals.planned,
    }
}

fn totals(before: &Summary, after: &Summary) -> Vec<(Outcome, u64, u64)> {
    let counts = Outcome::ALL.into_iter().map(|outcome| {
        let (was, is) = (before.totals.of(outcome), after.totals.of(outcome));
        (outcome, was, is)
    });
    counts.filter(|(_, was, is)| was != is).collect()
}

fn change(before: &CaseLine, after: &CaseLine) -> Option<CaseChange> {
    let (was, is) = (state(before), state(after));
    let is_failed = |case: &CaseLine| case.is(Outcome::Failed);
    let is_proven = |case: &CaseLine| case.outcome.is_some_and(|outcome| !outcome.is_not_proven());
    let meaning = match () {
        () if was == is && before.is_flaky == after.is_flaky => return None,
        () if was == is => Meaning::Flakiness,
        () if is_failed(after) => Meaning::FailedAnew,
        () if is_proven(before) && !is_proven(after) => Meaning::NoLongerProven,
        () if is_failed(before) => Meaning::Mended,
        () if is_proven(after) => Meaning::NowProven,
        () => Meaning::OtherReason,
    };
    let marked = |state: String, case: &CaseLine| match (meaning, case.is_flaky) {
        (Meaning::Flakiness, true) => format!("{state} (flaky)"),
        _ => state,
    };
    Some(CaseChange {
        meaning,
        case: after.id.to_string(),
        before: marked(was, before),
        after: marked(is, after),
        why: after.reason.clone(),
    })
}

/// The outcome; with the first word of its reason where that says what kind it is.
fn state(case: &CaseLine) -> String {
    match case.outcome {
        None => "open".to_owned(),
        Some(outcome) if outcome.is_not_proven() && !case.reason_word().is_empty() => {
            format!("{outcome}({})", case.reason_word())
        }
        Some(outcome) => outcome.to_string(),
    }
}

fn times(before: &Summary, after: &Summary) -> Times {
    let (earlier, later) = (samples(before), samples(after));
    let mut times = Times::default();
    for (test, was) in &earlier {
        let Some(is) = later.get(test) else { continue };
        match noise::compare(was, is) {
            Err(noise::TooFew) => times.n_too_few += 1,
            Ok(change) => {
                times.n_compared += 1;
                times.changed.extend(change.map(|change| TimeChange {
                    test: test.clone(),
                    change,
                }));
            }
        }
    }
    let growth = |one: &TimeChange| one.change.after_p95 / one.change.before_p95;
    times
        .changed
        .sort_by(|one, other| growth(other).total_cmp(&growth(one)));
    times
}

/// Milliseconds of every answered exchange, by test, over all regions and rows.
fn samples(summary: &Summary) -> BTreeMap<String, Vec<f64>> {
    let mut samples: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for case in &summary.cases {
        let test = format!("{}::{}", case.suite, case.test);
        samples.entry(test).or_default().extend(&case.times);
    }
    samples.retain(|_, times| !times.is_empty());
    samples
}

fn plan(before: &Side, after: &Side) -> Vec<String> {
    let (was, is) = (&before.summary, &after.summary);
    let mut found = Vec::new();
    let mut told = |what: &str, was: String, is: String| {
        if was != is {
            found.push(format!("{what}: {was} → {is}"));
        }
    };
    told(
        "environment",
        was.environment.clone(),
        is.environment.clone(),
    );
    told("regions", listed(&was.regions), listed(&is.regions));
    told("gate", gate_name(was), gate_name(is));
    told("made by", was.made_by.clone(), is.made_by.clone());
    for (region, preflight) in &is.preflights {
        if let Some(earlier) = was.preflights.get(region) {
            let what = format!("environment's fingerprint in {region}");
            told(
                &what,
                short(&earlier.fingerprint),
                short(&preflight.fingerprint),
            );
        }
    }
    if was.gate == is.gate && before.gate != after.gate {
        found.push(format!("the gate {} says something else", gate_name(is)));
    }
    if is.completes.as_ref() == Some(&was.run) {
        found.push("the later run completes the earlier one".to_owned());
    }
    found.extend(files(&before.bundle, &after.bundle));
    found
}

fn files(before: &Bundle, after: &Bundle) -> Vec<String> {
    let map = |bundle: &Bundle| -> BTreeMap<String, Vec<u8>> {
        let files = bundle.files.iter();
        let mut all: BTreeMap<_, _> = files
            .map(|(name, text)| (name.clone(), text.clone()))
            .collect();
        // Values may be what nobody should read, so only names are told.
        all.extend(
            bundle
                .vars
                .iter()
                .map(|(name, value)| (format!("--var {name}"), value.clone().into_bytes())),
        );
        all
    };
    let (was, is) = (map(before), map(after));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let told = names
        .into_iter()
        .filter_map(|name| match (was.get(name), is.get(name)) {
            (Some(one), Some(other)) => (one != other).then(|| format!("{name} changed")),
            (Some(_), None) => Some(format!("{name} is no longer part of it")),
            (None, _) => Some(format!("{name} is new")),
        });
    told.collect()
}

fn listed(regions: &[domain::Region]) -> String {
    let names: Vec<&str> = regions.iter().map(domain::Region::as_str).collect();
    names.join(", ")
}

fn gate_name(summary: &Summary) -> String {
    summary.gate.clone().unwrap_or_else(|| "none".to_owned())
}

/// A digest's first letters tell two apart.
fn short(fingerprint: &str) -> String {
    match fingerprint.get(..12) {
        Some(short) => short.to_owned(),
        None if fingerprint.is_empty() => "unknown".to_owned(),
        None => fingerprint.to_owned(),
    }
}
