//! Logs as objects in a directory: the suite, and damage that must be seen.

use std::fs;
use std::path::{Path, PathBuf};

use domain::Digest;
use run_log::conformance::racing::Holders;
use run_log::conformance::{self, batch, blob};
use run_log::segment::Chain;
use run_log::{Address, Error, LogId, ObjectStore, Position, Store};
use tempfile::TempDir;

fn store() -> (ObjectStore, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (open(directory.path()), directory)
}

fn open(directory: &Path) -> ObjectStore {
    ObjectStore::open(&Address::Directory(directory.to_owned())).unwrap()
}

conformance::suite!(suite, Holders::Each, store());

const GRID: LogId = LogId::Grid;

fn segment(directory: &Path, number: u64) -> PathBuf {
    directory.join(format!("grid/segments/{number:020}"))
}

fn write(store: &ObjectStore, n_segments: u64) {
    let mut log = store.open(&GRID).unwrap();
    for at in log.end()..n_segments {
        log.append(at, &batch(1, &[&format!("event {at}")]))
            .unwrap();
    }
}

/// A reader and a writer that come later both refuse the log, and name the segment.
fn assert_refused(directory: &Path, number: u64, words: &str) {
    let store = open(directory);
    let read = store.tail(&GRID).next(Position::MAX).unwrap_err();
    let opened = store.open(&GRID).unwrap_err();
    for error in [read, opened] {
        let text = error.to_string();
        assert!(
            matches!(error, Error::BadSegment { number: at, .. } if at == number),
            "{text}"
        );
        assert!(text.contains(words) && text.contains("restore"), "{text}");
    }
}

#[test]
fn a_hole_is_never_passed_over() {
    let (store, directory) = store();
    write(&store, 7);
    fs::remove_file(segment(directory.path(), 4)).unwrap();
    assert_refused(directory.path(), 4, "absent");
}

#[test]
fn a_hole_far_before_the_rest_is_seen_before_anything_is_written() {
    let (store, directory) = store();
    write(&store, 40);
    for number in 1..30 {
        fs::remove_file(segment(directory.path(), number)).unwrap();
    }
    let error = open(directory.path()).open(&GRID).unwrap_err();
    assert!(error.to_string().contains("segment 1"), "{error}");
}

#[test]
fn a_changed_segment_breaks_the_chain_at_its_successor() {
    let (store, directory) = store();
    write(&store, 5);
    let path = segment(directory.path(), 2);
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_refused(directory.path(), 3, "predecessor");
}

#[test]
fn a_segment_of_another_log_is_refused() {
    let (store, directory) = store();
    write(&store, 2);
    let run = LogId::Run("run".into());
    store
        .open(&run)
        .unwrap()
        .append(0, &batch(1, &["of a run"]))
        .unwrap();
    let foreign = directory
        .path()
        .join("runs/run/segments")
        .join(format!("{:020}", 0));
    fs::copy(foreign, segment(directory.path(), 2)).unwrap();
    assert_refused(directory.path(), 2, "log `run`");
}

#[test]
fn a_falling_term_is_refused() {
    let (store, directory) = store();
    write_term(&store, 0, 1);
    write_term(&store, 1, 5);
    // A segment that joins on in every way but its term.
    let mut chain = Chain::start(&GRID);
    for number in 0..2 {
        chain
            .join(&fs::read(segment(directory.path(), number)).unwrap())
            .unwrap();
    }
    let falling = prost::Message::encode_to_vec(&chain.next(&batch(4, &["late"])));
    fs::write(segment(directory.path(), 2), falling).unwrap();
    assert_refused(directory.path(), 2, "term 4");
}

fn write_term(store: &ObjectStore, at: u64, term: u64) {
    let mut log = store.open(&GRID).unwrap();
    log.append(at, &batch(term, &["event"])).unwrap();
}

#[test]
fn a_torn_segment_is_refused() {
    for length in [0, 20] {
        let (store, directory) = store();
        write(&store, 3);
        let path = segment(directory.path(), 2);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..length]).unwrap();
        assert_refused(directory.path(), 2, "segment");
    }
}

#[test]
fn what_a_lost_sync_took_is_written_again_without_a_hole() {
    let (store, directory) = store();
    write(&store, 4);
    // The disk forgot the last two; whoever was told of them has to send them again.
    for number in [2, 3] {
        fs::remove_file(segment(directory.path(), number)).unwrap();
    }
    let later = open(directory.path());
    write(&later, 5);
    assert_eq!(later.tail(&GRID).next(Position::MAX).unwrap().len(), 5);
}

#[test]
fn a_blob_that_was_changed_is_named() {
    let (store, directory) = store();
    let kept = blob("kept");
    store
        .blobs()
        .unwrap()
        .put(std::slice::from_ref(&kept))
        .unwrap();
    let name = kept.digest.as_str();
    let path = directory.path().join("blobs").join(&name[..2]).join(name);
    fs::write(path, "other").unwrap();
    let error = store
        .blobs()
        .unwrap()
        .reader()
        .get(&kept.digest)
        .unwrap_err();
    assert!(matches!(error, Error::BadBlob { .. }), "{error}");
    let outside = Digest::from("../../etc/passwd".to_owned());
    let reader = store.blobs().unwrap().reader();
    assert!(reader.get(&outside).unwrap().is_none());
}

/// More events than a checkpoint waits for, in few segments, then some behind it.
fn write_past_a_checkpoint(store: &ObjectStore, directory: &Path) {
    let mut log = store.open(&GRID).unwrap();
    let texts = vec!["event"; 700];
    for at in 0..20 {
        log.append(at, &batch(1, &texts)).unwrap();
    }
    let folder = directory.join("grid/checkpoints");
    // It is written beside the appends: those that follow find it there.
    let mut at = 20;
    while !folder.join(format!("{:020}", 0)).is_file() {
        log.append(at, &batch(1, &["more"])).unwrap();
        at += 1;
    }
}

