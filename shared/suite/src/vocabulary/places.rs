//! Where a key of the language belongs, for one that was written elsewhere: one level up or down, or
//! in another kind of step; and what keys of other tools are called here.

use std::ptr;

use super::files::{ENVIRONMENT, GATE, SETTINGS, SUITE, TEST, VALUE};
use super::steps::{CHECK, KINDS};
use super::{Noun, Shape, Support};

/// Names in one list of a message.
const MOST_NAMED: usize = 4;

/// What people write who come from other tools: where, the key, and what to write here.
#[rustfmt::skip]
const FOREIGN: &[(Where, &[&str], &str)] = &[
    (Where::Step, &["get", "post", "put", "patch", "delete", "head", "options"], "method and path stand together: `http: GET /path`"),
    (Where::Step, &["url", "uri", "path", "endpoint", "method", "request"], "method and path stand together: `http: GET /path`"),
    (Where::Step, &["body", "data", "payload"], "a body is `json:`, `form:`, `text:` or `bytes:`"),
    (Where::Step, &["params", "parameters"], "parameters of the query are `query:`"),
    (Where::Step, &["assert", "asserts", "assertions", "expect", "validate", "verify", "checks"], "what must hold in a step is `check:`, a list of expressions"),
    (Where::Step, &["capture", "captures", "extract", "set", "store", "register"], "values are kept with `save:`, a map of names and expressions"),
    (Where::Step, &["timeout"], "a step has `within:`; a `timeout:` is of the whole test"),
    (Where::Step, &["ws"], "a socket is opened with `websocket: /path`"),
    (Where::Step, &["sse", "events"], "an answer is read piece by piece with `stream: GET /path`"),
    (Where::Step, &["sleep", "pause", "delay"], "pacing is `wait: 500ms`; to wait for a state use `poll:`"),
    (Where::Step, &["loop", "for_each", "foreach"], "steps are repeated with `repeat: { times: 3, index: i }`"),
    (Where::Step, &["if", "condition"], "steps that run only sometimes stand under `when:`"),
    (Where::Step, &["retry", "retries", "until_passes"], "`poll:` tries its steps again until they pass"),
    (Where::Test, &["name"], "a test has an `id:`, and a `title:` for readers"),
    (Where::Test, &["description"], "a test has a `title:`, one line for readers"),
    (Where::Test, &["before", "before_each"], "steps before the test stand under `setup:`"),
    (Where::Test, &["after_each", "cleanup", "finally"], "steps that always run stand under `teardown:`"),
    (Where::Test, &["parameters", "params", "cases", "examples", "matrix"], "`rows:` makes one case for each of its entries"),
    (Where::Test, &["depends_on", "needs", "after_test"], "tests stand alone; what one needs it makes under `setup:`"),
    (Where::Test, &["skip", "disabled", "ignore"], "`quarantine: { until: …, owner: …, why: … }` skips a test and says so"),
    (Where::File, &["base_url", "host", "url"], "addresses stand under `services:` of the environment, so that a suite fits every one"),
    (Where::File, &["vars", "variables"], "values stand under `vars:` of the environment, and are read as `vars.NAME`"),
    (Where::File, &["steps"], "steps stand in a test: `tests:`, then `- id: …` and its `steps:`"),
    (Where::File, &["name", "title"], "a suite is named by `suite:`"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    File,
    Test,
    Step,
}

/// What to write for a key that `noun` has not, where another place has it. `far` looks beyond the
/// levels above and below, to other kinds of steps.
pub(crate) fn elsewhere(noun: &'static Noun, key: &str, far: bool) -> Option<String> {
    if far {
        return is_step(noun).then(|| of_other_steps(key)).flatten();
    }
    foreign(noun, key)
        .map(str::to_owned)
        .or_else(|| below(noun, key))
        .or_else(|| above(noun, key))
}

/// The required key of `noun` that such a key stands in for: what is said of it is enough.
pub(crate) fn stands_for(noun: &'static Noun, key: &str) -> Option<&'static str> {
    if foreign(noun, key).is_some() {
        return Some("id").filter(|_| key == "name");
    }
    let is_for_steps = noun.key("steps").is_some() && kinds_with(key).is_some();
    is_for_steps.then_some("steps")
}

fn foreign(noun: &Noun, key: &str) -> Option<&'static str> {
    let here = if is_step(noun) {
        Where::Step
    } else if ptr::eq(noun, &TEST) {
        Where::Test
    } else if ptr::eq(noun, &SUITE) {
        Where::File
    } else {
        return None;
    };
    FOREIGN
        .iter()
        .find(|(place, keys, _)| *place == here && keys.contains(&&*key.to_ascii_lowercase()))
        .map(|(_, _, say)| *say)
}

fn below(noun: &'static Noun, key: &str) -> Option<String> {
    let usable = |entry: &&super::Key| !matches!(entry.support, Support::NotYet(_));
    if let Some(kind) = KINDS.iter().find(|(kind, _)| *kind == key) {
        let way = format!(
            "it begins a step: put it under `steps:`, after `- `, as `- {}: …`",
            kind.0
        );
        return noun.key("steps").map(|_| way);
    }
    let with_steps = noun
        .all()
        .filter(usable)
        .find(|one| reaches_steps(&one.shape));
    if let (Some(steps), Some(kinds)) = (with_steps, kinds_with(key)) {
        let at = if noun.key("steps").is_some() {
            "steps"
        } else {
            steps.name
        };
        return Some(format!(
            "it belongs to a step, beside {kinds}: put it under `{at}:`"
        ));
    }
    noun.all().filter(usable).find_map(|one| {
        let inner = noun_of(&one.shape)?;
        is_in(inner, key)
            .then(|| format!("it belongs to {}: put it under `{}:`", inner.name, one.name))
    })
}

fn above(noun: &'static Noun, key: &str) -> Option<String> {
    let mut found: Vec<&str> = Vec::new();
    for outer in all() {
        let holds = outer.all().any(|one| {
            let is_through_steps = reaches_steps(&one.shape) && is_step(noun);
            is_through_steps || noun_of(&one.shape).is_some_and(|inner| ptr::eq(inner, noun))
        });
        if holds && is_in(outer, key) && !is_step(outer) {
            found.push(outer.name);
        }
    }
    let first = found.first()?;
    // A test is what is meant, where one is among them.
    let meant = found
        .iter()
        .find(|name| **name == TEST.name)
        .unwrap_or(first);
    Some(format!("it belongs to {meant}: put it one level up"))
}

fn of_other_steps(key: &str) -> Option<String> {
    kinds_with(key).map(|kinds| format!("only steps with {kinds} have it"))
}

/// The kinds of steps that have the key, as in `http:` or `stream:`.
fn kinds_with(key: &str) -> Option<String> {
    let kinds: Vec<&str> = KINDS
        .iter()
        .filter(|(_, noun)| is_in(noun, key))
        .map(|(kind, _)| *kind)
        .collect();
    let shown: Vec<String> = kinds
        .iter()
        .take(MOST_NAMED)
        .map(|kind| format!("`{kind}:`"))
        .collect();
    let (last, rest) = shown.split_last()?;
    Some(if kinds.len() > MOST_NAMED {
        format!("{} and the like", shown.join(", "))
    } else if rest.is_empty() {
        last.clone()
    } else {
        format!("{} or {last}", rest.join(", "))
    })
}

fn is_in(noun: &Noun, key: &str) -> bool {
    noun.key(key)
        .is_some_and(|key| !matches!(key.support, Support::NotYet(_)))
}

fn is_step(noun: &Noun) -> bool {
    ptr::eq(noun, &CHECK) || KINDS.iter().any(|(_, kind)| ptr::eq(*kind, noun))
}

fn reaches_steps(shape: &Shape) -> bool {
    matches!(shape, Shape::Steps)
}

/// The noun that a key's value is, or is made of.
fn noun_of(shape: &Shape) -> Option<&'static Noun> {
    match shape {
        Shape::Noun(noun) => Some(noun),
        Shape::List(inner) | Shape::Map(inner) => noun_of(inner),
        Shape::OneOf(shapes) => shapes.iter().find_map(noun_of),
        _ => None,
    }
}

