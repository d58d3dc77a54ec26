//! Files that a crash, a disk or a stranger has changed: what is read back was written so.
//!
//! A good file is made, and the data says how it is damaged; a reader may give less of it, never
//! anything else. The frames of the spool are written here by a second hand.

use std::fs;
use std::path::{Path, PathBuf};

use domain::RunId;
use domain::run::Run;
use prost::Message;
use run_log::file::frame;
use run_log::segment::Chain;
use run_log::{Batch, LogId};

use crate::seeds;

/// Damages `good`: four bytes for each act, which kind, where, and with what. `0xff` first: the
/// data itself is the file.
fn damaged(good: &[u8], data: &[u8]) -> Vec<u8> {
    if let [0xff, rest @ ..] = data {
        return rest.to_vec();
    }
    let mut bytes = good.to_vec();
    for act in data.chunks_exact(4).take(16) {
        let at = usize::from(u16::from_le_bytes([act[1], act[2]]));
        let at = at % (bytes.len() + 1);
        let len = usize::from(act[3]).min(bytes.len() - at);
        match act[0] % 6 {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= act[3].max(1),
            2 => drop(bytes.drain(at..at + len)),
            3 => bytes
                .splice(at..at, vec![0; usize::from(act[3])])
                .for_each(drop),
            4 => {
                let copy = bytes[at..at + len].to_vec();
                bytes.extend(copy);
            }
            5 if bytes.len() < 64 * 1024 => bytes.extend_from_within(..),
            _ => {}
        }
    }
    bytes
}

/// A place of this process's own for one file.
fn file(name: &str) -> PathBuf {
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() {
        shared.to_owned()
    } else {
        std::env::temp_dir()
    };
    let thread = format!("{:?}", std::thread::current().id());
    let thread: String = thread.chars().filter(char::is_ascii_digit).collect();
    folder.join(format!(
        "muster-fuzz-{}-{thread}-{name}",
        std::process::id()
    ))
}

/// A log of a few segments, frame by frame.
fn log_frames(id: &LogId) -> Vec<Vec<u8>> {
    let mut chain = Chain::start(id);
    let mut frames = Vec::new();
    for events in seeds::run_events().chunks(2) {
        let batch = Batch {
            term: domain::Term(1),
            writer: "w".to_owned(),
            elapsed_ms: 1,
            wall_ms: 1,
            events: events.to_vec(),
        };
        let (position, link) = (chain.position(), chain.link());
        let payload = chain.next(&batch).encode_to_vec();
        if chain.join(&payload).is_ok() {
            frames.push(frame::encode(batch.term, position, &link, &payload));
        }
    }
    frames
}

/// A damaged log gives its whole frames from the start on, or nothing.
pub(crate) fn run_log(data: &[u8]) {
    let id = LogId::Run(RunId::new("r1"));
    let frames = log_frames(&id);
    let good = [frame::MAGIC.to_vec(), frames.concat()].concat();
    let bytes = damaged(&good, data);
    let path = file("run.log");
    if fs::write(&path, &bytes).is_err() {
        return;
    }
    let verified = frame::verify(&id, &path);
    // Whether it can be taken away or not, the answer is judged.
    let _ = fs::remove_file(&path);
    let independent = recheck::recheck_file(b"", &bytes, None);
    let Ok(verified) = verified else {
        return;
    };
    assert!(bytes.starts_with(&verified.kept), "it keeps what is there");
    let mut whole = frame::MAGIC.to_vec();
    let mut n_frames = 0;
    for frame in &frames {
        if whole.len() < verified.kept.len() {
            whole.extend_from_slice(frame);
            n_frames += 1;
        }
    }
    assert!(
        verified.kept.is_empty() || verified.kept == whole,
        "it keeps what nobody wrote"
    );
    assert_eq!(verified.chain.position(), n_frames);
    assert!(independent.n_events <= seeds::run_events().len() as u64);
}

/// Damaged spools give results that were written, from the start on.
pub(crate) fn spool(data: &[u8]) {
    let written: Vec<(u64, Vec<u8>)> = (1..=4_u64)
        .map(|seq| (seq, seeds::result(seq).encode_to_vec()))
        .collect();
    let good: Vec<u8> = written
        .iter()
        .flat_map(|(seq, payload)| spooled(*seq, payload))
        .collect();
    let bytes = damaged(&good, data);
    let (results, length) = worker::spooled_results(&bytes);
    assert!(length <= bytes.len() as u64);
    let mut offset = 0;
    for result in &results {
        let frame = spooled(
            result.seq,
            &written[usize::try_from(result.seq - 1).unwrap_or(0)].1,
        );
        assert!(
            bytes[offset..].starts_with(&frame),
            "a result that nobody wrote"
        );
        offset += frame.len();
    }
    assert_eq!(offset as u64, length);
}

fn spooled(seq: u64, payload: &[u8]) -> Vec<u8> {
    let checked = [&seq.to_le_bytes()[..], payload].concat();
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend(crc32c::crc32c(&checked).to_le_bytes());
    frame.extend(checked);
    frame
}

/// Any events in any order: the fold refuses what is illegal, the second routine says what does
/// not add up, and where neither objects they agree.
pub(crate) fn recheck(data: &[u8]) {
    let plan = seeds::plan();
    let Ok(folded) = wire::plan::decode(&plan) else {
        return;
    };
    let mut run = Run::new(folded);
    let mut segments = Vec::new();
    let mut chain = Chain::start(&LogId::Run(RunId::new("r1")));
    let mut is_legal = true;
    for events in chosen(data).chunks(3) {
        let batch = Batch {
            term: domain::Term(1),
            events: events.to_vec(),
            ..Batch::default()
        };
        let payload = chain.next(&batch).encode_to_vec();
        is_legal &= chain.join(&payload).is_ok();
        segments.push(payload);
        for event in events {
            let applied = wire::event::decode_run(event).map(|event| run.apply(&event).is_ok());
            is_legal &= matches!(applied, Ok(true));
        }
    }
    let rechecked = recheck::recheck(&plan, &segments, None);
    if is_legal {
        let settled = run.totals().settled();
        assert_eq!(
            rechecked.table.len() as u64,
            settled,
            "they count differently"
        );
    }
}

/// Known events by number, or bytes of the data itself.
fn chosen(data: &[u8]) -> Vec<Vec<u8>> {
    let known = seeds::run_events();
    let mut events = Vec::new();
    let mut rest = data;
    while let [first, tail @ ..] = rest {
        if *first < 0xc0 {
            events.push(known[usize::from(*first) % known.len()].clone());
            rest = tail;
        } else {
            let len = usize::from(first - 0xc0).min(tail.len());
            events.push(tail[..len].to_vec());
            rest = &tail[len..];
        }
    }
    events.truncate(200);
    events
}
