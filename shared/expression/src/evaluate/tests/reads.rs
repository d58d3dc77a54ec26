//! What an evaluation remembers of its reads.

use super::*;

#[track_caller]
fn paths(source: &str) -> Vec<String> {
    let reads = match run(source) {
        Ok(evaluated) => evaluated.reads,
        Err(error) => error.reads,
    };
    reads
        .into_iter()
        .map(|(path, value)| format!("{path} = {}", value.excerpt(20)))
        .collect()
}

#[test]
fn the_outermost_paths_are_remembered_each_once_with_their_values() {
    assert_eq!(paths("status == 200"), ["status = 200"]);
    assert_eq!(
        paths("body.messages.size() > body.id + body.id"),
        ["body.messages = [{\"id\": 1, \"n\": 10},…", "body.id = 7",]
    );
    assert_eq!(
        paths("body.messages[i].id == 2"),
        ["i = 1", "body.messages[1].id = 2"]
    );
    assert_eq!(
        paths("headers[\"retry-after\"] == \"3\""),
        ["headers[\"retry-after\"] = \"3\""]
    );
    assert_eq!(paths("body.token == \"x\""), ["body.token = ‹secret›"]);
    assert_eq!(paths("has(body.id)").len(), 1);
}

#[test]
fn the_item_that_decided_a_loop_is_remembered() {
    assert_eq!(
        paths("[1, 5].all(x, x < vars.limit / 10)"),
        ["vars.limit = 20", "x = 5"]
    );
    let found = paths("body.messages.all(m, m.id < 2)");
    assert_eq!(found[1..], ["body.messages[1].id = 2"]);
    let found = paths("body.messages.exists(m, has(m.n) && m.n == 30)");
    assert_eq!(
        found[1..],
        [
            "body.messages[2] = {\"id\": 3, \"n\": 30}",
            "body.messages[2].n = 30"
        ]
    );
    assert_eq!(paths("body.messages.all(m, m.id > 0)").len(), 1);
}

#[test]
fn what_a_missing_field_was_looked_for_in_is_remembered() {
    assert_eq!(paths("body.nothing.x == 1"), ["body.nothing = null"]);
    assert_eq!(
        paths("headers.absent == \"x\""),
        ["headers = {\"retry-after\": \"3\"}"]
    );
    assert!(paths("body.messages[7]")[0].starts_with("body.messages = "));
    let found = paths("body.messages.map(m, m.absent)");
    assert_eq!(found[1..], ["body.messages[0] = {\"id\": 1, \"n\": 10}"]);
}

#[test]
fn reads_are_bounded_in_number_and_length() {
    let many = (0..40)
        .map(|n| format!("body[\"k{n}\"]"))
        .collect::<Vec<_>>()
        .join(" == 1 || ");
    assert!(paths(&many).len() <= 17);
    let mut deep = Value::int(1);
    for _ in 0..60 {
        deep = Value::map([("a_rather_long_name", deep)]);
    }
    let source = format!("deep{}", ".a_rather_long_name".repeat(60));
    let mut scope = scope();
    scope.set("deep", deep);
    let expression = Expression::compile(&source).expect("compiles");
    let evaluated = expression
        .evaluate(&scope, &mut Budget::default())
        .expect("evaluates");
    assert!(evaluated.reads[0].0.chars().count() <= 201);
}
