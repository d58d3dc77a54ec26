//! Every test of the suites can fail: each goes red, by a check, under a semantic defect of its own.

use std::collections::BTreeMap;

use anyhow::Result;
use e2e::{Muster, Platform, Report, muster};
use serde_json::Value;

/// How a case may go red: by an expectation over what was received, never by silence.
const BY_A_CHECK: [&str; 7] = [
    "check_failed",
    "status",
    "grammar",
    "silence",
    "expect",
    "missing",
    "no_match",
];

/// One defect for each test, tried on that test in one region; `MUSTER_DEFECTS=all` tries every
/// defect on all suites in all regions, and counts whom else it turns red.
#[tokio::test]
async fn every_test_goes_red_by_a_check_under_a_defect_of_its_own() -> Result<()> {
    let mut killed = BTreeMap::<String, Vec<String>>::new();
    let try_all = std::env::var("MUSTER_DEFECTS").is_ok_and(|value| value == "all");
    for (defect, test) in defects().await? {
        if try_all || !killed.contains_key(&test) {
            let report = under(&defect, (!try_all).then_some(&test)).await?;
            assert_eq!(report.verdict(), "NO-GO", "{defect}: {}", report.reasons());
            assert_kills(&defect, &test, &report);
            killed.entry(test).or_default().push(defect);
        }
    }
    assert_eq!(
        killed.len(),
        35,
        "tests without a defect of their own: {killed:?}"
    );
    Ok(())
}

/// What a run says of a platform with this defect: of one test in one region, or of everything.
async fn under(defect: &str, only: Option<&String>) -> Result<Report> {
    let platform = Platform::start(&[defect]).await?;
    let muster = Muster::new()?;
    let suites = muster::suites().to_string_lossy().into_owned();
    let environment = platform.environment().to_string_lossy().into_owned();
    let mut words = vec!["run", &suites, "--env", &environment, "--gate", "release"];
    words.extend(["--out", "out"]);
    let filter = only.map(|test| format!("id:{test}*"));
    if let Some(filter) = &filter {
        words.extend(["-k", filter, "--regions", e2e::grid::REGIONS[0]]);
    }
    let said = muster.call(words)?;
    assert_eq!(said.code, 100, "{defect}: {}", said.all());
    muster.report("out")
}

/// Its own test is red, at most three others are, and each by a check. What was not selected is
/// skipped and says nothing.
fn assert_kills(defect: &str, test: &str, report: &Report) {
    let is_red = |case: &&Value| case["outcome"] != "passed" && case["outcome"] != "skipped";
    let red: Vec<&Value> = report.cases().iter().filter(is_red).collect();
    red.iter()
        .for_each(|case| assert_is_red_by_a_check(defect, case));
    let mut tests: Vec<String> = red.iter().map(|case| text(&case["test"])).collect();
    tests.dedup();
    let others = tests.iter().filter(|red| !red.starts_with(test)).count();
    assert!(
        others < tests.len(),
        "{defect} leaves {test} green; red: {tests:?}"
    );
    assert!(others <= 3, "{defect} turns too many others red: {tests:?}");
}

fn assert_is_red_by_a_check(defect: &str, case: &Value) {
    assert_eq!(case["outcome"], "failed", "{defect}: {case}");
    let reason = text(&case["reason"]);
    let word = reason.split(':').next().unwrap_or_default();
    assert!(
        BY_A_CHECK.contains(&word),
        "{defect}: not by a check: {reason}"
    );
}

/// Each defect that is for a test, with that test's id up to its number.
async fn defects() -> Result<Vec<(String, String)>> {
    let platform = Platform::start(&[]).await?;
    let all = platform.defects().await?;
    let list = all["defects"]
        .as_array()
        .or(all.as_array())
        .cloned()
        .unwrap_or_default();
    let named = list
        .iter()
        .map(|defect| (text(&defect["name"]), text(&defect["test"])));
    Ok(named
        .filter(|(_, test)| test.starts_with("test_"))
        .collect())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
