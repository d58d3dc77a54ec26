//! What the suite language promises its authors, feature by feature.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests panic with what is wrong"
)]

mod arbitrary;
mod bad_input;
mod documented;
mod environment;
mod evidence;
mod formatted;
mod judge;
mod language;
mod locked;
mod mistakes;
mod planned;
mod positions;
mod repository;
mod schema;
mod traps;

use suite::{Loaded, Options, Problem, Sources};

/// An environment that knows all that the examples mention.
pub(crate) const ENVIRONMENT: &str = include_str!("files/environment.yaml");
pub(crate) const ENVIRONMENT_PATH: &str = "envs/test.yaml";
pub(crate) const CA: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/// The example environment with a suite beside it.
pub(crate) fn sources(suite: &str) -> Sources {
    Sources::from_iter([
        (ENVIRONMENT_PATH, ENVIRONMENT),
        ("envs/certs/ca.pem", CA),
        ("suites/s.yaml", suite),
    ])
}

pub(crate) fn load(suite: &str) -> Result<Loaded, Vec<Problem>> {
    let environment = ENVIRONMENT_PATH.to_owned();
    suite::load(
        &sources(suite),
        &Options {
            environment,
            vars: Vec::new(),
        },
    )
}

/// The first suite, or a panic that shows what is wrong with it.
pub(crate) fn loaded(suite: &str) -> suite::Suite {
    match load(suite) {
        Ok(loaded) => (*loaded.suites[0]).clone(),
        Err(problems) => panic!("{}", suite::render_all(&problems, &sources(suite), false)),
    }
}

/// Problems of the suite as `line:column message`.
pub(crate) fn problems(suite: &str) -> Vec<String> {
    let problems = load(suite).err().unwrap_or_default();
    problems.iter().map(shown).collect()
}

pub(crate) fn shown(problem: &Problem) -> String {
    format!("{}:{} {}", problem.line, problem.column, problem.message)
}

/// A suite with one test of these steps, which begin on line 7.
pub(crate) fn with_steps(steps: &str) -> String {
    format!("muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    steps:\n{steps}")
}
