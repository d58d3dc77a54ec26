//! What is certain about a check, and above all what is not.

use std::sync::Arc;

use super::*;
use crate::{Budget, Expression, NoEffects, Scope, Value};

fn about(name: &str) -> About {
    match name {
        "status" => About::whole(100, 599),
        "elapsed_ms" | "at_ms" => About::time(true),
        "vars" | "test" | "sent" => About::anything(false),
        _ => About::anything(true),
    }
}

fn kind(source: &str) -> Option<CertainKind> {
    let compiled = Expression::compile(source).unwrap();
    if let Some(value) = compiled.constant() {
        return Some(if *value == Value::bool(true) {
            CertainKind::Always
        } else {
            CertainKind::Never
        });
    }
    compiled.certainty(None, &about).map(|certain| certain.kind)
}

/// Lines of a text, without blank ones.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

const ALWAYS: &str = r#"
    body.ok || true
    !(body.ok && false)
    body.ok || !body.ok
    !body.ok || body.ok
    !(body.ok && !body.ok)
    body.ok ? true : true
    body.n > 3 ? body.n > 2 : true
    body.a == 1 || body.a != 1
    body.a != 1 || body.a != 2
    body.a < 5 || body.a >= 5
    body.a < 5 || body.a > 3 || body.a == "x"
    body.t <= "b" || body.t > "b"
    body.t >= ""
    !(body.a == 1 && body.a == 2)
    body.a == body.b || body.a != body.b
    body.a < body.b || body.b <= body.a
    has(body.a) || !has(body.a)
    has(body.a) == has(body.a)
    body.items.size() >= 0
    size(body.items) > -1
    body.items.size() != -1
    0 <= body.items.size()
    body.items.size() >= 0 && body.name.size() >= 0
    status >= 100
    status < 600
    status != 0
    status > 0
    !(status in [0, 1000])
    status - status == 0
    elapsed_ms >= 0
    at_ms > -1
    0 <= elapsed_ms
    body.count * 0 == 0
    body.count - body.count == 0
    body.count * body.count >= 0
    abs(body.count) >= 0
    min([body.count, 0]) <= 0
    max([body.count, 0]) >= 0
    body.count % 10 <= 10
    int(body.count) % 10 < 10
    body.name.startsWith("")
    body.name.contains(body.name)
    text.endsWith("")
    matches(body.name, ".*")
    matches(body.name, "^a*")
    body.name + "x" != body.name
    [1] + body.xs != body.xs
    body.name.lower().lower() == body.name.lower()
    body.name.trim().size() <= body.name.size()
    body.name.split(",").size() >= 1
    body.xs.filter(x, false).size() == 0
    body.xs.filter(x, x == x && false).size() < 1
    body.xs.map(x, 1).all(n, n == 1)
    body.xs.all(x, x == 1 || x != 1)
    body.xs.all(x, x.size() >= 0)
    !body.xs.exists(x, x == 1 && x == 2)
    body.xs.exists(x, true) || body.xs.size() == 0
    body.xs.exists(x, true) == (body.xs.size() > 0)
    body.xs.all(x, false) == (size(body.xs) == 0)
    body.xs.map(x, x.size()).all(n, n >= 0)
    distinct(body.xs).size() <= body.xs.size()
    sorted(body.xs).size() == body.xs.size()
    body.xs.size() == body.xs.map(x, x.id).size()
    body.xs.size() >= body.xs.filter(x, x > 1).size()
    body.xs.sort_by(x, x.id).map(x, x.n).size() == body.xs.size()
    sum(body.xs.map(x, x.size())) >= 0
    sha256(text).size() == 64
    to_json(body).size() > 0
    string(status).size() == 3
    [body.a].size() == 1
    body.a in [body.a]
    body.a in [1, body.a, 2]
    (status == 200) == (status == 200)
    [body.a, body.b].size() > 1
    body == body
"#;

const NEVER: &str = r#"
    body.ok && !body.ok
    body.a == 1 && body.a == 2
    body.a > 5 && body.a < 3
    body.items.size() < 0
    status == 700
    status > 599 || status < 100
    elapsed_ms < 0
    body.xs.exists(x, x == 1 && x == 2)
    body.a in []
    body.t < ""
    body.xs.size() > 2.1 && body.xs.size() < 2.9
"#;

const UNMOVED: &str = r#"
    vars.limit == 3 || body.items.size() < 0
    body.ok ? vars.limit > 3 : vars.limit > 3
    vars.limit > 3 && status >= 100
    test.nonce == sent && body.items.size() >= 0
"#;

