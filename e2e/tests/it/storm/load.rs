//! What runs in a storm: runs of many small cases, several at a time, each handed in by a `muster` of
//! its own that follows it from leader to leader. In every second run some cases have to fail.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Result, ensure};
use e2e::process::Process;
use e2e::{Muster, Platform, grid};

/// Of the cases, those that fail in a run with failures: every 50th.
const FAILS: usize = 50;
/// What a whole case asks of the platform.
pub(super) const REQUESTS: u64 = 1;
/// How long cases hold on to their slots, by the test.
const TESTS: [(&str, &str); 3] = [
    ("brief", "300ms"),
    ("middling", "700ms"),
    ("lasting", "1500ms"),
];

#[derive(Debug)]
pub(super) struct Run {
    pub(super) name: String,
    pub(super) muster: Muster,
    process: Process,
    n_cases: usize,
    has_failures: bool,
}

impl Run {
    /// Case → its only right outcome.
    pub(super) fn planned(&self) -> BTreeMap<String, String> {
        let rows = (0..self.n_cases).map(|row| {
            let (test, _) = TESTS[row % TESTS.len()];
            let outcome = match fails(self.has_failures, row) {
                true => "failed",
                false => "passed",
            };
            let case = format!("{}::{test}[r{row}]@any", self.name);
            (case, outcome.to_owned())
        });
        rows.collect()
    }

    pub(super) fn verdict(&self) -> &'static str {
        if self.has_failures {
            "FAILED"
        } else {
            "PASSED"
        }
    }
}

fn fails(has_failures: bool, row: usize) -> bool {
    has_failures && row.is_multiple_of(FAILS)
}

fn suite(name: &str, n_cases: usize, has_failures: bool) -> String {
    let mut suite = format!("muster: v1\nsuite: {name}\npriority: P1\ntests:\n");
    for (place, (test, lasts)) in TESTS.iter().enumerate() {
        let mut rows = String::new();
        for row in (place..n_cases).step_by(TESTS.len()) {
            let is_ill = fails(has_failures, row);
            let wanted = if is_ill { "ill" } else { "healthy" };
            // Writing to a text can't fail.
            let _ = writeln!(rows, "      r{row}: {{ wanted: {wanted} }}");
        }
        suite += &format!(
            "  - id: {test}\n    regions: any\n    timeout: 120s\n    rows:\n{rows}    steps:\n      \
             - http: GET /health\n        as: nobody\n        within: 60s\n        status: 200\n        \
             check:\n          - body.status == row.wanted\n        soft: true\n      - wait: {lasts}\n"
        );
    }
    suite
}

/// All runs of a storm.
#[derive(Debug)]
pub(super) struct Runs {
    environment: String,
    authority: String,
    addresses: String,
    /// Cases of one run.
    each: usize,
    open: Vec<Run>,
    ended: Vec<Run>,
}

impl Runs {
    pub(super) fn of(platform: &Platform, addresses: &str, each: usize) -> Result<Self> {
        let host = platform.api().trim_start_matches("https://");
        let regions = grid::REGIONS.join(", ");
        let environment = format!(
            "muster: v1\nenvironment: stormy\nservices:\n  api: \"{}\"\nallow:\n  - \"{host}\"\ntls:\n  \
             ca: ca.pem\nregions: [{regions}]\n",
            platform.api(),
        );
        Ok(Self {
            environment,
            authority: std::fs::read_to_string(platform.authority())?,
            addresses: addresses.to_owned(),
            each,
            open: Vec::new(),
            ended: Vec::new(),
        })
    }

    /// Hands in runs until so many are open.
    pub(super) fn fill_up(&mut self, n_runs: usize) -> Result<()> {
        while self.open.len() < n_runs {
            let number = self.open.len() + self.ended.len();
            let (name, has_failures) = (format!("storm-{number}"), number % 2 == 1);
            let muster = Muster::new()?;
            muster.write("ca.pem", &self.authority)?;
            muster.write("stormy.yaml", &self.environment)?;
            muster.write("suite.yaml", &suite(&name, self.each, has_failures))?;
            let words = ["run", "suite.yaml", "--env", "stormy.yaml", "--out", "out"];
            let grid = ["--deadline", "2h", "--grid", &self.addresses];
            // The older goes first, so that one begins while the other's lost cases wait.
            let priority = (9 - number % 10).to_string();
            let priority = ["--priority", &priority];
            let process = muster.start(&[&words[..], &grid[..], &priority[..]].concat())?;
            self.open.push(Run {
                name,
                muster,
                process,
                n_cases: self.each,
                has_failures,
            });
        }
        Ok(())
    }

    /// Sees which have ended, and that each ended as it had to.
    pub(super) fn look(&mut self) -> Result<()> {
        for mut run in std::mem::take(&mut self.open) {
            let Some(status) = run.process.has_ended()? else {
                self.open.push(run);
                continue;
            };
            let expected = if run.has_failures { 100 } else { 0 };
            ensure!(
                status.code() == Some(expected),
                "{} ended with {status}\n{}",
                run.name,
                run.process.output()
            );
            self.ended.push(run);
        }
        Ok(())
    }

    /// Cases of all runs that were handed in.
    pub(super) fn n_cases(&self) -> usize {
        (self.open.len() + self.ended.len()) * self.each
    }

    pub(super) fn are_over(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn ended(self) -> Vec<Run> {
        self.ended
    }

    /// What the open ones print, for messages of failed assertions.
    pub(super) fn output(&self) -> String {
        let open = self.open.iter();
        open.map(|run| format!("--- {}\n{}\n", run.name, run.process.output()))
            .collect()
    }
}
