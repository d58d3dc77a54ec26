//! Each kind of mistake: one row, with the place, the message and the fix.

use crate::{load, problems, sources, with_steps};

/// Mistakes among the steps of a test; the first step stands on line 7, column 7.
const IN_STEPS: &[(&str, &str, &str)] = &[
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
        "an `http` step takes: http, headers",
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
        "- http: GET /\n  refused: connection\n  check:\n    - body.ok == true\n",
        "10:13 `body` can't be read here",
        "the last step that talked left nothing of that name",
    ),
    (
        "- websocket: /ws\n  refused: connection\n- send: socket\n  text: hi\n",
        "9:15 ",
        "",
    ),
    ("- http: GET /\n  save:\n    tls: body.x\n", "9:11 ", ""),
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
        "- http: GET /\n  check:\n    - status > 0 || body.b == 2\n",
        "9:27 if body.b is missing",
        "",
    ),
    (
        "- check:\n    - body.ok\n",
        "8:13 `body` can't be read here",
        "no step before this one",
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
        "- when: body.ok\n  steps:\n    - http: GET /\n",
        "7:15 `body` can't be read here",
        "",
    ),
    (
        "- use: conect\n",
        "7:14 unknown block `conect`",
        "write it under `define:`",
    ),
    ("- wait: soon\n", "7:15 `soon` is not a duration", ""),
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
    ("- on: GET /\n", "7:9 unknown key `on`", ""),
];

#[test]
fn every_mistake_among_steps_has_its_place_message_and_fix() {
    let mut wrong = String::new();
    for (steps, place_and_message, fix) in IN_STEPS {
        let indented: String = steps
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        let suite = with_steps(&indented);
        let found = load(&suite).err().unwrap_or_default();
        let is_right = found.len() == 1
            && crate::shown(&found[0]).starts_with(place_and_message)
            && found[0].fix.as_deref().unwrap_or_default().starts_with(fix);
        if !is_right {
            let shown = suite::render_all(&found, &sources(&suite), false);
            wrong += &format!("{steps}expected {place_and_message} / {fix}\n{shown}\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

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

#[test]
fn ten_mistakes_of_ten_kinds_are_told_at_once_and_other_files_are_still_checked() {
    let ten = include_str!("files/ten_mistakes.yaml");
    let mut sources = sources(ten);
    sources.insert(
        "suites/broken.yaml",
        "muster: v1\nsuite: [broken\ntests:\n  - id: t\n",
    );
    sources.insert("suites/other.yaml", "muster: v1\nsuite: other\npriority: P9\ntests:\n  - id: t\n    steps:\n      - http: GET /\n");
    let problems = suite::check(&sources);
    let of = |file: &str| -> Vec<String> {
        problems
            .iter()
            .filter(|problem| problem.file == file)
            .map(crate::shown)
            .collect()
    };
    assert_eq!(
        of("suites/s.yaml"),
        [
            "3:11 `P0` is not a priority; write P1, P2, P3, P4, P5, P6 or core",
            "6:5 unknown key `tital`",
            "7:14 `30` has no unit; write 30s or 30ms",
            "9:15 unknown service `atuh`",
            "10:17 700 is not a whole number from 100 to 599",
            "12:27 unknown name `vars.limits`",
            "13:13 this check is the same whatever the target answers",
            "14:15 unknown socket `chat`",
            "17:9 the id `first` is taken by the test on line 5",
            "18:5 not supported yet: load",
        ]
    );
    assert_eq!(of("suites/broken.yaml").len(), 1, "{problems:#?}");
    assert!(
        of("suites/broken.yaml")[0].starts_with("3:6 "),
        "{problems:#?}"
    );
    assert_eq!(of("suites/other.yaml").len(), 1);
    assert!(of("envs/test.yaml").is_empty());
}

#[test]
fn names_end_with_their_block() {
    let inside = "      - repeat: { times: 2, index: i }\n        steps:\n          - http: GET /${i}\n            save: { a: body.a }\n      - http: GET /${a}\n";
    assert_eq!(problems(&with_steps(inside)), ["11:22 unknown name `a`"]);
    let index = "      - repeat: { times: 2, index: i }\n        steps:\n          - http: GET /${i}\n      - http: GET /${i}\n";
    assert_eq!(problems(&with_steps(index)), ["10:22 unknown name `i`"]);
}

#[test]
fn yaml_of_something_else_is_passed_over_unless_there_is_nothing_more() {
    let compose = "version: '3'\nservices:\n  db: { image: postgres }\n---\nother: document\n";
    let mut beside = sources(&with_steps("      - http: GET /\n"));
    beside.insert("compose.yaml", compose);
    assert_eq!(suite::check(&beside), []);
    assert_eq!(suite::kind_of("compose.yaml", compose), None);
    let environment = crate::ENVIRONMENT_PATH.to_owned();
    let options = suite::Options {
        environment,
        vars: Vec::new(),
    };
    assert!(suite::load(&beside, &options).is_ok_and(|loaded| loaded.suites.len() == 1));
    for alone in [compose, "- a\n", ""] {
        let told = suite::check(&suite::Sources::from_iter([("x.yaml", alone)]));
        assert_eq!(told.len(), 1, "{alone}: {told:?}");
    }
}

#[test]
fn a_file_of_ours_that_does_not_tell_its_kind_is_not_left_out_of_a_run() {
    let mut broken = sources(&with_steps("      - http: GET /\n"));
    broken.insert("suites/typo.yaml", "muster: v1\nsiute: s\n");
    let environment = crate::ENVIRONMENT_PATH.to_owned();
    let told = suite::load(
        &broken,
        &suite::Options {
            environment,
            vars: Vec::new(),
        },
    )
    .err();
    let told: Vec<String> = told.iter().flatten().map(crate::shown).collect();
    assert!(
        told.iter().any(|told| told == "2:1 unknown key `siute`"),
        "{told:?}"
    );
}

#[test]
fn a_broken_environment_makes_no_name_unknown() {
    let mut broken = sources(&with_steps("      - http: GET other:/${vars.nothing}\n"));
    broken.insert(
        "envs/broken.yaml",
        "muster: v1\nenvironment: broken\nservices: { a: [\n",
    );
    let told: Vec<String> = suite::check(&broken)
        .iter()
        .map(|problem| problem.file.clone())
        .collect();
    assert_eq!(told, ["envs/broken.yaml"]);
}

#[test]
fn suites_of_the_same_name_are_told() {
    let mut twice = sources(&with_steps("      - http: GET /\n"));
    twice.insert("suites/again.yaml", with_steps("      - http: GET /\n"));
    let told = suite::check(&twice);
    let told: Vec<_> = told
        .iter()
        .map(|problem| (problem.file.as_str(), crate::shown(problem)))
        .collect();
    assert_eq!(
        told,
        [(
            "suites/again.yaml",
            "2:8 the suite `s` is also in suites/s.yaml".to_owned()
        )]
    );
}

#[test]
fn expect_reads_what_was_saved_when_after_talks_in_between() {
    let text = |after: &str| {
        format!(
            "{}{after}    expect:\n      - body.n == 1\n",
            with_steps("      - http: GET /\n")
        )
    };
    assert!(problems(&text("")).is_empty());
    let told = problems(&text("    after:\n      - http: GET /receipts\n"));
    assert_eq!(told, ["11:9 `body` can't be read here"]);
}
