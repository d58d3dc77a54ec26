//! Gates as files: tolerances of each tier, skips accepted by name. `release` is built in.

use domain::gate::{TierGate, ToleratedSkip};
use domain::plan::Tier;
use domain::{Gate, SuiteName, TestId, Tolerance};

use crate::load::read_one;
use crate::problem::Problem;
use crate::raw::scalar::Value;
use crate::raw::{Entry, Node};
use crate::read::Reader;
use crate::vocabulary::files::{GATE, SKIP, TIER_GATE};

/// The text of the gate that every grid knows.
pub const RELEASE: &str = include_str!("gate_release.yaml");
/// Its name, which no file may take.
pub const RELEASE_NAME: &str = "release";

/// Reads a gate file; `path` is for messages.
///
/// # Errors
/// Every problem of the file.
pub fn parse(path: &str, text: &str) -> Result<Gate, Vec<Problem>> {
    read_one(path, text, read)
}

/// The built-in gate.
///
/// # Errors
/// None, as a test shows; the signature is that of any gate.
pub fn release() -> Result<Gate, Vec<Problem>> {
    parse("release (built in)", RELEASE)
}

pub(crate) fn read(reader: Reader<'_>, root: &Node) -> Option<Gate> {
    let fields = reader.fields(root, &GATE)?;
    reader.version(fields.get("muster"));
    let name = fields
        .get("gate")
        .and_then(|node| reader.name(node, "the gate's name"));
    let tiers = fields
        .get("tiers")
        .map_or(&[][..], |node| reader.entries(node, "tiers"));
    let tiers = tiers
        .iter()
        .filter_map(|entry| tier(reader, entry))
        .collect();
    let skips = fields
        .get("tolerated_skips")
        .map_or(&[][..], |node| reader.list(node, "skips"));
    let skips = skips.iter().filter_map(|node| skip(reader, node)).collect();
    let retries_failed = fields
        .get("retries_failed")
        .and_then(|node| reader.boolean(node));
    let proven_checks = match fields.get("proven_checks") {
        Some(node) => Some(share(reader, node)?),
        None => None,
    };
    Some(Gate {
        name: name?,
        tiers,
        tolerated_skips: skips,
        retries_failed: retries_failed.unwrap_or(false),
        proven_checks,
    })
}

fn tier(reader: Reader<'_>, entry: &Entry) -> Option<TierGate> {
    let name = entry.key.parse::<Tier>();
    let name = name
        .map_err(|bad| reader.problems.add(entry.key_span, bad.to_string()))
        .ok();
    let fields = reader.fields(&entry.value, &TIER_GATE)?;
    let of = |key: &str| match fields.get(key) {
        Some(node) => tolerance(reader, node),
        None => Some(Tolerance::Tests(0)),
    };
    let (failed, not_proven, flaky) = (of("failed"), of("not_proven"), of("flaky"));
    Some(TierGate {
        tier: name?,
        failed: failed?,
        not_proven: not_proven?,
        flaky: flaky?,
    })
}

/// `0`, `3`, `< 5%`
fn tolerance(reader: Reader<'_>, node: &Node) -> Option<Tolerance> {
    let expected = "a number of tests, or a share as `\"< 5%\"`";
    let scalar = reader.scalar(node, expected)?;
    let bad = || {
        reader
            .problems
            .add(node.span, format!("`{}` is not {expected}", scalar.text));
        None
    };
    match scalar.value() {
        Value::Int(tests) => u32::try_from(tests).ok().map(Tolerance::Tests).or_else(bad),
        Value::Text(text) => {
            let share = text
                .trim()
                .strip_prefix('<')
                .and_then(|rest| rest.trim().strip_suffix('%'));
            let percent = share.and_then(|share| share.trim().parse::<u32>().ok());
            let percent = percent.filter(|percent| (1..=100).contains(percent));
            percent.map(Tolerance::BelowPercent).or_else(bad)
        }
        _ => bad(),
    }
}

