//! Rules of the schedule, one feature a test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::gate::{Gate, TierGate, Tolerance};
use crate::ids::{CaseId, Region, WorkerId};
use crate::outcome::Outcome;
use crate::plan::{Plan, PlannedCase, PlannedRegion, Tier};
use crate::run::Run;
use crate::run::testing::{begun, id, leased, lost, plan, planned, settled};
use crate::schedule::{Asker, Field, Offer, Order, batch_size, next_shard, offer, red_tier};

fn field(workers: &[&str]) -> Field {
    let mut field = Field::new();
    for worker in workers {
        let region = worker.split('-').next().unwrap_or_default();
        let workers: &mut BTreeSet<WorkerId> = field.entry(Region::from(region)).or_default();
        workers.insert(WorkerId::from(*worker));
    }
    field
}

fn next(run: &Run, workers: &[&str], worker: &str, n_held: usize) -> Option<Vec<CaseId>> {
    let order = Order::new(run.plan(), &BTreeMap::new());
    let region = Region::from(worker.split('-').next().unwrap_or_default());
    let asker = Asker {
        worker: &WorkerId::from(worker),
        region: &region,
        slots: 2,
        n_held,
        is_free: n_held == 0,
        holds_alone: false,
    };
    next_shard(run, &order, &field(workers), &asker)
}

fn east(test: &str) -> PlannedCase {
    planned(test, PlannedRegion::Named(Region::from("east")))
}

fn in_tier(test: &str, tier: Tier) -> PlannedCase {
    PlannedCase { tier, ..east(test) }
}

#[test]
fn tiers_come_in_order_and_long_cases_first_unknown_before_all() {
    let cases = vec![
        in_tier("late", Tier::P2),
        in_tier("short", Tier::P1),
        in_tier("long", Tier::P1),
        in_tier("unknown", Tier::P1),
        in_tier("core", Tier::Core),
    ];
    let plan = plan(cases);
    let seconds = |test: &str, seconds| (east(test).id, Duration::from_secs(seconds));
    let known = BTreeMap::from([seconds("short", 1), seconds("long", 9)]);
    let order = Order::new(&plan, &known);
    let run = begun(plan);
    let names: Vec<_> = order
        .waiting(&run)
        .map(|(case, _)| case.test.to_string())
        .collect();
    assert_eq!(names, ["unknown", "long", "short", "core", "late"]);
}

#[test]
fn a_red_region_and_a_foreign_one_get_nothing() {
    let run = begun(plan(vec![east("a")]));
    assert_eq!(next(&run, &["west-1"], "west-1", 0), None);
    assert_eq!(next(&run, &["east-1"], "east-1", 0), Some(vec![id("a")]));
}

#[test]
fn batches_shrink_towards_the_end() {
    let mut remaining = 100;
    let mut sizes = Vec::new();
    while remaining > 0 {
        let size = batch_size(remaining, 3, 4, 0);
        assert!(size >= 1);
        sizes.push(size);
        remaining -= size.min(remaining);
    }
    assert!(sizes.windows(2).all(|pair| pair[0] >= pair[1]), "{sizes:?}");
    assert_eq!(sizes.last(), Some(&1));
}

#[test]
fn a_busy_worker_gets_nothing_near_the_end() {
    assert_eq!(batch_size(3, 3, 2, 2), 0);
    assert_eq!(batch_size(0, 3, 2, 0), 0);
    assert!(
        batch_size(100, 3, 2, 2) > 0,
        "far from the end it gets its next batch early"
    );
}

#[test]
fn an_exclusive_case_waits_until_nothing_runs() {
    let exclusive = PlannedCase {
        exclusive: true,
        ..east("b")
    };
    let mut run = begun(plan(vec![east("a"), exclusive]));
    assert_eq!(next(&run, &["east-1"], "east-1", 0), Some(vec![id("a")]));
    run.apply(&leased(1, &["a"])).expect("legal");
    assert_eq!(next(&run, &["east-1"], "east-1", 1), None);
    run.apply(&settled(1, 1, "a", Outcome::Passed))
        .expect("legal");
    assert_eq!(next(&run, &["east-1"], "east-1", 0), Some(vec![id("b")]));
    run.apply(&leased(2, &["b"])).expect("legal");
    assert_eq!(next(&run, &["east-1"], "east-1", 0), None);
}

