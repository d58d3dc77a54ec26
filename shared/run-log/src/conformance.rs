//! What every adapter must pass: the same tests over each of them.
//!
//! An adapter's test module calls `conformance::suite!(name, Holders::…, { … (store, guard) })`; the
//! block makes a fresh store and whatever must outlive it. Stores that can be told to fail are
//! held to `harmed` as well.

use std::error::Error;

use domain::{Digest, Term};
use sha2::{Digest as _, Sha256};

use crate::port::{AppendError, Batch, Blob, LogId, Position, Store};
use crate::segment::Chain;

pub mod harmed;
pub mod racing;

type Checked = Result<(), Box<dyn Error>>;

/// A batch of events with the given texts.
pub fn batch(term: u64, texts: &[&str]) -> Batch {
    Batch {
        term: Term(term),
        writer: format!("leader {term}"),
        elapsed_ms: 7,
        wall_ms: 1_800_000_000_000,
        events: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
    }
}

/// A blob under its right name.
pub fn blob(text: &str) -> Blob {
    Blob {
        digest: Digest::from(hex::encode(Sha256::digest(text))),
        bytes: text.as_bytes().to_vec(),
    }
}

fn run_log() -> LogId {
    LogId::Run("2026-11-22-quiet-otter".into())
}

fn ensure(holds: bool, what: &str) -> Checked {
    if holds { Ok(()) } else { Err(what.into()) }
}

fn texts(store: &dyn Store, id: &LogId) -> Result<Vec<String>, Box<dyn Error>> {
    let mut chain = Chain::start(id);
    let mut texts = Vec::new();
    for stored in store.tail(id).next(Position::MAX)? {
        chain.join(&stored.bytes)?;
        for event in stored.segment.events {
            texts.push(String::from_utf8(event)?);
        }
    }
    Ok(texts)
}

/// What was appended is read back, in order, beside the writer and after a reopening.
pub fn appended_events_are_read_back(store: &dyn Store) -> Checked {
    let id = run_log();
    let mut log = store.open(&id)?;
    ensure(log.end() == 0, "a new log is empty")?;
    ensure(
        log.append(0, &batch(1, &["a", "b"]))? == 1,
        "a segment was appended",
    )?;
    ensure(
        log.append(1, &batch(1, &["c"]))? == 2,
        "a second was appended",
    )?;
    ensure(
        texts(store, &id)? == ["a", "b", "c"],
        "a reader sees all three events",
    )?;
    drop(log);
    ensure(
        store.open(&id)?.end() == 2,
        "the log goes on where it ended",
    )?;
    ensure(texts(store, &id)? == ["a", "b", "c"], "nothing was lost")
}

/// A tail gives each segment once, and none beyond what it is told.
pub fn a_tail_follows_its_log(store: &dyn Store) -> Checked {
    let id = run_log();
    let mut tail = store.tail(&id);
    ensure(tail.next(9)?.is_empty(), "a log that is missing is empty")?;
    let mut log = store.open(&id)?;
    log.append(0, &batch(1, &["a"]))?;
    log.append(1, &batch(1, &["b"]))?;
    let first = tail.next(1)?;
    ensure(
        first.len() == 1 && first[0].number() == 0,
        "only what is allowed is given",
    )?;
    ensure(tail.next(1)?.is_empty(), "nothing is given twice")?;
    log.append(2, &batch(2, &["c"]))?;
    let rest = tail.next(3)?;
    ensure(rest.len() == 2 && rest[0].number() == 1, "the rest follows")?;
    drop(log);
    let mut log = store.open(&id)?;
    log.append(3, &batch(3, &["d"]))?;
    ensure(tail.next(4)?.len() == 1, "it goes on over a reopening")
}

