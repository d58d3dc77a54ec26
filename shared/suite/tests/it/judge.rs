//! Grammars judge what was received, and say which event, at which place, and what was expected.

use expression::{Marks, Value};
use serde_json::json;
use suite::grammar::Grammar;
use suite::grammar::judge::judge;
use suite::model::StepKind;

use crate::loaded;

fn grammar() -> Grammar {
    let text = format!(
        "muster: v1\nsuite: s\npriority: P1\n{}",
        include_str!("files/events.yaml")
    );
    let suite = loaded(&text);
    let found = suite.tests[0]
        .steps
        .iter()
        .find_map(|step| match &step.kind {
            StepKind::Collect(collect) => collect.grammar.clone(),
            _ => None,
        });
    found.unwrap_or_else(|| panic!("no grammar"))
}

/// `name` or `name:tool`, numbered from 1, of one run.
fn messages(events: &str) -> Vec<serde_json::Value> {
    let message = |(index, event): (usize, &str)| {
        let (name, tool) = event.split_once(':').unwrap_or((event, "-"));
        json!({ "type": name, "seq": index + 1, "run_id": "r", "thread_id": "t", "data": { "tool": tool } })
    };
    events.split_whitespace().enumerate().map(message).collect()
}

fn told(messages: &[serde_json::Value]) -> Option<String> {
    let values: Vec<Value> = messages
        .iter()
        .map(|message| Value::from_json(message, Marks::RECEIVED))
        .collect();
    judge(&grammar(), &values)
        .err()
        .map(|violation| violation.to_string())
}

const GOOD: &str =
    "started thinking thinking executing:a completed:a partial executing:b completed:b finished";

#[test]
fn events_in_order_paired_and_without_a_gap_are_accepted() {
    assert_eq!(told(&messages(GOOD)), None);
}

#[test]
fn each_way_to_break_a_grammar_is_told() {
    for (events, expected) in [
        ("", "no event came; expected `started`"),
        (
            "thinking",
            "`thinking` came at the beginning (message 0); expected `started`",
        ),
        (
            "started executing:a",
            "`executing` came after `started` (message 1); expected `thinking`",
        ),
        (
            "started thinking exploded",
            "`exploded` is no event of the grammar, and came after `thinking` (message 2); expected `executing` or `thinking`",
        ),
        (
            "started thinking executing:a completed:a",
            "the events ended after `completed`; expected `executing` or `finished`",
        ),
        (
            "started thinking executing:a completed:b finished",
            "`completed` (message 3) closes nothing: no open `executing` has message.data.tool = b",
        ),
        (
            "started thinking executing:a completed:a finished started",
            "`started` came after `finished` (message 5); expected the end",
        ),
    ] {
        assert_eq!(
            told(&messages(events)).as_deref(),
            Some(expected),
            "{events}"
        );
    }
}

#[test]
fn a_gap_a_double_and_a_change_are_told() {
    let mut gap = messages(GOOD);
    gap[3]["seq"] = json!(7);
    assert_eq!(
        told(&gap).as_deref(),
        Some("message.seq is 7 at `executing` (message 3), expected 4")
    );
    let mut other = messages(GOOD);
    other[2]["thread_id"] = json!("u");
    assert_eq!(
        told(&other).as_deref(),
        Some("message.thread_id changed from t to u at `thinking` (message 2)")
    );
    let mut missing = messages(GOOD);
    missing[1] = json!({ "type": "thinking", "run_id": "r", "thread_id": "t" });
    assert!(told(&missing).is_some_and(|told| told.contains("message.seq")));
}

#[test]
fn parallel_runs_are_kept_apart() {
    let one = messages(GOOD);
    let mut two = one.clone();
    two.iter_mut()
        .for_each(|message| message["run_id"] = json!("other"));
    let mixed: Vec<_> = one
        .iter()
        .zip(&two)
        .flat_map(|(one, two)| [one.clone(), two.clone()])
        .collect();
    assert_eq!(told(&mixed), None);
    let cut: Vec<_> = one.iter().chain(&two[..4]).cloned().collect();
    assert_eq!(
        told(&cut).as_deref(),
        Some("the events ended after `executing`; expected `completed`")
    );
}
