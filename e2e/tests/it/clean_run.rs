//! The main job: `muster demo` over three regions, with evidence behind every pass.

use anyhow::Result;
use e2e::{Muster, Report};

use crate::times;

const TESTS: usize = 35;

/// `MUSTER_DEMOS=30` for the long form.
#[test]
fn a_clean_platform_gets_go_and_every_pass_has_evidence() -> Result<()> {
    for number in 1..=times("MUSTER_DEMOS", 2) {
        let muster = Muster::new()?;
        let said = muster.call(["demo", "--out", "out"])?;
        assert_eq!(said.code, 0, "demo {number}: {}", said.all());
        let report = muster.report("out")?;
        assert_eq!(
            report.verdict(),
            "GO",
            "demo {number}: {}",
            report.reasons()
        );
        assert_eq!(report.imbalances(), Vec::<String>::new());
        assert_eq!(report.not_passed(), Vec::<String>::new());
        assert_all_have_evidence(&report);
        assert_eq!(tests(&report), TESTS);
        assert!(
            said.stdout.lines().any(|line| line.contains("GO")),
            "{}",
            said.all()
        );
        for file in ["report.html", "report.md", "junit.xml"] {
            assert!(muster.path("out").join(file).exists(), "{file} is missing");
        }
    }
    Ok(())
}

fn assert_all_have_evidence(report: &Report) {
    for case in report.cases() {
        let evidence = &case["evidence"];
        assert!(evidence["exchanges"].as_u64() > Some(0), "{case}");
        assert!(evidence["checks"].as_u64() > Some(0), "{case}");
        let trace = case["trace_id"].as_str().unwrap_or_default();
        assert_eq!(trace.len(), 32, "{case}");
    }
}

/// Each test runs in three regions; rows make more cases, not more tests.
fn tests(report: &Report) -> usize {
    let mut regions = std::collections::BTreeMap::<&str, std::collections::BTreeSet<&str>>::new();
    for case in report.cases() {
        let test = case["test"].as_str().unwrap_or_default();
        regions
            .entry(test)
            .or_default()
            .insert(case["region"].as_str().unwrap_or_default());
    }
    assert!(
        regions.values().all(|regions| regions.len() == 3),
        "{regions:?}"
    );
    regions.len()
}
