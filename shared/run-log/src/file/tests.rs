//! The file adapter: what every adapter must do, and what only files can suffer.

use std::sync::{Arc, mpsc};

use tempfile::TempDir;

use super::*;
use crate::conformance::{self, batch, blob};
use crate::port::ReadLog;
use crate::writer::{Answer, Writer};

conformance::suite!(grid_layout, racing::Holders::One, {
    let directory = tempfile::tempdir().unwrap();
    (FileStore::new(directory.path(), Layout::Grid), directory)
});
conformance::suite!(single_run_layout, racing::Holders::One, {
    let directory = tempfile::tempdir().unwrap();
    (
        FileStore::new(directory.path(), Layout::SingleRun),
        directory,
    )
});

fn run() -> LogId {
    LogId::Run("r".into())
}

/// A log of three segments, and the offset where the last begins.
fn three_segments(directory: &TempDir) -> (PathBuf, usize) {
    let mut log = FileLog::open(&run(), directory.path()).unwrap();
    log.append(0, &batch(1, &["one"])).unwrap();
    log.append(1, &batch(1, &["two", "more"])).unwrap();
    let path = directory.path().join("run.log");
    let last = fs::metadata(&path).unwrap().len() as usize;
    log.append(2, &batch(2, &["three"])).unwrap();
    (path, last)
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off_and_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let (path, last) = three_segments(&directory);
    let whole = fs::read(&path).unwrap();
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut log = FileLog::open(&run(), directory.path()).unwrap();
        assert_eq!(log.end(), 2, "cut at {cut}");
        assert_eq!(log.append(2, &batch(2, &["three"])).unwrap(), 3);
        drop(log);
        assert_eq!(fs::read(&path).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn a_log_cut_while_it_was_made_is_an_empty_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.log");
    for cut in 0..frame::MAGIC.len() {
        fs::write(&path, &frame::MAGIC[..cut]).unwrap();
        assert_eq!(FileLog::open(&run(), directory.path()).unwrap().end(), 0);
    }
}

#[test]
fn a_flipped_byte_with_valid_entries_behind_it_is_refused_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let (path, last) = three_segments(&directory);
    let whole = fs::read(&path).unwrap();
    for at in frame::MAGIC.len()..last {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        fs::write(&path, &damaged).unwrap();
        match FileLog::open(&run(), directory.path()) {
            Err(Error::Damaged { offset, .. }) => assert!(offset as usize <= at),
            other => panic!("byte {at} was answered with {other:?}"),
        }
        assert_eq!(
            fs::read(&path).unwrap(),
            damaged,
            "a damaged log is left as it is"
        );
    }
}

#[test]
fn a_tail_of_zeros_is_a_torn_tail() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = three_segments(&directory);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 4096]);
    fs::write(&path, &bytes).unwrap();
    assert_eq!(FileLog::open(&run(), directory.path()).unwrap().end(), 3);
}

#[test]
fn a_file_of_something_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(
        directory.path().join("run.log"),
        "once upon a time there was a log",
    )
    .unwrap();
    let error = FileLog::open(&run(), directory.path()).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
}

#[test]
fn a_log_of_a_newer_version_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let (path, last) = three_segments(&directory);
    let whole = fs::read(&path).unwrap();

    let mut other_frames = whole.clone();
    other_frames[b"muster log ".len()] = b'2';
    fs::write(&path, &other_frames).unwrap();
    let error = FileLog::open(&run(), directory.path()).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), other_frames);

    // The same frames, and a segment that only a newer muster can read.
    let payload = &whole[last + frame::HEAD..];
    let mut segment = <proto::v1::Segment as Message>::decode(payload).unwrap();
    segment.format = proto::LOG_FORMAT + 1;
    let newer = Message::encode_to_vec(&segment);
    let mut previous = [0; 32];
    previous.copy_from_slice(&whole[last + 24..last + frame::HEAD]);
    let entry = frame::encode(domain::Term(segment.term), 2, &previous, &newer);
    let mixed = [&whole[..last], &entry[..]].concat();
    fs::write(&path, &mixed).unwrap();
    let error = FileLog::open(&run(), directory.path())
        .unwrap_err()
        .to_string();
    let expected = format!(
        "at byte {last} (its layout is version {}, newer than this muster's",
        segment.format
    );
    assert!(error.contains(&expected), "{error}");
    assert_eq!(fs::read(&path).unwrap(), mixed);
}

