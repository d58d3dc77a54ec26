//! What was observed since somebody last looked: a piece of the recording while it is made.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::Live;
use crate::recording::{Observation, Recording, Seen};

/// How much of a try somebody knows already.
#[derive(Debug, Default)]
pub(crate) struct Known {
    observations: usize,
    /// Entries of each socket's log, by the path of the step that opened it.
    entries: HashMap<Arc<str>, usize>,
    /// The requests and handshakes so far: what opened the sockets is among them.
    openings: Vec<Observation>,
}

/// The new part of a recording, and the openings that its sockets need.
#[derive(Debug)]
pub(crate) struct News {
    pub(crate) piece: Recording,
    pub(crate) openings: Recording,
}

impl Live {
    /// Everything behind `known`, which then knows it too.
    pub(crate) fn news(&self, known: &mut Known) -> News {
        let observations = self
            .observations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let new = observations.get(known.observations..).unwrap_or_default();
        let new = new.to_vec();
        known.observations = observations.len();
        drop(observations);
        let is_opening = |one: &&Observation| matches!(&one.seen, Seen::Exchanged(exchanged) if exchanged.kind == domain::record::ExchangeKind::WebSocket);
        known
            .openings
            .extend(new.iter().filter(is_opening).cloned());
        let logs = self.logs.lock().unwrap_or_else(PoisonError::into_inner);
        let sockets = logs.iter().map(|(path, log)| {
            let from = known.entries.entry(path.clone()).or_default();
            let entries = log.range(*from, usize::MAX);
            *from += entries.len();
            (path.clone(), entries)
        });
        let recording = |observations, sockets| Recording {
            seed: self.seed,
            started_at_ms: self.clock.started_at_ms,
            observations,
            sockets,
        };
        News {
            piece: recording(new, sockets.collect()),
            openings: recording(known.openings.clone(), Vec::new()),
        }
    }
}
