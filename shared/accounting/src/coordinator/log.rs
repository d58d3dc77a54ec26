//! One log as its leader writes it: what waits, what is under way, what is durable.
//!
//! At most one append is under way. Events wait `gather` for company unless somebody waits for a
//! grant or an answer.

use std::time::Duration;

use domain::Instant;

use crate::coordinator::Config;

#[derive(Debug)]
pub(crate) struct Writer<E> {
    /// Position of the next segment to be begun.
    next: u64,
    durable: u64,
    pending: Vec<E>,
    in_flight: Option<InFlight>,
    /// When the oldest pending event may wait no longer.
    due: Option<Instant>,
    /// Events that one segment holds at most.
    limit: usize,
    #[cfg(feature = "planted")]
    planted: Option<crate::planted::Planted>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlight {
    /// How many stamps had arrived when the append began: these are what its success proves.
    pub(crate) n_stamps: u64,
}

impl<E> Writer<E> {
    pub(crate) fn at(tail: u64, config: &Config) -> Self {
        Self {
            next: tail,
            durable: tail,
            pending: Vec::new(),
            in_flight: None,
            due: None,
            limit: config.batch_events.max(1),
            #[cfg(feature = "planted")]
            planted: config.planted,
        }
    }

    pub(crate) fn push(&mut self, event: E, due: Instant) {
        self.pending.push(event);
        self.due = Some(self.due.map_or(due, |held| held.min(due)));
    }

    /// Segments that must be durable for all events pushed so far to be: pending events leave in
    /// order, as many to a segment as fit, so later ones don't move what is said here.
    pub(crate) fn mark(&self) -> u64 {
        let segments = self.pending.len().div_ceil(self.limit);
        #[cfg(feature = "planted")]
        let segments = match self.planted {
            Some(crate::planted::Planted::MarkOfOneSegment) => segments.min(1),
            _ => segments,
        };
        self.next + segments as u64
    }

    pub(crate) fn durable(&self) -> u64 {
        self.durable
    }

    pub(crate) fn is_busy(&self) -> bool {
        #[cfg(feature = "planted")]
        if self.planted == Some(crate::planted::Planted::TwoPutsInFlight) {
            return false;
        }
        self.in_flight.is_some()
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.in_flight.is_none() && self.pending.is_empty()
    }

    /// Events wait for an append that has not begun.
    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// When pending events are to be appended, if nothing is under way.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.is_busy())
    }

    /// Begins an append if one is due: its position and events.
    pub(crate) fn begin(&mut self, now: Instant, n_stamps: u64) -> Option<(u64, Vec<E>)> {
        let limit = self.limit;
        let is_full = self.pending.len() >= limit;
        let is_due = self.due().is_some_and(|due| is_full || due <= now);
        if !is_due {
            return None;
        }
        let rest = self.pending.split_off(self.pending.len().min(limit));
        let events = std::mem::replace(&mut self.pending, rest);
        self.due = (!self.pending.is_empty()).then_some(now);
        let at = self.next;
        self.next += 1;
        self.in_flight = Some(InFlight { n_stamps });
        Some((at, events))
    }

    /// The append under way is durable.
    pub(crate) fn finish(&mut self, to: u64) -> Option<InFlight> {
        self.durable = self.durable.max(to);
        self.in_flight.take()
    }
}

/// The instant until which events of this urgency may wait.
pub(crate) fn due(now: Instant, gather: Duration, is_urgent: bool) -> Instant {
    match is_urgent {
        true => now,
        false => now + gather,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_waits_for_the_segment_in_which_its_event_will_lie() {
        let mut log = Writer::at(3, &Config::new("leader"));
        for event in 0..1_500 {
            log.push(event, Instant::ZERO);
        }
        let mark = log.mark();
        let (at, events) = log.begin(Instant::ZERO, 0).unwrap();
        assert_eq!((at, events.len()), (3, 1_000));
        log.finish(at + 1);
        assert!(log.durable() < mark, "500 events are not durable yet");
        assert_eq!(log.mark(), mark, "what waits lies where it was said to");
        let (at, events) = log.begin(Instant::ZERO, 0).unwrap();
        assert_eq!((at, events.len()), (4, 500));
        log.finish(at + 1);
        assert_eq!(log.durable(), mark);
    }
}
