//! Expressions: compiled, their names looked up, their habits told, all at their place in the file.

use expression::{CompileError, Expression};

use super::Reader;
use super::locate::Locator;
use super::names::{Names, SOCKET_MEMBERS, TRACKED_MEMBERS, What, chains, offset_of};
use crate::model::CheckLine;
use crate::place::Span;
use crate::raw::{Entry, Node, Scalar, trap};
use crate::vocabulary::nearest;

/// What an expression is for, which decides what is asked of it (`read::evidence`).
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role<'g> {
    /// Must be true or false, read something received, and be able to fail.
    Check(Before<'g>),
    /// Must be true or false, and true of some message: `where`, `until`.
    Looking,
    /// Must be true or false: `when`.
    Condition,
    Value,
}

/// What is known when a check is evaluated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before<'g> {
    /// It is of the very step that made the exchange, where a comparison of `status` has a key of
    /// its own.
    pub(crate) after_exchange: bool,
    /// What the message was chosen for.
    pub(crate) given: Option<&'g Expression>,
}

impl Reader<'_> {
    pub(crate) fn expression(
        &self,
        node: &Node,
        names: &Names<'_>,
        role: Role<'_>,
    ) -> Option<Expression> {
        let scalar = self.expression_text(node)?;
        let locator = Locator::new(node, self.problems.text());
        let compiled = match Expression::compile(&scalar.text) {
            Ok(compiled) => compiled,
            Err(bad) => {
                self.tell_compile_error(node, &bad, 0, &locator);
                return None;
            }
        };
        let is_known = self.look_up(&compiled, 0, &locator, names);
        let fits = is_known && self.fits(node, &compiled, names, role, &locator);
        fits.then_some(compiled)
    }

    /// The lines of `check:`, `expect:`.
    pub(crate) fn checks(
        &self,
        node: Option<&Node>,
        names: &Names<'_>,
        before: Before<'_>,
    ) -> Vec<CheckLine> {
        let Some(node) = node else { return Vec::new() };
        let items = self.list(node, "expressions, each after `- `");
        let read = |item: &Node| {
            let expression = self.expression(item, names, Role::Check(before))?;
            Some(CheckLine {
                expression,
                line: self.line(item.span),
            })
        };
        items.iter().filter_map(read).collect()
    }

    /// A map of names and expressions.
    pub(crate) fn named<'n>(
        &self,
        node: Option<&'n Node>,
        names: &Names<'_>,
    ) -> Vec<(&'n Entry, Expression)> {
        let Some(node) = node else { return Vec::new() };
        let entries = self.entries(node, "names and expressions");
        let read =
            |entry: &'n Entry| Some((entry, self.expression(&entry.value, names, Role::Value)?));
        entries.iter().filter_map(read).collect()
    }

    /// The text of an expression, unless YAML made something else of it.
    fn expression_text<'n>(&self, node: &'n Node) -> Option<&'n Scalar> {
        if node.is_reported {
            return None;
        }
        let text = self.problems.text();
        if let Some(meant) = trap::split_at_colon(node, text) {
            let fix = format!("put it in quotes:  {}", trap::quoted(&meant));
            let start = node
                .as_map()
                .and_then(|map| map.entries.first())
                .map_or(node.span.start, |entry| entry.key_span.start);
            let span = Span::new(start, start + meant.chars().count());
            self.problems
                .fix(span, "`: ` makes a map of this expression", fix);
            return None;
        }
        if let Some(meant) = trap::cut_by_comment(node, text) {
            let fix = format!("put it in quotes:  {}", trap::quoted(&meant));
            self.problems.fix(
                node.span,
                "this expression was cut: ` #` begins a comment",
                fix,
            );
            return None;
        }
        if let Some((key, value)) = pair_of(node) {
            let fix = if key == "status" {
                format!("write `status: {value}` beside `check:`")
            } else {
                format!("to compare, write `{key} == {value}`")
            };
            self.wrong_form(node, "an expression", Some(&fix));
            return None;
        }
        let scalar = self.scalar(node, "an expression")?;
        if scalar.text.trim().is_empty() {
            self.wrong_kind(node, "an expression");
            return None;
        }
        Some(scalar)
    }

    pub(crate) fn tell_compile_error(
        &self,
        node: &Node,
        bad: &CompileError,
        shift: usize,
        locator: &Locator,
    ) {
        let written = node.as_scalar().map_or("", |scalar| scalar.text.as_str());
        let fix = bad.fix.clone().or_else(|| {
            let is_text = written.starts_with("${") && shift == 0;
            is_text.then(|| "this is an expression already; drop the `${` and `}`".to_owned())
        });
        self.problems.push(
            locator.span(bad.offset + shift, bad.len),
            bad.message.clone(),
            fix,
        );
    }

    /// Tells of every name that can't be read here. `shift`: bytes before the expression in the
    /// scalar.
    pub(crate) fn look_up(
        &self,
        compiled: &Expression,
        shift: usize,
        locator: &Locator,
        names: &Names<'_>,
    ) -> bool {
        let source = compiled.source();
        let mut is_known = true;
        let mut unknown = |at: usize, len: usize, message: String, fix: Option<String>| {
            self.problems
                .push(locator.span(at + shift, len), message, fix);
            is_known = false;
        };
        if let Some(at) = source.find("metric(") {
            let fix = "check values that steps saved".to_owned();
            unknown(at, 6, "not supported yet: metric".to_owned(), Some(fix));
        }
        let roots: Vec<&str> = compiled.roots().collect();
        for root in &roots {
            let at = offset_of(source, root);
            match names.get(root).map(|known| &known.what) {
                None => {
                    let near = nearest(root, names.all());
                    let otherwise = if ANSWERS_ELSEWHERE.contains(root) {
                        "an answer is read as `status`, `headers`, `body` (its JSON) and `text`"
                    } else {
                        "save it in an earlier step, or write it under `vars:` of the environment"
                    };
                    let fix = near.map_or_else(
                        || otherwise.to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    unknown(at, root.len(), format!("unknown name `{root}`"), Some(fix));
                }
                Some(What::Absent(why)) => {
                    unknown(
                        at,
                        root.len(),
                        format!("`{root}` can't be read here"),
                        Some((*why).to_owned()),
                    );
                }
                Some(_) => {}
            }
        }
        for (at, chain) in chains(source) {
            let known = chain
                .first()
                .filter(|root| roots.contains(root))
                .and_then(|root| names.get(root));
            if let (Some(known), Some(bad)) = (known, chain.get(1)) {
                let message = self.member_problem(&known.what, &chain);
                if let Some((message, fix)) = message {
                    let len = source[at..].find(bad).map_or(1, |start| start + bad.len());
                    unknown(at, len, message, fix);
                }
            }
        }
        is_known
    }

    fn member_problem(&self, what: &What, chain: &[&str]) -> Option<(String, Option<String>)> {
        let (root, member) = (chain.first()?, chain.get(1)?);
        let unknown = |path: String, known: Vec<&str>, word: &str| {
            let fix = match nearest(word, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => "nothing of that kind is defined".to_owned(),
                None => format!("there is: {}", known.join(", ")),
            };
            Some((format!("unknown name `{path}`"), Some(fix)))
        };
        match what {
            What::Record(Some(members)) if !members.contains(*member) => unknown(
                format!("{root}.{member}"),
                members.iter().map(String::as_str).collect(),
                member,
            ),
            What::Record(_) if *root == "env" && matches!(*member, "tokens" | "secrets") => {
                let named = match *member {
                    "tokens" => self.around.tokens.as_ref(),
                    _ => self.around.secrets.as_ref(),
                };
                let (word, named) = (chain.get(2)?, named?);
                let known = named.iter().map(String::as_str).collect();
                (!named.contains(*word))
                    .then(|| unknown(format!("env.{member}.{word}"), known, word))?
            }
            What::Socket { .. } if !SOCKET_MEMBERS.contains(member) => {
                unknown(format!("{root}.{member}"), SOCKET_MEMBERS.to_vec(), member)
            }
            What::Socket { is_tracked: false } if TRACKED_MEMBERS.contains(member) => Some((
                format!("`{root}.{member}` is not counted"),
                Some(format!(
                    "add `track:` with a `sequence:` to the `websocket` step of `{root}`"
                )),
            )),
            _ => None,
        }
    }
}

/// What other tools call an answer.
const ANSWERS_ELSEWHERE: &[&str] = &[
    "response", "resp", "res", "reply", "answer", "json", "data", "payload",
];

/// `key: value` alone, where an expression is meant.
fn pair_of(node: &Node) -> Option<(&str, &str)> {
    let map = node.as_map().filter(|map| map.entries.len() == 1)?;
    let entry = map.entries.first()?;
    let value = entry.value.as_scalar()?.text.as_str();
    let is_short = entry.key.len() <= 60 && value.len() <= 60 && !value.contains('\n');
    is_short.then_some((entry.key.as_str(), value))
}
