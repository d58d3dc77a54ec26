//! The receipts in memory: the oldest nonces are forgotten first, and it is counted how many.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use crate::edge::Arrival;
use crate::web::Correlation;

/// Requests of one nonce that are kept in full; further ones are only counted.
const REQUESTS: usize = 1_000;

/// The receipts of one platform; a clone is one more handle to them.
#[derive(Clone)]
pub(crate) struct Ledger {
    books: Arc<Mutex<Books>>,
    /// Nonces that are kept.
    kept: usize,
}

#[derive(Default)]
struct Books {
    entries: HashMap<String, Entry>,
    order: VecDeque<String>,
    forgotten: u64,
}

#[derive(Default)]
struct Entry {
    case: Option<String>,
    attempt: Option<String>,
    requests: Vec<Value>,
    left_out: u64,
    /// When the last request came, Unix milliseconds.
    last_ms: i64,
    opened: u64,
    open: u64,
    peak: u64,
    aborted: u64,
    messages: u64,
    in_flight: u64,
    most_in_flight: u64,
}

impl Ledger {
    /// Keeps the receipts of so many nonces.
    pub(crate) fn new(kept: usize) -> Self {
        Self {
            books: Arc::default(),
            kept,
        }
    }

    /// Notes one request or handshake; the receipts' own reading leaves no receipt.
    pub(crate) fn note(&self, arrival: &Arrival, user: Option<&str>, status: u16) {
        if arrival.path.starts_with("/__ref/") {
            return;
        }
        let Arrival {
            method,
            path,
            at_ms,
            ..
        } = arrival;
        self.entry(&arrival.correlation, |entry| {
            entry.last_ms = entry.last_ms.max(*at_ms);
            if entry.requests.len() >= REQUESTS {
                entry.left_out += 1;
                return;
            }
            entry.requests.push(json!({
                "method": method, "path": path, "status": status, "at_ms": at_ms, "user": user,
            }));
        });
    }

    /// Notes a request that is on its way; it counts as in flight until the answer is dropped.
    pub(crate) fn depart(&self, arrival: &Arrival) -> InFlight {
        let counted = !arrival.path.starts_with("/__ref/");
        if counted {
            self.entry(&arrival.correlation, |entry| {
                entry.in_flight += 1;
                entry.most_in_flight = entry.most_in_flight.max(entry.in_flight);
            });
        }
        InFlight(counted.then(|| (self.clone(), arrival.correlation.clone())))
    }

    /// Notes that a socket was opened; it counts as open until the answer is dropped.
    pub(crate) fn open(&self, correlation: &Correlation) -> OpenSocket {
        self.entry(correlation, |entry| {
            entry.opened += 1;
            entry.open += 1;
            entry.peak = entry.peak.max(entry.open);
        });
        OpenSocket {
            ledger: self.clone(),
            correlation: correlation.clone(),
        }
    }

    /// What is known of one nonce.
    pub(crate) fn of(&self, nonce: &str) -> Option<Value> {
        let books = self.lock();
        let entry = books.entries.get(nonce)?;
        let Entry {
            opened,
            open,
            peak,
            aborted,
            in_flight,
            most_in_flight,
            ..
        } = entry;
        Some(json!({
            "nonce": nonce,
            "case": entry.case,
            "attempt": entry.attempt,
            "requests": entry.requests,
            "requests_left_out": entry.left_out,
            "websockets": { "opened": opened, "open": open, "peak": peak, "aborted": aborted },
            "messages": entry.messages,
            "in_flight": { "now": in_flight, "peak": most_in_flight },
        }))
    }

    /// Per case and attempt: how many nonces, requests, sockets and messages there were, and when
    /// the last request came.
    pub(crate) fn counts(&self) -> Value {
        let books = self.lock();
        let mut cases: BTreeMap<&str, BTreeMap<&str, Sums>> = BTreeMap::new();
        for entry in books.entries.values() {
            let case = entry.case.as_deref().unwrap_or("");
            let attempt = entry.attempt.as_deref().unwrap_or("");
            let sums = cases.entry(case).or_default().entry(attempt).or_default();
            sums.add(entry);
        }
        let cases: Map<_, _> = cases
            .into_iter()
            .map(|(c, a)| (c.to_owned(), shown(a)))
            .collect();
        json!({ "cases": cases, "nonces": books.entries.len(), "forgotten": books.forgotten })
    }

