//! Logs that are damaged in every way are found out, at their place; whole ones have no finding.

use domain::{RunId, Term};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::file::{FileLog, frame};
use crate::port::{Batch, Log as _};
use crate::segment::{Chain, Link};

fn run() -> LogId {
    LogId::Run(RunId::from("r"))
}

fn event(number: u64) -> Vec<u8> {
    let left = v1::WorkerLeft {
        worker: format!("worker {number}"),
        why: "test".to_owned(),
    };
    let event = Some(v1::run_event::Event::WorkerLeft(left));
    v1::RunEvent { event }.encode_to_vec()
}

/// One entry of a file, before it becomes bytes.
#[derive(Clone, Debug)]
struct Entry {
    term: u64,
    position: u64,
    previous: Link,
    payload: Vec<u8>,
}

impl Entry {
    fn bytes(&self) -> Vec<u8> {
        let term = Term(self.term);
        frame::encode(term, self.position, &self.previous, &self.payload)
    }

    fn segment(&self) -> v1::Segment {
        v1::Segment::decode(self.payload.as_slice()).unwrap()
    }

    fn set(&mut self, segment: &v1::Segment) {
        self.payload = segment.encode_to_vec();
    }
}

/// A log of segments that each raise the term by so much, and hold so many events.
fn entries(log: &LogId, shape: &[(u64, u64)]) -> Vec<Entry> {
    let mut chain = Chain::start(log);
    let (mut term, mut events) = (1, 0);
    let made = shape.iter().map(|(more, n_events)| {
        term += more;
        let batch = Batch {
            term: Term(term),
            writer: format!("leader {term}"),
            elapsed_ms: events,
            wall_ms: 1_800_000_000_000,
            events: (events..events + n_events).map(event).collect(),
        };
        events += n_events;
        let (position, previous) = (chain.position(), chain.link());
        let payload = chain.next(&batch).encode_to_vec();
        chain.join(&payload).unwrap();
        Entry {
            term,
            position,
            previous,
            payload,
        }
    });
    made.collect()
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    let each = entries.iter().flat_map(Entry::bytes);
    frame::MAGIC.iter().copied().chain(each).collect()
}

/// Where each entry begins.
fn starts(entries: &[Entry]) -> Vec<usize> {
    let lengths = entries
        .iter()
        .map(|entry| frame::HEAD + entry.payload.len());
    let starts = lengths.scan(frame::MAGIC.len(), |at, length| {
        let start = *at;
        *at += length;
        Some(start)
    });
    starts.collect()
}

fn shape() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0..2_u64, 1..4_u64), 3..7)
}

fn first(checked: &Checked) -> &Finding {
    checked
        .findings
        .first()
        .unwrap_or_else(|| panic!("nothing was found"))
}

/// The one thing that is wrong.
fn only(checked: &Checked) -> &Finding {
    assert_eq!(checked.findings.len(), 1, "{:#?}", checked.findings);
    first(checked)
}

#[test]
fn what_the_writer_wrote_is_whole() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = FileLog::open(&run(), directory.path()).unwrap();
    for at in 0..5 {
        let batch = Batch {
            term: Term(at + 1),
            events: vec![event(at), event(at)],
            ..Batch::default()
        };
        log.append(at, &batch).unwrap();
    }
    let bytes = std::fs::read(directory.path().join("run.log")).unwrap();
    let checked = file("run.log", None, &bytes);
    assert!(checked.is_whole() && checked.torn.is_none(), "{checked:?}");
    assert_eq!(checked.log.as_deref(), Some("r"));
    assert_eq!((checked.n_events(), checked.terms()), (10, Some((1, 5))));
    let (spot, last) = checked.events().last().unwrap();
    assert_eq!((spot.event, last), (Some(9), event(4).as_slice()));
}

#[test]
fn a_file_of_something_else_and_another_layout_are_told_apart() {
    let foreign = file("x", None, b"once upon a time there was a log");
    assert_eq!(only(&foreign).fault, Fault::NotALog);
    let newer = file("x", None, b"muster log 2\n\0\0\0and what it means");
    assert!(matches!(&only(&newer).fault, Fault::OtherLayout { found } if found == "2"));
    let empty = file("x", None, frame::MAGIC);
    assert!(empty.is_whole() && empty.segments.is_empty());
}

#[test]
fn several_damages_are_all_said() {
    let entries = entries(&run(), &[(0, 2), (0, 1), (1, 1), (0, 3), (1, 2), (0, 1)]);
    let starts = starts(&entries);
    let mut damaged = bytes(&entries);
    damaged[starts[1] + 70] ^= 0x40;
    damaged[starts[4] + 5] ^= 0x40;
    let checked = file("run.log", None, &damaged);
    let bytes: Vec<_> = checked.findings.iter().map(|one| one.spot.byte).collect();
    assert_eq!(bytes, [Some(starts[1] as u64), Some(starts[4] as u64)]);
    let text = first(&checked).to_string();
    assert!(text.contains("so segment 1 is not there"), "{text}");
    assert_eq!(checked.segments.len(), 4, "the rest is read");
}

