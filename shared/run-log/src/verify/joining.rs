//! The chain: whether each segment follows the one before it, and what stands behind a break.
//!
//! After a break the walk goes on from what it found, so one damage is said once and the next one
//! is seen too. A segment that stands where it does not belong moves nothing.

use prost::Message as _;
use proto::v1;
use sha2::{Digest as _, Sha256};

use crate::port::{LogId, Position};
use crate::segment::Link;
use crate::verify::{Checked, Fault, Finding, Placed, Spot, name};

/// A segment of a store, as it lies there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its key, as people know it.
    pub place: String,
    /// The number in the key.
    pub number: Position,
    pub bytes: Vec<u8>,
}

/// Checks the segments of a log in a store. `objects` are all that lie there, by their numbers.
pub fn objects(log: &LogId, objects: Vec<Object>) -> Checked {
    let mut joining = Joining::new(Some(log));
    for object in objects {
        let spot = Spot {
            segment: Some(object.number),
            ..Spot::of(object.place)
        };
        joining.take(spot, object.number, None, object.bytes);
    }
    joining.checked
}

/// What a frame says of its segment.
pub(super) struct InHead<'a> {
    pub(super) term: u64,
    pub(super) previous: &'a [u8],
}

/// A walk along a log. What was lost with something unreadable is not known, and not compared.
#[derive(Debug)]
pub(super) struct Joining {
    pub(super) checked: Checked,
    next: Position,
    events: Option<u64>,
    /// Digest of the segment before; none before the first.
    link: Option<Option<Link>>,
    term: u64,
    is_grid: Option<bool>,
}

impl Joining {
    pub(super) fn new(log: Option<&LogId>) -> Self {
        let checked = Checked {
            log: name(log),
            ..Checked::default()
        };
        Self {
            checked,
            next: 0,
            events: Some(0),
            link: Some(None),
            term: 0,
            is_grid: log.map(|log| *log == LogId::Grid),
        }
    }

    /// The number of the segment that should come next.
    pub(super) fn next(&self) -> Position {
        self.next
    }

    /// What the next head should name, where that is known.
    pub(super) fn link(&self) -> Option<Link> {
        self.link.map(Option::unwrap_or_default)
    }

    pub(super) fn say(&mut self, spot: &Spot, fault: Fault) {
        let spot = spot.clone();
        self.checked.findings.push(Finding { spot, fault });
    }

    /// Goes on at `number`, behind something that was lost.
    pub(super) fn skip_to(&mut self, number: Position) {
        if number > self.next {
            (self.next, self.events, self.link) = (number, None, None);
        }
    }

    /// Takes the bytes that stand at the place of segment `number`.
    pub(super) fn take(
        &mut self,
        spot: Spot,
        number: Position,
        head: Option<InHead<'_>>,
        bytes: Vec<u8>,
    ) {
        if number < self.next {
            let expected = self.next;
            return self.say(
                &spot,
                Fault::OutOfPlace {
                    expected,
                    found: number,
                },
            );
        }
        if number > self.next {
            let from = self.next;
            self.say(&spot, Fault::Missing { from, to: number });
            self.skip_to(number);
        }
        match v1::Segment::decode(bytes.as_slice()) {
            Ok(segment) => {
                self.compare(&spot, &segment, head);
                self.look_into(&spot, &segment);
                self.go_on(&segment, &bytes);
                self.checked.segments.push(Placed {
                    spot,
                    bytes,
                    segment,
                });
            }
            Err(error) => {
                self.say(&spot, Fault::NotASegment(error.to_string()));
                self.skip_to(number + 1);
            }
        }
    }

    fn go_on(&mut self, segment: &v1::Segment, bytes: &[u8]) {
        self.next += 1;
        self.events = Some(segment.position.saturating_add(segment.events.len() as u64));
        self.link = Some(Some(Sha256::digest(bytes).into()));
        self.term = self.term.max(segment.term);
    }

    fn compare(&mut self, spot: &Spot, segment: &v1::Segment, head: Option<InHead<'_>>) {
        let stands = self.next;
        if segment.number != stands {
            let says = segment.number;
            self.say(spot, Fault::OtherNumber { stands, says });
        }
        let previous = as_link(&segment.previous);
        match self.link {
            Some(None) if !segment.previous.is_empty() => {
                self.say(spot, Fault::FirstHasPredecessor);
            }
            Some(Some(link)) if previous != Some(link) => {
                let predecessor = stands.saturating_sub(1);
                self.say(spot, Fault::OtherPredecessor { predecessor });
            }
            _ => {}
        }
        if let Some(expected) = self.events.filter(|events| *events != segment.position) {
            let found = segment.position;
            self.say(spot, Fault::Miscounted { expected, found });
        }
        if segment.term < self.term {
            let (last, found) = (self.term, segment.term);
            self.say(spot, Fault::FallingTerm { last, found });
        }
        if let Some(head) = head {
            self.compare_head(spot, segment, &head);
        }
    }

    fn compare_head(&mut self, spot: &Spot, segment: &v1::Segment, head: &InHead<'_>) {
        let (of_head, of_content) = (head.previous, segment.previous.as_slice());
        let is_first = of_content.is_empty() && of_head.iter().all(|byte| *byte == 0);
        if !is_first && of_head != of_content {
            self.say(spot, Fault::HeadNamesOther);
        }
        if head.term != segment.term {
            let (head, content) = (head.term, segment.term);
            self.say(spot, Fault::OtherTerm { head, content });
        }
    }

    /// What a segment says by itself: its log, its format, events of known kinds.
    fn look_into(&mut self, spot: &Spot, segment: &v1::Segment) {
        let found = segment.log.clone();
        let expected = self
            .checked
            .log
            .get_or_insert_with(|| found.clone())
            .clone();
        if expected != found {
            self.say(
                spot,
                Fault::OtherLog {
                    expected: expected.clone(),
                    found,
                },
            );
        }
        if segment.format > proto::LOG_FORMAT {
            let found = segment.format;
            self.say(spot, Fault::NewerFormat { found });
        }
        let is_grid = *self
            .is_grid
            .get_or_insert_with(|| expected == LogId::Grid.to_string());
        for (number, event) in (segment.position..).zip(&segment.events) {
            let is_known = match is_grid {
                true => {
                    v1::GridEvent::decode(event.as_slice()).is_ok_and(|one| one.event.is_some())
                }
                false => {
                    v1::RunEvent::decode(event.as_slice()).is_ok_and(|one| one.event.is_some())
                }
            };
            if !is_known {
                self.say(&spot.at_event(number), Fault::UnknownEvent);
            }
        }
    }
}

fn as_link(previous: &[u8]) -> Option<Link> {
    previous.try_into().ok()
}
