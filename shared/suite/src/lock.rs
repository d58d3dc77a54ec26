//! `muster.lock`: the inventory of tests beside the suites, so that none vanishes unseen.
//!
//! One line of JSON for each test, sorted, so that a diff shows what came and went.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::plan::{DeclaredSkip, Leg, OnWorkerLoss, PlannedCase, PlannedRegion, Tier};
use domain::{SuiteName, TestId};
use serde_json::{Value, json};

use crate::model::Suite;
use crate::problem::Problem;
use crate::weight;

const HEADER: &str = "# written by `muster lock`; one line for each test";

/// One test as locked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub suite: SuiteName,
    pub test: TestId,
    pub tier: Tier,
    /// Checks as written, those of blocks counted once.
    pub checks: u64,
    /// SHA-256 over what the test says.
    pub hash: String,
}

/// All tests of an inventory, sorted by suite and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    pub entries: Vec<Entry>,
}

/// A way in which suites and inventory differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// In the lock, in no suite.
    Missing { suite: SuiteName, test: TestId },
    /// In a suite, not in the lock.
    Unknown { suite: SuiteName, test: TestId },
    /// In both, but what it says, its tier or its checks differ.
    Changed {
        suite: SuiteName,
        test: TestId,
        what: String,
    },
}

impl std::fmt::Display for Difference {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing { suite, test } => {
                write!(out, "{suite}::{test} is in muster.lock, and in no suite")
            }
            Self::Unknown { suite, test } => {
                write!(
                    out,
                    "{suite}::{test} is not in muster.lock; run `muster lock`"
                )
            }
            Self::Changed { suite, test, what } => {
                write!(
                    out,
                    "{suite}::{test} is not as in muster.lock: {what}; run `muster lock`"
                )
            }
        }
    }
}

impl Lock {
    /// The inventory of these suites.
    pub fn of(suites: &[Arc<Suite>]) -> Self {
        let of_suite = |suite: &Arc<Suite>| {
            let suite = Arc::clone(suite);
            let tests: Vec<Entry> = suite
                .tests
                .iter()
                .map(|test| Entry {
                    suite: suite.name.clone(),
                    test: test.id.clone(),
                    tier: suite.tier,
                    checks: weight::checks(test),
                    hash: test.hash.clone(),
                })
                .collect();
            tests
        };
        let mut entries: Vec<Entry> = suites.iter().flat_map(of_suite).collect();
        entries.sort();
        Self { entries }
    }

    /// The file's text, the same for the same tests.
    pub fn text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for entry in &self.entries {
            let line = json!({
                "suite": entry.suite.as_str(),
                "id": entry.test.as_str(),
                "tier": entry.tier.word(),
                "checks": entry.checks,
                "hash": entry.hash,
            });
            text.push_str(&line.to_string());
            text.push('\n');
        }
        text
    }

    /// Reads the file's text; `path` is for messages.
    ///
    /// # Errors
    /// The first line that is not a test.
    pub fn parse(path: &str, text: &str) -> Result<Self, Problem> {
        let mut entries = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            entries.push(entry(line).ok_or_else(|| Problem {
                line: u32::try_from(index + 1).unwrap_or(u32::MAX),
                width: u32::try_from(line.chars().count()).unwrap_or(u32::MAX),
                ..Problem::of_file(
                    path,
                    "this is not a line of an inventory",
                    Some("write the file anew with `muster lock`".to_owned()),
                )
            })?);
        }
        entries.sort();
        Ok(Self { entries })
    }

    /// How the suites differ from this inventory.
    pub fn compare(&self, suites: &[Arc<Suite>]) -> Vec<Difference> {
        let now = Self::of(suites);
        let (locked, found) = (self.by_name(), now.by_name());
        let mut differences = Vec::new();
        for (&(suite, test), entry) in &locked {
            match found.get(&(suite, test)) {
                None => differences.push(Difference::Missing {
                    suite: suite.clone(),
                    test: test.clone(),
                }),
                Some(now) => differences.extend(changed(entry, now)),
            }
        }
        let unknown = found.keys().filter(|name| !locked.contains_key(*name));
        differences.extend(unknown.map(|&(suite, test)| Difference::Unknown {
            suite: suite.clone(),
            test: test.clone(),
        }));
        differences
    }

    /// Cases for the tests of the inventory that no case of the plan stands for, each declared as
    /// not selected.
    pub fn not_selected(&self, planned: &[PlannedCase]) -> Vec<PlannedCase> {
        let is_planned = |entry: &&Entry| {
            planned
                .iter()
                .any(|case| case.suite == entry.suite && case.test == entry.test)
        };
        self.entries
            .iter()
            .filter(|entry| !is_planned(entry))
            .map(stand_in)
            .collect()
    }

    fn by_name(&self) -> BTreeMap<(&SuiteName, &TestId), &Entry> {
        self.entries
            .iter()
            .map(|entry| ((&entry.suite, &entry.test), entry))
            .collect()
    }
}

fn changed(locked: &Entry, now: &Entry) -> Option<Difference> {
    let mut what = Vec::new();
    if locked.tier != now.tier {
        what.push(format!("tier {} became {}", locked.tier, now.tier));
    }
    if locked.checks != now.checks {
        what.push(format!("{} checks became {}", locked.checks, now.checks));
    }
    if locked.hash != now.hash && what.is_empty() {
        what.push("its steps changed".to_owned());
    }
    (!what.is_empty()).then(|| Difference::Changed {
        suite: now.suite.clone(),
        test: now.test.clone(),
        what: what.join(", "),
    })
}

fn entry(line: &str) -> Option<Entry> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    Some(Entry {
        suite: SuiteName::from(text("suite")?),
        test: TestId::from(text("id")?),
        tier: text("tier")?.parse().ok()?,
        checks: line.get("checks")?.as_u64()?,
        hash: text("hash")?.to_owned(),
    })
}

/// Stands in the plan for a test that was not chosen, so that the equation counts it.
fn stand_in(entry: &Entry) -> PlannedCase {
    let region = PlannedRegion::Any;
    PlannedCase {
        id: PlannedCase::make_id(&entry.suite, &entry.test, None, &region),
        suite: entry.suite.clone(),
        test: entry.test.clone(),
        title: entry.test.to_string(),
        group: None,
        tier: entry.tier,
        region,
        row: None,
        legs: vec![Leg {
            role: None,
            region: None,
        }],
        timeout: std::time::Duration::ZERO,
        exclusive: false,
        on_worker_loss: OnWorkerLoss::Rerun,
        declared_skip: Some(DeclaredSkip::NotSelected),
        retries: 0,
        file: "muster.lock".to_owned(),
        line: 1,
    }
}
