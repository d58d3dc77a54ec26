//! Which case of several legs goes, and what it waits for.

use std::collections::{BTreeMap, BTreeSet};

use crate::ids::{Region, WorkerId};
use crate::plan::{Leg, PlannedCase, PlannedRegion, Tier};
use crate::record::Preflight;
use crate::run::Run;
use crate::run::testing::{plan, planned};
use crate::schedule::gang::{Gang, Seat, next_gang};
use crate::schedule::{Field, Order};

fn across(test: &str) -> PlannedCase {
    let regions = ["east", "north"].map(Region::from);
    let roles = regions.clone().map(|region| (region.to_string(), region));
    let legs = regions.map(|region| Leg {
        role: None,
        region: Some(region),
    });
    PlannedCase {
        legs: legs.to_vec(),
        ..planned(test, PlannedRegion::Roles(roles.to_vec()))
    }
}

fn begun(cases: Vec<PlannedCase>) -> Run {
    let mut plan = plan(cases);
    plan.regions.push(Region::from("north"));
    let mut run = crate::run::testing::begun(plan);
    let probed = crate::event::RunEvent::RegionProbed {
        region: Region::from("north"),
        preflight: Preflight {
            green: true,
            ..Preflight::default()
        },
    };
    run.apply(&probed).expect("the north is green");
    run
}

/// Two workers in the east, one in the north; `busy` ones hold as many cases as they have slots.
fn next(run: &Run, busy: &[&str]) -> Option<Gang> {
    let order = Order::new(run.plan(), &BTreeMap::new());
    let mut field = Field::new();
    for worker in ["east-1", "east-2", "north-1"] {
        let region = worker.split('-').next().unwrap_or_default();
        let peers: &mut BTreeSet<WorkerId> = field.entry(Region::from(region)).or_default();
        peers.insert(WorkerId::from(worker));
    }
    let seat = |worker: &WorkerId| {
        Some(Seat {
            n_held: if busy.contains(&worker.as_str()) {
                2
            } else {
                0
            },
            slots: 2,
            has_share: false,
        })
    };
    next_gang(run, &order, &field, &seat)
}

fn workers(names: [&str; 2]) -> Vec<WorkerId> {
    names.map(WorkerId::from).to_vec()
}

#[test]
fn each_leg_goes_to_the_worker_of_its_region_that_holds_least() {
    let run = begun(vec![across("a")]);
    let go = |first| Some(Gang::Go(across("a").id, workers([first, "north-1"])));
    assert_eq!(next(&run, &[]), go("east-1"));
    assert_eq!(next(&run, &["east-1"]), go("east-2"));
}

#[test]
fn while_one_region_is_full_room_is_kept_in_all() {
    let run = begun(vec![across("a")]);
    let waits = Gang::Waits {
        workers: workers(["east-1", "north-1"]),
        alone: false,
    };
    assert_eq!(next(&run, &["north-1"]), Some(waits));
}

#[test]
fn they_come_first_in_their_tier_and_not_before_a_higher_one() {
    let plain = |tier| PlannedCase {
        tier,
        ..planned("plain", PlannedRegion::Named(Region::from("east")))
    };
    let beside = begun(vec![plain(Tier::P1), across("a")]);
    assert!(matches!(next(&beside, &[]), Some(Gang::Go(..))));
    let lower = PlannedCase {
        tier: Tier::P2,
        ..across("a")
    };
    assert_eq!(next(&begun(vec![plain(Tier::P1), lower]), &[]), None);
}

#[test]
fn one_whose_region_has_no_worker_holds_up_nobody() {
    let mut nowhere = across("a");
    nowhere.legs[0].region = Some(Region::from("west"));
    let run = begun(vec![nowhere, across("b")]);
    assert!(matches!(next(&run, &[]), Some(Gang::Go(case, _)) if case == across("b").id));
}

#[test]
fn nobody_else_runs_beside_an_exclusive_one() {
    let exclusive = PlannedCase {
        exclusive: true,
        ..across("a")
    };
    let mut run = begun(vec![planned("c", PlannedRegion::Any), exclusive]);
    assert_eq!(next(&run, &[]), None, "a plain case comes first");
    let leased = crate::event::RunEvent::ShardLeased {
        attempt: crate::ids::AttemptId(1),
        worker: WorkerId::from("east-1"),
        session: crate::ids::SessionId(1),
        region: Region::from("east"),
        cases: vec![planned("c", PlannedRegion::Any).id],
    };
    run.apply(&leased).expect("the plain case is leased");
    assert_eq!(next(&run, &[]), None, "it still runs");
    let lost = crate::run::testing::settled(1, 1, "c", crate::outcome::Outcome::Passed);
    run.apply(&lost).expect("the plain case has ended");
    assert!(matches!(next(&run, &[]), Some(Gang::Go(..))));
}
