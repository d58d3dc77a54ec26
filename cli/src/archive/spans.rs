//! The environment's own spans of a kept run, by trace, ready to be joined to records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use domain::Outcome;
use domain::record::{CaseRecord, ExchangeKind, TryRecord};
use domain::trace::{self, ServerSpan};
use lifecycle::clock;
use proto::v1;
use run_log::spans::SpanFile;

use super::Kept;
use crate::client::Client;
use crate::error::Error;

/// How long after a run spans of it are waited for; OpenTelemetry's exporters send every 5 s.
const LATE: Duration = Duration::from_secs(6);
const AGAIN: Duration = Duration::from_millis(250);

/// What was kept of them.
#[derive(Debug, Default)]
pub(crate) struct ServerSpans {
    by_trace: BTreeMap<String, Vec<ServerSpan>>,
    /// How many there are.
    pub(crate) kept: usize,
    /// How many of the run were not kept.
    pub(crate) dropped: u64,
}

impl ServerSpans {
    /// Those in a run's folder. Spans that can't be read are as good as none.
    pub(super) fn read(folder: &Path) -> Self {
        let found = run_log::spans::read(folder).unwrap_or_else(|error| {
            tracing::warn!(%error, "the server spans of the run can't be read");
            v1::ServerSpans::default()
        });
        Self::of(found)
    }

    fn of(found: v1::ServerSpans) -> Self {
        let mut spans = Self {
            dropped: found.dropped,
            ..Self::default()
        };
        for message in found.spans {
            match wire::spans::decode(message) {
                Ok(span) => {
                    spans.kept += 1;
                    let of_trace = spans.by_trace.entry(span.trace_id.clone());
                    of_trace.or_default().push(span);
                }
                Err(_) => spans.dropped += 1,
            }
        }
        spans
    }

    /// Puts each try's server spans below what caused them.
    pub(super) fn join(&self, record: &mut CaseRecord) {
        for tried in &mut record.tries {
            let trace = tried.spans.first().map(|span| span.trace_id.as_str());
            if let Some(theirs) = trace.and_then(|trace| self.by_trace.get(trace)) {
                trace::join(tried, theirs);
            }
        }
    }
}

/// Asks a coordinator for the spans of a run that is over, until each answer in a failed case has
/// its server's span, or for a few seconds: servers send theirs in batches. Where none has come
/// at all, only `patient` callers wait. Nothing but the view of a failure depends on it.
pub(crate) async fn fetch(
    client: &mut Client,
    kept: &mut Kept,
    patient: bool,
) -> Result<v1::ServerSpans, Error> {
    let begun = clock::now();
    let run = kept.plan().run.clone();
    loop {
        let found = client.spans(&run).await?;
        let goes_on = patient || !found.spans.is_empty();
        kept.spans = OnceLock::from(ServerSpans::of(found.clone()));
        if !goes_on || clock::now().since(begun) > LATE || !lacks_some(kept) {
            return Ok(found);
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Some answer in a failed case has no server span.
fn lacks_some(kept: &Kept) -> bool {
    let failed = kept
        .run
        .cases()
        .filter(|(_, facts)| facts.outcome() == Some(Outcome::Failed));
    let digests = failed.filter_map(|(_, facts)| facts.result()?.record.as_ref());
    let mut records = digests.filter_map(|digest| kept.record(digest));
    records.any(|record| record.tries.iter().any(has_answer_without_span))
}

fn has_answer_without_span(tried: &TryRecord) -> bool {
    let servers = tried.spans.iter().filter(|span| {
        let mut keys = span.attributes.iter().map(|(key, _)| key.as_str());
        keys.any(|key| key == trace::SERVICE)
    });
    let parents: BTreeSet<&str> = servers.map(|span| span.parent_id.as_str()).collect();
    let mut answered = tried.exchanges.iter().filter(|exchange| {
        let is_request = matches!(exchange.kind, ExchangeKind::Http | ExchangeKind::WebSocket);
        is_request && exchange.status.is_some()
    });
    answered.any(|exchange| !parents.contains(exchange.span_id.as_str()))
}

/// Writes a copy of them into a run's folder, unless one is there.
pub(super) fn write(folder: &Path, spans: &v1::ServerSpans) -> Result<(), String> {
    if *spans == v1::ServerSpans::default() {
        return Ok(());
    }
    let mut file = SpanFile::open(folder).map_err(|error| error.to_string())?;
    if file.length() > 0 {
        return Ok(());
    }
    file.append(spans).map_err(|error| error.to_string())
}
