//! What the spool keeps, over crashes at any byte.

use std::sync::mpsc;

use domain::record::CaseResult;
use domain::{Evidence, Incarnation, Outcome};

use super::*;

fn result(case: &str) -> Box<CaseResult> {
    Box::new(CaseResult {
        case: case.into(),
        outcome: Outcome::Passed,
        reason: String::new(),
        evidence: Evidence::default(),
        duration: std::time::Duration::from_millis(3),
        started_at_ms: 1,
        trace_id: String::new(),
        tries: 1,
        flaky: false,
        region: "r".into(),
        worker: "w".into(),
        fingerprint: String::new(),
        record: None,
        proof: None,
    })
}

fn order(attempt: u64, seq: u64) -> Order {
    Order::Write {
        run: "a/run".into(),
        attempt: AttemptId(attempt),
        seq,
        result: result(&format!("case {seq}")),
        record: vec![7; 100],
    }
}

/// Opens, obeys, and gives the directory back.
fn work(folder: &Path, orders: Vec<Order>) -> (Incarnation, Vec<Recovered>) {
    let spool = Spool::open(folder).unwrap();
    let (incarnation, recovered) = (spool.incarnation, spool.recovered.clone());
    let n_writes = orders
        .iter()
        .filter(|order| matches!(order, Order::Write { .. }))
        .count();
    let (tell, told) = mpsc::channel();
    let keeper = Keeper::start(spool, move |written| tell.send(written).unwrap()).unwrap();
    orders.into_iter().for_each(|order| keeper.send(order));
    keeper.close();
    assert_eq!(
        told.iter().count(),
        n_writes,
        "each frame is said to be written"
    );
    (incarnation, recovered)
}

/// The only file of frames.
fn spool_file(folder: &Path) -> PathBuf {
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut spools = paths.filter(|path| path.extension().is_some_and(|suffix| suffix == SUFFIX));
    spools.next().unwrap()
}

#[test]
fn unacknowledged_results_are_there_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (first, nothing) = work(folder.path(), vec![order(4, 1), order(4, 2), order(5, 1)]);
    assert!(nothing.is_empty());
    let (second, recovered) = work(folder.path(), vec![]);
    assert_eq!(
        (first.number, second.number),
        (1, 2),
        "each owner is counted"
    );
    assert!(second.supersedes(first), "they have one folder");
    let elsewhere = tempfile::tempdir().unwrap();
    let (other, _) = work(elsewhere.path(), vec![]);
    assert!(!other.supersedes(first) && !second.supersedes(other));
    assert_eq!(recovered.len(), 2);
    assert_eq!(
        (recovered[0].run.as_str(), recovered[0].attempt),
        ("a/run", AttemptId(4))
    );
    let seqs: Vec<_> = recovered[0].results.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [1, 2]);
    assert_eq!(recovered[0].results[1].result, *result("case 2"));
    assert_eq!(recovered[0].results[1].record, vec![7; 100]);
}

#[test]
fn a_folder_that_something_else_wrote_into_is_refused_by_name() {
    for (file, text) in [("incarnation", "seven"), ("home", "no hexadecimal")] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(file), text).unwrap();
        let error = Spool::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(file) && error.contains(text), "{error}");
    }
}

#[test]
fn acknowledged_and_forgotten_results_are_gone() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunId::from("a/run");
    let acknowledged = Order::Acknowledged {
        run: run.clone(),
        attempt: AttemptId(4),
        through: 2,
    };
    let forget = Order::Forget {
        run,
        attempt: AttemptId(5),
    };
    let orders = vec![
        order(4, 1),
        order(4, 2),
        order(5, 1),
        acknowledged,
        forget,
        order(6, 1),
    ];
    work(folder.path(), orders);
    let (_, recovered) = work(folder.path(), vec![]);
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].attempt, AttemptId(6));
}

#[test]
fn a_frame_cut_at_any_byte_is_dropped_and_the_next_one_fits() {
    let folder = tempfile::tempdir().unwrap();
    work(folder.path(), vec![order(4, 1)]);
    let path = spool_file(folder.path());
    let first = fs::metadata(&path).unwrap().len() as usize;
    work(folder.path(), vec![order(4, 2)]);
    let whole = fs::read(&path).unwrap();
    for cut in first..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let (_, recovered) = work(folder.path(), vec![order(4, 2)]);
        assert_eq!(recovered[0].results.len(), 1, "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn two_workers_can_t_share_a_spool() {
    let folder = tempfile::tempdir().unwrap();
    let _held = Spool::open(folder.path()).unwrap();
    let error = Spool::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a spool directory of its own"), "{error}");
}