#[test]
fn a_swapped_segment_breaks_the_chain() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = three_segments(&directory);
    let other = tempfile::tempdir().unwrap();
    let mut log = FileLog::open(&run(), other.path()).unwrap();
    log.append(0, &batch(1, &["eno"])).unwrap();
    let mine = fs::read(&path).unwrap();
    let theirs = fs::read(other.path().join("run.log")).unwrap();
    let mixed = [&theirs[..], &mine[theirs.len()..]].concat();
    fs::write(&path, &mixed).unwrap();
    match FileLog::open(&run(), directory.path()) {
        Err(Error::Damaged { offset, .. }) => assert_eq!(offset as usize, theirs.len()),
        other => panic!("answered with {other:?}"),
    }
}

#[test]
fn a_pack_torn_at_any_byte_loses_only_its_last_blob() {
    let directory = tempfile::tempdir().unwrap();
    let mut packs = Packs::open(directory.path()).unwrap();
    packs.put(&[blob("first")]).unwrap();
    let path = directory.path().join("pack-00001");
    let last = fs::metadata(&path).unwrap().len() as usize;
    packs.put(&[blob("second")]).unwrap();
    packs.sync().unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut packs = Packs::open(directory.path()).unwrap();
        assert_eq!(
            packs.reader().get(&blob("first").digest).unwrap().unwrap(),
            b"first"
        );
        assert!(
            packs
                .reader()
                .get(&blob("second").digest)
                .unwrap()
                .is_none()
        );
        packs.put(&[blob("second")]).unwrap();
        packs.sync().unwrap();
        assert_eq!(
            packs.reader().get(&blob("second").digest).unwrap().unwrap(),
            b"second"
        );
        fs::remove_file(directory.path().join("pack-00002")).unwrap();
    }
}

#[test]
fn a_changed_blob_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let mut packs = Packs::open(directory.path()).unwrap();
    packs.put(&[blob("precious")]).unwrap();
    packs.sync().unwrap();
    let path = directory.path().join("pack-00001");
    let mut bytes = fs::read(&path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = packs.reader().get(&blob("precious").digest).unwrap_err();
    assert!(matches!(error, Error::BadBlob { .. }), "{error}");
}

#[test]
fn a_run_id_never_leaves_the_data_directory_and_never_shares_a_folder() {
    let store = FileStore::new("/data", Layout::Grid);
    let long = "x".repeat(300);
    let longer = "x".repeat(301);
    let ids = [
        "../../etc",
        "..",
        ".",
        "",
        "a/b",
        "a_b",
        "a%2fb",
        "A/B",
        &long,
        &longer,
    ];
    let folders: std::collections::BTreeSet<_> = ids
        .iter()
        .map(|&id| store.folder(&LogId::Run(id.into())))
        .collect();
    assert_eq!(folders.len(), ids.len(), "{folders:#?}");
    for folder in folders {
        assert_eq!(folder.parent(), Some(Path::new("/data/runs")));
        assert!(folder.file_name().unwrap().len() < 250);
    }
    let usual = store.folder(&LogId::Run("20261122-163753-9b65".into()));
    assert_eq!(usual, Path::new("/data/runs/20261122-163753-9b65"));
}

