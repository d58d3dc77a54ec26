//! What is spooled comes back, up to the first frame that does not add up.

use std::time::Duration;

use domain::{Evidence, Outcome};

use super::*;

fn result(case: &str) -> CaseResult {
    CaseResult {
        case: case.into(),
        outcome: Outcome::Passed,
        reason: String::new(),
        evidence: Evidence {
            exchanges: 1,
            bytes_sent: 10,
            bytes_received: 20,
            checks: 1,
        },
        duration: Duration::from_millis(5),
        started_at_ms: 1,
        trace_id: "0af7651916cd43dd8448eb211c80319c".into(),
        tries: 1,
        flaky: false,
        region: "here".into(),
        worker: "w1".into(),
        fingerprint: String::new(),
        record: None,
    }
}

const RUN: &str = "r1";

fn spooled(folder: &Path, seqs: std::ops::RangeInclusive<u64>) {
    let (mut spool, _) = Spool::open(folder).unwrap();
    for seq in seqs {
        let key = (&RUN.into(), AttemptId(7));
        spool
            .write(key, seq, &result(&format!("c{seq}")), b"record")
            .unwrap();
    }
}

fn recovered_seqs(folder: &Path) -> Vec<u64> {
    let (_, recovered) = Spool::open(folder).unwrap();
    recovered
        .iter()
        .flat_map(|attempt| &attempt.results)
        .map(|result| result.seq)
        .collect()
}

#[test]
fn results_outlive_the_process_and_each_process_has_a_later_incarnation() {
    let folder = tempfile::tempdir().unwrap();
    spooled(folder.path(), 1..=3);
    let (spool, recovered) = Spool::open(folder.path()).unwrap();
    assert_eq!(spool.incarnation(), 2);
    assert_eq!(recovered.len(), 1);
    assert_eq!(recovered[0].run, RUN.into());
    assert_eq!(recovered[0].attempt, AttemptId(7));
    assert_eq!(recovered[0].results[2].result, result("c3"));
    assert_eq!(recovered[0].results[2].record, b"record");
}

#[test]
fn a_torn_tail_loses_only_the_frame_it_tears() {
    let folder = tempfile::tempdir().unwrap();
    spooled(folder.path(), 1..=2);
    let path = folder.path().join("r1.7.spool");
    let whole = fs::read(&path).unwrap();
    let first = HEADER + u32::from_le_bytes(whole[..4].try_into().unwrap()) as usize;
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let expected: Vec<u64> = if length >= first { vec![1] } else { Vec::new() };
        assert_eq!(recovered_seqs(folder.path()), expected, "cut at {length}");
    }
}

#[test]
fn a_flipped_bit_ends_what_can_be_recovered() {
    let folder = tempfile::tempdir().unwrap();
    spooled(folder.path(), 1..=2);
    let path = folder.path().join("r1.7.spool");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(recovered_seqs(folder.path()), [1]);
}

#[test]
fn acknowledged_and_forgotten_results_do_not_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (mut spool, _) = Spool::open(folder.path()).unwrap();
    let run = RUN.into();
    for seq in 1..=2 {
        spool
            .write((&run, AttemptId(7)), seq, &result("c"), b"")
            .unwrap();
        spool
            .write((&run, AttemptId(8)), seq, &result("c"), b"")
            .unwrap();
    }
    spool.trim(&run, AttemptId(7), 1).unwrap();
    spool.trim(&run, AttemptId(7), 2).unwrap();
    spool.forget(&run, AttemptId(8)).unwrap();
    spool
        .write((&run, AttemptId(7)), 3, &result("c"), b"")
        .unwrap();
    drop(spool);
    assert_eq!(recovered_seqs(folder.path()), [3]);
}

#[test]
fn two_workers_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (_held, _) = Spool::open(folder.path()).unwrap();
    let error = Spool::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("--data"), "{error}");
}