    fn entry(&self, correlation: &Correlation, change: impl FnOnce(&mut Entry)) {
        let Some(nonce) = &correlation.nonce else {
            return;
        };
        let mut books = self.lock();
        if !books.entries.contains_key(nonce) {
            books.add(nonce, correlation, self.kept);
        }
        if let Some(entry) = books.entries.get_mut(nonce) {
            change(entry);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn add(&mut self, nonce: &str, correlation: &Correlation, kept: usize) {
        if self.order.len() >= kept
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
            self.forgotten += 1;
        }
        let Correlation { case, attempt, .. } = correlation.clone();
        self.entries.insert(
            nonce.to_owned(),
            Entry {
                case,
                attempt,
                ..Entry::default()
            },
        );
        self.order.push_back(nonce.to_owned());
    }
}

/// What the receipts of one attempt at a case come to.
#[derive(Default)]
struct Sums {
    tries: u64,
    requests: u64,
    websockets: u64,
    messages: u64,
    last_ms: i64,
}

impl Sums {
    fn add(&mut self, entry: &Entry) {
        self.tries += 1;
        self.requests += entry.requests.len() as u64 + entry.left_out;
        self.websockets += entry.opened;
        self.messages += entry.messages;
        self.last_ms = self.last_ms.max(entry.last_ms);
    }
}

fn shown(attempts: BTreeMap<&str, Sums>) -> Value {
    let shown = attempts.into_iter().map(|(attempt, sums)| {
        let Sums {
            tries,
            requests,
            websockets,
            messages,
            last_ms,
        } = sums;
        let counts = json!({
            "tries": tries, "requests": requests, "websockets": websockets, "messages": messages,
            "last_ms": last_ms,
        });
        (attempt.to_owned(), counts)
    });
    Value::Object(shown.collect())
}

/// A request that is on its way; dropping it notes the end.
pub(crate) struct InFlight(Option<(Ledger, Correlation)>);

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some((ledger, correlation)) = &self.0 {
            ledger.entry(correlation, |entry| {
                entry.in_flight = entry.in_flight.saturating_sub(1);
            });
        }
    }
}

/// A socket that is open; dropping it notes the end.
pub(crate) struct OpenSocket {
    ledger: Ledger,
    correlation: Correlation,
}

impl OpenSocket {
    /// Notes one message received on it.
    pub(crate) fn message(&self) {
        self.ledger
            .entry(&self.correlation, |entry| entry.messages += 1);
    }

    /// Notes that the platform cut it off.
    pub(crate) fn aborted(&self) {
        self.ledger
            .entry(&self.correlation, |entry| entry.aborted += 1);
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.ledger.entry(&self.correlation, |entry| {
            entry.open = entry.open.saturating_sub(1)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(nonce: &str) -> Correlation {
        let nonce = Some(nonce.to_owned());
        Correlation {
            nonce,
            case: Some("c".into()),
            attempt: Some("2".into()),
            ..Correlation::default()
        }
    }

    #[test]
    fn sockets_are_counted_while_they_are_open() {
        let ledger = Ledger::new(10);
        let first = ledger.open(&from("n"));
        let second = ledger.open(&from("n"));
        drop(first);
        second.message();
        let shown = ledger.of("n").unwrap();
        assert_eq!(
            shown["websockets"],
            json!({ "opened": 2, "open": 1, "peak": 2, "aborted": 0 })
        );
        assert_eq!(shown["messages"], 1);
        assert_eq!(ledger.counts()["cases"]["c"]["2"]["websockets"], 2);
    }

    #[test]
    fn the_oldest_nonce_is_forgotten_first() {
        let ledger = Ledger::new(100);
        for i in 0..=100 {
            drop(ledger.open(&from(&i.to_string())));
        }
        assert!(ledger.of("0").is_none());
        assert!(ledger.of("1").is_some());
        assert_eq!(ledger.counts()["forgotten"], 1);
    }
}
