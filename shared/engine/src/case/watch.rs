//! A try with somebody watching: each step is told when it has ended, as its record will tell it.
//!
//! Nothing is decided by it, and a replay has nobody watching. What is told is redacted by all
//! that is known then; that a text told earlier was a secret may only turn out later, so this is
//! for the terminal of whoever may see the answers anyway, and is never kept or sent.

use std::sync::{Mutex, PoisonError};

use domain::record::{Failure, TryRecord};
use tokio::sync::mpsc;

use super::{Case, limited, redacted};
use crate::judge::{Journal, Stop};
use crate::record;
use crate::recording::Place;
use crate::redact::learn_recording;
use crate::tape::{Known, Live};
use expression::Redactor;

/// Where the steps of a try are told.
#[derive(Debug)]
pub(crate) struct Watch {
    to: mpsc::UnboundedSender<TryRecord>,
    known: Mutex<Known>,
}

/// How much a journal held when a step began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    checks: usize,
    saved: usize,
}

impl Mark {
    pub(crate) fn of(journal: &Journal) -> Self {
        Self {
            checks: journal.checks.len(),
            saved: journal.saved.len(),
        }
    }
}

/// A step that has ended.
pub(crate) struct Stepped<'a> {
    pub(crate) place: &'a Place,
    pub(crate) journal: &'a Journal,
    pub(crate) before: Mark,
    pub(crate) stop: Option<&'a Stop>,
    /// It has steps inside, each of which was told by itself.
    pub(crate) is_block: bool,
}

impl Watch {
    pub(crate) fn new(to: mpsc::UnboundedSender<TryRecord>) -> Self {
        Self {
            to,
            known: Mutex::default(),
        }
    }

    /// Tells what is new; whoever stopped listening is told nothing.
    pub(crate) fn tell(&self, case: &Case, redactor: &Redactor, live: &Live, step: &Stepped<'_>) {
        let news = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            live.news(&mut known)
        };
        learn_recording(case, &news.piece, redactor);
        let cover = case.cover(redactor);
        let path = &*step.place.path;
        let checks = step.journal.checks.iter().skip(step.before.checks);
        let saved = step.journal.saved.iter().skip(step.before.saved);
        let told = TryRecord {
            exchanges: record::exchanges(&news.piece, &news.openings, cover),
            checks: checks
                .filter(|check| check.step == path)
                .map(|check| redacted(check, cover))
                .collect(),
            saved: saved
                .filter(|_| !step.is_block)
                .map(|(name, value)| (name.clone(), cover.said(value)))
                .collect(),
            spans: Vec::new(),
            failure: step.stop.filter(|_| !step.is_block).map(|stop| {
                let failure = stop.fault().failure();
                let text = |text: &str| limited(cover.said(text), 4_000);
                Failure {
                    message: text(&failure.message),
                    expected: text(&failure.expected),
                    actual: text(&failure.actual),
                    ..failure
                }
            }),
        };
        // Nobody may be listening any more.
        let _ = self.to.send(told);
    }
}
