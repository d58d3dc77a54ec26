//! Runs that nothing disturbs, and clients that ask twice.

use domain::event::RunEvent;
use proto::v1;

use crate::grid::{Grid, plan};
use crate::target::Target;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_with_its_verdict_and_both_routines_agree() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    grid.work("there-1", "there").await;
    let planned = plan("small", &target, 6, &["here", "there"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "PASSED", "{:#?}", followed.run.verdict());
    let totals = followed.run.totals();
    assert_eq!((totals.planned, totals.passed), (12, 12));
    assert!(target.n_asked() >= 12);
    let rechecked = client.recheck(&planned).await;
    assert_eq!(rechecked.problems, Vec::<String>::new());
    assert_eq!(
        rechecked.hash,
        followed.run.verdict().unwrap().table_hash.as_str()
    );
    assert_eq!(rechecked.table.len(), 12);
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_result_names_a_record_that_can_be_fetched() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = plan("records", &target, 5, &["here"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    let followed = client.finish(&planned).await;
    let mut n_records = 0;
    for event in &followed.events {
        let RunEvent::CaseSettled { result, .. } = event else {
            continue;
        };
        let digest = result.record.clone().unwrap();
        let request = v1::FetchRequest {
            run: "records".to_owned(),
            digest: Some(wire::digest::encode(&digest)),
        };
        let mut pieces = client.0.fetch(request).await.unwrap().into_inner();
        let mut bytes = Vec::new();
        while let Some(piece) = pieces.message().await.unwrap() {
            bytes.extend(piece.bytes);
        }
        let record = wire::record::decode(&bytes).unwrap();
        assert_eq!(record.tries[0].exchanges[0].status, Some(200));
        assert!(record.tries[0].checks[0].held);
        n_records += 1;
    }
    assert_eq!(n_records, 5);
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_was_handed_in_twice_runs_once() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = plan("twice", &target, 2, &["here"]);
    let mut client = grid.client().await;
    let first = client.submit(&planned).await.unwrap();
    let second = client.submit(&planned).await.unwrap();
    assert_eq!(first, second);
    client.finish(&planned).await;
    assert_eq!(client.submit(&planned).await.unwrap(), first);
    let listed = client
        .0
        .list(v1::ListRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.runs.len(), 1);
    assert_eq!(listed.runs[0].verdict.as_deref(), Some("PASSED"));
    assert_eq!((listed.runs[0].planned, listed.runs[0].settled), (2, 2));
    assert_eq!(listed.workers.len(), 1);
    assert_eq!(listed.workers[0].region, "here");
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_run_ends_with_its_cases_cancelled() {
    let mut target = Target::holding().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let planned = plan("cancelled", &target, 8, &["here"]);
    let mut client = grid.client().await;
    client.submit(&planned).await.unwrap();
    target.asked(1).await;
    let request = v1::CancelRequest {
        run: "cancelled".to_owned(),
        why: "no need any more".to_owned(),
    };
    assert!(
        client
            .0
            .cancel(request)
            .await
            .unwrap()
            .into_inner()
            .was_open
    );
    let followed = client.finish(&planned).await;
    assert_eq!(followed.word(), "INCOMPLETE");
    assert_eq!(
        followed.run.totals().cancelled,
        8,
        "{:?}",
        followed.run.totals()
    );
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_grid_takes_run_after_run() {
    let target = Target::open().await;
    let mut grid = Grid::start().await;
    grid.work("here-1", "here").await;
    let mut client = grid.client().await;
    let runs: Vec<_> = (0..3)
        .map(|number| plan(&format!("run-{number}"), &target, 2, &["here"]))
        .collect();
    for planned in &runs {
        client.submit(planned).await.unwrap();
    }
    for planned in &runs {
        assert_eq!(client.finish(planned).await.word(), "PASSED");
    }
    assert!(grid.data().join("data/runs/run-2/run.log").is_file());
    grid.stop().await;
}