/// Can turn out either way, however little it may ask.
const OPEN: &str = r#"
    body.ok
    !body.ok
    body.ok || vars.limit > 3
    body.a == 1 || body.b != 1
    body.a == 1 || body.a == 2
    body.a != 1 || body.b != 2
    body.a < 5 || body.a > 5
    body.a <= 5 || body.a == "x"
    body.a == true || body.a == false
    body.a == null || body.a == 1
    body.a < body.b || body.b < body.a
    body.t > ""
    body.t != ""
    body.count >= 0
    body.count + 1 > body.count
    body.count / 2 <= body.count
    body.n % 10 >= 0
    body.n % 10 < 9
    body.items.size() > 0
    body.items.size() == 0
    body.items.size() <= 1000000000
    body.items.size() != 1
    body.items.map(i, i.id).size() > 0
    body.items.exists(i, true)
    body.items.all(i, false)
    body.items.all(i, i.n > 0)
    body.items.exists_one(i, i == i)
    body.items.filter(i, i.n > 0).size() == body.items.size()
    distinct(body.items).size() == body.items.size()
    body.items.size() <= distinct(body.items).size()
    sorted(body.items) == body.items
    body.name.lower() == body.name
    body.name.trim() == body.name
    body.name.lower().size() == body.name.size()
    body.name.contains("a")
    body.name.contains(vars.part)
    matches(body.name, "^a*$")
    matches(body.name, "^.*$")
    matches(body.name, "^a|b*c")
    matches(body.name, "\\bx*")
    text.size() > 0
    headers.size() > 0
    string(body.count).size() > 0
    string(status) == "200"
    status < 599
    status > 100
    status < 300
    status != 200
    elapsed_ms > 0
    elapsed_ms < 60000
    at_ms - sent >= 0
    body.name.split("").size() >= 1
    body.name.split(",", 0).size() >= 1
    body.a + body.b != body.a
    body.name + vars.tail != body.name
    body.a + 1 != body.a
    body.a - body.b == 0
    body.a * body.b >= 0
    min([body.a, body.b]) <= 0
    max(body.xs) >= 0
    avg(body.xs) >= 0
    sum(body.xs) >= 0
    deltas(body.xs).all(d, d >= 0)
    body.a in [1, 2, 3]
    body.a in body.xs
    body.a in [body.b]
    "a" in body
    has(body.a)
    has(body.a) || !has(body.b)
    has(body.a) == has(body.b)
    has(body.a) && body.a.size() >= 0
    body.a == body.a && body.ok
    vars.limit == 3 || body.ok
    vars.limit == body.limit
    vars.limit > 3 ? body.a == 1 : body.a == 2
    random() < 0.5 || random() >= 0.5 || body.ok
    body.code == uuid()
    body.a >= 9007199254740993 || body.a < 9007199254740992
    size(body.name) == size(body.name.replace("a", "b"))
    base64(text).size() > 0
    body.xs.group(x, x.id).size() == body.xs.size()
    zip(body.xs, body.ys).size() == body.xs.size()
    flatten(body.xs).size() >= body.xs.size()
    join(body.xs, ",").size() > 0
    body.xs[0] == body.xs[1]
    body.xs[0].id == "a" || body.xs[1].id != "a"
    body.xs.map(x, x.n)[0] >= 0
"#;

fn check(list: &str, expected: Option<CertainKind>) {
    let wrong: Vec<_> = lines(list)
        .filter(|line| kind(line) != expected)
        .map(|line| format!("{line} is {:?}", kind(line)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_no_answer_changes_is_found() {
    check(ALWAYS, Some(CertainKind::Always));
    check(NEVER, Some(CertainKind::Never));
    check(UNMOVED, Some(CertainKind::Unmoved));
}

#[test]
fn what_an_answer_can_change_is_left_alone() {
    check(OPEN, None);
}

#[test]
fn what_a_message_was_chosen_for_is_known_of_it() {
    let given = |given: &str, check: &str| {
        let given = Expression::compile(given).unwrap();
        let check = Expression::compile(check).unwrap();
        check
            .certainty(Some(&given), &about)
            .map(|certain| certain.kind)
    };
    let pong = "message.type == \"pong\" && message.n > 3";
    for (check, expected) in [
        ("message.type == \"pong\"", Some(CertainKind::Always)),
        ("message.type != \"error\"", Some(CertainKind::Always)),
        ("message.n >= 0", Some(CertainKind::Always)),
        ("message.type == \"error\"", Some(CertainKind::Never)),
        ("message.n > 4", None),
        ("message.id == 1", None),
        ("message.type == \"pong\" && message.id == 1", None),
    ] {
        assert_eq!(given(pong, check), expected, "{check}");
    }
    assert_eq!(given("message.a == 1 && message.a == 2", "message.b"), None);
}

#[test]
fn reasons_and_fixes_speak_of_what_was_written() {
    let told = |source: &str| {
        let certain = Expression::compile(source)
            .unwrap()
            .certainty(None, &about)
            .unwrap();
        format!("{}: {}", certain.because, certain.fix)
    };
    assert_eq!(
        told("body.items.size() >= 0"),
        "a size is never less than 0: write `body.items.size() > 0` if something must be in it"
    );
    assert!(told("status < 600").contains("write `status:` beside `check:`"));
    assert!(told("elapsed_ms >= 0").contains("`elapsed_ms < 1000`"));
    assert!(told("body.a || !body.a").contains("leave no answer out"));
    assert!(told("body.a == 1 && body.a == 2").contains("exclude one another"));
    assert!(told("body.a == body.a").contains("made of the same"));
    assert!(told("body.t.contains(\"\")").contains("every text has the empty one"));
}

#[test]
fn a_check_of_many_parts_is_left_alone_in_little_time() {
    let parts = |count: usize| -> String {
        let parts: Vec<String> = (0..count).map(|n| format!("body.a{n} == {n}")).collect();
        parts.join(" || ")
    };
    assert_eq!(kind(&parts(300)), None);
    let nested = "body.xs".to_owned() + &".filter(x, x.n > 1).map(x, [x, x])".repeat(12);
    assert_eq!(kind(&format!("{nested}.size() > 0")), None);
}

mod sound;
