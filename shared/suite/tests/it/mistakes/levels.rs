//! Keys at the wrong level, keys of other tools, and lines at the wrong depth.

use super::{Row, every_row_is_told};
use crate::problems;

const ROWS: &[Row] = &[
    (
        "- http: GET /\n  title: x\n",
        "8:9 unknown key `title`",
        "it belongs to a test: put it one level up",
    ),
    (
        "- http: GET /\n  rows: {}\n",
        "8:9 unknown key `rows`",
        "it belongs to a test: put it one level up",
    ),
    (
        "- http: GET /\n  timeout: 5s\n",
        "8:9 unknown key `timeout`",
        "a step has `within:`",
    ),
    (
        "- http: GET /\n  until: 'true'\n",
        "8:9 unknown key `until`",
        "only steps with `collect:` or `stream:` have it",
    ),
    (
        "- http: GET /\n  socket: x\n",
        "8:9 unknown key `socket`",
        "only steps with `websocket:` have it",
    ),
    (
        "- http: GET /\n  body: x\n",
        "8:9 unknown key `body`",
        "a body is `json:`",
    ),
    (
        "- http: GET /\n  expect: x\n",
        "8:9 unknown key `expect`",
        "what must hold in a step is `check:`",
    ),
    (
        "- http: GET /\n  colour: red\n",
        "8:9 unknown key `colour`",
        "an `http` step takes: http, headers, query, status, refused, json, text, bytes, form, follow_redirects, name, as, in, within, check, save, soft",
    ),
    (
        "- get: /\n",
        "7:9 unknown key `get`",
        "method and path stand together",
    ),
    (
        "- GET: /\n",
        "7:9 unknown key `GET`",
        "method and path stand together",
    ),
    (
        "- http:\n    method: GET\n    url: /\n",
        "8:11 expected METHOD /path, this is a map",
        "method and path stand together, `http: GET /path`",
    ),
    (
        "- http: GET /\n  status: 2xx\n",
        "8:17 expected a whole number from 100 to 599, this is text",
        "2xx is expected when `status:` is left out",
    ),
    (
        "- http: GET /\n  check: body.ok == true\n",
        "8:16 expected a list of expressions",
        "write each on a line of its own, after `- `",
    ),
    (
        "- http: GET /\n  check:\n    - status: 200\n",
        "9:13 expected an expression, this is a map",
        "write `status: 200` beside `check:`",
    ),
    (
        "- http: GET /\n  check:\n    - state: ok\n",
        "9:13 expected an expression, this is a map",
        "to compare, write `state == ok`",
    ),
    (
        "- http: GET /\n  check:\n    - response.status < 300\n",
        "9:13 unknown name `response`",
        "an answer is read as `status`, `headers`, `body` (its JSON) and `text`",
    ),
    (
        "- http: GET /\n  check:\n    - $.state == 1\n",
        "9:13 there is no `$.`",
        "the answer's JSON is `body`",
    ),
    (
        "- http: GET /\n  check:\n    - elapsed_ms < 500ms\n",
        "9:26 durations with a unit are for keys",
        "times in expressions are numbers of milliseconds",
    ),
    (
        "- http: GET /\n  save:\n    - body.id\n",
        "9:11 expected a map: names and expressions, this is a list",
        "write names with their values",
    ),
    (
        "- json: { a: 1 }\n",
        "7:9 unknown key `json`",
        "only steps with `http:`, `send:` or `stream:` have it",
    ),
    (
        "- repeat: { times: 2 }\n  index: i\n  steps:\n    - http: GET /\n",
        "8:9 unknown key `index`",
        "it belongs to `repeat`: put it under `repeat:`",
    ),
    (
        "- http: GET /\n    status: 200\n",
        "8:11 `status` stands deeper than `http`, which has its value already",
        "begin it in column 9",
    ),
    (
        "- http: GET /\nstatus: 200\n",
        "8:7 `status` stands outside the item that begins with `-` on line 7",
        "if it belongs to it, begin it in column 9",
    ),
];

#[test]
fn a_key_at_the_wrong_level_is_told_where_it_belongs() {
    every_row_is_told(ROWS);
}

/// What stands in the file's head, in the test, and how the fix begins.
#[rustfmt::skip]
const IN_TESTS: &[(&str, &str, &str)] = &[
        (
            "",
            "    status: 200\n",
            "it belongs to a step, beside `http:`, `websocket:` or `stream:`: put it under `steps:`",
        ),
        (
            "",
            "    json: {}\n",
            "it belongs to a step, beside `http:`, `send:` or `stream:`: put it under `steps:`",
        ),
        (
            "",
            "    http: GET /\n",
            "it begins a step: put it under `steps:`, after `- `, as `- http: …`",
        ),
        (
            "",
            "    within: 5s\n",
            "it belongs to a step, beside `http:`, `websocket:`, `send:`, `receive:` and the like: put it under `steps:`",
        ),
        ("", "    check: []\n", "it belongs to a step"),
        (
            "",
            "    priority: P1\n",
            "it belongs to a suite: put it one level up",
        ),
        (
            "",
            "    name: x\n",
            "a test has an `id:`, and a `title:` for readers",
        ),
        (
            "",
            "    tresholds: {}\n",
            "did you mean `thresholds`? It is not supported yet: write a `check` or `expect` instead",
        ),
        (
            "",
            "    colour: red\n",
            "a test takes: id, title, group, tags, users, regions, rows, timeout, retries, exclusive, on_worker_loss, quarantine, setup, steps, teardown, after, expect",
        ),
        (
            "timeout: 5s\n",
            "",
            "it belongs to `defaults`: put it under `defaults:`",
        ),
        (
            "retries: 1\n",
            "",
            "it belongs to `defaults`: put it under `defaults:`",
        ),
        (
            "base_url: http://x\n",
            "",
            "addresses stand under `services:` of the environment",
        ),
        (
            "vars: {}\n",
            "",
            "values stand under `vars:` of the environment",
        ),
];

#[test]
fn keys_of_steps_and_files_in_a_test_are_told_where_they_belong() {
    let suite = |head: &str, test: &str| {
        format!(
            "muster: v1\nsuite: s\npriority: P1\n{head}tests:\n  - id: t\n{test}    steps:\n      - http: GET /\n        status: 204\n"
        )
    };
    for (head, test, expected) in IN_TESTS {
        let text = suite(head, test);
        let found = crate::load(&text).err().unwrap_or_default();
        let fix = found
            .first()
            .and_then(|one| one.fix.clone())
            .unwrap_or_default();
        assert!(
            found.len() == 1 && fix.starts_with(*expected),
            "{head}{test}{found:#?}"
        );
    }
    assert!(problems(&suite("", "")).is_empty());
}
