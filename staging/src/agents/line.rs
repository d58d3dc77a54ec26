//! The line of one run: every event once, in order, to one listener, across reconnects.
//!
//! A listener that comes back says what it saw last; it is given what it missed and hears the
//! rest live. Between the two nothing is lost or doubled, because both happen under one lock.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::store::runs::StoredEvent;

/// What a connection is to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// A text frame.
    Frame(String),
    /// A text frame, and then the connection is to be cut off without a close frame.
    LastFrame(String),
}

/// A connection that hears a run.
#[derive(Debug, Clone)]
pub(crate) struct Listener {
    pub(crate) outbox: mpsc::Sender<Outgoing>,
    /// Cancelled when the outbox is full: the connection is too slow and must end.
    pub(crate) too_slow: CancellationToken,
}

/// How a resume goes wrong on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReplayFault {
    SkipsOne,
    DoublesOne,
    StartsOver,
}

/// The events of a run so far, and who hears them.
#[derive(Debug)]
pub(super) struct Line {
    events: Vec<StoredEvent>,
    listener: Option<Listener>,
    cut_after: Option<String>,
    fault: Option<ReplayFault>,
}

impl Line {
    /// A line whose listener is to be cut off after the first event of that kind, if one is given.
    pub(super) fn new(listener: Option<Listener>, cut_after: Option<String>) -> Self {
        Self {
            events: Vec::new(),
            listener,
            cut_after,
            fault: None,
        }
    }

    /// The next event: kept, and sent if anyone listens.
    pub(super) fn append(&mut self, event: StoredEvent) {
        let copies = self.copies(&event);
        let cut = self.cut_after.as_ref() == Some(&event.kind) && self.listener.is_some();
        for _ in 0..copies {
            let frame = event.frame.clone();
            self.send(if cut {
                Outgoing::LastFrame(frame)
            } else {
                Outgoing::Frame(frame)
            });
        }
        if cut {
            self.cut_after = None;
            self.listener = None;
        }
        self.events.push(event);
    }

    /// From now on this listener hears the run; the answer is what it missed.
    pub(super) fn attach(
        &mut self,
        listener: Listener,
        last_seq: u64,
        fault: Option<ReplayFault>,
    ) -> Vec<String> {
        self.listener = Some(listener);
        self.fault = fault;
        let last_seq = if fault == Some(ReplayFault::StartsOver) {
            0
        } else {
            last_seq
        };
        let missed: Vec<_> = self
            .events
            .iter()
            .filter(|e| e.seq > last_seq)
            .cloned()
            .collect();
        missed
            .into_iter()
            .flat_map(|event| vec![event.frame.clone(); self.copies(&event)])
            .collect()
    }

    /// How often this event is sent: once, but for the fault, which strikes once and never the end.
    fn copies(&mut self, event: &StoredEvent) -> usize {
        if event.kind == "agent_completed" || self.listener.is_none() {
            return 1;
        }
        match self.fault.take() {
            Some(ReplayFault::SkipsOne) => 0,
            Some(ReplayFault::DoublesOne) => 2,
            Some(ReplayFault::StartsOver) | None => 1,
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        let Some(listener) = &self.listener else {
            return;
        };
        match listener.outbox.try_send(outgoing) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                listener.too_slow.cancel();
                self.listener = None;
            }
            Err(mpsc::error::TrySendError::Closed(_)) => self.listener = None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener() -> (Listener, mpsc::Receiver<Outgoing>) {
        let (outbox, inbox) = mpsc::channel(16);
        (
            Listener {
                outbox,
                too_slow: CancellationToken::new(),
            },
            inbox,
        )
    }

    fn event(seq: u64) -> StoredEvent {
        let kind = if seq == 5 { "agent_completed" } else { "step" };
        StoredEvent {
            seq,
            kind: kind.into(),
            frame: seq.to_string(),
        }
    }

    fn heard(inbox: &mut mpsc::Receiver<Outgoing>) -> Vec<String> {
        std::iter::from_fn(|| inbox.try_recv().ok())
            .map(|out| match out {
                Outgoing::Frame(frame) => frame,
                Outgoing::LastFrame(frame) => format!("{frame}!"),
            })
            .collect()
    }

    /// What is heard before the cut after event 2, as replay from there, and live after it.
    fn story(fault: Option<ReplayFault>) -> (Vec<String>, Vec<String>, Vec<String>) {
        let (first, mut before) = listener();
        let mut line = Line::new(Some(first), Some("step".into()));
        line.append(event(1));
        line.append(event(2));
        line.append(event(3));
        let (second, mut after) = listener();
        let replayed = line.attach(second, 1, fault);
        line.append(event(4));
        line.append(event(5));
        (heard(&mut before), replayed, heard(&mut after))
    }

    #[test]
    fn what_was_missed_is_replayed_once_and_the_rest_is_live() {
        let (before, replayed, after) = story(None);
        assert_eq!(
            (before, replayed, after),
            (
                vec!["1!".to_owned()],
                vec!["2".to_owned(), "3".to_owned()],
                vec!["4".to_owned(), "5".to_owned()],
            )
        );
    }

    #[test]
    fn each_replay_fault_strikes_once_and_spares_the_end() {
        let (_, replayed, after) = story(Some(ReplayFault::SkipsOne));
        assert_eq!(
            (replayed.join(" "), after.join(" ")),
            ("3".into(), "4 5".into())
        );
        let (_, replayed, _) = story(Some(ReplayFault::DoublesOne));
        assert_eq!(replayed.join(" "), "2 2 3");
        let (_, replayed, _) = story(Some(ReplayFault::StartsOver));
        assert_eq!(replayed.join(" "), "1 2 3");
    }

    #[test]
    fn a_fault_strikes_live_when_nothing_was_missed() {
        let (first, _kept) = listener();
        let mut line = Line::new(Some(first), None);
        line.append(event(1));
        let (second, mut after) = listener();
        assert!(
            line.attach(second, 1, Some(ReplayFault::SkipsOne))
                .is_empty()
        );
        (2..=5).for_each(|seq| line.append(event(seq)));
        assert_eq!(heard(&mut after), ["3", "4", "5"]);
    }

    #[test]
    fn a_listener_that_does_not_read_is_told_to_end() {
        let (outbox, _inbox) = mpsc::channel(1);
        let slow = Listener {
            outbox,
            too_slow: CancellationToken::new(),
        };
        let mut line = Line::new(Some(slow.clone()), None);
        line.append(event(1));
        assert!(!slow.too_slow.is_cancelled());
        line.append(event(2));
        assert!(slow.too_slow.is_cancelled());
        let (back, _) = listener();
        assert_eq!(line.attach(back, 1, None), ["2"]);
    }
}
