//! Spans of the control plane: a run from its opening to its verdict, and each lease within it.
//!
//! They are told from the events that are about to be written and go to a collector, if there is
//! one (`lifecycle::telemetry`). Nothing is decided by them; what an earlier leader began is not
//! in them.

use std::collections::BTreeMap;

use domain::event::RunEvent;
use domain::{AttemptId, Region, RunId, WorkerId};
use tracing::Span;

/// Spans that are open.
#[derive(Debug, Default)]
pub(super) struct OpenSpans {
    runs: BTreeMap<RunId, OpenRun>,
}

#[derive(Debug)]
struct OpenRun {
    span: Span,
    leases: BTreeMap<AttemptId, Span>,
}

impl OpenSpans {
    pub(super) fn see(&mut self, run: &RunId, events: &[RunEvent]) {
        for event in events {
            self.see_one(run, event);
        }
    }

    fn see_one(&mut self, run: &RunId, event: &RunEvent) {
        match event {
            RunEvent::RunOpened { .. } => {
                let span = tracing::info_span!(
                    target: "control",
                    "run",
                    muster.run = %run,
                    muster.verdict = tracing::field::Empty,
                );
                let leases = BTreeMap::new();
                self.runs.insert(run.clone(), OpenRun { span, leases });
            }
            RunEvent::ShardLeased {
                attempt,
                worker,
                region,
                cases,
                ..
            } => {
                self.lease(run, *attempt, (worker, region), cases.len());
            }
            RunEvent::LegsLeased { legs, .. } => {
                for leg in legs {
                    self.lease(run, leg.attempt, (&leg.worker, &leg.region), 1);
                }
            }
            RunEvent::AttemptEnded { attempt, .. } => self.end(run, *attempt, None),
            RunEvent::AttemptLost { attempt, why, .. } => self.end(run, *attempt, Some(why)),
            RunEvent::RunEnded { verdict, .. } => {
                if let Some(open) = self.runs.remove(run) {
                    let word = verdict.word.to_string();
                    open.span.record("muster.verdict", word.as_str());
                }
            }
            _ => {}
        }
    }

    fn lease(
        &mut self,
        run: &RunId,
        attempt: AttemptId,
        (worker, region): (&WorkerId, &Region),
        n_cases: usize,
    ) {
        let Some(open) = self.runs.get_mut(run) else {
            return;
        };
        let span = tracing::info_span!(
            target: "control",
            parent: &open.span,
            "shard lease",
            muster.run = %run,
            muster.attempt = attempt.0,
            muster.worker = %worker,
            muster.region = %region,
            muster.cases = n_cases,
            otel.status_code = tracing::field::Empty,
            muster.lost = tracing::field::Empty,
        );
        open.leases.insert(attempt, span);
    }

    /// Ends a lease's span: it goes out when it is dropped.
    fn end(&mut self, run: &RunId, attempt: AttemptId, lost: Option<&str>) {
        let open = self.runs.get_mut(run);
        let span = open.and_then(|open| open.leases.remove(&attempt));
        if let (Some(span), Some(why)) = (span, lost) {
            span.record("otel.status_code", "ERROR");
            span.record("muster.lost", why);
        }
    }
}
