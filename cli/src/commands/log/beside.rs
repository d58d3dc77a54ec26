//! Whether a report says what its run's log says: run, verdict, totals, and each case's outcome.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use domain::Outcome;
use serde_json::Value;

/// What the log says, as counted by the second routine.
#[derive(Debug)]
pub(super) struct Counts<'a> {
    pub(super) run: &'a str,
    pub(super) planned: usize,
    /// Case id → outcome.
    pub(super) table: &'a BTreeMap<String, String>,
    pub(super) verdict: Option<&'a str>,
}

/// How the report at `path` differs from the log, a sentence each.
pub(super) fn differences(path: &Path, counts: &Counts<'_>) -> Vec<String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => return vec![format!("it can't be read: {error}")],
    };
    match serde_json::from_str(&text) {
        Ok(report) => compare(&report, counts),
        Err(error) => vec![format!("it is no report of muster: {error}")],
    }
}

fn compare(report: &Value, counts: &Counts<'_>) -> Vec<String> {
    let text = |key: &str| report[key].as_str().unwrap_or_default();
    if text("run_id") != counts.run {
        return vec![format!(
            "it is of run {}, not of {}",
            text("run_id"),
            counts.run
        )];
    }
    let mut said = Vec::new();
    let verdict = counts.verdict.unwrap_or("undecided");
    if text("verdict") != verdict {
        said.push(format!("it says {}, the log {verdict}", text("verdict")));
    }
    let mut number = |word: &str, counted: usize| {
        let reported = report["totals"][word].as_u64();
        if reported != Some(counted as u64) {
            let reported = reported.map_or("nothing".to_owned(), |number| number.to_string());
            said.push(format!("it says {reported} {word}, the log {counted}"));
        }
    };
    number("planned", counts.planned);
    for outcome in Outcome::ALL {
        let of_it = counts.table.values().filter(|word| *word == outcome.word());
        number(outcome.word(), of_it.count());
    }
    let reported: BTreeMap<&str, &str> = report["cases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|case| Some((case["id"].as_str()?, case["outcome"].as_str()?)))
        .collect();
    for (case, outcome) in counts.table {
        match reported.get(case.as_str()) {
            Some(word) if word == outcome => {}
            Some(word) => said.push(format!("it says that {case} {word}, the log {outcome}")),
            None => said.push(format!("it has no case {case}, the log says {outcome}")),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_compared_number_by_number_and_case_by_case() {
        let table = BTreeMap::from([
            ("a".to_owned(), "passed".to_owned()),
            ("b".to_owned(), "failed".to_owned()),
        ]);
        let counts = Counts {
            run: "r",
            planned: 2,
            table: &table,
            verdict: Some("FAILED"),
        };
        let mut report = json!({
            "run_id": "r", "verdict": "FAILED",
            "totals": {"planned": 2, "passed": 1, "failed": 1, "skipped": 0, "unproven": 0,
                       "errored": 0, "lost": 0, "cancelled": 0},
            "cases": [{"id": "a", "outcome": "passed"}, {"id": "b", "outcome": "failed"}],
        });
        assert!(compare(&report, &counts).is_empty());
        report["totals"]["failed"] = json!(0);
        report["verdict"] = json!("PASSED");
        report["cases"][1]["outcome"] = json!("passed");
        let said = compare(&report, &counts).join("; ");
        for words in [
            "says PASSED, the log FAILED",
            "says 0 failed, the log 1",
            "b passed, the log failed",
        ] {
            assert!(said.contains(words), "{words}: {said}");
        }
        report["run_id"] = json!("other");
        assert_eq!(compare(&report, &counts).len(), 1);
    }
}
