//! Which crate may know which: every arrow points downwards, and any other is refused.
//!
//! A new arrow is a decision: write it down in docs/adr/ first, then add it here. Tests may reach
//! further than the crate itself, but never up to the programs and never into the platform under
//! test.

use crate::tidy::Tree;
use crate::workspace::When;

/// The programs, which may know every crate below them.
const PROGRAMS: [&str; 3] = ["cli", "e2e", "fuzz"];

/// Every other crate with all that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("proto", &[]),
    ("expression", &[]),
    ("lifecycle", &["domain"]),
    ("dial", &[]),
    ("health", &[]),
    ("recheck", &["proto"]),
    ("accounting", &["domain"]),
    ("suite", &["domain", "expression"]),
    ("coordination", &["domain", "lifecycle"]),
    ("run-log", &["domain", "lifecycle", "proto"]),
    ("report", &["domain"]),
    ("wire", &["domain", "proto"]),
    ("engine", &["domain", "expression", "lifecycle", "suite"]),
    (
        "coordinator",
        &[
            "accounting",
            "coordination",
            "domain",
            "health",
            "lifecycle",
            "proto",
            "recheck",
            "report",
            "run-log",
            "suite",
            "wire",
        ],
    ),
    (
        "worker",
        &[
            "accounting",
            "dial",
            "domain",
            "engine",
            "expression",
            "health",
            "lifecycle",
            "proto",
            "suite",
            "wire",
        ],
    ),
    ("staging", &[]),
    ("xtask", &[]),
];

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let names: Vec<&str> = tree.crates().map(|one| one.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in tree.crates() {
        for dependency in &package.dependencies {
            if !names.contains(&dependency.name.as_str()) {
                continue;
            }
            if !is_allowed(&package.name, &dependency.name, dependency.when) {
                findings.push(format!(
                    "{} → {}: this arrow is not allowed; move the code down, or decide it in \
                     docs/adr/ and add it to xtask/src/tidy/arrows.rs",
                    package.name, dependency.name
                ));
            }
        }
        if !PROGRAMS.contains(&package.name.as_str()) && allowed(&package.name).is_none() {
            findings.push(format!(
                "{}: a new crate; say in xtask/src/tidy/arrows.rs what it may know",
                package.name
            ));
        }
    }
    findings
}

fn is_allowed(from: &str, to: &str, when: When) -> bool {
    if PROGRAMS.contains(&to) || to == "xtask" {
        return false;
    }
    if PROGRAMS.contains(&from) {
        return true;
    }
    if allowed(from).is_some_and(|list| list.contains(&to)) {
        return true;
    }
    let stands_apart = [from, to]
        .iter()
        .any(|name| ["staging", "xtask"].contains(name));
    let is_program = ["coordinator", "worker"].contains(&to);
    when == When::Tests && !stands_apart && !is_program
}

fn allowed(name: &str) -> Option<&'static [&'static str]> {
    ALLOWED
        .iter()
        .find(|(from, _)| *from == name)
        .map(|(_, list)| *list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinator_and_worker_never_know_each_other() {
        for when in [When::Always, When::Build, When::Tests] {
            assert!(!is_allowed("coordinator", "worker", when));
            assert!(!is_allowed("worker", "coordinator", when));
        }
    }

    #[test]
    fn the_platform_under_test_is_known_to_the_programs_alone() {
        assert!(is_allowed("cli", "staging", When::Always));
        assert!(is_allowed("e2e", "staging", When::Tests));
        assert!(!is_allowed("engine", "staging", When::Tests));
        assert!(!is_allowed("staging", "domain", When::Tests));
    }

    #[test]
    fn the_second_routine_reads_the_wire_format_alone() {
        assert!(is_allowed("recheck", "proto", When::Always));
        assert!(!is_allowed("recheck", "wire", When::Always));
        assert!(!is_allowed("recheck", "domain", When::Always));
    }
}