#[test]
fn an_event_of_no_known_kind_is_named_by_its_number() {
    let mut entries = entries(&run(), &[(0, 2), (0, 3)]);
    let mut segment = entries[1].segment();
    segment.events[1] = v1::RunEvent { event: None }.encode_to_vec();
    entries[1].set(&segment);
    let checked = file("run.log", None, &bytes(&entries));
    let finding = only(&checked);
    assert_eq!(
        (finding.spot.event, &finding.fault),
        (Some(3), &Fault::UnknownEvent)
    );
}

#[test]
fn a_newer_format_and_another_log_are_said() {
    let mut entries = entries(&run(), &[(0, 1), (0, 1)]);
    let mut segment = entries[1].segment();
    segment.format = proto::LOG_FORMAT + 1;
    segment.log = "other".to_owned();
    entries[1].set(&segment);
    let checked = file("run.log", Some(&run()), &bytes(&entries));
    let faults: Vec<_> = checked.findings.iter().map(|one| &one.fault).collect();
    assert!(matches!(faults[0], Fault::OtherLog { .. }), "{faults:?}");
    assert!(
        matches!(faults[1], Fault::NewerFormat { found: 2 }),
        "{faults:?}"
    );
}

#[test]
fn a_tail_of_zeros_is_torn_and_a_tail_of_anything_else_is_damage() {
    let whole = bytes(&entries(&run(), &[(0, 1), (0, 1)]));
    let mut zeros = whole.clone();
    zeros.extend([0; 4096]);
    let checked = file("run.log", None, &zeros);
    assert!(checked.is_whole(), "{:?}", checked.findings);
    assert_eq!(checked.torn.unwrap().spot.byte, Some(whole.len() as u64));
    let mut text = whole.clone();
    text.extend(b"and somebody wrote a line into it, longer than the head of any entry would be\n");
    let checked = file("run.log", None, &text);
    assert_eq!(only(&checked).spot.byte, Some(whole.len() as u64));
    assert!(checked.torn.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn an_undamaged_log_has_no_finding(shape in shape()) {
        let entries = entries(&run(), &shape);
        for log in [None, Some(run())] {
            let checked = file("run.log", log.as_ref(), &bytes(&entries));
            prop_assert!(checked.is_whole() && checked.torn.is_none(), "{:?}", checked);
            prop_assert_eq!(checked.segments.len(), entries.len());
        }
    }

    #[test]
    fn a_flipped_byte_is_found_wherever_it_lies(shape in shape(), bit in 1..8_u32) {
        let entries = entries(&run(), &shape);
        let (whole, starts) = (bytes(&entries), starts(&entries));
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1 << bit;
            let checked = file("run.log", None, &damaged);
            let start = starts.iter().rev().find(|start| **start <= at).copied();
            let found = &first(&checked).spot;
            prop_assert_eq!(found.byte, Some(start.unwrap_or(0) as u64), "byte {}", at);
            prop_assert!(checked.torn.is_none(), "byte {} is no torn tail", at);
        }
    }

    #[test]
    fn a_cut_leaves_a_torn_tail_and_no_damage(shape in shape()) {
        let entries = entries(&run(), &shape);
        let (whole, starts) = (bytes(&entries), starts(&entries));
        for cut in frame::MAGIC.len()..whole.len() {
            let checked = file("run.log", None, &whole[..cut]);
            prop_assert!(checked.is_whole(), "cut at {}: {:?}", cut, checked.findings);
            prop_assert_eq!(checked.torn.is_none(), starts.contains(&cut), "cut at {}", cut);
            let n_begun = starts.iter().filter(|start| **start < cut).count();
            let n_whole = n_begun - usize::from(checked.torn.is_some());
            prop_assert_eq!(checked.segments.len(), n_whole, "cut at {}", cut);
        }
    }

    #[test]
    fn bytes_cut_out_of_the_middle_are_found(shape in shape(), which in any::<prop::sample::Index>(), n in 1..40_usize) {
        let entries = entries(&run(), &shape);
        let starts = starts(&entries);
        let at = starts[which.index(starts.len() - 1)] + 3;
        let mut damaged = bytes(&entries);
        damaged.drain(at..at + n);
        let checked = file("run.log", None, &damaged);
        prop_assert_eq!(first(&checked).spot.byte, Some(at as u64 - 3));
    }

    #[test]
    fn segments_dropped_repeated_and_swapped_are_found(shape in shape(), which in any::<prop::sample::Index>()) {
        let whole = entries(&run(), &shape);
        // The last one could be dropped unseen: the log would be one that goes on.
        let at = which.index(whole.len() - 1);
        let mut dropped = whole.clone();
        dropped.remove(at);
        let checked = file("run.log", None, &bytes(&dropped));
        let (from, to) = (at as u64, at as u64 + 1);
        prop_assert_eq!(&only(&checked).fault, &Fault::Missing { from, to });

        let mut repeated = whole.clone();
        repeated.insert(at + 1, whole[at].clone());
        let checked = file("run.log", None, &bytes(&repeated));
        let again = Fault::OutOfPlace { expected: to, found: from };
        prop_assert_eq!(&only(&checked).fault, &again);
        let mut later = whole.clone();
        later.push(whole[at].clone());
        let checked = file("run.log", None, &bytes(&later));
        let expected = whole.len() as u64;
        prop_assert_eq!(&only(&checked).fault, &Fault::OutOfPlace { expected, found: from });

        let mut swapped = whole.clone();
        swapped.swap(at, at + 1);
        let checked = file("run.log", None, &bytes(&swapped));
        prop_assert_eq!(&first(&checked).fault, &Fault::Missing { from, to });
        prop_assert_eq!(&checked.findings[1].fault, &Fault::OutOfPlace { expected: at as u64 + 2, found: from });
    }

    #[test]
    fn an_altered_term_is_found_although_checksums_hold(shape in shape(), which in any::<prop::sample::Index>()) {
        let whole = entries(&run(), &shape);
        let at = which.index(whole.len() - 1);
        let mut in_head = whole.clone();
        in_head[at].term += 1;
        let checked = file("run.log", None, &bytes(&in_head));
        let head_fault_is_said = matches!(only(&checked).fault, Fault::OtherTerm { .. });
        prop_assert!(head_fault_is_said);

        let mut in_both = whole.clone();
        let mut segment = in_both[at].segment();
        segment.term += 1;
        in_both[at].term += 1;
        in_both[at].set(&segment);
        let checked = file("run.log", None, &bytes(&in_both));
        let predecessor = at as u64;
        prop_assert_eq!(&first(&checked).fault, &Fault::OtherPredecessor { predecessor });

        let mut falling = whole.clone();
        let last = falling.last_mut().unwrap();
        let mut segment = last.segment();
        (segment.term, last.term) = (0, 0);
        last.set(&segment);
        let checked = file("run.log", None, &bytes(&falling));
        let last = whole[whole.len() - 2].term;
        prop_assert_eq!(&only(&checked).fault, &Fault::FallingTerm { last, found: 0 });
    }

    #[test]
    fn an_event_lost_in_the_middle_is_found_although_checksums_hold(
        shape in shape(), which in any::<prop::sample::Index>(), nth in any::<prop::sample::Index>(),
    ) {
        let mut entries = entries(&run(), &shape);
        let at = which.index(entries.len() - 1);
        let mut segment = entries[at].segment();
        segment.events.remove(nth.index(segment.events.len()));
        entries[at].set(&segment);
        let checked = file("run.log", None, &bytes(&entries));
        let faults: Vec<_> = checked.findings.iter().map(|one| &one.fault).collect();
        let expected = entries[at + 1].segment().position - 1;
        prop_assert_eq!(faults[0], &Fault::OtherPredecessor { predecessor: at as u64 });
        prop_assert_eq!(faults[1], &Fault::Miscounted { expected, found: expected + 1 });
        prop_assert_eq!(faults.len(), 2);
    }

    #[test]
    fn objects_of_a_store_are_held_to_the_same_chain(shape in shape(), which in any::<prop::sample::Index>()) {
        let whole: Vec<Object> = entries(&run(), &shape)
            .into_iter()
            .map(|entry| Object { place: "s3://x".to_owned(), number: entry.position, bytes: entry.payload })
            .collect();
        prop_assert!(objects(&run(), whole.clone()).is_whole());
        let at = which.index(whole.len() - 1);
        let (from, to) = (at as u64, at as u64 + 1);

        let mut dropped = whole.clone();
        dropped.remove(at);
        let checked = objects(&run(), dropped);
        prop_assert_eq!(&only(&checked).fault, &Fault::Missing { from, to });

        let mut torn = whole.clone();
        torn[at].bytes = vec![0xff; 5];
        let not_read = matches!(only(&objects(&run(), torn)).fault, Fault::NotASegment(_));
        prop_assert!(not_read);

        let mut moved = whole.clone();
        moved[at].bytes = whole[at + 1].bytes.clone();
        let checked = objects(&run(), moved);
        prop_assert_eq!(&first(&checked).fault, &Fault::OtherNumber { stands: from, says: to });

        let mut changed = whole;
        let mut segment = v1::Segment::decode(changed[at].bytes.as_slice()).unwrap();
        segment.writer.push('x');
        changed[at].bytes = segment.encode_to_vec();
        let checked = objects(&run(), changed);
        prop_assert_eq!(only(&checked).spot.segment, Some(to));
        prop_assert_eq!(&only(&checked).fault, &Fault::OtherPredecessor { predecessor: from });
    }
}
