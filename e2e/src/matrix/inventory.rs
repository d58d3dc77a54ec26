//! All checks of the suites, as `muster prove` finds them on the platform without a defect, and
//! which of them an altered answer made false.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Check, copy_suites, ended, text};
use crate::{Muster, Platform, grid};

/// What is written in the suites, in the order of files and tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    pub tests: Vec<Test>,
}

/// A test and its checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Test {
    pub id: String,
    pub file: String,
    /// Whether `muster prove` made it false.
    pub checks: BTreeMap<Check, bool>,
    /// Why nothing is known of a case of it.
    pub unknown: Vec<String>,
}

impl Inventory {
    /// Runs `muster prove` over all suites.
    ///
    /// # Errors
    /// When it can't be run, or wrote nothing.
    pub async fn take() -> Result<Self> {
        let platform = Platform::start(&[]).await?;
        let muster = Muster::new()?;
        copy_suites(&muster)?;
        let environment = platform.environment().to_string_lossy().into_owned();
        let mut words = vec!["prove", "suites", "--env", &environment];
        words.extend(["--regions", grid::REGIONS[0], "--json", "proof.json"]);
        let said = ended(&mut muster.start(&words)?).await?;
        let written = std::fs::read_to_string(muster.path("proof.json"));
        let written = written.with_context(|| format!("muster prove: {said}"))?;
        let inventory = Self::read(&serde_json::from_str(&written)?);
        ensure!(!inventory.tests.is_empty(), "no test was proven: {said}");
        Ok(inventory)
    }

    /// Reads what `muster prove --json` wrote.
    pub fn read(written: &Value) -> Self {
        let mut tests: Vec<Test> = list(&written["tests"]).map(test).collect();
        tests.sort_by(|left, right| (&left.file, &left.id).cmp(&(&right.file, &right.id)));
        Self { tests }
    }

    /// Each place once, with the tests that evaluate it: a block serves many.
    pub fn checks(&self) -> BTreeMap<&Check, Vec<&str>> {
        let mut checks: BTreeMap<&Check, Vec<&str>> = BTreeMap::new();
        for test in &self.tests {
            for check in test.checks.keys() {
                checks.entry(check).or_default().push(&test.id);
            }
        }
        checks
    }

    /// Checks that `muster prove` made false, and all: each in each of its tests.
    pub fn can_fail(&self) -> (usize, usize) {
        let checks = || self.tests.iter().flat_map(|test| test.checks.values());
        (
            checks().filter(|can_fail| **can_fail).count(),
            checks().count(),
        )
    }
}

fn test(one: &Value) -> Test {
    let file = text(&one["file"]);
    let check = |check: &Value| {
        let place = Check {
            file: file.clone(),
            line: check["line"].as_u64().unwrap_or_default(),
            expression: text(&check["expression"]),
        };
        (place, check["can_fail"] == true)
    };
    let unknown = |one: &Value| format!("{}: {}", text(&one["case"]), text(&one["why"]));
    let mut unknown: Vec<String> = list(&one["not_known"]).map(unknown).collect();
    if one["is_complete"] != true {
        unknown.push(format!("{}: not everything was tried", text(&one["test"])));
    }
    Test {
        id: text(&one["test"]),
        checks: list(&one["checks"]).map(check).collect(),
        unknown,
        file,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