/// `>= 95%`
fn share(reader: Reader<'_>, node: &Node) -> Option<u32> {
    let expected = "a share of the checks, as `\">= 95%\"`";
    let scalar = reader.scalar(node, expected)?;
    let share = scalar.text.trim().strip_prefix(">=");
    let share = share.and_then(|rest| rest.trim().strip_suffix('%'));
    let percent = share.and_then(|share| share.trim().parse::<u32>().ok());
    let percent = percent.filter(|percent| (1..=100).contains(percent));
    if percent.is_none() {
        let told = format!("`{}` is not {expected}", scalar.text);
        reader.problems.add(node.span, told);
    }
    percent
}

fn skip(reader: Reader<'_>, node: &Node) -> Option<ToleratedSkip> {
    let fields = reader.fields(node, &SKIP)?;
    let text = |key: &str| fields.get(key).and_then(|node| reader.text(node, "text"));
    let (test, owner, why) = (text("test"), text("owner"), text("why"));
    let until = fields.get("until").and_then(|node| reader.date(node));
    let (suite, test) = meant(&test?);
    Some(ToleratedSkip {
        suite,
        test,
        owner: owner?,
        until: until?,
        why: why?,
    })
}

/// `suite::test`, or the bare id of a test.
fn meant(text: &str) -> (Option<SuiteName>, TestId) {
    match text.split_once("::") {
        Some((suite, test)) => (Some(SuiteName::from(suite)), TestId::from(test)),
        None => (None, TestId::from(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_gate_is_read_by_the_same_reader() {
        let gate = release().unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(gate.name, RELEASE_NAME);
        assert_eq!(gate.tiers.len(), Tier::ALL.len());
        let p2 = gate.tiers.iter().find(|tier| tier.tier == Tier::P2);
        assert_eq!(p2.map(|tier| tier.failed), Some(Tolerance::BelowPercent(5)));
        assert_eq!(p2.map(|tier| tier.not_proven), Some(Tolerance::Tests(0)));
        assert!(!gate.retries_failed);
    }

    #[test]
    fn a_gate_may_ask_that_checks_can_fail() {
        let of = |share: &str| {
            let tiers = "tiers:\n  P1: { failed: 0 }\n";
            let text = format!("muster: v1\ngate: mine\n{tiers}proven_checks: {share}\n");
            parse("gates/mine.yaml", &text).map(|gate| gate.proven_checks)
        };
        assert_eq!(of("\">= 95%\""), Ok(Some(95)));
        assert_eq!(of("'>=100 %'"), Ok(Some(100)));
        for bad in [
            "95",
            "95%",
            "\"> 95%\"",
            "\">= 0%\"",
            "\">= 101%\"",
            "\"< 5%\"",
        ] {
            assert!(of(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn a_tolerated_skip_may_name_its_suite() {
        let skip = |test: &str| {
            format!("  - {{ test: \"{test}\", owner: ann, until: 2026-12-31, why: x }}\n")
        };
        let text = format!(
            "muster: v1\ngate: mine\ntiers:\n  P1: {{ failed: 1 }}\ntolerated_skips:\n{}{}",
            skip("t1"),
            skip("p1-critical::t1")
        );
        let gate =
            parse("gates/mine.yaml", &text).unwrap_or_else(|problems| panic!("{problems:?}"));
        let meant: Vec<_> = gate
            .tolerated_skips
            .iter()
            .map(|skip| {
                (
                    skip.suite.as_ref().map(|suite| suite.as_str()),
                    skip.test.as_str(),
                )
            })
            .collect();
        assert_eq!(meant, [(None, "t1"), (Some("p1-critical"), "t1")]);
    }

    #[test]
    fn a_tolerated_skip_has_an_owner_and_a_day() {
        let text = "muster: v1\ngate: mine\ntiers:\n  P1: { failed: 1 }\ntolerated_skips:\n  - test: t1\n    until: 2026-13-01\n    why: x\n";
        let problems = parse("gates/mine.yaml", text).err().unwrap_or_default();
        let told: Vec<_> = problems
            .iter()
            .map(|problem| (problem.line, problem.message.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                (6, "a tolerated skip needs `owner`"),
                (7, "`2026-13-01` is not a date")
            ]
        );
    }
}
