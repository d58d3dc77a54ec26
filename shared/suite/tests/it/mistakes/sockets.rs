//! Mistakes around sockets and messages.

use super::{Row, every_row_is_told};

const ROWS: &[Row] = &[
    (
        "- websocket: /ws\n  refused: connection\n- send: socket\n  text: hi\n",
        "9:15 ",
        "",
    ),
    (
        "- send: chat\n  text: x\n",
        "7:15 unknown socket `chat`",
        "open it before",
    ),
    (
        "- websocket: /ws\n- send: sokcet\n  text: x\n",
        "8:15 unknown socket `sokcet`",
        "did you mean `socket`?",
    ),
    (
        "- websocket: /ws\n- send: socket\n",
        "8:15 nothing to send",
        "add `json:`",
    ),
    (
        "- websocket: /ws\n- collect: socket\n",
        "8:9 a `collect` step needs `until`",
        "add `until:`",
    ),
    (
        "- websocket: /ws\n- collect: socket\n  until: frame.n == 1\n  grammar: run\n",
        "10:18 unknown grammar `run`",
        "write it under `grammars:`",
    ),
    (
        "- websocket: /ws\n- close: socket\n  code: 99\n",
        "9:15 99 is not a whole number from 1000",
        "",
    ),
];

#[test]
fn every_mistake_around_a_socket_has_its_place_message_and_fix() {
    every_row_is_told(ROWS);
}
