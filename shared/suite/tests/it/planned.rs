//! What would run: rows × regions, chosen by the filter, with the skips that are known before.

use std::sync::Arc;

use domain::Region;
use domain::plan::DeclaredSkip;
use suite::plan::{self, Filter};

use crate::load;

const SUITE: &str = "muster: v1\nsuite: chat\npriority: P1\ndefaults: { regions: all }\ntests:
  - id: login_fast
    tags: [slow, auth]
    rows:
      good: { code: 200 }
      bad: { code: 401 }
    steps:
      - http: GET /
  - id: send
    regions: [eu]
    group: Messages
    steps:
      - http: GET /
  - id: anywhere
    regions: any
    quarantine: { until: 2026-06-30, owner: ann, why: flaky target }
    steps:
      - http: GET /
";

fn ids(filter: &str) -> Vec<String> {
    let loaded = load(SUITE).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let regions = ["us", "eu"].map(Region::from);
    let filter: Filter = filter.parse().unwrap_or_else(|bad| panic!("{bad}"));
    let cases = plan::cases(&loaded.suites, &regions, &filter);
    cases.iter().map(|case| case.id.to_string()).collect()
}

#[test]
fn every_row_stands_in_every_region() {
    assert_eq!(
        ids(""),
        [
            "chat::login_fast[good]@us",
            "chat::login_fast[bad]@us",
            "chat::login_fast[good]@eu",
            "chat::login_fast[bad]@eu",
            "chat::send@eu",
            "chat::anywhere@any",
        ]
    );
}

#[test]
fn a_case_keeps_the_group_of_its_test() {
    let loaded = load(SUITE).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let cases = plan::cases(&loaded.suites, &[Region::from("eu")], &Filter::all());
    for case in cases {
        let group = (case.test.as_str() == "send").then_some("Messages");
        assert_eq!(case.group.as_deref(), group, "{}", case.id);
    }
}

#[test]
fn the_filter_knows_tier_tag_id_suite_and_words() {
    let tests = |filter: &str| {
        let mut tests: Vec<_> = ids(filter)
            .iter()
            .map(|id| {
                id.trim_start_matches("chat::")
                    .split(['@', '['])
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            })
            .collect();
        tests.dedup();
        tests
    };
    let all = ["login_fast", "send", "anywhere"];
    for (filter, expected) in [
        ("p1", &all[..]),
        ("P2", &[]),
        ("p1 and not tag:slow", &all[1..]),
        ("id:*_fast", &all[..1]),
        ("id:send or id:any*", &all[1..]),
        ("suite:chat and auth", &all[..1]),
        ("END", &all[1..2]),
        ("chat", &all[..]),
        ("not (send or anywhere)", &all[..1]),
        ("group:mess*", &all[1..2]),
        ("not not send", &all[1..2]),
    ] {
        assert_eq!(tests(filter), expected, "{filter}");
    }
}

#[test]
fn a_quarantine_holds_until_its_day() {
    let loaded = load(SUITE).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let skip_on = |today: &str| {
        let cases = plan::cases_on(&loaded.suites, &[Region::from("us")], &Filter::all(), today);
        cases.last().and_then(|case| case.declared_skip)
    };
    assert_eq!(skip_on("2026-06-30"), Some(DeclaredSkip::Quarantined));
    assert_eq!(skip_on("2026-07-01"), None);
}

#[test]
fn a_gated_plan_keeps_what_the_filter_leaves_out() {
    let loaded = load(SUITE).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let filter = "send".parse().unwrap_or_default();
    let eu = [Region::from("eu")];
    let cases = plan::gated_cases(&loaded.suites, &eu, &eu, &filter, "2027-01-01");
    let left_out = cases
        .iter()
        .filter(|case| case.declared_skip == Some(DeclaredSkip::NotSelected));
    assert_eq!((cases.len(), left_out.count()), (4, 3));
}

#[test]
fn a_gated_plan_keeps_the_regions_that_the_run_leaves_out() {
    let suite =
        format!("{SUITE}  - id: named\n    regions: [eu, us]\n    steps:\n      - http: GET /\n");
    let loaded = load(&suite).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let chosen = [Region::from("eu")];
    let of_environment = ["eu", "us"].map(Region::from);
    let all = Filter::all();
    let cases = plan::gated_cases(&loaded.suites, &chosen, &of_environment, &all, "2027-01-01");
    let told: Vec<_> = cases
        .iter()
        .map(|case| (case.id.as_str(), case.declared_skip))
        .collect();
    let left_out = Some(DeclaredSkip::NotSelected);
    assert_eq!(
        told,
        [
            ("chat::login_fast[good]@eu", None),
            ("chat::login_fast[bad]@eu", None),
            ("chat::login_fast[good]@us", left_out),
            ("chat::login_fast[bad]@us", left_out),
            ("chat::send@eu", None),
            ("chat::anywhere@any", None),
            ("chat::named@eu", None),
            ("chat::named@us", left_out),
        ]
    );
}

#[test]
fn a_case_knows_where_it_is_written() {
    let loaded = load(SUITE).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let cases = plan::cases(&loaded.suites, &[Region::from("eu")], &Filter::all());
    let send = cases.iter().find(|case| case.test.as_str() == "send");
    assert_eq!(
        send.map(|case| (case.file.as_str(), case.line)),
        Some(("suites/s.yaml", 13))
    );
    assert_eq!(plan::suites(&loaded.suites)[0].file, "suites/s.yaml");
    let _: &Arc<suite::Suite> = &loaded.suites[0];
}
