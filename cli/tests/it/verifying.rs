//! `muster log verify` over the logs of real runs, whole and damaged in every way.

use std::fs;
use std::path::{Path, PathBuf};

use domain::{RunId, Term};
use prost::Message as _;
use proto::v1;
use proto::v1::run_event::Event;
use run_log::file::frame::{self, HEAD, MAGIC};
use run_log::segment::Chain;
use run_log::{Batch, LogId};

use crate::muster::{Muster, Said};
use crate::platform::Target;

const SUITE: &str = r#"muster: v1
suite: health
priority: P1
tests:
  - id: is_well
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.status == "healthy"
  - id: is_still_well
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.status == "healthy"
"#;

/// A run that was executed and kept, with its report beside its log.
struct Ran {
    muster: Muster,
    run: String,
    folder: PathBuf,
    whole: Vec<u8>,
}

impl Ran {
    fn once() -> Self {
        let target = Target::start(&[]);
        let muster = Muster::new();
        muster.write("suites/health.yaml", SUITE);
        let words = [
            "run",
            "suites",
            "--env",
            &target.environment,
            "--regions",
            "here",
        ];
        let said = muster.call(&words);
        assert_eq!(said.code, 0, "{}", said.all());
        let mut runs = fs::read_dir(muster.path(".muster/runs")).expect("runs");
        let folder = runs.next().expect("a run").expect("a folder").path();
        let report = muster.call(&["report", "--format", "json"]);
        fs::write(folder.join("report.json"), report.stdout).expect("a report");
        Self {
            run: folder
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned(),
            whole: fs::read(folder.join("run.log")).expect("a log"),
            muster,
            folder,
        }
    }

    fn verify(&self, more: &[&str]) -> Said {
        self.muster.call(&[&["log", "verify"], more].concat())
    }

    /// Verifies another log in the place of this run's.
    fn with_log(&self, bytes: &[u8]) -> Said {
        fs::write(self.folder.join("run.log"), bytes).expect("a log");
        self.verify(&[&self.run])
    }

    fn segments(&self) -> Vec<Vec<u8>> {
        recheck::segments(&self.whole, None).expect("a whole log")
    }

    /// Where the entry of segment `number` begins.
    fn start(&self, number: usize) -> usize {
        let before = self.segments().into_iter().take(number);
        MAGIC.len() + before.map(|payload| HEAD + payload.len()).sum::<usize>()
    }
}

fn assert_damaged(said: &Said, words: &[&str]) {
    assert_eq!(said.code, 107, "{}", said.all());
    assert!(said.stdout.contains("damaged  run"), "{}", said.all());
    for words in words {
        assert!(said.stdout.contains(words), "{words}: {}", said.all());
    }
}

/// A log of these events, every checksum, number and digest as it should be.
fn forged(run: &str, segments: &[v1::Segment]) -> Vec<u8> {
    let mut chain = Chain::start(&LogId::Run(RunId::from(run)));
    let mut bytes = MAGIC.to_vec();
    for segment in segments {
        let batch = Batch {
            term: Term(segment.term),
            writer: segment.writer.clone(),
            elapsed_ms: segment.elapsed_ms,
            wall_ms: segment.wall_ms,
            events: segment.events.clone(),
        };
        let payload = chain.next(&batch).encode_to_vec();
        let entry = frame::encode(batch.term, chain.position(), &chain.link(), &payload);
        chain.join(&payload).expect("it joins on");
        bytes.extend(entry);
    }
    bytes
}

fn is_settled(event: &[u8]) -> bool {
    let event = v1::RunEvent::decode(event).expect("an event").event;
    matches!(event, Some(Event::CaseSettled(_)))
}

#[test]
fn a_whole_run_is_said_to_be_whole_and_counted_again() {
    let ran = Ran::once();
    for words in [vec![], vec![ran.run.as_str()], vec![".muster/runs/"]] {
        let what: Vec<&str> = match words.first() {
            Some(&".muster/runs/") => vec![ran.folder.to_str().expect("a path")],
            _ => words,
        };
        let said = ran.verify(&what);
        assert_eq!(said.code, 0, "{}", said.all());
        for words in [
            "whole    run",
            "whole    grid log",
            "2 planned = 2 passed",
            "; PASSED",
            "says the same",
        ] {
            assert!(said.stdout.contains(words), "{words}: {}", said.all());
        }
    }
    let nothing = ran.verify(&["no-such-run"]);
    assert_eq!(nothing.code, 2, "{}", nothing.all());
}

#[test]
fn a_flipped_byte_anywhere_is_found_at_its_entry() {
    let ran = Ran::once();
    let n_segments = ran.segments().len();
    for number in [0, n_segments / 2, n_segments - 1] {
        let start = ran.start(number);
        // Length, checksum, term, number, predecessor, content.
        for offset in [0, 5, 9, 17, 30, HEAD + 3] {
            let mut damaged = ran.whole.clone();
            damaged[start + offset] ^= 0x40;
            let said = ran.with_log(&damaged);
            assert_damaged(
                &said,
                &[&format!("run.log, byte {start}: the entry here is damaged")],
            );
        }
    }
    let mut damaged = ran.whole.clone();
    damaged[3] ^= 0x40;
    assert_damaged(
        &ran.with_log(&damaged),
        &["byte 0: it does not begin as a log of muster does"],
    );
}

#[test]
fn two_damages_are_both_said() {
    let ran = Ran::once();
    let mut damaged = ran.whole.clone();
    let places = [ran.start(1), ran.start(4)];
    places.iter().for_each(|start| damaged[start + 60] ^= 0x40);
    let said = ran.with_log(&damaged);
    let words = places.map(|start| format!("byte {start}: "));
    assert_damaged(&said, &[&words[0], &words[1], "not counted again"]);
}

