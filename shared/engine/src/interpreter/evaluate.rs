//! Expressions and templates in a frame: what their names mean, what they teach the redactor.
//!
//! A name is given its value when an expression is about to read it, so that a body nobody reads
//! is never parsed. Whatever secret comes out of an evaluation is learnt before it is kept.

use expression::{Budget, ErrorKind, EvalError, Evaluated, Expression, Marks, Template, Value};
use suite::model::{JsonTemplate, ValueTemplate};

use super::Interpreter;
use super::frame::{Frame, Last};
use super::socket::OpenSocket;
use crate::judge::{log, track};
use crate::recording::{Exchanged, Record};
use crate::socket::Entry;

/// Longest text of a value in a check or a list of saved values, in characters.
const SHOWN: usize = 2_000;

impl Interpreter {
    pub(crate) fn evaluate(
        &self,
        frame: &mut Frame,
        expression: &Expression,
    ) -> Result<Evaluated, EvalError> {
        self.bind(frame, expression.roots());
        let evaluated = expression.evaluate(&frame.scope, &mut Budget::default())?;
        self.learn(last_name(expression.source()), &evaluated.value);
        Ok(evaluated)
    }

    /// Whether a condition holds; where something is missing it does not, and the error says why.
    pub(crate) fn holds(
        &self,
        frame: &mut Frame,
        condition: &Expression,
    ) -> Result<bool, EvalError> {
        match self.evaluate(frame, condition) {
            Ok(evaluated) => Ok(evaluated.value.as_bool() == Some(true)),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn text(&self, frame: &mut Frame, template: &Template) -> Result<Value, EvalError> {
        self.rendered(frame, template, Template::render_text)
    }

    pub(crate) fn url_text(
        &self,
        frame: &mut Frame,
        template: &Template,
    ) -> Result<Value, EvalError> {
        self.rendered(frame, template, Template::render_url)
    }

    pub(crate) fn value(
        &self,
        frame: &mut Frame,
        template: &ValueTemplate,
    ) -> Result<Value, EvalError> {
        match template {
            ValueTemplate::Literal(value) => Ok(value.clone()),
            ValueTemplate::Template(template) => self.rendered(frame, template, Template::render),
        }
    }

    pub(crate) fn template(
        &self,
        frame: &mut Frame,
        template: &Template,
    ) -> Result<Value, EvalError> {
        self.rendered(frame, template, Template::render)
    }

    pub(crate) fn json(
        &self,
        frame: &mut Frame,
        template: &JsonTemplate,
    ) -> Result<serde_json::Value, EvalError> {
        Ok(match template {
            JsonTemplate::Leaf(leaf) => self.value(frame, leaf)?.to_json(),
            JsonTemplate::List(items) => {
                let items: Result<_, _> = items.iter().map(|item| self.json(frame, item)).collect();
                serde_json::Value::Array(items?)
            }
            JsonTemplate::Map(entries) => {
                let entries: Result<_, EvalError> = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), self.json(frame, value)?)))
                    .collect();
                serde_json::Value::Object(entries?)
            }
        })
    }

    fn rendered(
        &self,
        frame: &mut Frame,
        template: &Template,
        how: impl Fn(&Template, &expression::Scope, &mut Budget) -> Result<Value, EvalError>,
    ) -> Result<Value, EvalError> {
        if let Some(literal) = template.literal() {
            return Ok(Value::text(literal));
        }
        self.bind(frame, template.roots().into_iter());
        let value = how(template, &frame.scope, &mut Budget::default())?;
        if value.is_tainted() {
            self.learn_parts(frame, template);
        }
        Ok(value)
    }

    /// Learns the secrets that went into a text, each by itself, so that the text around them
    /// stays readable.
    fn learn_parts(&self, frame: &Frame, template: &Template) {
        for (_, part) in template.expressions() {
            if let Ok(evaluated) = part.evaluate(&frame.scope, &mut Budget::default()) {
                self.learn(last_name(part.source()), &evaluated.value);
            }
        }
    }

    pub(crate) fn learn(&self, name: &str, value: &Value) {
        if self.tape.is_what_if() || !value.is_tainted() {
            return;
        }
        match value.as_text() {
            Some(text) => self.redactor.learn(name, credential(text)),
            None => self.redactor.learn_value(name, value),
        }
    }

    /// A value's text for a reader: JSON, without secrets, cut to a limit.
    pub(crate) fn shown(&self, path: &str, value: &Value) -> String {
        if self.tape.is_what_if() {
            return String::new();
        }
        let name = last_name(path);
        self.learn(name, value);
        let cover = self.case.cover(&self.redactor);
        let shown = cover.json(self.redactor.redact_value(name, value));
        let text = self.redactor.redact(&shown.to_string());
        cut(text, SHOWN)
    }

    /// Gives the names an expression reads their values in this frame.
    fn bind<'a>(&self, frame: &mut Frame, roots: impl Iterator<Item = &'a str>) {
        for root in roots {
            let value = match root {
                "user" => self.user_value(frame),
                "status" | "headers" | "body" | "text" | "elapsed_ms" | "at_ms" | "message"
                | "frame" | "tls" => self.last_value(frame, root),
                name => self
                    .socket_named(frame, name)
                    .map(|socket| self.socket_value(frame, &socket)),
            };
            if let Some(value) = value {
                frame.scope.set(root, value);
            }
        }
    }

    fn user_value(&self, frame: &Frame) -> Option<Value> {
        match frame.actor.user() {
            Some(user) => Some(user.value()),
            // A row may read the only user's token and then act as nobody.
            None => match &self.users()[..] {
                [only] => Some(only.value()),
                _ => None,
            },
        }
    }

    fn last_value(&self, frame: &Frame, name: &str) -> Option<Value> {
        match &frame.last {
            Last::Nothing => None,
            Last::Answer(exchanged) => self.answer_value(exchanged, name),
            Last::Message { record, elapsed_ms } => self.message_value(record, *elapsed_ms, name),
            Last::Sent { at_ms, elapsed_ms } => match name {
                "at_ms" => Some(Value::double(*at_ms)),
                "elapsed_ms" => Some(Value::double(*elapsed_ms)),
                _ => None,
            },
        }
    }

    pub(crate) fn answer_value(&self, exchanged: &Exchanged, name: &str) -> Option<Value> {
        let response = exchanged.response.as_ref()?;
        let names = &self.case.names;
        let value = match name {
            "status" => Value::int(i64::from(response.status)).received(),
            "headers" => response.headers(names),
            "body" => response.body(names),
            "text" => response.text(),
            "tls" => response.tls(),
            // How long an answer took is a fact about the answer.
            "elapsed_ms" => Value::double(exchanged.elapsed_ms).received(),
            "at_ms" => Value::double(exchanged.at_ms).received(),
            _ => return None,
        };
        Some(value)
    }

    fn message_value(&self, record: &Record, elapsed_ms: f64, name: &str) -> Option<Value> {
        let names = &self.case.names;
        let value = match name {
            "message" => record.json(names),
            "frame" => record.whole(names),
            "text" => record.text(),
            "at_ms" => Value::double(record.at_ms).received(),
            "elapsed_ms" => Value::double(elapsed_ms).received(),
            _ => return None,
        };
        Some(value)
    }

    /// What can be read of a socket: `log`, `last`, and what is counted.
    fn socket_value(&self, frame: &Frame, socket: &OpenSocket) -> Value {
        let names = &self.case.names;
        let entries = socket.log.range(0, socket.seen_by(frame));
        let records: Vec<Value> = log::received(&entries, 0)
            .map(|(_, record)| record.whole(names))
            .collect();
        let last = records.last().cloned().unwrap_or_else(Value::null);
        let recoveries = log::recoveries_ms(&entries).into_iter().map(Value::double);
        let interruptions = i64::try_from(log::interruptions(&entries)).unwrap_or(i64::MAX);
        let mut members = vec![
            ("last", last),
            ("log", Value::list(records)),
            ("recoveries_ms", Value::list(recoveries).received()),
            ("interruptions", Value::int(interruptions).received()),
        ];
        if socket.track.is_some() {
            let counts = self.counts(frame, socket, &entries);
            members.push(("lost", Value::int(counts.lost).received()));
            members.push(("duplicated", Value::int(counts.duplicated).received()));
            members.push(("out_of_order", Value::int(counts.out_of_order).received()));
        }
        Value::map(members).with_own_marks(Marks::RECEIVED)
    }

    /// Sequence counts; a message without a sequence number is not part of one.
    fn counts(&self, frame: &Frame, socket: &OpenSocket, entries: &[Entry]) -> track::Counts {
        let Some(track) = &socket.track else {
            return track::Counts::default();
        };
        let names = &self.case.names;
        let mut scope = frame.scope.child();
        let mut numbers = Vec::new();
        for (_, record) in log::received(entries, 0) {
            scope.set("message", record.json(names));
            scope.set("frame", record.whole(names));
            let read =
                |expression: &Expression| expression.evaluate(&scope, &mut Budget::default()).ok();
            let Some(number) = read(&track.sequence).and_then(|evaluated| evaluated.value.as_int())
            else {
                continue;
            };
            let per = track
                .per
                .as_ref()
                .and_then(read)
                .map(|evaluated| evaluated.value.to_string());
            numbers.push((per.unwrap_or_default(), number));
        }
        track::count(numbers)
    }
}

/// The part of a header's value that is the secret.
fn credential(text: &str) -> &str {
    let is_scheme =
        |scheme: &str| matches!(scheme, "Bearer" | "Basic" | "Token" | "bearer" | "basic");
    match text.split_once(' ') {
        Some((scheme, secret)) if is_scheme(scheme) && !secret.contains(' ') => secret,
        _ => text,
    }
}

/// `token` of `user.token`, for the label of a secret.
fn last_name(path: &str) -> &str {
    let last = path.rsplit('.').next().unwrap_or(path);
    let is_plain = !last.is_empty()
        && last
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_plain { last } else { "secret" }
}

/// A text of at most `limit` characters; what was cut is said.
pub(crate) fn cut(text: String, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((at, _)) => format!("{}… ({} bytes)", &text[..at], text.len()),
        None => text,
    }
}

/// An error that means "does not match" where conditions are evaluated.
pub(crate) fn is_no_match(error: &EvalError) -> bool {
    error.kind != ErrorKind::Budget
}
