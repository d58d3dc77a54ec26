//! Coordinators and workers that go away while cases are open.

use domain::event::RunEvent;

use crate::grid::{Grid, plan};
use crate::target::Target;

fn is_lease(event: &RunEvent) -> bool {
    matches!(event, RunEvent::ShardLeased { .. })
}

fn is_loss(event: &RunEvent) -> bool {
    matches!(event, RunEvent::AttemptLost { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_coordinator_goes_on_and_loses_nothing() {
    let mut target = Target::holding().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = plan("restarted", &target, 6, &["here"]);
    grid.client().await.submit(&planned).await.unwrap();
    // Two slots: two cases are open when the coordinator goes.
    target.asked(2).await;
    grid.depose().await;
    grid.lead().await;
    target.release();
    let mut client = grid.client().await;
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.events);
    assert_eq!(
        followed.count(is_loss),
        0,
        "the worker came back with what it held"
    );
    let terms = followed.count(|event| matches!(event, RunEvent::TermStarted { .. }));
    assert_eq!(terms, 2);
    assert_eq!(
        client.recheck(&planned).await.problems,
        Vec::<String>::new()
    );
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_ended_while_nobody_led_are_delivered() {
    let mut target = Target::holding().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = plan("deaf", &target, 2, &["here"]);
    grid.client().await.submit(&planned).await.unwrap();
    target.asked(2).await;
    grid.depose().await;
    let n_asked = target.n_asked();
    target.release();
    grid.lead().await;
    let followed = grid.client().await.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED");
    assert_eq!(target.n_asked(), n_asked, "no case had to run again");
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vanished_worker_gives_its_shard_back() {
    let mut target = Target::holding().await;
    let mut grid = Grid::hasty().await;
    grid.work("one", "here").await;
    let planned = plan("vanished", &target, 4, &["here"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    client.follow_until(&planned, is_lease).await;
    target.asked(1).await;
    grid.workers.remove("one").unwrap().vanish().await;
    target.release();
    grid.work("two", "here").await;
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.events);
    assert!(followed.count(is_loss) >= 1);
    for (case, _) in followed.run.cases() {
        let results = followed.count(
            |event| matches!(event, RunEvent::CaseSettled { result, .. } if result.case == case.id),
        );
        assert_eq!(results, 1, "{}", case.id);
    }
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_comes_back_at_once_proves_that_its_predecessor_is_dead() {
    let mut target = Target::holding().await;
    // Leases of the usual length: waiting for their end would take longer than this test may.
    let mut grid = Grid::start().await;
    grid.work("one", "here").await;
    let planned = plan("reborn", &target, 2, &["here"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    target.asked(2).await;
    grid.workers.remove("one").unwrap().vanish().await;
    target.release();
    let since = std::time::Instant::now();
    grid.work("one", "here").await;
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED");
    assert!(followed.count(is_loss) >= 1);
    assert!(since.elapsed().as_secs() < 12, "{:?}", since.elapsed());
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_asked_to_stop_finishes_what_runs_and_gives_the_rest_back() {
    let mut target = Target::holding().await;
    let mut grid = Grid::start().await;
    grid.work("one", "here").await;
    let planned = plan("leaving", &target, 6, &["here"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    target.asked(2).await;
    let leaving = grid.workers.remove("one").unwrap();
    leaving.stop_token().cancel();
    grid.work("two", "here").await;
    target.release();
    leaving.stop().await.unwrap();
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.events);
    assert_eq!(followed.count(is_loss), 0);
    grid.stop().await;
}
