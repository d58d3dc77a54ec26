//! The language on its hardest tests: each either loads, or says exactly what is not run yet.

use std::time::Duration;

use suite::model::{
    Acting, Body, Branches, ExpectedStatus, JsonTemplate, Placement, Refusal, StepKind,
    ValueTemplate,
};

use crate::{loaded, problems};

const HEAD: &str = "muster: v1\nsuite: s\npriority: P1\n";

fn suite(tests: &str) -> String {
    format!("{HEAD}{tests}")
}

#[test]
fn branches_act_as_users_of_a_pool() {
    let suite = loaded(&suite(include_str!("files/crowd.yaml")));
    let test = &suite.tests[0];
    assert_eq!(test.users[0].count, Some(5));
    let StepKind::Parallel(parallel) = &test.steps[0].kind else {
        panic!("{:?}", test.steps)
    };
    assert!(matches!(&test.steps[0].acting, Acting::Pool { name, .. } if name == "crowd"));
    assert_eq!(test.steps[0].within, Duration::from_secs(20));
    let Branches::Count { count, steps } = &parallel.branches else {
        panic!("{parallel:?}")
    };
    assert_eq!(count.source(), "5");
    assert_eq!(steps.len(), 6);
    assert!(matches!(steps[0].acting, Acting::Inherited));
    assert!(matches!(test.after[0].acting, Acting::Nobody));
}

#[test]
fn rows_are_values_of_their_case() {
    let suite = loaded(&suite(include_str!("files/refused.yaml")));
    let test = &suite.tests[0];
    let names: Vec<_> = test.rows.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["none", "forged", "expired"]);
    assert!(matches!(test.rows[0].1[0].1, ValueTemplate::Literal(_)));
    let StepKind::WebSocket(handshake) = &test.steps[0].kind else {
        panic!("{:?}", test.steps)
    };
    assert_eq!(
        handshake.status,
        ExpectedStatus::Listed {
            statuses: vec![401, 403],
            line: 13
        }
    );
    assert!(matches!(test.steps[0].acting, Acting::Nobody));
}

#[test]
fn a_refused_connection_is_wanted_and_counts_as_a_check() {
    let steps = "      - http: GET /a\n        refused: certificate_expired\n      - websocket: /ws\n        refused: connection\n      - http: GET /b\n        check:\n          - tls.version == \"1.3\"\n";
    let suite = loaded(&crate::with_steps(steps));
    let test = &suite.tests[0];
    assert_eq!(suite::weight::checks(test), 3);
    let StepKind::Http(request) = &test.steps[0].kind else {
        panic!("{:?}", test.steps)
    };
    let refusal = Refusal::CertificateExpired;
    assert_eq!(request.status, ExpectedStatus::Refused { refusal, line: 8 });
}

#[test]
fn two_users_act_in_one_test() {
    let suite = loaded(&suite(include_str!("files/two_users.yaml")));
    let steps = &suite.tests[0].steps;
    assert!(matches!(&steps[0].acting, Acting::User(name) if name == "alice"));
    assert!(matches!(&steps[1].acting, Acting::User(name) if name == "bob"));
    assert_eq!(steps[0].name, "POST /api/threads");
    let StepKind::Http(request) = &steps[0].kind else {
        panic!("{steps:?}")
    };
    assert!(
        matches!(&request.body, Body::Json(JsonTemplate::Map(entries)) if entries[0].0 == "title")
    );
}

#[test]
fn events_are_judged_by_a_grammar() {
    let suite = loaded(&suite(include_str!("files/events.yaml")));
    let steps = &suite.tests[0].steps;
    let collect = steps.iter().find_map(|step| match &step.kind {
        StepKind::Collect(collect) => Some(collect),
        _ => None,
    });
    let grammar = collect.and_then(|collect| collect.grammar.as_ref());
    assert_eq!(
        grammar.map(|grammar| grammar.name.as_str()),
        Some("agent_run")
    );
    assert_eq!(grammar.map(|grammar| grammar.pairs.len()), Some(1));
    assert_eq!(suite.tests[0].regions, Placement::All);
}

#[test]
fn a_socket_that_breaks_is_tracked_and_resumed() {
    let suite = loaded(&suite(include_str!("files/resumed.yaml")));
    let test = &suite.tests[0];
    assert_eq!(test.expect.len(), 4);
    let StepKind::WebSocket(handshake) = &test.steps[0].kind else {
        panic!("{:?}", test.steps)
    };
    let reconnect = handshake.reconnect.as_ref();
    assert_eq!(
        reconnect.map(|reconnect| reconnect.within),
        Some(Duration::from_secs(30))
    );
    assert!(reconnect.is_some_and(|reconnect| reconnect.resume.is_some()));
    assert!(
        handshake
            .track
            .as_ref()
            .is_some_and(|track| track.per.is_some())
    );
}

#[test]
fn chunks_pages_limits_and_samples_are_expressed() {
    let suite = loaded(&suite(include_str!("files/blocks.yaml")));
    let ids: Vec<_> = suite.tests.iter().map(|test| test.id.as_str()).collect();
    assert_eq!(ids, ["chunks", "pages", "limit", "capacity"]);
    let limit = &suite.tests[2];
    assert_eq!(suite::weight::checks(limit), 3);
    let StepKind::Parallel(parallel) = &suite.tests[3].steps[0].kind else {
        panic!()
    };
    assert_eq!(
        parallel.during.as_ref().map(|during| during.every),
        Some(Duration::from_millis(50))
    );
}

#[test]
fn what_is_not_run_yet_is_known_and_says_what_to_do() {
    let told = problems(&suite(include_str!("files/not_yet.yaml")));
    assert_eq!(
        told,
        [
            "6:5 not supported yet: load",
            "10:9 not supported yet: measure",
            "14:14 not supported yet: metric",
            "15:5 not supported yet: thresholds",
            "18:5 not supported yet: faults",
            "24:7 not supported yet: roles in `regions`",
            "32:9 not supported yet: publish",
            "34:9 not supported yet: await",
            "46:9 not supported yet: hook",
            "55:5 not supported yet: command",
            "56:5 not supported yet: proxy",
            "57:5 not supported yet: results",
            "61:9 not supported yet: multipart",
            "65:9 not supported yet: read",
            "66:9 not supported yet: signal",
            "67:9 not supported yet: resume",
        ]
    );
}

#[test]
fn blocks_are_used_by_name() {
    let suite = loaded(&suite(include_str!("files/blocks_by_name.yaml")));
    let steps = &suite.tests[0].steps;
    assert_eq!(steps.len(), 3);
    assert!(matches!(steps[0].kind, StepKind::WebSocket(_)));
    let told = problems(&crate::language::suite(
        "define:\n  a:\n    steps:\n      - use: a\ntests:\n  - id: t\n    steps:\n      - use: a\n      - use: b\n",
    ));
    assert_eq!(
        told,
        [
            "7:14 the block `a` uses itself: a → a",
            "12:14 unknown block `b`"
        ]
    );
}
