//! Whether the environment is there at all: every suite's `requires`, with retries and evidence.
//!
//! The steps run as any steps do, through the same dialer. Every exchange is a probe. The
//! fingerprint is the SHA-256 over the top-level fields `revision`, `version` and `git_commit` of the
//! answers, sorted: what the environment says of itself and keeps saying. Which of several replicas
//! answered (`instance`) is no part of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::plan::OnWorkerLoss;
use domain::record::{Preflight, Probe};
use domain::{AttemptId, CaseId, Outcome, TestId};
use futures_util::future::join_all;
use sha2::{Digest, Sha256};
use suite::model::{Placement, Suite, Test};
use tokio_util::sync::CancellationToken;

use crate::case::EndedTry;
use crate::engine::{Inner, LeaseGate};
use crate::recording::{Exchanged, Seen};

/// Attempts at a suite's `requires`.
const ATTEMPTS: u32 = 3;
/// Pause after the first failed attempt; doubled after each.
const PAUSE: Duration = Duration::from_millis(250);
/// For all steps of one suite's `requires`, once.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Fields that tell one deployment from another.
const FIELDS: [&str; 3] = ["revision", "version", "git_commit"];

pub(crate) async fn run(
    engine: &Inner,
    gate: &Arc<dyn LeaseGate>,
    stop: &CancellationToken,
) -> Preflight {
    let suites = engine
        .config
        .suites
        .iter()
        .filter(|suite| !suite.requires.is_empty());
    // At once, so that a platform that hangs costs the time of one suite.
    let required = join_all(suites.map(|suite| require(engine, suite, gate, stop))).await;
    let mut preflight = Preflight {
        green: !stop.is_cancelled(),
        ..Preflight::default()
    };
    let mut said = BTreeSet::new();
    for required in required {
        preflight.green &= required.is_green;
        preflight.probes.extend(required.probes);
        said.extend(required.said);
    }
    preflight.fingerprint = fingerprint(&said);
    preflight
}

/// What one suite's `requires` met.
#[derive(Default)]
struct Required {
    is_green: bool,
    probes: Vec<Probe>,
    said: Vec<String>,
}

/// One suite's `requires`, until they pass or the attempts are spent.
async fn require(
    engine: &Inner,
    suite: &Arc<Suite>,
    gate: &Arc<dyn LeaseGate>,
    stop: &CancellationToken,
) -> Required {
    let test = Arc::new(requires_as_test(suite));
    let mut required = Required::default();
    let mut pause = PAUSE;
    for attempt in 1..=ATTEMPTS {
        let id = CaseId::new(format!("{}::requires@{}", suite.name, engine.config.region));
        let case = Arc::new(engine.case(id, suite, &test, AttemptId(0), attempt));
        let ended = engine.run(case, gate, stop).await;
        // Steps without a written check prove nothing, and that is enough to see that it answers.
        let outcome = ended.judged.outcome;
        required.is_green = matches!(outcome, Outcome::Passed | Outcome::Unproven);
        required
            .probes
            .extend(probed(suite, &ended, attempt, required.is_green));
        if required.is_green {
            let said = exchanges(&ended).flat_map(|(_, exchanged)| self_description(exchanged));
            required.said.extend(said);
            return required;
        }
        if attempt == ATTEMPTS {
            break;
        }
        let stopped = tokio::time::timeout(pause, stop.cancelled()).await.is_ok();
        if stopped || !gate.is_open() {
            return required;
        }
        pause *= 2;
    }
    required
}

fn requires_as_test(suite: &Suite) -> Test {
    Test {
        id: TestId::new("requires"),
        title: String::new(),
        group: None,
        tags: Vec::new(),
        line: 0,
        users: Vec::new(),
        regions: Placement::Any,
        rows: Vec::new(),
        timeout: TIMEOUT,
        retries: 0,
        exclusive: false,
        on_worker_loss: OnWorkerLoss::Rerun,
        quarantine: None,
        setup: Vec::new(),
        steps: suite.requires.clone(),
        teardown: Vec::new(),
        after: Vec::new(),
        expect: Vec::new(),
        hash: String::new(),
    }
}

fn exchanges(ended: &EndedTry) -> impl Iterator<Item = (&str, &Arc<Exchanged>)> {
    ended
        .recording
        .observations
        .iter()
        .filter_map(|observation| match &observation.seen {
            Seen::Exchanged(exchanged) => Some((&*observation.place.path, exchanged)),
            _ => None,
        })
}

/// A probe for each exchange; the reason stands at the one whose step failed, or by itself.
fn probed(suite: &Suite, ended: &EndedTry, attempt: u32, is_green: bool) -> Vec<Probe> {
    let reason = if is_green {
        ""
    } else {
        ended.judged.reason.as_str()
    };
    let failed = ended
        .judged
        .failure
        .as_ref()
        .map(|failure| failure.step.as_str())
        .unwrap_or_default();
    let kept = ended.record.exchanges.iter();
    let mut probes: Vec<Probe> = exchanges(ended)
        .map(|(path, exchanged)| Probe {
            suite: suite.name.to_string(),
            // The redacted copy knows the address without its secrets.
            url: kept
                .clone()
                .find(|kept| kept.span_id == exchanged.span_id)
                .map_or_else(String::new, |kept| kept.url.clone()),
            address: exchanged.peer.clone(),
            status: exchanged.response.as_ref().map(|response| response.status),
            latency: Duration::from_secs_f64(exchanged.elapsed_ms.max(0.0) / 1_000.0),
            attempts: attempt,
            error: if path == failed {
                reason.to_owned()
            } else {
                String::new()
            },
        })
        .collect();
    if !is_green && probes.iter().all(|probe| probe.error.is_empty()) {
        match probes.last_mut() {
            Some(last) => reason.clone_into(&mut last.error),
            None => probes.push(Probe {
                suite: suite.name.to_string(),
                attempts: attempt,
                error: reason.to_owned(),
                ..Probe::default()
            }),
        }
    }
    probes
}

/// `name=value` for each field of the answer that tells what is deployed.
fn self_description(exchanged: &Exchanged) -> Vec<String> {
    let Some(response) = &exchanged.response else {
        return Vec::new();
    };
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(&response.body) else {
        return Vec::new();
    };
    FIELDS
        .iter()
        .filter_map(|field| body.get(field).map(|value| format!("{field}={value}")))
        .collect()
}

fn fingerprint(said: &BTreeSet<String>) -> String {
    if said.is_empty() {
        return String::new();
    }
    let mut hasher = Sha256::new();
    for line in said {
        hasher.update(line);
        hasher.update("\n");
    }
    hex::encode(hasher.finalize())
}
