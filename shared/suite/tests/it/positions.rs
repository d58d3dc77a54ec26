//! Places are right with letters of several bytes, in quotes, in blocks, over folded lines.

use crate::{problems, with_steps};

#[test]
fn places_in_expressions_are_those_of_the_file() {
    for (step, expected) in [
        (
            "- name: \"größe ✓\"\n  http: GET /\n  check:\n    - body.\"ü\" == nope\n",
            None,
        ),
        (
            "- http: GET /\n  check:\n    - body.x == \"äöü✓\" + nope\n",
            Some("9:32 unknown name `nope`"),
        ),
        (
            "- http: GET /\n  check:\n    - 'body.x == \"it''s\" + nope'\n",
            Some("9:34 unknown name `nope`"),
        ),
        (
            "- http: GET /\n  check:\n    - \"body.x == \\\"\\u00fc\\\" + nope\"\n",
            Some("9:37 unknown name `nope`"),
        ),
        (
            "- http: GET /\n  check:\n    - |\n      body.x ==\n        nope\n",
            Some("11:15 unknown name `nope`"),
        ),
        (
            "- http: GET /\n  check:\n    - >-\n      body.x ==\n      nope\n",
            Some("11:13 unknown name `nope`"),
        ),
        (
            "- http: GET /\n  check:\n    - body.x ==\n      nope\n",
            Some("10:13 unknown name `nope`"),
        ),
        ("- http: GET /ü/${nope}\n", Some("7:24 unknown name `nope`")),
        (
            "- http: POST /\n  text: \"✓ ${ nope }\"\n",
            Some("8:21 unknown name `nope`"),
        ),
        (
            "- http: POST /\n  text: |\n    ✓\n    ${nope}\n",
            Some("10:13 unknown name `nope`"),
        ),
    ] {
        let indented: String = step.lines().map(|line| format!("      {line}\n")).collect();
        let told = problems(&with_steps(&indented));
        match expected {
            Some(expected) => assert_eq!(told, [expected], "{step}"),
            None => assert_eq!(told.len(), 1, "{step} {told:?}"),
        }
    }
}

#[test]
fn line_breaks_of_other_systems_do_not_move_places() {
    let text = with_steps("      - http: GET /\n        check:\n          - body.x == nope\n")
        .replace('\n', "\r\n");
    assert_eq!(problems(&text), ["9:23 unknown name `nope`"]);
}
