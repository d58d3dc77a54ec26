//! What a crew saw, for whoever measures: counts that only grow, and when a term's first lease came.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Shared by all workers of a crew.
#[derive(Debug, Default)]
pub struct Seen {
    started: AtomicU64,
    ended: AtomicU64,
    acked: AtomicU64,
    welcomes: AtomicU64,
    first_leases: Mutex<BTreeMap<u64, Instant>>,
    refusals: Mutex<Vec<String>>,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Cases that run now.
    pub busy: u64,
    /// Results that a coordinator said are durable.
    pub acked: u64,
    /// Sessions that were begun.
    pub welcomes: u64,
}

impl Seen {
    pub fn look(&self) -> Look {
        // In this order, or a case that starts meanwhile would make more end than began.
        let ended = self.ended.load(Ordering::SeqCst);
        let started = self.started.load(Ordering::SeqCst);
        Look {
            busy: started.saturating_sub(ended),
            acked: self.acked.load(Ordering::SeqCst),
            welcomes: self.welcomes.load(Ordering::SeqCst),
        }
    }

    /// The highest term under which anything was leased, and when that began.
    pub fn newest_term(&self) -> Option<(u64, Instant)> {
        let leases = self.first_leases.lock();
        let leases = leases.unwrap_or_else(PoisonError::into_inner);
        leases.last_key_value().map(|(&term, &at)| (term, at))
    }

    /// Why workers were refused; they have given up.
    pub fn refusals(&self) -> Vec<String> {
        let refusals = self.refusals.lock();
        refusals.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn started(&self) {
        self.started.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn ended(&self) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn acked(&self, n_results: u64) {
        self.acked.fetch_add(n_results, Ordering::SeqCst);
    }

    pub(super) fn welcomed(&self) {
        self.welcomes.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn leased(&self, term: u64) {
        let leases = self.first_leases.lock();
        let mut leases = leases.unwrap_or_else(PoisonError::into_inner);
        leases.entry(term).or_insert_with(Instant::now);
    }

    pub(super) fn refused(&self, why: String) {
        let refusals = self.refusals.lock();
        refusals.unwrap_or_else(PoisonError::into_inner).push(why);
    }
}
