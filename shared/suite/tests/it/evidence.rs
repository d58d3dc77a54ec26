//! Checks that can't fail, as far as the file alone shows it; `muster prove` finds the rest.

use crate::{problems, with_steps};

/// Each check with who finds fault with it, and whether it stands behind what was saved.
/// The engine's test of `prove` reads the same list.
const LIST: &str = include_str!("files/fifty_and_fifty.txt");

fn listed() -> Vec<(&'static str, bool, &'static str)> {
    let lines = LIST
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let parts = |line: &'static str| {
        let (who, rest) = line.split_once(' ').unwrap();
        let (place, check) = rest.trim_start().split_once(' ').unwrap();
        (who, place == "saved", check.trim())
    };
    lines.map(parts).collect()
}

/// The steps that the list speaks of, with one check at one of its two places.
fn asking(is_of_saved: bool, check: &str) -> String {
    let line = format!("          - '{}'\n", check.replace('\'', "''"));
    let (first, second) = if is_of_saved {
        ("", line.as_str())
    } else {
        (line.as_str(), "")
    };
    with_steps(&format!(
        "      - http: POST /echo\n        json: {{ name: anna }}\n        save: {{ kept: body.json.name, sent: test.nonce }}\n        check:\n          - body.json.name == \"anna\"\n{first}      - http: POST /echo\n        json: {{ name: otto }}\n        check:\n          - body.json.name == \"otto\"\n{second}"
    ))
}

#[test]
fn fifty_checks_that_can_not_fail_and_fifty_good_ones_are_told_apart() {
    let listed = listed();
    let count = |fits: fn(&str) -> bool| listed.iter().filter(|(who, ..)| fits(who)).count();
    assert!(count(|who| who != "good") >= 50);
    assert!(count(|who| who == "check") >= 50, "by `check` alone");
    assert!(count(|who| who == "good") >= 50);
    let mut wrong = String::new();
    for (who, is_of_saved, check) in listed {
        let told = problems(&asking(is_of_saved, check));
        let is_right = if who == "check" {
            told.len() == 1 && told[0].contains("this check")
                || told.iter().any(|t| t.contains("nothing received"))
        } else {
            told.is_empty()
        };
        if !is_right {
            wrong += &format!("{who} {check}: {told:?}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Among messages: the steps behind an open socket on line 7, and what is told, if anything.
const OF_MESSAGES: &[(&str, Option<&str>)] = &[
    (
        "- receive: socket\n  where: message.type == \"pong\"\n  check:\n    - message.type == \"pong\"\n",
        Some(
            "11:13 this check holds whatever the target answers: the step's `where` takes only messages for which it holds",
        ),
    ),
    (
        "- receive: socket\n  where: message.type == \"pong\"\n  check:\n    - message.type != \"error\"\n",
        Some("11:13 this check holds whatever the target answers: the step's `where`"),
    ),
    (
        "- receive: socket\n  where: message.type == \"pong\"\n  check:\n    - message.type == \"ping\"\n",
        Some("11:13 this check can never hold: the step's `where`"),
    ),
    (
        "- receive: socket\n  where: message.type == \"pong\" && message.n == 1\n  check:\n    - message.nonce == test.nonce\n",
        None,
    ),
    (
        "- receive: socket\n  where: elapsed_ms == 0.0\n  check:\n    - elapsed_ms < 1000\n",
        None,
    ),
    (
        "- silence: socket\n  for: 100ms\n  where: message.n == 1 && message.n == 2\n",
        Some("10:16 no message can match this: its parts exclude one another"),
    ),
    (
        "- collect: socket\n  until: text.size() < 0\n",
        Some("9:16 no message can match this: a size is never less than 0"),
    ),
    (
        "- silence: socket\n  for: 100ms\n  where: 'false'\n",
        Some("10:16 no message can match this: it is a constant"),
    ),
    (
        "- collect: socket\n  into: events\n  until: message.last == true\n  check:\n    - events.size() >= 0\n",
        Some("12:13 this check holds whatever the target answers: a size is never less than 0"),
    ),
    (
        "- collect: socket\n  into: events\n  until: message.last == true\n  check:\n    - events.size() > 2\n    - events.all(e, e.json.n != 1 || e.json.n == 1)\n",
        Some(
            "13:13 this check holds whatever the target answers: what is asked of each item always holds",
        ),
    ),
    (
        "- send: socket\n  text: hi\n  save: { sent: at_ms }\n- receive: socket\n  check:\n    - at_ms - sent < 1000\n    - at_ms >= 0\n",
        Some("14:13 this check holds whatever the target answers: a time is never less than 0"),
    ),
    (
        "- send: socket\n  text: hi\n  check:\n    - at_ms >= 0\n",
        Some("11:13 this check reads nothing received from the target"),
    ),
    (
        "- when: vars.limit > 10\n  steps:\n    - http: GET /\n",
        None,
    ),
];

#[test]
fn what_a_message_was_chosen_for_is_no_check_of_it() {
    for (steps, expected) in OF_MESSAGES {
        let indented: String = ["- websocket: /ws"]
            .into_iter()
            .chain(steps.lines())
            .map(|line| format!("      {line}\n"))
            .collect();
        let told = problems(&with_steps(&indented));
        match expected {
            None => assert!(told.is_empty(), "{steps}{told:?}"),
            Some(expected) => assert!(
                told.len() == 1 && told[0].starts_with(expected),
                "{steps}{told:?}"
            ),
        }
    }
}