#[test]
fn a_whole_entry_that_does_not_follow_is_damage_even_at_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let (path, last) = three_segments(&directory);
    let mut bytes = fs::read(&path).unwrap();
    let repeated = bytes[last..].to_vec();
    let end = bytes.len() as u64;
    bytes.extend(repeated);
    fs::write(&path, &bytes).unwrap();
    match FileLog::open(&run(), directory.path()) {
        Err(Error::Damaged { offset, .. }) => assert_eq!(offset, end),
        other => panic!("answered with {other:?}"),
    }
}

#[test]
fn a_copy_has_the_same_segments_and_blobs() {
    let home = tempfile::tempdir().unwrap();
    three_segments(&home);
    let mut packs = Packs::open(&home.path().join(BLOBS)).unwrap();
    packs.put(&[blob("record")]).unwrap();
    packs.sync().unwrap();
    let original = RunFolder::open(home.path()).unwrap();
    let away = tempfile::tempdir().unwrap();
    let mut copy = Copy::open(&"r".into(), away.path()).unwrap();
    for bytes in original.raw().unwrap() {
        copy.add_bytes(&bytes).unwrap();
        copy.add_bytes(&bytes).unwrap();
    }
    copy.add_blob(b"record".to_vec()).unwrap();
    copy.finish().unwrap();
    let copied = RunFolder::open(away.path()).unwrap();
    assert_eq!(copied.raw().unwrap(), original.raw().unwrap());
    assert_eq!(
        copied.blob(&blob("record").digest).unwrap().unwrap(),
        b"record"
    );
}

#[test]
fn a_copy_with_a_hole_is_refused() {
    let home = tempfile::tempdir().unwrap();
    three_segments(&home);
    let raw = RunFolder::open(home.path()).unwrap().raw().unwrap();
    let away = tempfile::tempdir().unwrap();
    let mut copy = Copy::open(&"r".into(), away.path()).unwrap();
    copy.add_bytes(&raw[0]).unwrap();
    assert!(matches!(
        copy.add_bytes(&raw[2]),
        Err(folder::CopyError::Changed { at: 1, .. })
    ));
}

#[test]
fn waiting_blobs_share_a_sync_and_appends_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let (answers, answered) = mpsc::channel();
    let store = Arc::new(FileStore::new(directory.path(), Layout::SingleRun));
    let to_log = answers.clone();
    let writer = Writer::of_log(run(), store, move |answer| to_log.send(answer).unwrap()).unwrap();
    for at in 0..20 {
        writer.send((at, batch(1, &["next"])));
    }
    writer.close();
    let packs = Packs::open(&directory.path().join(BLOBS)).unwrap();
    let blobs =
        Writer::of_blobs(Box::new(packs), move |answer| answers.send(answer).unwrap()).unwrap();
    for number in 0..20 {
        blobs.send(blob(&number.to_string()));
    }
    blobs.close();
    for expected in 1..=20 {
        assert!(matches!(answered.recv().unwrap(), Answer::Durable { to, .. } if to == expected));
    }
    let folder = RunFolder::open(directory.path()).unwrap();
    for number in 0..20 {
        let Answer::BlobStored { digest } = answered.recv().unwrap() else {
            panic!("a blob was not stored");
        };
        assert_eq!(digest, blob(&number.to_string()).digest);
        assert_eq!(
            folder.blob(&digest).unwrap().unwrap(),
            number.to_string().as_bytes()
        );
    }
}

#[test]
fn after_a_failed_write_nothing_is_written_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = FileLog::open(&run(), directory.path()).unwrap();
    log.append(0, &batch(1, &["kept"])).unwrap();
    // A file opened for reading refuses the write, as a broken disk would.
    log.file = File::open(directory.path().join("run.log")).unwrap();
    for _ in 0..2 {
        let error = log.append(1, &batch(1, &["lost"])).unwrap_err();
        assert!(matches!(error, AppendError::Fatal { .. }), "{error}");
    }
    assert_eq!(FileLog::open(&run(), directory.path()).unwrap().end(), 1);
}
