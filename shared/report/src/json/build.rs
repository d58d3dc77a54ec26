//! From a summary to the document of `report.json`: every figure is copied, none is computed anew.

use std::time::Duration;

use domain::ids::{SuiteName, TestId};
use domain::value::ValueState;
use domain::{proven, record, run};

use super::document::{
    Case, Checks, ClosedGate, Conclusions, Environment, EnvironmentChange, Evidence, Failure,
    FalseCheck, Gap, Group, Preflight, Probe, ProvenChecks, ProvenTest, Recommendation, Report,
    Since, Stop, Suite, Survivor, Test, Tests, Totals, Try, Value, ValueLine,
};
use super::{fleet, times};
use crate::summary::{self, CaseLine, Comparison, Signature, Summary, TestCounts};
use crate::{change, conclusions, escape, first_screen};

pub(super) fn report(of: &Summary) -> Report {
    let verdict = of.verdict.as_ref();
    Report {
        format: super::FORMAT,
        run_id: text(&of.run),
        completes: of.completes.as_ref().map(text),
        verdict: of.word(),
        reasons: verdict
            .iter()
            .flat_map(|verdict| &verdict.reasons)
            .map(text)
            .collect(),
        table_hash: verdict.map(|verdict| text(&verdict.table_hash)),
        gate: of.gate.as_ref().map(text),
        made_by: text(&of.made_by),
        created_at_ms: of.created_at_ms,
        elapsed_ms: millis(of.elapsed),
        environment: environment(of),
        totals: totals(&of.totals),
        open: of.open,
        tests: tests(of.tests),
        tiers: of.tiers.iter().map(group).collect(),
        suites: of.suites.iter().map(suite).collect(),
        groups: of.groups.iter().map(suite).collect(),
        regions: of.by_region.iter().map(group).collect(),
        not_exercised: of.gaps.iter().map(gap).collect(),
        unplanned_tiers: first_screen::unplanned_tiers(of)
            .iter()
            .map(|tier| tier.word())
            .collect(),
        failures: of
            .signatures
            .iter()
            .map(|signature| failure(of, signature))
            .collect(),
        flaky: of.flaky().iter().map(|case| text(&case.id)).collect(),
        since: of.comparison.as_ref().map(since),
        evidence: times::touched(&of.touched),
        response_times: of.response_times.iter().map(times::of_tier).collect(),
        test_times: of.test_times.iter().map(times::of_test).collect(),
        value: value(of),
        proven_checks: of.proven.as_ref().map(proven_checks),
        grid: fleet::grid(&of.fleet, of.missing_records),
        server_spans: of.server_spans.map(fleet::server_spans),
        preflight: of
            .preflights
            .iter()
            .map(|(region, seen)| preflight(region.as_str(), seen))
            .collect(),
        lock_problems: texts(&of.lock_problems),
        gates_closed: of.gates_closed.iter().map(closed_gate).collect(),
        environment_changes: of.environment_changes.iter().map(change_of).collect(),
        stop: of.stop.as_ref().map(stop),
        conclusions: conclude(of),
        cases: of.cases.iter().map(case).collect(),
    }
}

fn proven_checks(of: &proven::ProvenChecks) -> ProvenChecks {
    let survivor = |(line, expression): &(u32, String)| Survivor {
        line: *line,
        expression: text(expression),
    };
    let test = |of: &proven::ProvenTest| ProvenTest {
        suite: text(&of.suite),
        test: text(&of.test),
        file: text(&of.file),
        checks: of.checks,
        can_fail: of.can_fail,
        survivors: of.survivors.iter().map(survivor).collect(),
        unknown: of.unknown.as_ref().map(text),
    };
    ProvenChecks {
        asked_percent: of.asked,
        is_enough: of.is_enough(),
        is_complete: of.is_complete,
        checks: of.checks(),
        can_fail: of.can_fail(),
        tests: of.tests.iter().map(test).collect(),
    }
}

fn environment(of: &Summary) -> Environment {
    Environment {
        name: text(&of.environment),
        regions: texts(&of.regions),
    }
}

fn closed_gate(of: &run::ClosedGate) -> ClosedGate {
    ClosedGate {
        tier: of.tier.word(),
        why: text(&of.why),
    }
}

fn change_of(of: &run::EnvironmentChange) -> EnvironmentChange {
    EnvironmentChange {
        region: text(&of.region),
        from: text(&of.from),
        to: text(&of.to),
    }
}

fn stop(of: &run::Stop) -> Stop {
    Stop {
        cause: of.cause.word(),
        why: text(&of.why),
    }
}

pub(super) fn text(of: impl ToString) -> String {
    escape::block(&of.to_string())
}

pub(super) fn texts<Item: std::fmt::Display>(of: &[Item]) -> Vec<String> {
    of.iter().map(text).collect()
}

/// Milliseconds with three decimals.
pub(super) fn millis(time: Duration) -> f64 {
    rounded(time.as_secs_f64() * 1_000.0)
}

/// Three decimals; what is no number can't be written as one, and is 0.
pub(super) fn rounded(ms: f64) -> f64 {
    let rounded = (ms * 1_000.0).round() / 1_000.0;
    if rounded.is_finite() { rounded } else { 0.0 }
}

fn totals(of: &domain::Totals) -> Totals {
    Totals {
        planned: of.planned,
        passed: of.passed,
        failed: of.failed,
        skipped: of.skipped,
        unproven: of.unproven,
        errored: of.errored,
        lost: of.lost,
        cancelled: of.cancelled,
    }
}

