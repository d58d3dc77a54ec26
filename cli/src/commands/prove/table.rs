//! What `muster prove` found out: one line for each test, one for each check that is not proven,
//! and the total. Pure: proofs in, texts and numbers out.

use std::fmt::Write as _;

use engine::prove::{Proof, Tried, Written};
use serde_json::{Value, json};

use crate::exit_code::ExitCode;
use crate::output::count;

/// All tests, in the order of their suites.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) tests: Vec<Test>,
}

/// One test, with all its rows.
#[derive(Debug, Default)]
pub(super) struct Test {
    pub(super) suite: String,
    pub(super) id: String,
    pub(super) file: String,
    pub(super) proof: Option<Proof>,
    /// Cases of which nothing is known, and why.
    pub(super) problems: Vec<(String, String)>,
}

impl Test {
    pub(super) fn add(&mut self, proof: Proof) {
        match &mut self.proof {
            Some(known) => known.add(proof),
            None => self.proof = Some(proof),
        }
    }

    fn checks(&self) -> impl Iterator<Item = (&Written, &Tried)> {
        self.proof.iter().flat_map(|proof| &proof.checks)
    }

    fn proven(&self) -> usize {
        self.checks()
            .filter(|(_, tried)| tried.falsified_by.is_some())
            .count()
    }

    fn text(&self, is_verbose: bool) -> String {
        let mut text = String::new();
        let unproven: Vec<_> = self
            .checks()
            .filter(|(_, tried)| tried.falsified_by.is_none())
            .collect();
        if self.proof.is_some() {
            let _ = write!(
                text,
                "{}: {}, {} can fail",
                self.id,
                count(self.checks().count(), "check"),
                self.proven()
            );
            for (written, tried) in &unproven {
                let _ = write!(text, ", {} (line {})", fate(tried), written.line);
            }
            text.push('\n');
        }
        for (written, tried) in &unproven {
            let _ = writeln!(
                text,
                "    {}:{}: {}{}",
                self.file,
                written.line,
                written.expression,
                hint(tried)
            );
        }
        if is_verbose {
            for (written, tried) in self.checks() {
                if let Some(by) = &tried.falsified_by {
                    let _ = writeln!(
                        text,
                        "    line {}: {}  <- {by}",
                        written.line, written.expression
                    );
                }
            }
        }
        if self.proof.as_ref().is_some_and(|proof| !proof.is_complete) {
            let _ = writeln!(text, "    stopped before everything was tried");
        }
        for (case, why) in &self.problems {
            let _ = writeln!(text, "{case}: not known: {why}");
        }
        text
    }

    fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks()
            .map(|(written, tried)| {
                json!({
                    "line": written.line,
                    "expression": written.expression,
                    "can_fail": tried.falsified_by.is_some(),
                    "falsified_by": tried.falsified_by,
                    "survived": tried.survived,
                    "broken": tried.broken,
                    "not_replayable": tried.not_replayable,
                })
            })
            .collect();
        let problems: Vec<Value> = self
            .problems
            .iter()
            .map(|(case, why)| json!({ "case": case, "why": why }))
            .collect();
        json!({
            "suite": self.suite,
            "test": self.id,
            "file": self.file,
            "mutations": self.proof.as_ref().map_or(0, |proof| proof.mutations),
            "is_complete": self.proof.as_ref().is_some_and(|proof| proof.is_complete),
            "checks": checks,
            "not_known": problems,
        })
    }
}

/// `1 survived 14 mutations`.
fn fate(tried: &Tried) -> String {
    match tried {
        Tried {
            survived: 0,
            not_replayable: 0,
            broken: 0,
            ..
        } => "1 was not reached".to_owned(),
        Tried {
            survived: 0,
            broken: 0,
            not_replayable,
            ..
        } => {
            format!(
                "1 is not replayable under {}",
                count(*not_replayable, "mutation")
            )
        }
        Tried { survived, .. } => format!("1 survived {}", count(*survived, "mutation")),
    }
}

