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
        let mut room = self.config.window_bytes.saturating_sub(self.in_flight());
        let mut messages = Vec::new();
        for held in self.attempts.values_mut() {
            while let Some(message) = next_result(held, session, &mut room) {
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

    /// Bytes sent on this stream and not acknowledged.
    fn in_flight(&self) -> usize {
        let held = self.attempts.values();
        held.map(|held| {
            let cursor = held.cursor.unwrap_or(0);
            held.results
                .range(..cursor)
                .map(|(_, unacked)| unacked.size())
                .sum::<usize>()
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

fn next_result(held: &mut Held, session: SessionId, room: &mut usize) -> Option<FromWorker> {
    let seq = held.cursor?;
    let unacked = held
        .results
        .get(&seq)
        .filter(|unacked| unacked.is_written)?;
    // At least one result is always under way, however large.
    let is_first = held.results.keys().next() == Some(&seq);
    if *room < unacked.size() && !is_first {
        return None;
    }
    *room = room.saturating_sub(unacked.size());
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