#[test]
fn a_log_without_its_end_is_damaged_where_the_grid_log_closed_its_run() {
    let ran = Ran::once();
    let last = ran.start(ran.segments().len() - 1);
    let said = ran.with_log(&ran.whole[..last]);
    assert_damaged(
        &said,
        &["the grid log closed this run, and its log has no verdict"],
    );
    let said = ran.with_log(&ran.whole[..last + 20]);
    assert_damaged(
        &said,
        &[
            "the grid log closed this run",
            "20 bytes of a write that was cut off",
        ],
    );
}

#[test]
fn a_run_that_goes_on_is_open_and_its_torn_tail_is_no_damage() {
    let ran = Ran::once();
    fs::remove_file(ran.folder.join("grid.log")).expect("the grid log");
    fs::remove_file(ran.folder.join("report.json")).expect("the report");
    let last = ran.start(ran.segments().len() - 1);
    let said = ran.with_log(&ran.whole[..last + 20]);
    assert_eq!(said.code, 0, "{}", said.all());
    let torn = format!("byte {last}: 20 bytes of a write that was cut off");
    for words in ["open     run", "no verdict yet", &torn] {
        assert!(said.stdout.contains(words), "{words}: {}", said.all());
    }
}

#[test]
fn an_outcome_lost_under_a_chain_made_right_again_is_found_by_counting() {
    let ran = Ran::once();
    let mut segments: Vec<v1::Segment> = ran
        .segments()
        .iter()
        .map(|bytes| v1::Segment::decode(bytes.as_slice()).expect("a segment"))
        .collect();
    assert_eq!(
        forged(&ran.run, &segments),
        ran.whole,
        "the forger knows the layout"
    );
    let settled = segments.iter_mut().find_map(|segment| {
        let at = segment.events.iter().position(|event| is_settled(event))?;
        Some(segment.events.remove(at))
    });
    assert!(settled.is_some(), "a case was settled");
    let said = ran.with_log(&forged(&ran.run, &segments));
    assert_damaged(
        &said,
        &[
            "is planned and has no outcome",
            "the verdict names another table than the log holds",
            "the event must not happen here",
            "says 2 passed, the log 1",
        ],
    );

    let mut segments: Vec<v1::Segment> = ran
        .segments()
        .iter()
        .map(|bytes| v1::Segment::decode(bytes.as_slice()).expect("a segment"))
        .collect();
    let last = segments.len() - 1;
    segments[last].term += 1;
    let said = ran.with_log(&forged(&ran.run, &segments));
    let place = format!(
        "byte {}, segment {last}: segment {last} is of term",
        ran.start(last)
    );
    assert_damaged(&said, &[&place]);
}

#[test]
fn a_report_of_something_else_and_a_lost_recording_are_found() {
    let ran = Ran::once();
    let report = fs::read_to_string(ran.folder.join("report.json")).expect("a report");
    let altered = report.replacen("\"passed\": 2", "\"passed\": 3", 1);
    assert_ne!(altered, report);
    ran.muster.write("altered.json", &altered);
    let said = ran.verify(&["--report", "altered.json"]);
    assert_damaged(&said, &["altered.json: it says 3 passed, the log 2"]);
    fs::remove_dir_all(ran.folder.join("blobs")).expect("the blobs");
    assert_damaged(
        &ran.verify(&[]),
        &["event 0: it names the blob", "which is not there"],
    );
}

/// Puts a log's segments where an object store on a disk has them.
fn put(store: &Path, log: &str, segments: &[Vec<u8>]) {
    let folder = store.join(log).join("segments");
    fs::create_dir_all(&folder).expect("a folder");
    for (number, bytes) in segments.iter().enumerate() {
        fs::write(folder.join(format!("{number:020}")), bytes).expect("an object");
    }
}

#[test]
fn a_store_is_verified_object_by_object() {
    let ran = Ran::once();
    let store = ran.muster.path("store");
    let grid = fs::read(ran.folder.join("grid.log")).expect("the grid log");
    put(
        &store,
        "grid",
        &recheck::segments(&grid, None).expect("a whole log"),
    );
    put(&store, &format!("runs/{}", ran.run), &ran.segments());
    let folder = run_log::RunFolder::open(&ran.folder).expect("the run");
    for event in ran.segments().iter().flat_map(|bytes| {
        v1::Segment::decode(bytes.as_slice())
            .expect("a segment")
            .events
    }) {
        let event = v1::RunEvent::decode(event.as_slice())
            .expect("an event")
            .event;
        let named = match event {
            Some(Event::RunOpened(opened)) => vec![opened.plan, opened.bundle],
            Some(Event::CaseSettled(settled)) => vec![settled.result.expect("a result").record],
            _ => Vec::new(),
        };
        for digest in named {
            let digest = wire::digest::decode("test", digest).expect("a digest");
            let bytes = run_log::ReadLog::blob(&folder, &digest)
                .expect("readable")
                .expect("there");
            let place = store.join("blobs").join(&digest.as_str()[..2]);
            fs::create_dir_all(&place).expect("a folder");
            fs::write(place.join(digest.as_str()), bytes).expect("an object");
        }
    }
    let address = format!("file://{}", store.display());
    let said = ran.verify(&["--store", &address, "--records"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains("2 planned = 2 passed"),
        "{}",
        said.all()
    );

    let lost = store.join(format!("runs/{}/segments/{:020}", ran.run, 2));
    fs::remove_file(lost).expect("an object");
    let said = ran.verify(&["--store", &address, &ran.run]);
    let place = format!("segments/{:020}, segment 3: segment 2 is not there", 3);
    assert_damaged(&said, &[&place]);
    let unknown = ran.verify(&["--store", &address, "no-such-run"]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
}