/// An append anywhere but at the end changes nothing.
pub fn an_append_elsewhere_is_a_conflict(store: &dyn Store) -> Checked {
    let id = run_log();
    let mut log = store.open(&id)?;
    log.append(0, &batch(1, &["a"]))?;
    for at in [0, 2, 9] {
        match log.append(at, &batch(1, &["x"])) {
            Err(AppendError::Conflict { end: 1, .. }) => {}
            other => return Err(format!("position {at} was answered with {other:?}").into()),
        }
    }
    ensure(
        log.append(1, &batch(1, &["b"]))? == 2,
        "the end still takes appends",
    )?;
    ensure(
        texts(store, &id)? == ["a", "b"],
        "no refused event was written",
    )
}

/// A leader of an earlier term can't write behind a later one.
pub fn a_falling_term_is_a_conflict(store: &dyn Store) -> Checked {
    let mut log = store.open(&run_log())?;
    log.append(0, &batch(5, &["a"]))?;
    match log.append(1, &batch(4, &["x"])) {
        Err(AppendError::Conflict { .. }) => {}
        other => return Err(format!("term 4 behind 5 was answered with {other:?}").into()),
    }
    ensure(
        log.append(1, &batch(5, &["b"]))? == 2,
        "the term in power still writes",
    )
}

/// A blob is found by its digest, also after a reopening; storing it twice is no error.
pub fn blobs_are_found_by_their_digest(store: &dyn Store) -> Checked {
    let kept = [blob("first"), blob(""), blob("third")];
    let mut blobs = store.blobs()?;
    blobs.put(&kept)?;
    blobs.put(&kept[..1])?;
    blobs.sync()?;
    let beside = blobs.reader();
    drop(blobs);
    let mut blobs = store.blobs()?;
    blobs.put(&kept[2..])?;
    blobs.sync()?;
    for reader in [beside, blobs.reader()] {
        for blob in &kept {
            ensure(
                reader.get(&blob.digest)?.as_ref() == Some(&blob.bytes),
                "a reader finds it",
            )?;
        }
        ensure(
            reader.get(&blob("other").digest)?.is_none(),
            "nothing else is found",
        )?;
    }
    Ok(())
}

/// Bytes under a wrong name are never stored.
pub fn a_blob_under_a_wrong_name_is_refused(store: &dyn Store) -> Checked {
    let wrong = Blob {
        digest: blob("right").digest,
        bytes: b"wrong".to_vec(),
    };
    let refused = store.blobs()?.put(std::slice::from_ref(&wrong)).is_err();
    ensure(refused, "it is refused")?;
    let found = store.blobs()?.reader().get(&wrong.digest)?;
    ensure(found.is_none(), "it is not there")
}

/// Logs do not see each other's events.
pub fn logs_are_apart(store: &dyn Store) -> Checked {
    store.open(&LogId::Grid)?.append(0, &batch(1, &["grid"]))?;
    store.open(&run_log())?.append(0, &batch(1, &["run"]))?;
    ensure(
        texts(store, &LogId::Grid)? == ["grid"],
        "the grid log holds its own",
    )?;
    ensure(
        texts(store, &run_log())? == ["run"],
        "the run log holds its own",
    )
}

/// Runs every property above as a test of its own.
#[macro_export]
macro_rules! log_suite {
    ($name:ident, $holders:expr, $make:expr) => {
        mod $name {
            use super::*;

            #[test]
            fn each_number_has_one_winner() {
                use $crate::conformance::racing;
                let (store, _guard) = $make;
                racing::each_number_has_one_winner(&store, racing::FULL, $holders).unwrap();
            }

            $crate::log_suite!(@tests $make,
                appended_events_are_read_back,
                a_tail_follows_its_log,
                an_append_elsewhere_is_a_conflict,
                a_falling_term_is_a_conflict,
                blobs_are_found_by_their_digest,
                a_blob_under_a_wrong_name_is_refused,
                logs_are_apart
            );
        }
    };
    (@tests $make:expr, $($property:ident),*) => {
        $(
            #[test]
            fn $property() {
                let (store, _guard) = $make;
                $crate::conformance::$property(&store).unwrap();
            }
        )*
    };
}

pub use crate::log_suite as suite;
