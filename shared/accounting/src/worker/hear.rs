//! What the coordinator says. A term lower than the highest heard is a deposed one's: the stream
//! is closed. Whatever comes on an old stream is void.

use domain::message::{ToWorker, ToWorkerBody};
use domain::{AttemptId, RunId, SessionId};

use crate::worker::attempt::Held;
use crate::worker::input::{MadeOf, StreamId};
use crate::worker::output::Output;
use crate::worker::{Key, Worker};

impl Worker {
    pub(super) fn hear(&mut self, stream: StreamId, message: ToWorker) {
        if self.stream != Some(stream) {
            return;
        }
        if message.term < self.term {
            self.note(format!(
                "a coordinator of term {} was heard, term {} leads",
                message.term, self.term
            ));
            self.drop_stream();
            return self.out.push(Output::Close { stream });
        }
        self.term = message.term;
        match message.body {
            ToWorkerBody::Welcome { session } => self.welcomed(session),
            ToWorkerBody::Refused { why } => {
                self.drop_stream();
                self.out.push(Output::Refused { why });
            }
            // Who dials waits for that long.
            ToWorkerBody::Later { .. } => {
                self.drop_stream();
                self.out.push(Output::Close { stream });
            }
            ToWorkerBody::Probe {
                run,
                plan,
                bundle,
                sharers,
            } => {
                let made_of = MadeOf {
                    plan,
                    bundle,
                    sharers,
                };
                self.out.push(Output::Probe { run, made_of });
            }
            body @ ToWorkerBody::Lease { .. } => self.leased(body),
            body @ ToWorkerBody::Renew { .. } => self.renewed(body),
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            } => self.acknowledged(&(run, attempt), through),
            ToWorkerBody::Expect { run, attempt, seq } => self.expected(&(run, attempt), seq),
            ToWorkerBody::Fenced { run, attempt, why }
            | ToWorkerBody::Cancel { run, attempt, why } => self.stop(&(run, attempt), &why),
            ToWorkerBody::AttemptOver { run, attempt } => self.over(run, attempt),
            ToWorkerBody::Drain { why } => self.leave(why),
        }
    }

    fn welcomed(&mut self, session: SessionId) {
        self.session = Some(session);
    }

    fn leased(&mut self, body: ToWorkerBody) {
        let ToWorkerBody::Lease {
            run,
            attempt,
            session,
            plan,
            bundle,
            cases,
            sharers,
            stamp,
            ttl,
        } = body
        else {
            return;
        };
        let key: Key = (run.clone(), attempt);
        if self.session != Some(session) || self.attempts.contains_key(&key) {
            return self.note(format!(
                "a lease of attempt {attempt} of run {run} is not for this session"
            ));
        }
        let until = stamp + ttl;
        #[cfg(feature = "planted")]
        let until = match self.config.planted {
            Some(crate::planted::Planted::LeaseFromReceipt) => self.now + ttl,
            _ => until,
        };
        let made_of = MadeOf {
            plan,
            bundle,
            sharers,
        };
        let held = Held::leased(key.clone(), made_of, cases, until);
        self.attempts.insert(key.clone(), held);
        if self.leaving.is_some() {
            self.stop(&key, "the worker is leaving");
        } else if until <= self.now {
            self.stop(&key, "the lease had run out when it came");
        } else {
            self.out.push(Output::OpenGate {
                run,
                attempt,
                until,
            });
        }
    }

    fn renewed(&mut self, body: ToWorkerBody) {
        let ToWorkerBody::Renew {
            stamp,
            ttl,
            attempts,
        } = body
        else {
            return;
        };
        let until = stamp + ttl;
        #[cfg(feature = "planted")]
        let until = match self.config.planted {
            Some(crate::planted::Planted::LeaseFromReceipt) => self.now + ttl,
            _ => until,
        };
        for (run, attempt) in attempts {
            let held = self.attempts.get_mut(&(run.clone(), attempt));
            if let Some(held) = held.filter(|held| held.is_alive() && held.until < until) {
                held.until = until;
                self.out.push(Output::OpenGate {
                    run,
                    attempt,
                    until,
                });
            }
        }
    }

    fn acknowledged(&mut self, key: &Key, through: u64) {
        let Some(held) = self.attempts.get_mut(key) else {
            return;
        };
        let before = held.results.len();
        held.results.retain(|&seq, _| seq > through);
        if held.results.len() < before {
            let (run, attempt) = key.clone();
            self.out.push(Output::Unspool {
                run,
                attempt,
                through,
            });
        }
    }

    /// All below `seq` is durable; the rest is sent from there.
    fn expected(&mut self, key: &Key, seq: u64) {
        self.acknowledged(key, seq.saturating_sub(1));
        let Some(held) = self.attempts.get_mut(key) else {
            return;
        };
        held.next_seq = held.next_seq.max(seq);
        held.cursor = Some(seq);
        held.is_end_sent = false;
        let has_gap = held
            .results
            .keys()
            .next()
            .is_some_and(|&lowest| lowest > seq);
        if has_gap {
            // The host lost a part of the spool: what follows the hole can't be delivered in order.
            let n_lost = held.results.len();
            held.results.clear();
            held.next_seq = seq;
            let (run, attempt) = key.clone();
            self.note(format!(
                "{n_lost} results of attempt {attempt} of run {run} stand behind a hole in the spool and are given up"
            ));
            self.stop(key, "its spool has a hole");
            self.out.push(Output::Forget { run, attempt });
        }
    }

    fn over(&mut self, run: RunId, attempt: AttemptId) {
        let key = (run, attempt);
        self.stop(&key, "the attempt is over");
        let Some(held) = self.attempts.get_mut(&key) else {
            return;
        };
        held.results.clear();
        held.is_forgotten = true;
        self.drop_if_forgotten(&key);
    }
}
