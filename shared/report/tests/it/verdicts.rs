//! Any way a run may end: its figures add up, in every group and every format.

use domain::event::RunEvent;
use domain::ids::AttemptId;
use domain::outcome::{Outcome, Totals};
use domain::plan::{Needs, PlannedCase, Tier, ValueLine};
use proptest::prelude::*;
use report::summary::Group;
use report::{Summary, first_screen, json, junit, markdown, terminal};

use crate::synthetic::{REGIONS, Synthetic, cases, plan, release, suite};
use crate::{consistency, records, schema};

const TESTS: [(&str, Tier, &str); 6] = [
    ("p1", Tier::P1, "t1"),
    ("p1", Tier::P1, "t2"),
    ("p2", Tier::P2, "t1"),
    ("p2", Tier::P2, "t3"),
    ("deep", Tier::P2, "t4"),
    ("core", Tier::Core, "t5"),
];

/// Ends each case as said; `None` leaves it open.
fn run_with(ends: &[Option<Outcome>], is_gated: bool) -> Synthetic {
    let planned: Vec<PlannedCase> = TESTS
        .iter()
        .flat_map(|(suite, tier, test)| cases(suite, *tier, test, None, 5))
        .collect();
    let suites = vec![
        suite("p1", Tier::P1),
        suite("p2", Tier::P2),
        suite("deep", Tier::P2),
        suite("core", Tier::Core),
    ];
    let mut plan = plan(is_gated.then(release), suites, planned.clone());
    plan.value = ["P1", "P2", "core"]
        .map(|name| ValueLine {
            name: name.to_owned(),
            mrr: 1_000,
            needs: Needs::Tests(1),
        })
        .to_vec();
    let mut synthetic = Synthetic::new(plan);
    for (attempt, (worker, region)) in [(1, ("eu-1", REGIONS[0])), (2, ("us-1", REGIONS[1]))] {
        let of_region: Vec<_> = planned
            .iter()
            .zip(ends)
            .filter(|(case, _)| case.region.to_string() == region)
            .collect();
        let executed: Vec<_> = of_region
            .iter()
            .filter(|(_, end)| end.is_none_or(is_executed))
            .map(|(case, _)| case.id.as_str())
            .collect();
        if !executed.is_empty() {
            synthetic.lease(attempt, worker, region, &executed);
        }
        for (case, end) in &of_region {
            if let Some(outcome) = end {
                end_case(&mut synthetic, attempt, case, *outcome);
            }
        }
        if !executed.is_empty() {
            synthetic.apply(RunEvent::AttemptLost {
                attempt: AttemptId(attempt),
                why: "over".to_owned(),
                blames: false,
            });
        }
    }
    if ends.iter().all(Option::is_some) {
        synthetic.end();
    }
    synthetic
}

fn end_case(synthetic: &mut Synthetic, attempt: u64, case: &PlannedCase, outcome: Outcome) {
    let id = case.id.as_str();
    let reason = if outcome == Outcome::Passed {
        ""
    } else {
        "some_reason: text"
    };
    let record = match outcome {
        Outcome::Failed => records::check_failed(),
        _ => records::passed(2.0),
    };
    match is_executed(outcome) {
        true => synthetic.settle(attempt, id, outcome, reason, record),
        false => synthetic.close(id, outcome, "tier_gate"),
    }
}

fn is_executed(outcome: Outcome) -> bool {
    !matches!(
        outcome,
        Outcome::Skipped | Outcome::Lost | Outcome::Cancelled
    )
}

fn sum(groups: &[Group]) -> Totals {
    groups.iter().fold(Totals::default(), |mut sum, group| {
        sum += group.totals;
        sum
    })
}

fn outcomes() -> impl Strategy<Value = Vec<Option<Outcome>>> {
    let outcome = proptest::sample::select(Outcome::ALL.to_vec());
    proptest::collection::vec(proptest::option::weighted(0.95, outcome), 12)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn tiers_suites_and_regions_sum_to_the_totals_and_conserve(ends in outcomes(), is_gated in any::<bool>()) {
        let summary: Summary = run_with(&ends, is_gated).summary(None);
        for groups in [&summary.tiers, &summary.suites, &summary.by_region] {
            prop_assert_eq!(sum(groups), summary.totals);
        }
        let open = ends.iter().filter(|end| end.is_none()).count() as u64;
        prop_assert_eq!(summary.open, open);
        prop_assert_eq!(summary.totals.planned, summary.totals.settled() + open);
        prop_assert_eq!(summary.totals.is_conserved(), open == 0);
        let tests = summary.tests;
        prop_assert_eq!(tests.planned, tests.passed + tests.failed + tests.not_proven);
        prop_assert!(first_screen::FirstScreen::of(&summary).lines() <= first_screen::LINES);
    }

    #[test]
    fn the_same_run_gives_the_same_bytes_and_valid_ones(ends in outcomes(), is_gated in any::<bool>()) {
        let (one, two) = (run_with(&ends, is_gated).summary(None), run_with(&ends, is_gated).summary(None));
        let text = json::render(&one).unwrap();
        prop_assert_eq!(&text, &json::render(&two).unwrap());
        prop_assert_eq!(markdown::render(&one), markdown::render(&two));
        prop_assert_eq!(terminal::render(&one, true), terminal::render(&two, true));
        prop_assert_eq!(junit::render(&one).unwrap(), junit::render(&two).unwrap());
        let report = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(schema::problems(&report), Vec::<String>::new());
        consistency::check(&one, &report);
    }
}
