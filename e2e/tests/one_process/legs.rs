//! Cases with a leg in each of two regions, over real workers.

use domain::event::RunEvent;
use domain::plan::Leg;
use domain::{PlannedCase, PlannedRegion, Region};

use crate::grid::{Grid, Planned, plan};
use crate::target::Target;

const REGIONS: [&str; 2] = ["here", "there"];

/// As many cases as asked for; both regions execute each.
fn across(run: &str, target: &Target, tests: usize) -> Planned {
    let mut planned = plan(run, target, tests, &REGIONS);
    let cases = &mut planned.plan.cases;
    cases.retain(|case| case.region == PlannedRegion::Named(Region::from(REGIONS[0])));
    for case in cases {
        let role = |region: &str| (format!("in {region}"), Region::from(region));
        let roles = REGIONS.map(role).to_vec();
        case.legs = roles
            .iter()
            .map(|(role, region)| Leg {
                role: Some(role.clone()),
                region: Some(region.clone()),
            })
            .collect();
        case.region = PlannedRegion::Roles(roles);
        case.id = PlannedCase::make_id(&case.suite, &case.test, None, &case.region);
    }
    planned
}

fn is_leased(event: &RunEvent) -> bool {
    matches!(event, RunEvent::LegsLeased { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn both_legs_of_a_case_run_at_once_and_count_as_one() {
    let mut target = Target::holding().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = across("across", &target, 3);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    grid.work("there-1", "there").await;
    // Neither is answered before both have asked.
    target.asked(2).await;
    target.release();
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.events);
    assert_eq!((followed.run.totals().passed, target.n_asked()), (3, 6));
    for (case, facts) in followed.run.cases() {
        let result = facts.result().unwrap();
        assert_eq!(result.evidence.exchanges, 2, "{}", case.id);
        let places: Vec<_> = facts.counted().map(|leg| leg.region.as_str()).collect();
        assert_eq!(places, REGIONS);
    }
    let rechecked = client.recheck(&planned).await;
    assert_eq!(rechecked.problems, Vec::<String>::new());
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leg_whose_worker_vanishes_takes_its_case_back_and_all_legs_run_again() {
    let mut target = Target::holding().await;
    let mut grid = Grid::hasty().await;
    grid.work("here-1", "here").await;
    grid.work("there-1", "there").await;
    let planned = across("vanished", &target, 1);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    target.asked(2).await;
    grid.workers.remove("there-1").unwrap().vanish().await;
    target.release();
    grid.work("there-2", "there").await;
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.events);
    assert_eq!(followed.count(is_leased), 2);
    let (_, facts) = followed.run.cases().next().unwrap();
    assert_eq!(facts.losses.len(), 1, "{facts:?}");
    let why = &facts.losses[0].why;
    assert!(why.starts_with("choreography_lost:"), "{why}");
    let rechecked = client.recheck(&planned).await;
    assert_eq!(rechecked.problems, Vec::<String>::new());
    grid.stop().await;
}
