//! Expressions, templates, grammars and redaction: pure computations over foreign text.
//!
//! Two promises are checked beside "it returns": the same expression over the same values gives the
//! same answer, and a secret that an answer holds has marked it.

use std::sync::Arc;

use expression::{Budget, Expression, Key, Marks, NoEffects, Redactor, Scope, Template, Value};
use regex::Regex;
use suite::grammar::{self, Grammar, Order};

const SECRET: &str = "qX7-canary-0dZ";
const STEPS: u64 = 20_000;

/// Source, then a line of three dashes, then the JSON that it reads as `body`.
fn parts(data: &[u8]) -> Option<(&str, Scope)> {
    let text = std::str::from_utf8(data).ok()?;
    let (source, json) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    // The canary may only come from the secret itself.
    if text.contains("canary") {
        return None;
    }
    let mut scope = Scope::new(Arc::new(NoEffects));
    let body = serde_json::from_str(json).unwrap_or_default();
    scope.set("body", Value::from_json(&body, Marks::RECEIVED));
    scope.set("secret", Value::text(SECRET).tainted());
    scope.set("status", Value::int(200).received());
    let messages = ["a", "b", "a"]
        .map(|kind| Value::map([("type", Value::text(kind)), ("n", Value::int(3))]).received());
    scope.set("messages", Value::list(messages));
    Some((source, scope))
}

/// Compiles and evaluates, twice.
pub(crate) fn expression(data: &[u8]) {
    let Some((source, scope)) = parts(data) else {
        return;
    };
    let Ok(compiled) = Expression::compile(source) else {
        return;
    };
    assert_eq!(compiled.source(), source);
    let evaluate = || {
        let mut budget = Budget::new(STEPS);
        let evaluated = compiled.evaluate(&scope, &mut budget);
        (evaluated, budget.left())
    };
    let (first, second) = (evaluate(), evaluate());
    assert_eq!(first.1, second.1, "the same steps each time");
    match (first.0, second.0) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.value.to_string(), other.value.to_string());
            assert!(!leaks(&one.value), "an unmarked secret: {source}");
            if let Some(constant) = compiled.constant() {
                assert_eq!(constant.to_string(), one.value.to_string());
            }
        }
        (Err(one), Err(other)) => assert_eq!(one.message, other.message),
        _ => panic!("it ends differently the second time: {source}"),
    }
}

/// Parses and renders, as text and as an address.
pub(crate) fn template(data: &[u8]) {
    let Some((source, scope)) = parts(data) else {
        return;
    };
    let Ok(template) = Template::parse(source) else {
        return;
    };
    if let Some(literal) = template.literal() {
        let rendered = template.render_text(&scope, &mut Budget::new(STEPS));
        if let Ok(rendered) = rendered {
            assert_eq!(rendered.as_text(), Some(literal));
        }
    }
    for rendered in [
        template.render(&scope, &mut Budget::new(STEPS)),
        template.render_text(&scope, &mut Budget::new(STEPS)),
        template.render_url(&scope, &mut Budget::new(STEPS)),
    ]
    .into_iter()
    .flatten()
    {
        assert!(!leaks(&rendered), "an unmarked secret: {source}");
    }
}

/// Whether a text of `value` holds the secret and is not marked.
fn leaks(value: &Value) -> bool {
    if value.own_marks().tainted {
        return false;
    }
    if let Some(items) = value.as_list() {
        return items.iter().any(leaks);
    }
    if let Some(map) = value.as_map() {
        let key_leaks = |key: &Key| key.to_value().to_string().contains(SECRET);
        return map.iter().any(|(key, part)| key_leaks(key) || leaks(part));
    }
    value.to_string().contains(SECRET)
}

/// An order of events and the events: judged as a regular expression judges the same.
pub(crate) fn grammar(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (order, events) = text.split_once('\n').unwrap_or((text, ""));
    let parsed = match grammar::order::parse(order) {
        Ok(parsed) => parsed,
        Err(bad) => {
            assert!(bad.offset <= order.len() && !bad.message.is_empty() && !bad.fix.is_empty());
            return;
        }
    };
    let names: Vec<String> = parsed
        .events()
        .iter()
        .map(|&name| name.to_owned())
        .collect();
    let events: Vec<usize> = events
        .bytes()
        .take(60)
        .map(|byte| usize::from(byte) % names.len())
        .collect();
    let Some(pattern) = pattern(&parsed, &names) else {
        return;
    };
    let Ok(regex) = Regex::new(&format!("^(?:{pattern})$")) else {
        return;
    };
    let Ok(event) = Expression::compile("message.type") else {
        panic!("a field of a message is an expression");
    };
    let judged = Grammar {
        name: "g".to_owned(),
        line: 1,
        per: None,
        event,
        order: parsed,
        ignore: Vec::new(),
        pairs: Vec::new(),
        same: Vec::new(),
        sequence: None,
    };
    let messages: Vec<Value> = events
        .iter()
        .map(|&at| Value::map([("type", Value::text(names[at].as_str()))]))
        .collect();
    let written: String = events.iter().filter_map(|&at| letter(at)).collect();
    let holds = grammar::judge(&judged, &messages).is_ok();
    assert_eq!(holds, regex.is_match(&written), "{order} on {written}");
}

/// One letter stands for one event.
fn letter(at: usize) -> Option<char> {
    char::from_u32(u32::from('a') + u32::try_from(at).ok()?).filter(|_| at < 26)
}

/// The order as a regular expression; nothing when it has too many events or is too large.
fn pattern(order: &Order, names: &[String]) -> Option<String> {
    match order {
        Order::Event(name) => {
            letter(names.iter().position(|known| known == name)?).map(String::from)
        }
        Order::Sequence(parts) => {
            let parts = parts.iter().map(|part| pattern(part, names));
            Some(parts.collect::<Option<Vec<_>>>()?.concat())
        }
        Order::Repeated {
            what,
            at_least,
            at_most,
        } => {
            let most = at_most.map_or_else(String::new, |most| most.to_string());
            Some(format!(
                "(?:{}){{{at_least},{most}}}",
                pattern(what, names)?
            ))
        }
    }
}

/// A secret (the first line) in a text (the rest): it is nowhere in what is printed.
pub(crate) fn redaction(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Some((secret, text)) = text.split_once('\n') else {
        return;
    };
    if secret.len() < Redactor::MIN_BYTES {
        return;
    }
    let redactor = Redactor::new([7; 32]);
    redactor.learn("s", SECRET);
    let label = redactor.redact(SECRET);
    // What a label begins or ends with could make the secret again together with the text around.
    let edges = [label.chars().next(), label.chars().next_back()];
    if label.contains(secret)
        || edges
            .into_iter()
            .flatten()
            .any(|edge| secret.contains(edge))
    {
        return;
    }
    redactor.learn("s", secret);
    let printed = redactor.redact(&format!("{text}{secret}{text}"));
    assert!(!printed.contains(secret), "{secret:?} is in {printed:?}");
}
