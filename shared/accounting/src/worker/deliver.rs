//! Results on their way to the coordinator: in order, once written to the spool, within a window
//! of bytes; and the attempt's end after its last result.

use domain::message::FromWorker;
use domain::{CaseId, SessionId};

use crate::worker::Worker;
use crate::worker::attempt::Held;
use crate::worker::output::Output;

impl Worker {
    pub(super) fn deliver(&mut self) {
        let Some(session) = self.session else {
            return;
        };
        self.tell_leaving();
        for (run, preflight) in std::mem::take(&mut self.probed) {
            let region = self.config.region.clone();
            self.send(FromWorker::Probed {
                run,
                region,
                preflight,
            });
        }
        let mut window = Window {
            bytes: self.in_flight(),
            most: self.config.window_bytes,
        };
        let mut messages = Vec::new();
        for held in self.attempts.values_mut() {
            while let Some(message) = next_result(held, session, &mut window) {
                messages.push(message);
            }
            if let Some(message) = end(held, session) {
                messages.push(message);
            }
        }
        for message in messages {
            self.send(message);
        }
    }

    /// Bytes sent on this stream and not acknowledged, each result once however often it was sent:
    /// the coordinator may have taken it.
    fn in_flight(&self) -> usize {
        let held = self.attempts.values();
        held.map(|held| {
            let sent = held.results.range(..held.sent);
            sent.map(|(_, unacked)| unacked.weight).sum::<usize>()
        })
        .sum()
    }

    fn tell_leaving(&mut self) {
        if let Some(why) = self.leaving.clone().filter(|_| !self.is_leaving_told) {
            self.is_leaving_told = true;
            self.send(FromWorker::Leaving { why });
        }
    }

    pub(super) fn finish_leaving(&mut self) {
        if let (Some(why), Some(_), true) =
            (self.leaving.clone(), self.session, self.attempts.is_empty())
        {
            self.send(FromWorker::Goodbye { why });
            self.out.push(Output::Done);
            self.is_done = true;
        }
    }
}

/// Bytes under way on the stream, and how many may be.
struct Window {
    bytes: usize,
    most: usize,
}

impl Window {
    /// One result may be under way at any time, however large.
    fn takes(&self, weight: usize) -> bool {
        self.bytes == 0 || self.bytes + weight <= self.most
    }
}

fn next_result(held: &mut Held, session: SessionId, window: &mut Window) -> Option<FromWorker> {
    let seq = held.cursor?;
    let unacked = held
        .results
        .get(&seq)
        .filter(|unacked| unacked.is_written)?;
    let is_again = seq < held.sent;
    if !is_again && !window.takes(unacked.weight) {
        return None;
    }
    if !is_again {
        window.bytes += unacked.weight;
        held.sent = seq + 1;
    }
    held.cursor = Some(seq + 1);
    Some(FromWorker::Result {
        run: held.run.clone(),
        attempt: held.id,
        session,
        seq,
        result: unacked.result.clone(),
        record: unacked.record.clone(),
    })
}

/// Said once per stream, when nothing runs and every result has been sent there.
fn end(held: &mut Held, session: SessionId) -> Option<FromWorker> {
    let has_sent_all = held.cursor == Some(held.next_seq);
    if held.is_end_sent || held.is_forgotten || !held.is_idle() || !has_sent_all {
        return None;
    }
    held.is_end_sent = true;
    let released: Vec<CaseId> = held.released.clone();
    Some(FromWorker::AttemptEnd {
        run: held.run.clone(),
        attempt: held.id,
        session,
        last_seq: held.last_seq(),
        released,
    })
}