fn tests(of: TestCounts) -> Tests {
    Tests {
        planned: of.planned,
        passed: of.passed,
        failed: of.failed,
        not_proven: of.not_proven,
    }
}

fn group(of: &summary::Group) -> Group {
    Group {
        name: text(&of.name),
        totals: totals(&of.totals),
        tests: tests(of.tests),
        time_ms: millis(of.time),
        longest_ms: millis(of.longest),
    }
}

fn suite(of: &summary::Group) -> Suite {
    Suite {
        name: text(&of.name),
        tier: of.tier.map(|tier| tier.word()),
        totals: totals(&of.totals),
        tests: tests(of.tests),
        time_ms: millis(of.time),
        longest_ms: millis(of.longest),
    }
}

fn gap(of: &summary::Gap) -> Gap {
    Gap {
        outcome: of.outcome.word(),
        reason: text(&of.reason),
        detail: text(&of.detail),
        cases: of.cases,
        tests: texts(&of.tests),
    }
}

fn failure(summary: &Summary, of: &Signature) -> Failure {
    let cause = of.cause.clone().unwrap_or_default();
    let example = of
        .cases
        .first()
        .map(|case| case.as_str())
        .unwrap_or_default();
    Failure {
        outcome: of.outcome.word(),
        tier: of.tier.word(),
        suite: text(&of.suite),
        test: text(&of.test),
        title: text(&of.title),
        file: text(&of.file),
        line: of.line,
        step: text(&cause.step),
        reason: text(&of.reason),
        message: text(&cause.message),
        expected: text(&cause.expected),
        actual: text(&cause.actual),
        checks: cause.checks.iter().map(false_check).collect(),
        cases: texts(&of.cases),
        regions: texts(&of.regions),
        trace_id: text(&of.trace_id),
        again: change::again(summary, of.outcome, of.test.as_str()),
        look: change::look(summary, example),
    }
}

fn false_check(of: &summary::FalseCheck) -> FalseCheck {
    FalseCheck {
        step: text(&of.step),
        line: of.line,
        expression: text(&of.expression),
        expected: text(&of.expected),
        actual: text(&of.actual),
    }
}

fn since(of: &Comparison) -> Since {
    let tests = |tests: &[(SuiteName, TestId)]| {
        let named = tests.iter().map(|(suite, test)| Test {
            suite: text(suite),
            test: text(test),
        });
        named.collect()
    };
    Since {
        run_id: text(&of.previous),
        new_failures: tests(&of.new_failures),
        fixed: tests(&of.fixed),
    }
}

fn value(summary: &Summary) -> Value {
    let of = &summary.value;
    let lines = of.lines.iter().map(|line| ValueLine {
        name: text(&line.name),
        mrr: line.mrr,
        state: line.state.word(),
        why: text(&line.why),
        tests: texts(&line.tests),
    });
    Value {
        currency: text(&of.currency),
        total: of.total(),
        verified: of.sum_of(ValueState::Verified),
        failing: of.sum_of(ValueState::Failing),
        not_verified: of.sum_of(ValueState::NotVerified),
        lines: lines.collect(),
    }
}

fn preflight(region: &str, of: &record::Preflight) -> Preflight {
    let probes = of.probes.iter().map(|probe| Probe {
        suite: text(&probe.suite),
        url: text(&probe.url),
        address: text(&probe.address),
        status: probe.status,
        latency_ms: millis(probe.latency),
        attempts: probe.attempts,
        error: text(&probe.error),
    });
    Preflight {
        region: text(region),
        green: of.green,
        fingerprint: text(&of.fingerprint),
        probes: probes.collect(),
    }
}

fn conclude(of: &Summary) -> Conclusions {
    let recommendations =
        conclusions::recommendations(of)
            .into_iter()
            .map(|change| Recommendation {
                what: text(change.what),
                command: change.command.map(text),
            });
    Conclusions {
        known_issues: texts(&conclusions::known_issues(of)),
        risks: texts(&conclusions::risks(of)),
        recommendations: recommendations.collect(),
        conclusion: text(conclusions::conclusion(of)),
    }
}

fn case(of: &CaseLine) -> Case {
    let tried = of.tried.iter().map(|one| Try {
        failure: one.failure.as_ref().map(text),
        exchanges: one.exchanges,
        checks: one.checks,
    });
    Case {
        id: text(&of.id),
        suite: text(&of.suite),
        test: text(&of.test),
        title: text(&of.title),
        group: of.group.as_ref().map(text),
        tier: of.tier.word(),
        region: text(of.place()),
        planned_region: text(&of.planned_region),
        row: of.row.as_ref().map(text),
        outcome: of.outcome.map_or("open", |outcome| outcome.word()),
        reason: text(&of.reason),
        flaky: of.is_flaky,
        carried: of.is_carried,
        duration_ms: millis(of.duration),
        started_at_ms: of.started_at_ms,
        evidence: Evidence {
            exchanges: of.evidence.exchanges,
            checks: of.evidence.checks,
            bytes_sent: of.evidence.bytes_sent,
            bytes_received: of.evidence.bytes_received,
        },
        checks: Checks {
            evaluated: of.checks,
            held: of.checks - of.checks_false,
            not_held: of.checks_false,
        },
        trace_id: text(&of.trace_id),
        worker: of.worker.as_ref().map(text),
        attempts: of.attempts,
        tries: of.tries,
        tried: tried.collect(),
        losses: texts(&of.losses),
        kept: texts(&of.kept),
        file: text(&of.file),
        line: of.line,
        response_times_ms: of.times.iter().map(|ms| rounded(*ms)).collect(),
        targets: of.targets.iter().map(times::target).collect(),
    }
}
