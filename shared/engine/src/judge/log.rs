//! What a socket's log says: which message matches, whether the connection is over.
//!
//! Used twice for each wait: live, to know when to stop waiting, and then to judge. Positions are
//! indexes into the log; the cursor is the first entry not yet taken.

use std::sync::Arc;

use crate::recording::Record;
use crate::socket::Entry;

/// Why nothing more will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// The connection ended, and nothing brings it back.
    Closed(String),
    /// Reconnecting did not succeed in time.
    GaveUp(String),
    /// We closed it ourselves.
    Ours,
    /// The log is full.
    Full,
}

/// Whether the log, as far as it goes, is over.
pub(crate) fn over(entries: &[Entry], reconnects: bool) -> Option<Over> {
    entries.iter().rev().find_map(|entry| match entry {
        Entry::Received(_) => None,
        Entry::Recovered { .. } => Some(None),
        Entry::Interrupted { why, .. } => {
            Some((!reconnects).then(|| Over::Closed(why.to_string())))
        }
        Entry::GaveUp { why, .. } => Some(Some(Over::GaveUp(why.to_string()))),
        Entry::Ended => Some(Some(Over::Ours)),
        Entry::Full => Some(Some(Over::Full)),
    })?
}

/// The messages from a position on, each with its position.
pub(crate) fn received(
    entries: &[Entry],
    from: usize,
) -> impl Iterator<Item = (usize, &Arc<Record>)> {
    entries
        .iter()
        .enumerate()
        .skip(from)
        .filter_map(|(at, entry)| match entry {
            Entry::Received(record) => Some((at, record)),
            _ => None,
        })
}

/// How often the connection ended without our asking.
pub(crate) fn interruptions(entries: &[Entry]) -> usize {
    entries
        .iter()
        .filter(|entry| matches!(entry, Entry::Interrupted { .. }))
        .count()
}

/// Milliseconds from each interruption to the connection that took over.
pub(crate) fn recoveries_ms(entries: &[Entry]) -> Vec<f64> {
    let recovery = |entry: &Entry| match entry {
        Entry::Recovered { recovery_ms, .. } => Some(*recovery_ms),
        _ => None,
    };
    entries.iter().filter_map(recovery).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_comes_back_is_not_over() {
        let cut = Entry::Interrupted {
            at_ms: 1.0,
            why: "reset".into(),
        };
        let back = Entry::Recovered { recovery_ms: 1.0 };
        let gone = Entry::GaveUp {
            at_ms: 3.0,
            why: "late".into(),
        };
        assert_eq!(
            over(std::slice::from_ref(&cut), false),
            Some(Over::Closed("reset".to_owned()))
        );
        assert_eq!(over(std::slice::from_ref(&cut), true), None);
        assert_eq!(over(&[cut.clone(), back.clone()], true), None);
        assert_eq!(
            over(&[cut.clone(), gone.clone()], true),
            Some(Over::GaveUp("late".to_owned()))
        );
        assert_eq!(interruptions(&[cut.clone(), back.clone(), cut]), 2);
        assert_eq!(recoveries_ms(&[back, gone]), [1.0]);
    }
}