#[test]
fn an_exclusive_case_without_a_place_holds_up_nobody() {
    let exclusive = PlannedCase {
        exclusive: true,
        ..planned("x", PlannedRegion::Named(Region::from("west")))
    };
    let later = in_tier("b", Tier::P2);
    let run = begun(plan(vec![exclusive, later]));
    assert_eq!(next(&run, &["east-1"], "east-1", 0), Some(vec![id("b")]));
}

#[test]
fn a_case_lost_twice_goes_alone_to_another_worker() {
    let mut run = begun(plan(vec![east("a"), east("b")]));
    for attempt in [1, 2] {
        run.apply(&leased(attempt, &["a"])).expect("legal");
        run.apply(&lost(attempt)).expect("legal");
    }
    let both = ["east-1", "east-2"];
    assert_eq!(
        next(&run, &both, "east-1", 0),
        Some(vec![id("b")]),
        "not where it was lost"
    );
    run.apply(&leased(3, &["b"])).expect("legal");
    assert_eq!(next(&run, &both, "east-1", 0), None);
    assert_eq!(next(&run, &both, "east-2", 1), None, "not beside others");
    assert_eq!(next(&run, &both, "east-2", 0), Some(vec![id("a")]));
    assert_eq!(
        next(&run, &["east-1"], "east-1", 0),
        Some(vec![id("a")]),
        "unless there is no other"
    );
}

fn gated(failed: Tolerance) -> Plan {
    let mut plan = plan(vec![
        in_tier("a", Tier::P1),
        in_tier("b", Tier::P1),
        in_tier("c", Tier::P2),
    ]);
    plan.gate = Some(Gate {
        name: "release".to_owned(),
        tiers: vec![TierGate {
            tier: Tier::P1,
            failed,
            not_proven: Tolerance::Tests(0),
            flaky: Tolerance::Tests(0),
        }],
        tolerated_skips: Vec::new(),
        retries_failed: false,
        proven_checks: None,
    });
    plan
}

#[test]
fn a_red_p1_is_one_beyond_its_tolerance() {
    for (tolerance, is_red) in [(Tolerance::Tests(0), true), (Tolerance::Tests(1), false)] {
        let mut run = begun(gated(tolerance));
        run.apply(&leased(1, &["a"])).expect("legal");
        run.apply(&settled(1, 1, "a", Outcome::Failed))
            .expect("legal");
        assert_eq!(red_tier(&run).is_some(), is_red, "{tolerance:?}");
    }
}

#[test]
fn without_a_gate_no_tier_is_red() {
    let mut run = begun(plan(vec![in_tier("a", Tier::P1)]));
    run.apply(&leased(1, &["a"])).expect("legal");
    run.apply(&settled(1, 1, "a", Outcome::Failed))
        .expect("legal");
    assert_eq!(red_tier(&run), None);
}

#[test]
fn a_worker_is_offered_what_it_could_take_were_it_free() {
    let mut run = begun(plan(vec![east("a")]));
    let order = Order::new(run.plan(), &BTreeMap::new());
    let (worker, east, west) = (
        WorkerId::from("east-1"),
        Region::from("east"),
        Region::from("west"),
    );
    let of = |run: &Run, region: &Region| {
        let asker = Asker {
            worker: &worker,
            region,
            slots: 2,
            n_held: 9,
            is_free: false,
            holds_alone: false,
        };
        offer(run, &order, &field(&["east-1"]), &asker)
    };
    assert_eq!(of(&run, &east), Offer::Cases);
    assert_eq!(of(&run, &west), Offer::Nothing);
    for attempt in 1..=2 {
        run.apply(&leased(attempt, &["a"])).expect("legal");
        run.apply(&lost(attempt)).expect("legal");
    }
    assert_eq!(of(&run, &east), Offer::Alone);
}
