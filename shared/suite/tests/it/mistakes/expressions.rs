//! Mistakes in expressions, and in the names that they read and give.

use super::{Row, every_row_is_told};

const ROWS: &[Row] = &[
    (
        "- http: GET /\n  refused: connection\n  check:\n    - body.ok == true\n",
        "10:13 `body` can't be read here",
        "the last step that talked left nothing of that name",
    ),
    ("- http: GET /\n  save:\n    tls: body.x\n", "9:11 ", ""),
    ("- http: GET /\n  check:\n    - body.n ==\n", "9:", ""),
    (
        "- http: GET /\n  check:\n    - bdy.n == 1\n",
        "9:13 unknown name `bdy`",
        "did you mean `body`?",
    ),
    (
        "- http: GET /\n  check:\n    - body.n < vars.limt\n",
        "9:22 unknown name `vars.limt`",
        "did you mean `limit`?",
    ),
    (
        "- http: GET /\n  check:\n    - body.n == user.nid\n",
        "9:23 unknown name `user.nid`",
        "did you mean `id`?",
    ),
    (
        "- http: GET /\n  check:\n    - body.n == row.x\n",
        "9:23 `row` can't be read here",
        "this test has no `rows:`",
    ),
    (
        "- http: GET /\n  check:\n    - body.n == env.tokens.old\n",
        "9:23 unknown name `env.tokens.old`",
        "there is: expired",
    ),
    (
        "- http: GET /\n  check:\n    - status == 200\n",
        "9:13 the expected status has a key of its own",
        "write `status: 200`",
    ),
    (
        "- http: GET /\n  check:\n    - status in [200, 201]\n",
        "9:13 the expected status has a key",
        "write `status: [200, 201]`",
    ),
    (
        "- http: GET /\n  check:\n    - 1 == 1\n",
        "9:13 this check is the same whatever",
        "read something",
    ),
    (
        "- http: GET /\n  check:\n    - vars.limit == 20\n",
        "9:13 this check reads nothing received",
        "a check is evidence only",
    ),
    ("- http: GET /\n  check:\n    - body.size()\n", "", ""),
    ("- http: GET /\n  check:\n    - body.n + 1\n", "", ""),
    (
        "- http: GET /\n  check: body.ok\n",
        "8:16 expected a list of expressions",
        "",
    ),
    (
        "- http: GET /\n  check:\n    - status > 200 || body.b == 2\n",
        "9:29 if body.b is missing",
        "",
    ),
    (
        "- check:\n    - body.ok\n",
        "8:13 `body` can't be read here",
        "no step before this one",
    ),
    (
        "- websocket: /ws\n- check:\n    - socket.lost == 0\n",
        "9:13 `socket.lost` is not counted",
        "add `track:`",
    ),
    (
        "- websocket: /ws\n- check:\n    - socket.duplicatd == 0\n",
        "9:13 unknown name `socket.duplicatd`",
        "did you mean `duplicated`?",
    ),
    (
        "- http: GET /\n  save: { a: body.a }\n- http: GET /\n  save: { a: body.b }\n",
        "10:17 `a` is already a name, given on line 8",
        "each name is given once",
    ),
    (
        "- http: GET /\n  save: { status: body.a }\n",
        "8:17 `status` has a meaning of its own",
        "",
    ),
    (
        "- http: GET /\n  save: { a-b: body.a }\n",
        "8:17 `a-b` can't be read in an expression",
        "",
    ),
    (
        "- when: body.ok\n  steps:\n    - http: GET /\n",
        "7:15 `body` can't be read here",
        "",
    ),
    (
        "- http: GET /${thread}\n",
        "7:22 unknown name `thread`",
        "save it in an earlier step",
    ),
    (
        "- http: GET /${thread\n",
        "7:20 `${` without its `}`",
        "close it",
    ),
];

#[test]
fn every_mistake_in_an_expression_has_its_place_message_and_fix() {
    every_row_is_told(ROWS);
}
