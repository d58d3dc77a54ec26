//! Judges collected messages by a grammar: which event, at which place, what was expected instead.
//!
//! Pure: messages in, one violation out. How an order is written is in `grammar::order`.

mod machine;

use std::sync::Arc;

use expression::{Budget, Expression, NoEffects, Scope, Value};

use self::machine::Machine;
use super::{Grammar, Pair};

/// Steps that one message's expressions may take.
const BUDGET: u64 = 100_000;

/// The first way in which messages break a grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Place of the message in the list, from 0; the list's length when it ended too early.
    pub position: usize,
    /// The event's name, empty at the end.
    pub event: String,
    /// What could have stood there.
    pub expected: Vec<String>,
    /// The whole in one sentence.
    pub message: String,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.message)
    }
}

/// One message with what the grammar reads of it.
struct Event<'m> {
    position: usize,
    name: String,
    message: &'m Value,
}

/// Judges `messages`, each the JSON of one received message, in the order received.
///
/// # Errors
/// The first violation, by order of the rules: names, order, pairs, `same`, `sequence`.
pub fn judge(grammar: &Grammar, messages: &[Value]) -> Result<(), Violation> {
    let mut groups: Vec<(Value, Vec<Event<'_>>)> = Vec::new();
    for (position, message) in messages.iter().enumerate() {
        let name = read(&grammar.event, message, position, "event")?;
        let event = Event {
            position,
            name: name.to_string(),
            message,
        };
        let per = match &grammar.per {
            Some(per) => read(per, message, position, "per")?,
            None => Value::null(),
        };
        match groups.iter_mut().find(|(known, _)| *known == per) {
            Some((_, events)) => events.push(event),
            None => groups.push((per, vec![event])),
        }
    }
    if groups.is_empty() {
        return judge_order(grammar, &[], messages.len());
    }
    for (_, events) in &groups {
        judge_order(grammar, events, messages.len())?;
        for pair in &grammar.pairs {
            judge_pair(pair, events)?;
        }
        for same in &grammar.same {
            judge_same(same, events)?;
        }
        if let Some(sequence) = &grammar.sequence {
            judge_sequence(sequence, events)?;
        }
    }
    Ok(())
}

fn judge_order(grammar: &Grammar, events: &[Event<'_>], end: usize) -> Result<(), Violation> {
    let mut machine = Machine::new(&grammar.order);
    let mut last = None;
    for event in events
        .iter()
        .filter(|event| !grammar.ignore.contains(&event.name))
    {
        if !machine.step(&event.name) {
            let expected = machine.expected();
            let after = last.map_or_else(
                || "at the beginning".to_owned(),
                |last| format!("after `{last}`"),
            );
            let known = grammar.order.events().contains(&event.name.as_str());
            let what = if known {
                "came"
            } else {
                "is no event of the grammar, and came"
            };
            let wanted = wanted(&expected, machine.may_end());
            let message = format!(
                "`{}` {what} {after} (message {}); expected {wanted}",
                event.name, event.position
            );
            return Err(violation(event, expected, message));
        }
        last = Some(event.name.as_str());
    }
    if machine.may_end() {
        return Ok(());
    }
    let expected = machine.expected();
    let after = last.map_or_else(
        || "no event came".to_owned(),
        |last| format!("the events ended after `{last}`"),
    );
    let message = format!("{after}; expected {}", wanted(&expected, false));
    Err(Violation {
        position: end,
        event: String::new(),
        expected,
        message,
    })
}

fn wanted(expected: &[String], may_end: bool) -> String {
    let mut names: Vec<String> = expected.iter().map(|name| format!("`{name}`")).collect();
    if may_end {
        names.push("the end".to_owned());
    }
    names.join(" or ")
}

/// Each opening has one closing of the same key, and no closing comes by itself.
fn judge_pair(pair: &Pair, events: &[Event<'_>]) -> Result<(), Violation> {
    let mut open: Vec<(Value, &Event<'_>)> = Vec::new();
    for event in events {
        if event.name != pair.open && event.name != pair.close {
            continue;
        }
        let key = read(&pair.by, event.message, event.position, &event.name)?;
        let found = open.iter().position(|(known, _)| *known == key);
        match (event.name == pair.open, found) {
            (true, _) => open.push((key, event)),
            (false, Some(at)) => {
                open.remove(at);
            }
            (false, None) => {
                let by = pair.by.source();
                let shown = shown(&key);
                let message = format!(
                    "`{}` (message {}) closes nothing: no open `{}` has {by} = {shown}",
                    event.name, event.position, pair.open
                );
                return Err(violation(event, vec![pair.open.clone()], message));
            }
        }
    }
    match open.first() {
        None => Ok(()),
        Some((key, event)) => {
            let by = pair.by.source();
            let message = format!(
                "`{}` (message {}) was never closed: no `{}` with {by} = {}",
                event.name,
                event.position,
                pair.close,
                shown(key)
            );
            Err(violation(event, vec![pair.close.clone()], message))
        }
    }
}

fn judge_same(same: &Expression, events: &[Event<'_>]) -> Result<(), Violation> {
    let mut first: Option<Value> = None;
    for event in events {
        let value = read(same, event.message, event.position, &event.name)?;
        match &first {
            None => first = Some(value),
            Some(first) if *first == value => {}
            Some(first) => {
                let (was, is) = (shown(first), shown(&value));
                let message = format!(
                    "{} changed from {was} to {is} at `{}` (message {})",
                    same.source(),
                    event.name,
                    event.position
                );
                return Err(violation(event, vec![was], message));
            }
        }
    }
    Ok(())
}

fn judge_sequence(sequence: &Expression, events: &[Event<'_>]) -> Result<(), Violation> {
    let mut last: Option<i64> = None;
    for event in events {
        let value = read(sequence, event.message, event.position, &event.name)?;
        let Some(number) = value.as_int() else {
            let message = format!(
                "{} is {} at `{}` (message {}), not a whole number",
                sequence.source(),
                shown(&value),
                event.name,
                event.position
            );
            return Err(violation(event, Vec::new(), message));
        };
        let next = last.map(|last| last.saturating_add(1));
        if let Some(next) = next.filter(|next| *next != number) {
            let message = format!(
                "{} is {number} at `{}` (message {}), expected {next}",
                sequence.source(),
                event.name,
                event.position
            );
            return Err(violation(event, vec![next.to_string()], message));
        }
        last = Some(number);
    }
    Ok(())
}

fn violation(event: &Event<'_>, expected: Vec<String>, message: String) -> Violation {
    Violation {
        position: event.position,
        event: event.name.clone(),
        expected,
        message,
    }
}

/// A value in a message: secrets are not shown, and long ones are cut.
fn shown(value: &Value) -> String {
    if value.is_tainted() {
        return "a secret".to_owned();
    }
    let text = value.to_string();
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

fn read(
    rule: &Expression,
    message: &Value,
    position: usize,
    event: &str,
) -> Result<Value, Violation> {
    let mut scope = Scope::new(Arc::new(NoEffects));
    scope.set("message", message.clone());
    match rule.evaluate(&scope, &mut Budget::new(BUDGET)) {
        Ok(evaluated) => Ok(evaluated.value),
        Err(bad) => Err(Violation {
            position,
            event: event.to_owned(),
            expected: vec![rule.source().to_owned()],
            message: format!("message {position}: {}", bad.message),
        }),
    }
}
