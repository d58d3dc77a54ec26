//! Arbitrary nouns of the domain.

#![expect(clippy::too_many_lines, reason = "a strategy lists every field")]

use std::time::Duration;

use domain::gate::{Gate, TierGate, Tolerance, ToleratedSkip, Verdict, VerdictWord};
use domain::plan::{
    Caps, DeclaredSkip, Leg, Needs, OnWorkerLoss, Plan, PlannedCase, PlannedRegion, PlannedSuite,
    ValueLine,
};
use domain::record::{
    CaseProof, CaseResult, Check, CheckProof, Exchange, ExchangeKind, Failure, Payload, Phases,
    Preflight, Probe, Span, TryRecord,
};
use domain::{CaseId, Digest, Evidence, Outcome, Tier};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

pub(super) fn some_text() -> impl Strategy<Value = String> + Clone {
    ".{0,12}"
}

pub(super) fn ids() -> impl Strategy<Value = String> + Clone {
    "[a-z0-9:@ü-]{1,12}"
}

pub(super) fn cases() -> impl Strategy<Value = Vec<CaseId>> + Clone {
    vec(ids().prop_map(CaseId::from), 0..4)
}

pub(super) fn digests() -> impl Strategy<Value = Digest> + Clone {
    prop_oneof!["[0-9a-f]{64}", some_text()].prop_map(Digest::from)
}

pub(super) fn durations() -> impl Strategy<Value = Duration> + Clone {
    any::<u64>().prop_map(Duration::from_nanos)
}

pub(super) fn outcomes() -> impl Strategy<Value = Outcome> + Clone {
    prop::sample::select(&Outcome::ALL[..])
}

pub(super) fn tiers() -> impl Strategy<Value = Tier> + Clone {
    prop::sample::select(&Tier::ALL[..])
}

pub(super) fn case_result() -> impl Strategy<Value = CaseResult> + Clone {
    let names = (
        ids(),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
    );
    let numbers = any::<(u64, u64, u64, u64, u64, u32, bool)>();
    (
        names,
        outcomes(),
        numbers,
        durations(),
        option::of(digests()),
        option::of(proofs()),
    )
        .prop_map(
            |(
                (case, reason, trace_id, region, worker, fingerprint),
                outcome,
                numbers,
                duration,
                record,
                proof,
            )| {
                let (exchanges, bytes_sent, bytes_received, checks, started_at_ms, tries, flaky) =
                    numbers;
                CaseResult {
                    case: case.into(),
                    outcome,
                    reason,
                    evidence: Evidence {
                        exchanges,
                        bytes_sent,
                        bytes_received,
                        checks,
                    },
                    duration,
                    started_at_ms,
                    trace_id,
                    tries,
                    flaky,
                    region: region.into(),
                    worker: worker.into(),
                    fingerprint,
                    record,
                    proof,
                }
            },
        )
}

fn proofs() -> impl Strategy<Value = CaseProof> + Clone {
    let check = (any::<u32>(), some_text(), any::<bool>());
    let check = check.prop_map(|(line, expression, can_fail)| CheckProof {
        line,
        expression,
        can_fail,
    });
    let known = (vec(check, 0..3), any::<bool>());
    prop_oneof![
        known.prop_map(|(checks, is_complete)| CaseProof::Known {
            checks,
            is_complete
        }),
        some_text().prop_map(CaseProof::Unknown),
    ]
}

pub(super) fn preflights() -> impl Strategy<Value = Preflight> + Clone {
    let probe = (
        some_text(),
        some_text(),
        some_text(),
        any::<Option<u16>>(),
        durations(),
        any::<u32>(),
        some_text(),
    )
        .prop_map(
            |(suite, url, address, status, latency, attempts, error)| Probe {
                suite,
                url,
                address,
                status,
                latency,
                attempts,
                error,
            },
        );
    (any::<bool>(), vec(probe, 0..3), some_text()).prop_map(|(green, probes, fingerprint)| {
        Preflight {
            green,
            probes,
            fingerprint,
        }
    })
}