fn hint(tried: &Tried) -> String {
    let mut hint = String::new();
    if tried.broken > 0 {
        let _ = write!(
            hint,
            "  (could not be evaluated under {}, which says nothing about its value)",
            count(tried.broken, "mutation")
        );
    }
    if tried.not_replayable > 0 && tried.survived > 0 {
        let _ = write!(
            hint,
            "  ({} more would have changed what is sent)",
            tried.not_replayable
        );
    }
    hint
}

impl Table {
    fn total(&self) -> (usize, usize) {
        self.tests.iter().fold((0, 0), |(proven, all), test| {
            (proven + test.proven(), all + test.checks().count())
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody writes that many checks")]
    fn percent(&self) -> f64 {
        match self.total() {
            (_, 0) => 0.0,
            (proven, all) => proven as f64 * 100.0 / all as f64,
        }
    }

    pub(super) fn text(&self, is_verbose: bool) -> String {
        let (proven, all) = self.total();
        let mut text: String = self
            .tests
            .iter()
            .map(|test| test.text(is_verbose))
            .collect();
        let unknown: usize = self.tests.iter().map(|test| test.problems.len()).sum();
        // Cut, not rounded: all are 100 % only when all are.
        let percent = (self.percent() * 10.0).floor() / 10.0;
        let _ = write!(
            text,
            "\n{proven} of {} can fail ({percent} %)",
            count(all, "check")
        );
        if unknown > 0 {
            let _ = write!(text, "; nothing is known of {}", count(unknown, "case"));
        }
        text.push('\n');
        text
    }

    pub(super) fn json(&self, environment: &str) -> Value {
        let (proven, all) = self.total();
        let tests: Vec<Value> = self.tests.iter().map(Test::json).collect();
        json!({
            "environment": environment,
            "checks": all,
            "can_fail": proven,
            "percent": self.percent(),
            "tests": tests,
        })
    }

    /// Too few proven counts before what is not known.
    pub(super) fn exit_code(&self, min: f64) -> ExitCode {
        let is_unknown = self.tests.iter().any(|test| !test.problems.is_empty());
        let (_, all) = self.total();
        if all > 0 && self.percent() < min {
            ExitCode::Failed
        } else if is_unknown || all == 0 {
            ExitCode::NotProven
        } else {
            ExitCode::Success
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut proof = Proof {
            is_complete: true,
            ..Proof::default()
        };
        for (line, falsified_by, survived) in [(4, Some("line 2: status 500"), 3), (5, None, 14)] {
            let written = Written {
                line,
                expression: format!("check {line}"),
            };
            let tried = Tried {
                falsified_by: falsified_by.map(str::to_owned),
                survived,
                ..Tried::default()
            };
            proof.checks.insert(written, tried);
        }
        let mut test = Test {
            id: "test_041".to_owned(),
            ..Test::default()
        };
        test.add(proof);
        Table { tests: vec![test] }
    }

    #[test]
    fn a_survivor_is_named_with_its_line() {
        let text = table().text(false);
        let first = "test_041: 2 checks, 1 can fail, 1 survived 14 mutations (line 5)\n";
        assert!(text.starts_with(first), "{text}");
        assert!(text.contains("1 of 2 checks can fail (50 %)"), "{text}");
    }

    #[test]
    fn the_exit_code_says_whether_enough_is_proven() {
        let mut table = table();
        assert_eq!(table.exit_code(100.0), ExitCode::Failed);
        assert_eq!(table.exit_code(50.0), ExitCode::Success);
        table.tests[0]
            .problems
            .push(("case".to_owned(), "it failed".to_owned()));
        assert_eq!(table.exit_code(50.0), ExitCode::NotProven);
        assert_eq!(Table::default().exit_code(0.0), ExitCode::NotProven);
    }

    #[test]
    fn a_check_that_can_fail_in_one_row_can_fail() {
        let mut table = table();
        let mut other = table.tests[0].proof.clone().unwrap_or_default();
        for tried in other.checks.values_mut() {
            tried.falsified_by = Some("line 3: no body".to_owned());
        }
        table.tests[0].add(other);
        assert_eq!(table.total(), (2, 2));
    }
}
