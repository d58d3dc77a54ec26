//! Tests against defects: the platform is started with one thing wrong, the suites run, and what
//! turned red is read from the report.
//!
//! `red` reads a report, `inventory` all checks that there are, `proof` judges and counts, `page`
//! writes it down. Who runs it: the short form in `tests/it/defects.rs`, the whole in
//! `examples/matrix`.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process::Process;
use crate::{Muster, Platform, Report, grid, muster};

pub mod inventory;
pub mod page;
pub mod proof;
pub mod red;

pub use inventory::Inventory;
pub use proof::Proof;
pub use red::{Check, Red};

/// A red test besides its own is a test that looks at the same thing; so many may be.
pub const MOST_OTHERS: usize = 3;

/// How often an end is looked for.
const TICK: Duration = Duration::from_millis(100);

/// One thing that can be wrong with the platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defect {
    pub name: String,
    /// What no longer holds.
    pub breaks: String,
    /// The test that must turn red, or what else must notice it.
    pub test: String,
}

impl Defect {
    /// What it is for, when that is a test; otherwise the `requires` of the suites notice it, and
    /// nothing is run.
    pub fn is_for_a_test(&self) -> bool {
        self.test.starts_with("test_")
    }
}

/// What is run against a defect, always in one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The defect's own test, under the gate `release`.
    ItsTest,
    /// All suites, without a gate, so that a red test ends nothing else.
    AllSuites,
}

/// A defect and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub defect: Defect,
    pub verdict: String,
    /// In the order of suites and tests.
    pub red: Vec<Red>,
    /// For a defect of what `requires` asks.
    pub outage: Option<Outage>,
}

/// An outage that `requires` must notice, and what they say of it while the defect hides it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// What `requires` said of the outage without the defect; `None` when they saw nothing.
    pub told: Option<String>,
    /// What `requires` said of the outage with it.
    pub told_with_defect: Option<String>,
}

impl Tried {
    /// Its own test, if it turned red.
    pub fn own(&self) -> Option<&Red> {
        self.red.iter().find(|red| red.test == self.defect.test)
    }

    /// All other tests that turned red.
    pub fn others(&self) -> impl Iterator<Item = &Red> {
        self.red.iter().filter(|red| red.test != self.defect.test)
    }

    /// What is wrong with this defect, or with the tests; empty when it shows what it should.
    pub fn problems(&self) -> Vec<String> {
        match &self.outage {
            Some(outage) => self.problems_of_outage(outage),
            None => self.problems_of_tests(),
        }
    }

    fn problems_of_tests(&self) -> Vec<String> {
        let name = &self.defect.name;
        let mut problems = Vec::new();
        if self.own().is_none() {
            problems.push(format!("{name} leaves {} green", self.defect.test));
        }
        let others: Vec<&str> = self.others().map(|red| red.test.as_str()).collect();
        if others.len() > MOST_OTHERS {
            let others = others.join(", ");
            problems.push(format!(
                "{name} turns more than {MOST_OTHERS} others red: {others}"
            ));
        }
        let silent = self.red.iter().filter(|red| !red.is_by_a_check());
        problems.extend(silent.map(|red| {
            let (test, reason) = (&red.test, &red.reason);
            format!("{name}: {test} is red and not by a check: {reason}")
        }));
        problems
    }

    fn problems_of_outage(&self, outage: &Outage) -> Vec<String> {
        let name = &self.defect.name;
        let problems = [
            (
                outage.told.is_none(),
                "`requires` let the suites run into an outage",
            ),
            (
                outage.told_with_defect.is_some(),
                "it hides no outage from `requires`",
            ),
            (self.red.is_empty(), "the tests are green in an outage"),
        ];
        let problems = problems.into_iter().filter(|(holds, _)| *holds);
        problems
            .map(|(_, what)| format!("{name}: {what}"))
            .collect()
    }
}

/// Every defect that the platform can show, in its own order.
///
/// # Errors
/// When it does not come up or does not answer.
pub async fn defects() -> Result<Vec<Defect>> {
    let platform = Platform::start(&[]).await?;
    let all = platform.defects().await?;
    let list = all["defects"].as_array().or(all.as_array());
    let defect = |one: &Value| Defect {
        name: text(&one["name"]),
        breaks: text(&one["breaks"]),
        test: text(&one["test"]),
    };
    let defects: Vec<Defect> = list.into_iter().flatten().map(defect).collect();
    ensure!(!defects.is_empty(), "the platform names no defect: {all}");
    Ok(defects)
}

/// Starts the platform with this defect, runs the suites against it, and reads what turned red.
/// What it starts ends when the future is dropped.
///
/// # Errors
/// When something can't be started, or no report was written.
pub async fn attempt(defect: &Defect, scope: Scope) -> Result<Tried> {
    let is_outage = !defect.is_for_a_test();
    let platform = Platform::start(&[&defect.name]).await?;
    if is_outage {
        platform.lose_database().await?;
    }
    let report = run(&platform, scope, &defect.test).await?;
    let outage = match is_outage {
        true => Some(Outage {
            told: outage_without_defect().await?,
            told_with_defect: red::refused(&report),
        }),
        false => None,
    };
    Ok(Tried {
        defect: defect.clone(),
        verdict: report.verdict().to_owned(),
        red: red::of(&report),
        outage,
    })
}

/// What `requires` say of a platform that lost its database and is sound otherwise.
async fn outage_without_defect() -> Result<Option<String>> {
    let platform = Platform::start(&[]).await?;
    platform.lose_database().await?;
    let report = run(&platform, Scope::AllSuites, "").await?;
    Ok(red::refused(&report))
}

async fn run(platform: &Platform, scope: Scope, test: &str) -> Result<Report> {
    let muster = Muster::new()?;
    copy_suites(&muster)?;
    let environment = platform.environment().to_string_lossy().into_owned();
    let mut words = vec!["run", "suites", "--env", &environment];
    words.extend(["--regions", grid::REGIONS[0], "--out", "out"]);
    let only = format!("id:{test}");
    if scope == Scope::ItsTest {
        words.extend(["-k", &only, "--gate", "release"]);
    }
    let said = ended(&mut muster.start(&words)?).await?;
    muster
        .report("out")
        .with_context(|| format!("muster run: {said}"))
}

/// The ids of all tests that the suites of this tree hold, as their files say.
///
/// # Errors
/// When they can't be read.
pub fn tests() -> Result<BTreeSet<String>> {
    let mut tests = BTreeSet::new();
    for entry in std::fs::read_dir(muster::suites())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            let suite = suite_text(&name)?;
            let ids = suite
                .lines()
                .filter_map(|line| line.strip_prefix("  - id: "));
            tests.extend(ids.map(|id| id.trim().to_owned()));
        }
    }
    ensure!(!tests.is_empty(), "no suite has a test");
    Ok(tests)
}

/// The text of a suite by its name, whatever folder is written before it.
///
/// # Errors
/// When there is no such file.
pub fn suite_text(path: &str) -> Result<String> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let file = muster::suites().join(name);
    std::fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))
}

/// The suites as they are now, in the folder that `muster` is called in: paths in reports are then
/// the same everywhere, and nobody changes them while they run.
///
/// # Errors
/// When they can't be copied.
pub fn copy_suites(to: &Muster) -> Result<()> {
    let folder = to.path("suites");
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(muster::suites())? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Waits for the end of a program without holding up others; what it printed.
///
/// # Errors
/// When the system can't say whether it ended.
pub async fn ended(process: &mut Process) -> Result<String> {
    while process.has_ended()?.is_none() {
        tokio::time::sleep(TICK).await;
    }
    Ok(process.output())
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
