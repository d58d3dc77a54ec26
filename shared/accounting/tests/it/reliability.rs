//! docs/reliability.md keeps to what is there: every invariant, every situation, every fault, and
//! every test that it names.

use std::collections::BTreeSet;
use std::path::Path;

use crate::docs;
use crate::invariant::Invariant;
use crate::situations::NAMED;

#[test]
fn every_invariant_stands_in_the_docs_as_the_oracle_words_it() {
    let text = docs::read();
    for invariant in Invariant::ALL {
        let (number, sentence) = (invariant.number(), invariant.sentence());
        let row = format!("| {number} | `{invariant:?}` | {sentence} |");
        assert!(text.contains(&row), "missing: {row}");
    }
}

#[test]
fn every_situation_stands_in_the_docs() {
    let table = docs::table(&docs::read(), "situations");
    for name in NAMED {
        let cell = format!("| {name} |");
        assert!(
            table.contains(&cell),
            "{name}: write it with MUSTER_WRITE_RELIABILITY=1"
        );
    }
}

#[test]
fn every_fault_of_the_failure_model_has_its_row() {
    let table = docs::table(&docs::read(), "faults");
    for number in 1..=55 {
        let begins = format!("| {number} |");
        let rows = table.lines().filter(|line| line.starts_with(&begins));
        assert_eq!(rows.count(), 1, "one row for fault {number}");
    }
}

/// A row that shows a test names a function that exists, or a situation of the simulation.
#[test]
fn every_test_that_the_docs_name_exists() {
    let table = docs::table(&docs::read(), "faults");
    let functions = functions();
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let shown = row.split('|').nth(4).unwrap_or_default();
        let names: Vec<&str> = shown.split('`').skip(1).step_by(2).collect();
        let is_honest = shown.contains("not covered");
        assert!(!names.is_empty() || is_honest, "no test and no word: {row}");
        for name in names {
            let is_there = functions.contains(name) || NAMED.contains(&name);
            assert!(
                is_there,
                "`{name}` is neither a test nor a situation: {row}"
            );
        }
    }
}

/// Names of all functions in the tree's tests.
fn functions() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for folder in ["shared", "coordinator", "worker", "cli", "staging", "e2e"] {
        gather(&docs::root().join(folder), &mut names);
    }
    names
}

fn gather(folder: &Path, names: &mut BTreeSet<String>) {
    let entries = std::fs::read_dir(folder).expect("a folder of the tree");
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            gather(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            names.extend(text.lines().filter_map(function));
        }
    }
}

fn function(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("fn ")?;
    let name: String = rest
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    (!name.is_empty()).then_some(name)
}