#[test]
fn a_checkpoint_gives_the_same_log_as_its_segments() {
    let (store, directory) = store();
    write_past_a_checkpoint(&store, directory.path());
    let read = |store: &ObjectStore| store.tail(&GRID).next(Position::MAX).unwrap();
    let with = read(&open(directory.path()));
    let checkpoint = directory
        .path()
        .join("grid/checkpoints")
        .join(format!("{:020}", 0));
    // A reader that only has the checkpoint's segments from it.
    fs::rename(segment(directory.path(), 0), directory.path().join("aside")).unwrap();
    assert_eq!(
        read(&open(directory.path())),
        with,
        "read from the checkpoint"
    );
    fs::rename(directory.path().join("aside"), segment(directory.path(), 0)).unwrap();
    let whole = fs::read(&checkpoint).unwrap();
    for spoilt in [whole[..whole.len() / 2].to_vec(), b"nonsense".to_vec()] {
        fs::write(&checkpoint, spoilt).unwrap();
        assert_eq!(
            read(&open(directory.path())),
            with,
            "a spoilt one is passed over"
        );
    }
    fs::remove_file(&checkpoint).unwrap();
    assert_eq!(
        read(&open(directory.path())),
        with,
        "and so is a missing one"
    );
    let mut tail = open(directory.path()).tail(&GRID);
    fs::write(&checkpoint, whole).unwrap();
    let some = tail.next(3).unwrap();
    assert_eq!(some, with[..3], "no more than was asked for");
    assert_eq!(tail.next(Position::MAX).unwrap(), with[3..]);
}

#[test]
fn a_checkpoint_grows_until_it_is_large_then_the_next_begins() {
    let (store, directory) = store();
    let checkpoint = |number: u64| {
        let folder = directory.path().join("grid/checkpoints");
        folder.join(format!("{number:020}"))
    };
    // Eight of them are due, and larger than a checkpoint that is put again.
    let long = "x".repeat(600 * 1024);
    let mut texts = vec![""; 700];
    texts[0] = &long;
    let mut n_written = 0;
    // Reopened now and then, as by one leader after another.
    while !checkpoint(1).is_file() {
        let mut log = store.open(&GRID).unwrap();
        for _ in 0..9 {
            log.append(n_written, &batch(1, &texts)).unwrap();
            n_written += 1;
        }
    }
    for number in 1..n_written {
        fs::remove_file(segment(directory.path(), number)).unwrap();
    }
    let copied = open(directory.path()).tail(&GRID).next(Position::MAX);
    let copied = copied.unwrap();
    assert!(copied.len() >= 16, "both hold segments: {}", copied.len());
    assert!(copied.iter().zip(0..).all(|(one, at)| one.number() == at));
}

#[test]
fn a_standby_that_read_along_reads_nothing_twice_and_goes_on_with_the_leaders_checkpoints() {
    let (leader, directory) = store();
    let standby = open(directory.path());
    write_past_a_checkpoint(&leader, directory.path());
    let mut along = standby.tail(&GRID);
    let read = along.next(Position::MAX).unwrap();
    // The leader's checkpoint grows behind the standby's back.
    let checkpoint = directory.path().join("grid/checkpoints");
    let checkpoint = checkpoint.join(format!("{:020}", 0));
    let before = fs::metadata(&checkpoint).unwrap().len();
    let mut log = leader.open(&GRID).unwrap();
    let texts = vec!["event"; 700];
    while fs::metadata(&checkpoint).unwrap().len() == before {
        log.append(log.end(), &batch(1, &texts)).unwrap();
    }
    let end = log.end();
    drop(log);
    let more = along.next(Position::MAX).unwrap();
    assert_eq!((read.len() + more.len()) as u64, end);
    // What it has seen it has; with the newest checkpoint gone bad nothing is lost either.
    for number in 0..end {
        let aside = directory.path().join(format!("{number}"));
        fs::rename(segment(directory.path(), number), aside).unwrap();
    }
    fs::write(&checkpoint, b"nonsense").unwrap();
    let again = standby.tail(&GRID).next(Position::MAX).unwrap();
    assert_eq!(again, [read, more].concat(), "from memory");
    for number in 0..end {
        let aside = directory.path().join(format!("{number}"));
        fs::rename(aside, segment(directory.path(), number)).unwrap();
    }
    let mut log = standby.open(&GRID).unwrap();
    assert_eq!(log.end(), end);
    // It leads now, and makes a checkpoint that a process without any memory can read from.
    while fs::read(&checkpoint).unwrap() == b"nonsense" {
        log.append(log.end(), &batch(2, &texts)).unwrap();
    }
    let all = open(directory.path()).tail(&GRID).next(Position::MAX);
    assert_eq!(all.unwrap().len() as u64, log.end());
}

#[test]
fn who_has_read_along_writes_on_behind_all_that_others_wrote() {
    let (writer, directory) = store();
    write(&writer, 20);
    let standby = open(directory.path());
    let mut tail = standby.tail(&GRID);
    assert_eq!(tail.next(Position::MAX).unwrap().len(), 20);
    write(&writer, 30);
    assert_eq!(tail.next(Position::MAX).unwrap().len(), 10);
    write(&writer, 33);
    let mut log = standby.open(&GRID).unwrap();
    assert_eq!(log.end(), 33, "what nobody here has read is read");
    let at = log.append(33, &batch(2, &["taken over"])).unwrap();
    assert_eq!(at, 34);
    let found = open(directory.path()).tail(&GRID).next(Position::MAX);
    assert_eq!(found.unwrap().len(), 34, "one chain to the end");
}
