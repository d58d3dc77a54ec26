//! Response times, their targets and the sum of all evidence in `report.json`.

use super::build::{rounded, text};
use super::document::{ResponseTimes, Target, TestTimes, Times, Touched};
use crate::summary;

pub(super) fn of_tier(of: &summary::ResponseTimes) -> ResponseTimes {
    ResponseTimes {
        tier: of.tier.word(),
        region: text(&of.region),
        times: times(&of.times),
    }
}

pub(super) fn of_test(of: &summary::TestTimes) -> TestTimes {
    TestTimes {
        tier: of.tier.word(),
        suite: text(&of.suite),
        test: text(&of.test),
        region: text(&of.region),
        times: times(&of.times),
        met: of.is_met(),
        targets: of.targets.iter().map(target).collect(),
    }
}

fn times(of: &summary::Times) -> Times {
    Times {
        count: of.count,
        total_ms: rounded(of.total),
        p50_ms: rounded(of.p50),
        p95_ms: rounded(of.p95),
        p99_ms: rounded(of.p99),
        max_ms: rounded(of.max),
    }
}

pub(super) fn target(of: &summary::Target) -> Target {
    Target {
        file: text(&of.file),
        line: of.line,
        expression: text(&of.expression),
        limit_ms: rounded(of.limit),
        evaluated: of.evaluated,
        held: of.held,
    }
}

pub(super) fn touched(of: &summary::Touched) -> Touched {
    Touched {
        exchanges: of.exchanges,
        checks: of.checks,
        bytes_sent: of.bytes_sent,
        bytes_received: of.bytes_received,
        recorded_exchanges: of.recorded_exchanges,
        recorded_checks: of.recorded_checks,
    }
}