pub(super) fn verdicts() -> impl Strategy<Value = Verdict> + Clone {
    let words = prop::sample::select(vec![
        VerdictWord::Go,
        VerdictWord::NoGo,
        VerdictWord::Inconclusive,
        VerdictWord::Passed,
        VerdictWord::Failed,
        VerdictWord::Incomplete,
    ]);
    (words, vec(some_text(), 0..3), digests()).prop_map(|(word, reasons, table_hash)| Verdict {
        word,
        reasons,
        table_hash,
    })
}

fn gates() -> impl Strategy<Value = Gate> + Clone {
    let tolerance = || {
        prop_oneof![
            any::<u32>().prop_map(Tolerance::Tests),
            any::<u32>().prop_map(Tolerance::BelowPercent)
        ]
    };
    let tier = (tiers(), tolerance(), tolerance(), tolerance()).prop_map(
        |(tier, failed, not_proven, flaky)| TierGate {
            tier,
            failed,
            not_proven,
            flaky,
        },
    );
    let skip = (
        option::of(some_text()),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
    );
    let skip = skip.prop_map(|(suite, test, owner, until, why)| ToleratedSkip {
        suite: suite.map(Into::into),
        test: test.into(),
        owner,
        until,
        why,
    });
    (
        some_text(),
        vec(tier, 0..3),
        vec(skip, 0..3),
        any::<bool>(),
        any::<Option<u32>>(),
    )
        .prop_map(
            |(name, tiers, tolerated_skips, retries_failed, proven_checks)| Gate {
                name,
                tiers,
                tolerated_skips,
                retries_failed,
                proven_checks,
            },
        )
}

fn regions() -> impl Strategy<Value = PlannedRegion> + Clone {
    prop_oneof![
        Just(PlannedRegion::Any),
        some_text().prop_map(|region| PlannedRegion::Named(region.into())),
        vec((some_text(), some_text().prop_map(Into::into)), 0..3).prop_map(PlannedRegion::Roles),
    ]
}

