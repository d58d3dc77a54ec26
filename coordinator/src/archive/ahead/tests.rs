//! Reading ahead: what was read is the run as it is now, and what is not, is read then.

use std::time::Duration;

use domain::event::RunEvent;
use domain::{Plan, Term};
use run_log::{Batch, Blob, FileStore, Layout, Store};

use super::*;

const RUN: &str = "a-long-run";

fn event(term: u64) -> RunEvent {
    RunEvent::TermStarted {
        term: Term(term),
        leader: "somebody".to_owned(),
        format: 1,
    }
}

fn append(store: &FileStore, terms: &[u64]) {
    let mut log = store.open(&LogId::Run(RUN.into())).unwrap();
    let opened = RunEvent::RunOpened {
        run: RUN.into(),
        plan: wire::digest::of(b"plan"),
        bundle: wire::digest::of(b"bundle"),
    };
    let opened = (log.end() == 0).then_some(opened);
    let events = opened
        .into_iter()
        .chain(terms.iter().map(|&term| event(term)));
    let batch = Batch {
        term: Term(*terms.last().unwrap()),
        writer: "somebody".to_owned(),
        events: events
            .map(|event| wire::event::encode_run(&event))
            .collect(),
        ..Batch::default()
    };
    log.append(log.end(), &batch).unwrap();
}

fn plan() -> Plan {
    Plan {
        run: RUN.into(),
        created_at_ms: 0,
        environment: "staging".to_owned(),
        environment_file: String::new(),
        caps: None,
        regions: Vec::new(),
        suites: Vec::new(),
        cases: Vec::new(),
        gate: None,
        lock_problems: Vec::new(),
        value: Vec::new(),
        currency: String::new(),
        deadline: Duration::from_secs(60),
        max_fail: None,
        completes: None,
        carried: Vec::new(),
        bundle: wire::digest::of(b""),
        made_by: String::new(),
    }
}

/// A store with the plan and two segments, and an archive over it.
fn site() -> (FileStore, Archive, Digest, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::new(dir.path(), Layout::Grid);
    let bytes = wire::plan::encode(&plan());
    let digest = wire::digest::of(&bytes);
    let mut blobs = store.blobs().unwrap();
    let blob = Blob {
        digest: digest.clone(),
        bytes,
    };
    blobs.put(&[blob]).unwrap();
    blobs.sync().unwrap();
    append(&store, &[1]);
    append(&store, &[2, 3]);
    let archive = Archive::new(Arc::new(store.clone()), blobs.reader(), store.clone());
    (store, archive, digest, dir)
}

#[test]
fn a_run_that_was_read_ahead_is_the_run_as_it_is_now() {
    let (store, archive, digest, _dir) = site();
    let ahead = Ahead::default();
    ahead.read_on(&archive, &RUN.into(), &digest).unwrap();
    append(&store, &[4]);
    ahead.read_on(&archive, &RUN.into(), &digest).unwrap();
    append(&store, &[5]);
    let cold = archive.folded(&RUN.into(), &digest).unwrap();
    let archive = archive.with_ahead(ahead.clone());
    let warm = archive.folded(&RUN.into(), &digest).unwrap();
    assert_eq!(warm, cold);
    assert_eq!(warm.tail(), 4);
    assert!(ahead.take(&RUN.into()).is_none(), "it is taken once");
    let again = archive.folded(&RUN.into(), &digest).unwrap();
    assert_eq!(again, cold, "and read the second time");
}

#[test]
fn a_run_is_taken_from_what_was_read_ahead_only_with_its_own_plan() {
    let (_store, archive, digest, _dir) = site();
    let ahead = Ahead::default();
    let archive = archive.with_ahead(ahead.clone());
    ahead.read_on(&archive, &RUN.into(), &digest).unwrap();
    let other = wire::digest::of(b"another plan");
    assert!(archive.folded(&RUN.into(), &other).is_err());
    ahead.read_on(&archive, &RUN.into(), &digest).unwrap();
    ahead.forget(&RUN.into());
    assert!(ahead.take(&RUN.into()).is_none());
    assert_eq!(ahead.held().n_events, 0);
}
