//! Every test of the suites can fail: each goes red, by a check, under a semantic defect of its own.

use std::collections::BTreeMap;

use anyhow::Result;
use e2e::{Muster, Platform, muster};
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

/// One defect for each test; `MUSTER_DEFECTS=all` tries every one the platform has.
#[tokio::test]
async fn every_test_goes_red_by_a_check_under_a_defect_of_its_own() -> Result<()> {
    let mut killed = BTreeMap::<String, Vec<String>>::new();
    let try_all = std::env::var("MUSTER_DEFECTS").is_ok_and(|value| value == "all");
    for (defect, test) in defects().await? {
        if killed.contains_key(&test) && !try_all {
            continue;
        }
        let platform = Platform::start(&[&defect]).await?;
        let muster = Muster::new()?;
        let said = run(&muster, &platform)?;
        let report = muster.report("out")?;
        let red: Vec<&Value> = report
            .cases()
            .iter()
            .filter(|case| case["outcome"] != "passed")
            .collect();
        assert_eq!(said.code, 100, "{defect}: {}", said.all());
        assert_eq!(report.verdict(), "NO-GO", "{defect}: {}", report.reasons());
        for case in &red {
            assert_is_red_by_a_check(&defect, case);
        }
        let is_own = red
            .iter()
            .any(|case| text(&case["test"]).starts_with(&test));
        assert!(
            is_own,
            "{defect} leaves {test} green; red: {:?}",
            report.not_passed()
        );
        killed.entry(test).or_default().push(defect);
    }
    assert_eq!(
        killed.len(),
        35,
        "tests without a defect of their own: {killed:?}"
    );
    Ok(())
}

fn run(muster: &Muster, platform: &Platform) -> Result<muster::Said> {
    let suites = muster::suites();
    let environment = platform.environment();
    let (suites, environment) = (suites.to_string_lossy(), environment.to_string_lossy());
    muster.call([
        "run",
        &suites,
        "--env",
        &environment,
        "--gate",
        "release",
        "--out",
        "out",
    ])
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
