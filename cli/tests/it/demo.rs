//! `muster demo`, whole: all suites over three regions, with and without a defect.

use crate::muster::Muster;

#[test]
fn a_clean_platform_is_go() {
    let muster = Muster::new();
    let said = muster.call(&["demo", "--out", "out"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.stdout.starts_with("GO"), "{}", said.stdout);
    let report = muster.read("out/report.json");
    assert!(report.contains("\"verdict\": \"GO\""), "{report}");
    let page = muster.read("out/report.md");
    assert!(page.contains("GO"), "{page}");
    assert!(page.contains(" USD a month"), "{page}");
    assert!(page.contains("| Messaging (P1) |"), "{page}");
    assert!(
        muster
            .read("out/junit.xml")
            .contains("test_016_user_context_isolation_real")
    );
}

#[test]
fn a_broken_platform_is_no_go_and_the_test_that_is_for_it_says_so() {
    let muster = Muster::new();
    let said = muster.call(&["demo", "--defect", "shows-any-thread"]);
    assert_eq!(said.code, 100, "{}", said.all());
    assert!(said.stdout.starts_with("NO-GO"), "{}", said.stdout);
    assert!(
        said.stdout.contains("test_016_user_context_isolation_real"),
        "{}",
        said.stdout
    );
    assert!(muster.path("muster-report/report.md").is_file());
    let page = muster.read("muster-report/report.md");
    assert!(page.contains("`suites/p1-"), "{page}");
    for told in [&said.stdout, &page] {
        assert!(
            !told.contains("muster-demo-"),
            "a folder that is gone: {told}"
        );
    }
}