fn planned_cases() -> impl Strategy<Value = PlannedCase> + Clone {
    let names = (ids(), ids(), ids(), some_text(), some_text());
    let leg = (option::of(some_text()), option::of(some_text())).prop_map(|(role, region)| Leg {
        role,
        region: region.map(Into::into),
    });
    let losses = prop_oneof![Just(OnWorkerLoss::Rerun), Just(OnWorkerLoss::Lost)];
    let skips = prop_oneof![
        Just(DeclaredSkip::NotSelected),
        Just(DeclaredSkip::Quarantined)
    ];
    let place = (
        regions(),
        option::of(some_text()),
        option::of(some_text()),
        vec(leg, 0..3),
    );
    let rest = (
        tiers(),
        durations(),
        losses,
        option::of(skips),
        any::<(bool, u32, u32)>(),
    );
    (names, place, rest).prop_map(|(names, (region, row, group, legs), rest)| {
        let (id, suite, test, title, file) = names;
        let (tier, timeout, on_worker_loss, declared_skip, (exclusive, retries, line)) = rest;
        PlannedCase {
            id: id.into(),
            suite: suite.into(),
            test: test.into(),
            title,
            group,
            tier,
            region,
            row,
            legs,
            timeout,
            exclusive,
            on_worker_loss,
            declared_skip,
            retries,
            file,
            line,
        }
    })
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let suite = (
        ids(),
        tiers(),
        option::of(some_text()),
        option::of(some_text()),
        some_text(),
    )
        .prop_map(|(name, tier, value, owner, file)| PlannedSuite {
            name: name.into(),
            tier,
            value,
            owner,
            file,
        });
    let needs = prop_oneof![
        any::<u32>().prop_map(Needs::Tests),
        vec(some_text().prop_map(Into::into), 0..3).prop_map(Needs::Named)
    ];
    let value = (some_text(), any::<u64>(), needs).prop_map(|(name, mrr, needs)| ValueLine {
        name,
        mrr,
        needs,
    });
    let texts = (
        ids(),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
        option::of(some_text()),
        digests(),
    );
    let lists = (
        vec(some_text(), 0..3),
        vec(suite, 0..3),
        vec(planned_cases(), 0..3),
        vec(some_text(), 0..3),
        vec(value, 0..3),
        vec(case_result(), 0..2),
    );
    (
        texts,
        lists,
        option::of(gates()),
        durations(),
        any::<(u64, Option<u32>)>(),
        option::of(any::<(Option<u32>, Option<u32>, u32)>()),
    )
        .prop_map(
            |(texts, lists, gate, deadline, (created_at_ms, max_fail), caps)| {
                let (run, environment, environment_file, made_by, currency, completes, bundle) =
                    texts;
                let (regions, suites, cases, lock_problems, value, carried) = lists;
                Plan {
                    run: run.into(),
                    created_at_ms,
                    environment,
                    environment_file,
                    caps: caps.map(|(rps, users, users_at_once)| Caps {
                        rps,
                        users,
                        users_at_once,
                    }),
                    regions: regions.into_iter().map(Into::into).collect(),
                    suites,
                    cases,
                    gate,
                    lock_problems,
                    value,
                    currency,
                    deadline,
                    max_fail,
                    completes: completes.map(Into::into),
                    carried,
                    bundle,
                    made_by,
                }
            },
        )
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> + Clone {
    vec((some_text(), some_text()), 0..3)
}

fn milliseconds() -> impl Strategy<Value = f64> + Clone {
    -1.0e9..1.0e9
}

fn payloads() -> impl Strategy<Value = Payload> + Clone {
    (some_text(), any::<u64>(), any::<bool>()).prop_map(|(text, bytes, is_cut)| Payload {
        text,
        bytes,
        is_cut,
    })
}

fn exchanges() -> impl Strategy<Value = Exchange> + Clone {
    let kinds = prop::sample::select(vec![
        ExchangeKind::Http,
        ExchangeKind::WebSocket,
        ExchangeKind::Sent,
        ExchangeKind::Received,
        ExchangeKind::Stream,
    ]);
    let phases = [
        milliseconds(),
        milliseconds(),
        milliseconds(),
        milliseconds(),
        milliseconds(),
        milliseconds(),
    ]
    .prop_map(
        |[dns_ms, connect_ms, tls_ms, send_ms, waiting_ms, receive_ms]| Phases {
            dns_ms,
            connect_ms,
            tls_ms,
            send_ms,
            waiting_ms,
            receive_ms,
        },
    );
    let texts = (
        some_text(),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
        some_text(),
    );
    let bodies = (pairs(), payloads(), pairs(), payloads());
    (
        kinds,
        texts,
        bodies,
        any::<(u32, Option<u16>)>(),
        milliseconds(),
        phases,
        option::of(some_text()),
    )
        .prop_map(
            |(kind, texts, bodies, (line, status), at_ms, phases, error)| {
                let (step, user, method, url, peer, span_id) = texts;
                let (request_headers, request_body, response_headers, response_body) = bodies;
                Exchange {
                    kind,
                    step,
                    line,
                    user,
                    method,
                    url,
                    peer,
                    request_headers,
                    request_body,
                    status,
                    response_headers,
                    response_body,
                    at_ms,
                    phases,
                    error,
                    span_id,
                }
            },
        )
}

pub(super) fn tries() -> impl Strategy<Value = TryRecord> {
    let check = (
        some_text(),
        some_text(),
        some_text(),
        option::of(some_text()),
        pairs(),
        any::<(u32, bool, bool, bool)>(),
    )
        .prop_map(
            |(step, expression, expected, error, actual, (line, held, is_evidence, soft))| Check {
                step,
                line,
                expression,
                held,
                is_evidence,
                actual,
                expected,
                error,
                soft,
            },
        );
    let span = (
        some_text(),
        some_text(),
        some_text(),
        some_text(),
        milliseconds(),
        milliseconds(),
        pairs(),
        any::<bool>(),
    )
        .prop_map(
            |(trace_id, span_id, parent_id, name, start_ms, end_ms, attributes, is_error)| Span {
                trace_id,
                span_id,
                parent_id,
                name,
                start_ms,
                end_ms,
                attributes,
                is_error,
            },
        );
    let failure = (
        some_text(),
        any::<u32>(),
        some_text(),
        some_text(),
        some_text(),
    )
        .prop_map(|(step, line, message, expected, actual)| Failure {
            step,
            line,
            message,
            expected,
            actual,
        });
    (
        vec(exchanges(), 0..2),
        vec(check, 0..2),
        pairs(),
        vec(span, 0..2),
        option::of(failure),
    )
        .prop_map(|(exchanges, checks, saved, spans, failure)| TryRecord {
            exchanges,
            checks,
            saved,
            spans,
            failure,
        })
}
