//! The first screen of every report: at most 25 lines, the same words in every format.
//!
//! It is data here; `terminal` and `markdown` only dress it.

use domain::gate::VerdictWord;
use domain::plan::Tier;
use domain::value::ValueState;

use crate::change::changes;
use crate::escape::clip;
use crate::figures::{count, duration, equation, grouped, moment, money};
use crate::page::Style;
use crate::summary::{Gap, Summary};

/// The most lines that a first screen has, headline included.
pub const LINES: usize = 25;
/// The most letters of a line's text; what is longer stands in full further down.
const WIDTH: usize = 200;
/// Lines of one subject before it says how many more there are.
pub(crate) const PER_SUBJECT: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstScreen {
    /// `NO-GO: P1: 1 failed, 0 allowed (of 8): test_016`.
    pub headline: String,
    pub style: Style,
    /// Further reasons, the first few.
    pub reasons: Vec<String>,
    /// Subjects with their lines, at least one each.
    pub facts: Vec<(&'static str, Vec<String>)>,
}

impl FirstScreen {
    pub fn of(summary: &Summary) -> Self {
        let mut facts = vec![
            ("to change it", few(change_lines(summary))),
            ("tests", vec![tests(summary)]),
            ("by priority", vec![by_priority(summary)]),
            ("cases", vec![equation(&summary.totals, summary.open)]),
            ("not exercised", few(not_exercised(summary))),
            ("new failures", few(new_failures(summary))),
        ];
        if let Some(proven) = &summary.proven {
            facts.push(("checks", vec![proven.sentence()]));
        }
        if !summary.value.lines.is_empty() {
            facts.push(("value", vec![value(summary)]));
        }
        facts.push(("environment", few(environment(summary))));
        facts.push(("time", vec![time(summary)]));
        let clipped = |(subject, lines): (_, Vec<String>)| {
            (
                subject,
                lines.iter().map(|line| clip(line, WIDTH)).collect(),
            )
        };
        Self {
            headline: clip(&headline(summary), WIDTH),
            style: style(summary),
            reasons: further_reasons(summary)
                .iter()
                .map(|line| clip(line, WIDTH))
                .collect(),
            facts: facts.into_iter().map(clipped).collect(),
        }
    }

    /// The headline behind the verdict's word.
    pub fn reason(&self) -> &str {
        self.headline
            .split_once(": ")
            .map_or(&self.headline, |(_, reason)| reason)
    }

    /// Lines that a terminal needs for it, were no line wrapped.
    pub fn lines(&self) -> usize {
        let facts: usize = self.facts.iter().map(|(_, lines)| lines.len()).sum();
        // A blank line stands between the reasons and the facts.
        1 + self.reasons.len() + 1 + facts
    }
}

pub(crate) fn style(summary: &Summary) -> Style {
    match summary.verdict.as_ref().map(|verdict| verdict.word) {
        Some(VerdictWord::Go | VerdictWord::Passed) => Style::Good,
        Some(VerdictWord::NoGo | VerdictWord::Failed) => Style::Bad,
        Some(VerdictWord::Inconclusive | VerdictWord::Incomplete) | None => Style::Doubtful,
    }
}

/// What the run was and where it stands, in one sentence.
pub(crate) fn headline(summary: &Summary) -> String {
    let reason = match &summary.verdict {
        Some(verdict) => verdict.reasons.first().cloned().unwrap_or_default(),
        None => format!("the run goes on, {} open", count(summary.open, "case")),
    };
    format!("{}: {reason}", summary.word())
}

fn further_reasons(summary: &Summary) -> Vec<String> {
    let reasons = summary
        .verdict
        .iter()
        .flat_map(|verdict| verdict.reasons.iter().skip(1));
    few(reasons.cloned().collect())
}

/// The first lines, and how many more there are.
fn few(mut lines: Vec<String>) -> Vec<String> {
    if lines.len() > PER_SUBJECT {
        let more = lines.len() - (PER_SUBJECT - 1);
        lines.truncate(PER_SUBJECT - 1);
        lines.push(format!("and {more} more, below"));
    }
    lines
}

fn change_lines(summary: &Summary) -> Vec<String> {
    let lines: Vec<_> = changes(summary)
        .into_iter()
        .map(|change| match change.command {
            Some(command) => format!("{}: {command}", change.what.trim_end_matches(':')),
            None => change.what,
        })
        .collect();
    match lines.is_empty() {
        true => vec!["nothing is needed: every case is proven".to_owned()],
        false => lines,
    }
}

fn tests(summary: &Summary) -> String {
    let tests = &summary.tests;
    let parts = [
        (tests.passed, "passed"),
        (tests.failed, "failed"),
        (tests.not_proven, "not proven"),
    ];
    let shown: Vec<_> = parts
        .into_iter()
        .filter(|(number, what)| *number > 0 || *what == "passed")
        .map(|(number, what)| format!("{} {what}", grouped(number)))
        .collect();
    let (planned, cases) = (
        count(tests.planned, "test"),
        count(summary.totals.planned, "case"),
    );
    format!("{planned} ({cases}): {}", shown.join(", "))
}

/// `P1 24 of 25 passed, P2 0 of 10 passed`.
fn by_priority(summary: &Summary) -> String {
    let tiers = summary.tiers.iter().map(|tier| {
        let (passed, planned) = (grouped(tier.tests.passed), grouped(tier.tests.planned));
        format!("{} {passed} of {planned} passed", tier.name)
    });
    match tiers.collect::<Vec<_>>() {
        tiers if tiers.is_empty() => "the plan has no test".to_owned(),
        tiers => tiers.join(", "),
    }
}

fn not_exercised(summary: &Summary) -> Vec<String> {
    let mut lines: Vec<_> = summary.gaps.iter().map(gap).collect();
    let unplanned: Vec<_> = unplanned_tiers(summary)
        .iter()
        .map(|tier| tier.word())
        .collect();
    if !unplanned.is_empty() {
        lines.push(format!("no test is planned in {}", unplanned.join(", ")));
    }
    match lines.is_empty() {
        true => vec!["nothing: every tier has tests, every case was executed".to_owned()],
        false => lines,
    }
}

/// Tiers in which the plan has no case at all.
pub(crate) fn unplanned_tiers(summary: &Summary) -> Vec<Tier> {
    let is_planned = |tier: &Tier| summary.cases.iter().any(|case| case.tier == *tier);
    Tier::ALL
        .into_iter()
        .filter(|tier| !is_planned(tier))
        .collect()
}

/// `24 cases skipped (env_unreachable): test_002, test_003`.
pub(crate) fn gap(gap: &Gap) -> String {
    let tests: Vec<_> = gap
        .tests
        .iter()
        .take(PER_SUBJECT)
        .map(|test| test.as_str())
        .collect();
    let more = match gap.tests.len().saturating_sub(PER_SUBJECT) {
        0 => String::new(),
        more => format!(
            " and {}",
            count(u64::try_from(more).unwrap_or(u64::MAX), "more test")
        ),
    };
    let reason = match gap.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    format!(
        "{} {}{reason}: {}{more}",
        count(gap.cases, "case"),
        gap.outcome,
        tests.join(", ")
    )
}

fn new_failures(summary: &Summary) -> Vec<String> {
    let Some(comparison) = &summary.comparison else {
        return vec!["no earlier gated run to compare with".to_owned()];
    };
    let since = &comparison.previous;
    match comparison.new_failures.as_slice() {
        [] => vec![format!("none since run {since}")],
        tests => tests
            .iter()
            .map(|(suite, test)| format!("{test} ({suite}), since run {since}"))
            .collect(),
    }
}

fn value(summary: &Summary) -> String {
    let sum =
        |state: ValueState| format!("{} {}", grouped(summary.value.sum_of(state)), state.word());
    let states = [
        ValueState::Verified,
        ValueState::Failing,
        ValueState::NotVerified,
    ]
    .map(sum);
    format!(
        "{} a month = {}",
        money(summary.value.total(), &summary.value.currency),
        states.join(" + ")
    )
}

fn environment(summary: &Summary) -> Vec<String> {
    let regions: Vec<_> = summary
        .regions
        .iter()
        .map(|region| region.as_str())
        .collect();
    let place = format!("{}, seen from {}", summary.environment, regions.join(", "));
    let mut fingerprints: Vec<_> = summary
        .preflights
        .values()
        .map(|seen| fingerprint(&seen.fingerprint))
        .collect();
    fingerprints.sort();
    fingerprints.dedup();
    let revision = match fingerprints.as_slice() {
        [] => "revision unknown: it was not probed".to_owned(),
        [one] => format!("revision {one}"),
        several => format!("revision differs by region: {}", several.join(", ")),
    };
    vec![place, revision]
}

/// The first 12 digits of an environment's fingerprint, or that it has none.
pub(crate) fn fingerprint(digest: &str) -> String {
    match digest {
        "" => "unknown (it does not tell)".to_owned(),
        digest => digest.chars().take(12).collect(),
    }
}

fn time(summary: &Summary) -> String {
    let (at, took) = (moment(summary.created_at_ms), duration(summary.elapsed));
    format!("{at}, took {took}, run {}", summary.run)
}
