//! The environment's caps, as the target sees them, whatever becomes of workers.

use std::time::Duration;

use domain::event::RunEvent;

use crate::grid::{Grid, plan_under};
use crate::target::Target;

const CAPS: &str = "caps: { rps: 5 }\n";
const SPAN: Duration = Duration::from_secs(2);
/// What comes at five a second, and one request that each of two parts may be ahead.
const IN_SPAN: usize = 2 * 5 + 2;

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_together_keep_to_the_cap() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    grid.work("here-2", "here").await;
    let planned = plan_under("capped", &target, 30, &["here"], CAPS);
    let mut client = grid.client().await;
    client.sees_workers(2).await;
    client.submit(&planned).await.unwrap();
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.run.verdict());
    assert_eq!(followed.run.sharers(), Some(2));
    let workers = followed.run.attempts().values().map(|it| &it.worker);
    assert_eq!(workers.collect::<std::collections::BTreeSet<_>>().len(), 2);
    assert!(target.n_asked() >= 30);
    assert!(
        target.most_within(SPAN) <= IN_SPAN,
        "{}",
        target.most_within(SPAN)
    );
    assert_eq!(
        client.recheck(&planned).await.problems,
        Vec::<String>::new()
    );
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cap_holds_while_workers_vanish_and_come() {
    let mut target = Target::open().await;
    let mut grid = Grid::hasty().await;
    grid.work("here-1", "here").await;
    grid.work("here-2", "here").await;
    let planned = plan_under("capped", &target, 40, &["here"], CAPS);
    let mut client = grid.client().await;
    client.sees_workers(2).await;
    client.submit(&planned).await.unwrap();
    target.asked(8).await;
    grid.work("here-3", "here").await;
    grid.work("here-4", "here").await;
    grid.workers.remove("here-1").unwrap().vanish().await;
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.run.verdict());
    let is_loss = |event: &RunEvent| matches!(event, RunEvent::AttemptLost { .. });
    assert!(followed.count(is_loss) > 0, "{:#?}", followed.events);
    let workers = followed.run.attempts().values().map(|it| &it.worker);
    assert!(workers.collect::<std::collections::BTreeSet<_>>().len() > 2);
    assert!(
        target.most_within(SPAN) <= IN_SPAN,
        "{}",
        target.most_within(SPAN)
    );
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_does_not_know_of_the_caps_is_not_executed() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let mut planned = plan_under("unaware", &target, 2, &["here"], CAPS);
    planned.plan.caps = None;
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    let followed = client.finish(&planned).await;
    assert_eq!(
        followed.word(),
        "INCOMPLETE",
        "{:#?}",
        followed.run.verdict()
    );
    assert_eq!(target.n_asked(), 0);
    grid.stop().await;
}
