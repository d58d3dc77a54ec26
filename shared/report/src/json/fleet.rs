//! The grid's own health in `report.json`: workers, leases, results aside, server spans.

use super::build::{millis, text, texts};
use super::document::{Aside, Grid, Leases, ServerSpans, Worker};
use crate::summary::{self, AsideLine, Fleet};

pub(super) fn grid(of: &Fleet, missing_records: u64) -> Grid {
    let workers = of.workers.iter().map(|worker| Worker {
        name: text(&worker.worker),
        region: text(&worker.region),
        slots: worker.slots,
        left: worker.left.as_ref().map(text),
        leases: worker.leases,
        leases_lost: worker.leases_lost,
        losses: texts(&worker.losses),
        reattached: worker.reattached,
        cases: worker.cases,
        busy_ms: millis(worker.busy),
    });
    Grid {
        workers: workers.collect(),
        leases: Leases {
            granted: of.leases.granted,
            ended: of.leases.ended,
            lost: of.leases.lost,
            open: of.leases.open,
            reattached: of.leases.reattached,
            cases: of.leases.cases,
        },
        kept: of.kept.iter().map(aside).collect(),
        rejected: of.rejected.iter().map(aside).collect(),
        late: of.late.iter().map(aside).collect(),
        missing_records,
    }
}

fn aside(of: &AsideLine) -> Aside {
    Aside {
        case: text(&of.case),
        attempt: of.attempt.0,
        worker: text(&of.worker),
        outcome: of.outcome.word(),
        why: text(&of.why),
    }
}

pub(super) fn server_spans(of: summary::ServerSpans) -> ServerSpans {
    ServerSpans {
        kept: of.kept,
        dropped: of.dropped,
    }
}
