//! The outcome of a try: one decision over how its phases ended, by design's table.
//!
//! Precedence: cancelled, failed, errored, unproven, passed. Set-up and login can't fail a case,
//! only leave it unjudged; a broken teardown makes a pass errored and leaves a failure failed.

use domain::Evidence;
use domain::Outcome;

use super::{Fault, Journal, Stop};

/// The part of a try in which something happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Making accounts and logging them in.
    Login,
    Setup,
    #[default]
    Steps,
    Teardown,
}

/// How a try went, before it has an outcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Played {
    pub(crate) journal: Journal,
    /// Soft faults of `setup`.
    pub(crate) setup_soft: Vec<Fault>,
    pub(crate) stop: Option<(Phase, Stop)>,
    pub(crate) teardown: Option<Fault>,
    /// Sockets in trouble that no step noticed: a full log, a reconnect that gave up.
    pub(crate) sockets: Vec<Stop>,
    /// A socket was to be interrupted and never was.
    pub(crate) uninterrupted: Option<String>,
    /// Why the worker ended the try, if it did.
    pub(crate) cancelled: Option<String>,
}

/// The outcome, its reason, and the fault behind it.
pub(crate) fn decide(played: &Played, evidence: Evidence) -> (Outcome, String, Option<Fault>) {
    if let Some(why) = cancelled(played) {
        return (Outcome::Cancelled, why, None);
    }
    let (failed, errored) = faults(played);
    if let Some(fault) = failed.into_iter().next() {
        return (Outcome::Failed, fault.reason(), Some(fault));
    }
    if let Some(fault) = errored.into_iter().next() {
        return (Outcome::Errored, fault.reason(), Some(fault));
    }
    match unproven(played, evidence) {
        Some(why) => (Outcome::Unproven, why, None),
        None => (Outcome::Passed, String::new(), None),
    }
}

fn cancelled(played: &Played) -> Option<String> {
    let aborted = match &played.stop {
        Some((_, Stop::Aborted(fault))) => Some(fault.reason()),
        _ => None,
    };
    played.cancelled.clone().or(aborted)
}

/// Faults of the target, and faults that leave the case unjudged, each in the order they came.
fn faults(played: &Played) -> (Vec<Fault>, Vec<Fault>) {
    let (mut failed, mut errored) = (played.journal.soft.clone(), Vec::new());
    errored.extend(
        played
            .setup_soft
            .iter()
            .map(|fault| within(Phase::Setup, fault)),
    );
    match &played.stop {
        Some((Phase::Steps | Phase::Teardown, Stop::Failed(fault))) => {
            failed.push((**fault).clone())
        }
        Some((phase, stop)) => errored.push(within(*phase, stop.fault())),
        None => {}
    }
    for stop in &played.sockets {
        match stop {
            Stop::Failed(fault) => failed.push((**fault).clone()),
            Stop::Errored(fault) | Stop::Aborted(fault) => errored.push((**fault).clone()),
        }
    }
    errored.extend(
        played
            .teardown
            .iter()
            .map(|fault| within(Phase::Teardown, fault)),
    );
    (failed, errored)
}

/// The fault as one of its phase: the phase's word comes first.
fn within(phase: Phase, fault: &Fault) -> Fault {
    let word = match phase {
        Phase::Login => "login",
        Phase::Setup => "setup",
        Phase::Teardown => "teardown",
        Phase::Steps => return fault.clone(),
    };
    // A refusal of the grid is the cause wherever it happens, and is looked for by its word.
    if matches!(
        fault.word,
        "allow_list" | "no_capacity" | "receive_log_full" | "budget"
    ) {
        return fault.clone();
    }
    Fault {
        word,
        message: format!("{}: {}", fault.word, fault.message),
        ..fault.clone()
    }
}

fn unproven(played: &Played, evidence: Evidence) -> Option<String> {
    if evidence.exchanges == 0 {
        return Some("no_exchange: the case exchanged nothing with the target".to_owned());
    }
    if evidence.checks == 0 {
        return Some("no_check: no check read anything received".to_owned());
    }
    let socket = played.uninterrupted.as_ref()?;
    Some(format!(
        "no_interruption: `{socket}` was to reconnect, and its connection was never interrupted"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::Place;

    const SEEN: Evidence = Evidence {
        exchanges: 1,
        bytes_sent: 1,
        bytes_received: 1,
        checks: 1,
    };

    fn fault(word: &'static str) -> Fault {
        Fault::new(word, &Place::default(), "why")
    }

    fn outcome(played: &Played, evidence: Evidence) -> (Outcome, String) {
        let (outcome, reason, _) = decide(played, evidence);
        (outcome, reason)
    }

    #[test]
    fn a_pass_needs_an_exchange_and_a_check_that_read_it() {
        let played = Played::default();
        assert_eq!(outcome(&played, SEEN).0, Outcome::Passed);
        let bare = outcome(&played, Evidence { checks: 0, ..SEEN });
        assert!(bare.0 == Outcome::Unproven && bare.1.starts_with("no_check"));
        assert!(
            outcome(&played, Evidence::default())
                .1
                .starts_with("no_exchange")
        );
    }

    #[test]
    fn what_breaks_in_setup_or_login_is_errored() {
        for (phase, word) in [
            (Phase::Setup, "setup: status: why"),
            (Phase::Login, "login: status: why"),
        ] {
            let played = Played {
                stop: Some((phase, Stop::failed(fault("status")))),
                ..Played::default()
            };
            assert_eq!(outcome(&played, SEEN), (Outcome::Errored, word.to_owned()));
        }
    }

    #[test]
    fn failed_wins_over_errored_and_cancelled_over_both() {
        let mut played = Played {
            teardown: Some(fault("status")),
            ..Played::default()
        };
        assert_eq!(outcome(&played, SEEN).0, Outcome::Errored);
        played.journal.soft.push(fault("check_failed"));
        assert_eq!(outcome(&played, SEEN).0, Outcome::Failed);
        played.cancelled = Some("aborted".to_owned());
        assert_eq!(
            outcome(&played, SEEN),
            (Outcome::Cancelled, "aborted".to_owned())
        );
    }

    #[test]
    fn an_interruption_asked_for_must_be_seen() {
        let played = Played {
            uninterrupted: Some("chat".to_owned()),
            ..Played::default()
        };
        let (outcome, reason) = outcome(&played, SEEN);
        assert!(outcome == Outcome::Unproven && reason.starts_with("no_interruption"));
    }
}
