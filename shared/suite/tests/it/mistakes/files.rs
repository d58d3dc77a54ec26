//! Mistakes elsewhere in a suite: its heads, tests, users, rows and grammars.

use crate::sources;

/// Mistakes elsewhere in a suite: the whole file, then the problem.
const IN_FILES: &[(&str, &str)] = &[
    (
        "suite: s\npriority: P1\ntests: []\n",
        "1:1 a suite needs `muster`",
    ),
    (
        "muster: v2\nsuite: s\npriority: P1\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "1:9 `v2` is not one of v1",
    ),
    (
        "muster: v1\nsuite: s\npriority: P7\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "3:11 `P7` is not a priority",
    ),
    (
        "muster: v1\nsuite: s s\npriority: P1\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "2:8 `s s` is not a name",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests: []\n",
        "4:8 a suite without a test",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n",
        "4:6 expected a list of tests",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntresholds: 1\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "4:1 unknown key `tresholds`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n  - { id: t, steps: [{ http: GET / }] }\n",
        "6:11 the id `t` is taken by the test on line 5",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { idd: t, steps: [{ http: GET / }] }\n",
        "5:7 unknown key `idd`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t }\n",
        "5:7 a test needs `steps`",
    ),
    (
        "muster: v1\nsuite: s\nsuite: r\npriority: P1\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "3:1 the key `suite` is written twice; the first is on line 2",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, regions: [mars], steps: [{ http: GET / }] }\n",
        "5:24 unknown region `mars`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, regions: us, steps: [{ http: GET / }] }\n",
        "5:23 `us` is not a placement",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, users: { a: membr }, steps: [{ http: GET / }] }\n",
        "5:26 unknown class of users `membr`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, users: { a: member, b: member }, steps: [{ http: GET / }] }\n",
        "5:57 who acts here? the test has several users",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, users: { a: { pool: member, count: 2 } }, steps: [{ http: GET /, as: a }] }\n",
        "5:83 `a` is a pool of 2 users",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, rows: { a: { x: 1 }, b: { y: 1 } }, steps: [{ http: GET / }] }\n",
        "5:22 the row `a` has no `y`, other rows have",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ntests:\n  - { id: t, quarantine: { until: soon, owner: me, why: x }, steps: [{ http: GET / }] }\n",
        "5:35 `soon` is not a date",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ngrammars:\n  g: { event: message.type, order: a (b }\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "5:38 a `(` without its `)`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\ngrammars:\n  g: { event: message.type, order: a b, pairs: [{ open: a, close: c, by: message.n }] }\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "5:67 `c` is not an event of `order`",
    ),
    (
        "muster: v1\nsuite: s\npriority: P1\nrequires:\n  - http: GET /${test.nonce}\ntests:\n  - { id: t, steps: [{ http: GET / }] }\n",
        "5:18 `test` can't be read here",
    ),
    ("muster: v1\nsiute: s\n", "2:1 unknown key `siute`"),
    (
        "muster: v1\n",
        "1:1 nothing tells what kind of file this is",
    ),
];

#[test]
fn every_mistake_elsewhere_has_its_place_and_message() {
    let mut wrong = String::new();
    for (suite, expected) in IN_FILES {
        let told: Vec<String> = suite::check(&sources(suite))
            .iter()
            .map(crate::shown)
            .collect();
        if !told.iter().any(|told| told.starts_with(expected)) {
            wrong += &format!("{suite}\nexpected {expected}\n{told:#?}");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
