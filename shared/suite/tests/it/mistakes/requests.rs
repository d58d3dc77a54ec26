//! Mistakes in what a step is and what it sends.

use super::{Row, every_row_is_told};

const ROWS: &[Row] = &[
    (
        "- htpp: GET /\n",
        "7:9 unknown key `htpp`",
        "did you mean `http`?",
    ),
    (
        "- http: GET /\n  chekc:\n    - a\n",
        "8:9 unknown key `chekc`",
        "did you mean `check`?",
    ),
    (
        "- http: GET /\n  socket: x\n",
        "8:9 unknown key `socket`",
        "only steps with `websocket:` have it",
    ),
    (
        "- http: GET /\n  send: x\n",
        "8:9 a step does one thing; this one has `http` and `send`",
        "begin another",
    ),
    (
        "- name: nothing\n",
        "7:9 this step does nothing",
        "a step has one of: http",
    ),
    ("- GET /\n", "7:9 expected a map: a step, this is text", ""),
    (
        "- http: Get /\n",
        "7:15 unknown method `Get`",
        "did you mean `GET`?",
    ),
    (
        "- http: GET\n",
        "7:15 a path is missing",
        "write METHOD and path",
    ),
    (
        "- http: /x\n",
        "7:15 a method is missing",
        "write METHOD and path",
    ),
    ("- http: GET x\n", "7:15 `x` is not a path", "write `/path`"),
    (
        "- http: GET https://a.example/x\n",
        "7:15 an address stands where a path is meant",
        "name the address",
    ),
    (
        "- http: GET auht:/x\n",
        "7:15 unknown service `auht`",
        "did you mean `auth`?",
    ),
    (
        "- http: GET /a b\n",
        "7:15 a path can't hold a space",
        "write %20",
    ),
    (
        "- http: GET /\n  status: 99\n",
        "8:17 99 is not a whole number from 100 to 599",
        "",
    ),
    (
        "- http: GET /\n  status: ok\n",
        "8:17 expected a whole number from 100 to 599, this is text",
        "",
    ),
    (
        "- http: GET /\n  status: []\n",
        "8:17 a list of statuses with none in it",
        "",
    ),
    (
        "- http: GET /\n  refused: certificat\n",
        "8:18 `certificat` is not one of certificate,",
        "did you mean `certificate`?",
    ),
    (
        "- http: GET /\n  status: 200\n  refused: connection\n",
        "8:9 `status` and `refused`: where no answer comes, there is none to it",
        "keep one of them",
    ),
    (
        "- websocket: /ws\n  refused: certificate\n  track: { sequence: message.seq }\n",
        "9:9 `track` and `refused`",
        "keep one of them",
    ),
    (
        "- http: GET /\n  within: 5\n",
        "8:17 `5` has no unit; write 5s or 5ms",
        "",
    ),
    (
        "- http: GET /\n  within: 5 sec\n",
        "8:17 `5 sec` is not a duration",
        "",
    ),
    (
        "- http: GET /\n  within: 0s\n",
        "8:17 a duration of nothing",
        "",
    ),
    (
        "- http: GET /\n  soft: yes\n",
        "8:15 `yes` is text here, not a boolean",
        "write true",
    ),
    (
        "- http: GET /\n  soft: 1\n",
        "8:15 expected true or false, this is a number",
        "",
    ),
    (
        "- http: POST /\n  json: {}\n  text: x\n",
        "9:9 one body at a time; this step has `json` and `text`",
        "",
    ),
    (
        "- http: POST /\n  json: { \"a${b}\": 1 }\n",
        "8:17 `${…}` is read in values, not in keys",
        "",
    ),
    (
        "- http: GET /\n  headers: { \"a b\": x }\n",
        "8:20 `a b` is not the name of a header",
        "",
    ),
    (
        "- http: GET /\n  headers: { Content-Length: 3 }\n",
        "8:20 `Content-Length` is written by the client",
        "",
    ),
    (
        "- http: GET /\n  as: bob\n",
        "8:13 unknown user `bob`",
        "name the test's users",
    ),
    (
        "- http: GET /\n  in: writer\n",
        "8:13 unknown role `writer`",
        "roles are the keys",
    ),
    ("- on: GET /\n", "7:9 unknown key `on`", ""),
];

#[test]
fn every_mistake_in_a_request_has_its_place_message_and_fix() {
    every_row_is_told(ROWS);
}
