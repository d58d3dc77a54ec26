//! What an event of a run says to the person who watches. Pure.

use domain::event::{RunEvent, StopCause};
use domain::record::{CaseResult, Preflight};
use domain::run::Run;
use domain::{AttemptId, Outcome};

/// One line of talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) text: String,
    /// Worth a line even where a table shows the counts.
    pub(super) is_news: bool,
}

/// The words for an event that was just folded into `run`; none for bookkeeping.
pub(super) fn of(run: &Run, event: &RunEvent) -> Option<Words> {
    match event {
        RunEvent::CaseSettled { result, .. } => Some(settled(result)),
        RunEvent::LegSettled { result, .. } => Some(leg_settled(run, result)),
        RunEvent::CaseClosed {
            case,
            outcome,
            reason,
        } => Some(ended(*outcome, case.as_str(), reason)),
        RunEvent::RegionProbed { region, preflight } => red(region.as_str(), preflight),
        RunEvent::AttemptLost { attempt, why, .. } => Some(news(lost(run, *attempt, why))),
        RunEvent::WorkerJoined { worker, region, .. } => {
            Some(plain(format!("worker {worker} takes part in {region}")))
        }
        RunEvent::WorkerLeft { worker, why } => Some(news(format!("worker {worker} left: {why}"))),
        RunEvent::GateClosed { tier, why } => Some(news(format!(
            "the gate is closed by {tier}: {why}; what has not begun is skipped"
        ))),
        RunEvent::EnvironmentChanged { region, from, to } => Some(news(format!(
            "the environment changed under the run in {region}: {from} became {to}"
        ))),
        RunEvent::ResultRejected { attempt, .. } => Some(news(format!(
            "attempt {attempt} sent two different results for one case; both are kept"
        ))),
        RunEvent::StopRequested { cause, why } => stopping(*cause, why),
        _ => None,
    }
}

fn settled(result: &CaseResult) -> Words {
    if result.outcome == Outcome::Passed {
        let seconds = result.duration.as_secs_f64();
        return plain(format!("passed    {} ({seconds:.1} s)", result.case));
    }
    ended(result.outcome, result.case.as_str(), &result.reason)
}

/// One leg of several; with the last of them, the case.
fn leg_settled(run: &Run, leg: &CaseResult) -> Words {
    let whole = run.case(&leg.case).and_then(|facts| facts.result());
    let (outcome, case, region) = (leg.outcome.word(), &leg.case, &leg.region);
    whole.map_or_else(
        || plain(format!("{outcome:9} the leg of {case} in {region}")),
        settled,
    )
}

fn ended(outcome: Outcome, case: &str, reason: &str) -> Words {
    let text = format!("{:9} {case}: {reason}", outcome.word());
    if outcome == Outcome::Skipped {
        plain(text)
    } else {
        news(text)
    }
}

fn red(region: &str, preflight: &Preflight) -> Option<Words> {
    if preflight.green {
        return None;
    }
    let cause = preflight
        .probes
        .iter()
        .find(|probe| !probe.error.is_empty())
        .map(|probe| format!(": {} {}", probe.url, probe.error))
        .unwrap_or_default();
    Some(news(format!(
        "{region}: what the suites require is not there{cause}"
    )))
}

fn lost(run: &Run, attempt: AttemptId, why: &str) -> String {
    let worker = run
        .attempt(attempt)
        .map(|attempt| format!("worker {}", attempt.worker))
        .unwrap_or_else(|| format!("attempt {attempt}"));
    format!("{worker} is lost ({why}); what it held runs again elsewhere")
}

fn stopping(cause: StopCause, why: &str) -> Option<Words> {
    Some(news(match cause {
        StopCause::Client => format!("stopping: {why}"),
        StopCause::MaxFail => format!("stopping, enough has failed: {why}"),
        StopCause::Deadline => format!("the run's deadline has come: {why}"),
    }))
}

fn news(text: String) -> Words {
    Words {
        text,
        is_news: true,
    }
}

fn plain(text: String) -> Words {
    Words {
        text,
        is_news: false,
    }
}
