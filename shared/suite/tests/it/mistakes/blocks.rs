//! Mistakes in blocks: loops, branches, waits.

use super::{Row, every_row_is_told};

const ROWS: &[Row] = &[
    (
        "- repeat: { times: 0 }\n  steps:\n    - http: GET /\n",
        "7:26 `0` is not a whole number from 1 to",
        "",
    ),
    (
        "- repeat: { times: 2 }\n",
        "7:9 a `repeat` step needs `steps`",
        "",
    ),
    (
        "- repeat: { times: 2 }\n  steps: []\n",
        "8:16 a list of steps with no step in it",
        "",
    ),
    (
        "- repeat: { times: 2 }\n  into: a\n  steps:\n    - http: GET /\n",
        "8:15 `into` without `each` keeps nothing",
        "",
    ),
    (
        "- repeat: { times: 2 }\n  each: { a: status }\n  steps:\n    - http: GET /\n",
        "8:15 `each` keeps values that nobody can read",
        "",
    ),
    (
        "- parallel: {}\n  steps:\n    - http: GET /\n",
        "7:19 `parallel` takes either `count` or `branches`",
        "",
    ),
    ("- barrier: all\n", "7:18 a barrier outside `parallel`", ""),
    (
        "- poll: { every: 1 }\n  steps:\n    - http: GET /\n",
        "7:24 `1` has no unit",
        "",
    ),
    (
        "- use: conect\n",
        "7:14 unknown block `conect`",
        "write it under `define:`",
    ),
    ("- wait: soon\n", "7:15 `soon` is not a duration", ""),
];

#[test]
fn every_mistake_in_a_block_has_its_place_message_and_fix() {
    every_row_is_told(ROWS);
}