/// Every noun of the language.
fn all() -> Vec<&'static Noun> {
    let mut found: Vec<&'static Noun> =
        vec![&SUITE, &ENVIRONMENT, &GATE, &VALUE, &SETTINGS, &CHECK];
    found.extend(KINDS.iter().map(|(_, noun)| *noun));
    let mut at = 0;
    while let Some(noun) = found.get(at) {
        let inner = noun.all().filter_map(|key| noun_of(&key.shape));
        let new: Vec<_> = inner
            .filter(|inner| !found.iter().any(|known| ptr::eq(*known, *inner)))
            .collect();
        found.extend(new);
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::steps::HTTP;

    #[test]
    fn a_key_at_the_wrong_level_is_told_where_it_belongs() {
        let told = |noun, key| elsewhere(noun, key, false).unwrap_or_default();
        assert_eq!(
            told(&TEST, "json"),
            "it belongs to a step, beside `http:`, `send:` or `stream:`: put it under `steps:`"
        );
        assert!(told(&TEST, "within").starts_with("it belongs to a step, beside `http:`"));
        assert_eq!(
            told(&HTTP, "title"),
            "it belongs to a test: put it one level up"
        );
        assert_eq!(
            told(&SUITE, "timeout"),
            "it belongs to `defaults`: put it under `defaults:`"
        );
        assert_eq!(
            told(&TEST, "priority"),
            "it belongs to a suite: put it one level up"
        );
        assert!(told(&HTTP, "url").contains("`http: GET /path`"));
        assert_eq!(told(&HTTP, "colour"), "");
        assert_eq!(
            elsewhere(&HTTP, "until", true).as_deref(),
            Some("only steps with `collect:` or `stream:` have it")
        );
    }
}
