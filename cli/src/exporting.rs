//! `--otlp URL`: the merged traces of a kept run to a collector, after its report.
//!
//! It changes no outcome and no exit code; what a collector does not take is counted and said.

use std::path::Path;

use coordinator::traces::export::{self, Collector, Tried};

use crate::archive::Kept;
use crate::output::{Output, count};

/// PEM of the authority behind an `https` collector, as OpenTelemetry's exporters read it.
const AUTHORITY: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";

/// Sends every kept span of the run, if there is somewhere to send them.
pub(crate) async fn export(kept: &Kept, url: Option<&str>, output: &Output) {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return;
    };
    let collector = Collector {
        url: url.to_owned(),
        authority: authority(output),
    };
    let exported = export::export(&collector, &tries(kept)).await;
    let sent = usize::try_from(exported.sent).unwrap_or(usize::MAX);
    let why = exported
        .why
        .map(|why| format!(" ({why})"))
        .unwrap_or_default();
    output.talk(&format!(
        "traces: {} sent to {}, {} dropped{why}",
        count(sent, "span"),
        without_user(url),
        exported.dropped
    ));
}

fn authority(output: &Output) -> Option<Vec<u8>> {
    let path = std::env::var(AUTHORITY)
        .ok()
        .filter(|path| !path.is_empty())?;
    match std::fs::read(Path::new(&path)) {
        Ok(pem) => Some(pem),
        Err(error) => {
            output.talk(&format!(
                "{AUTHORITY} names {path}, which can't be read: {error}"
            ));
            None
        }
    }
}

/// A URL may carry a password before its host.
fn without_user(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

/// Each try's clock begins where the one before it ended.
fn tries(kept: &Kept) -> Vec<Tried> {
    let mut tries = Vec::new();
    for (_, facts) in kept.run.cases() {
        let Some(result) = facts.result() else {
            continue;
        };
        let record = result
            .record
            .as_ref()
            .and_then(|digest| kept.record(digest));
        let mut started_at_ms = result.started_at_ms;
        for tried in record.map(|record| record.tries).unwrap_or_default() {
            let ends = tried.spans.iter().map(|span| span.end_ms);
            let length = ends.fold(0.0, f64::max);
            tries.push(Tried {
                started_at_ms,
                spans: tried.spans,
            });
            started_at_ms = started_at_ms.saturating_add(whole(length));
        }
    }
    tries
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates"
)]
fn whole(ms: f64) -> u64 {
    ms.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_url_is_not_printed() {
        assert_eq!(without_user("http://me:secret@otel:4317"), "otel:4317");
        assert_eq!(without_user("http://otel:4317"), "http://otel:4317");
    }
}
