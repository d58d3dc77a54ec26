//! What the expressions of a test mention: names of fields, texts, headers. Only what a test reads
//! is worth altering.
//!
//! Names are taken from the text of expressions, so that fields read in macros, through saved
//! values or by index are found alike.

use std::collections::{BTreeMap, BTreeSet};

use expression::Expression;
use suite::grammar::Grammar;
use suite::model::{Branches, Step, StepKind, Test};

use super::Written;

/// Texts that are tried for one field at most.
const MOST_TEXTS: usize = 32;

/// All that a test's expressions mention.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// Identifiers, and texts, which may be keys.
    names: BTreeSet<String>,
    /// Texts and numbers in the expressions that mention a name, by the name.
    texts: BTreeMap<String, BTreeSet<String>>,
    /// Names whose presence is asked for: `has(body.x)`, `"x" in body`.
    pub(super) asked: BTreeSet<String>,
    /// `where` of each `silence`, by the line of its step.
    pub(super) silences: BTreeMap<u32, Option<String>>,
    /// Check lines that can count, reached or not.
    pub(super) checks: Vec<Written>,
}

impl Words {
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Texts and numbers that stand beside a name.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &String> {
        self.texts.get(name).into_iter().flatten().take(MOST_TEXTS)
    }

    fn expression(&mut self, expression: &Expression) {
        self.source(expression.source());
    }

    fn source(&mut self, source: &str) {
        let (names, texts) = lexed(source);
        self.asked.extend(asked(source));
        self.names.extend(names.iter().cloned());
        self.names.extend(texts.iter().cloned());
        let numbers = names.iter().filter(|name| name.parse::<i64>().is_ok());
        let texts: Vec<String> = texts.into_iter().chain(numbers.cloned()).collect();
        for name in names {
            self.texts
                .entry(name)
                .or_default()
                .extend(texts.iter().cloned());
        }
    }

    fn grammar(&mut self, grammar: &Grammar) {
        let parts = grammar.per.iter().chain([&grammar.event]);
        let parts = parts.chain(&grammar.same).chain(&grammar.sequence);
        for part in parts.chain(grammar.pairs.iter().map(|pair| &pair.by)) {
            self.expression(part);
        }
    }

    fn steps(&mut self, steps: &[Step], counts: bool) {
        for step in steps {
            for check in &step.checks {
                self.expression(&check.expression);
                self.check(check.line, &check.expression, counts);
            }
            for (_, saved) in &step.save {
                self.expression(saved);
            }
            self.step(step, counts);
        }
    }

    fn check(&mut self, line: u32, expression: &Expression, counts: bool) {
        if counts {
            self.checks.push(Written {
                line,
                expression: expression.source().to_owned(),
            });
        }
    }

    fn step(&mut self, step: &Step, counts: bool) {
        match &step.kind {
            StepKind::Http(_) => {}
            StepKind::WebSocket(handshake) => {
                if let Some(track) = &handshake.track {
                    self.expression(&track.sequence);
                    track.per.iter().for_each(|per| self.expression(per));
                }
            }
            StepKind::Receive(receive) => {
                receive.matching.iter().for_each(|one| self.expression(one));
            }
            StepKind::Collect(collect) => {
                collect.matching.iter().for_each(|one| self.expression(one));
                self.expression(&collect.until);
                collect.grammar.iter().for_each(|one| self.grammar(one));
            }
            StepKind::Silence { matching, .. } => {
                matching.iter().for_each(|one| self.expression(one));
                let source = matching.as_ref().map(|one| one.source().to_owned());
                self.silences.insert(step.line, source);
            }
            StepKind::Stream { until, .. } => until.iter().for_each(|one| self.expression(one)),
            StepKind::Repeat(repeat) => {
                self.expression(&repeat.times);
                self.each(&repeat.each);
                self.steps(&repeat.steps, counts);
            }
            StepKind::Parallel(parallel) => {
                self.each(&parallel.each);
                match &parallel.branches {
                    Branches::Count { steps, .. } => self.steps(steps, counts),
                    Branches::Named(named) => {
                        for (_, steps) in named {
                            self.steps(steps, counts);
                        }
                    }
                }
                if let Some(during) = &parallel.during {
                    self.each(&during.each);
                    self.steps(&during.steps, counts);
                }
            }
            StepKind::Poll { steps, .. } => self.steps(steps, counts),
            StepKind::When { condition, steps } => {
                self.expression(condition);
                self.steps(steps, counts);
            }
            StepKind::Send { .. }
            | StepKind::Close { .. }
            | StepKind::Abandon { .. }
            | StepKind::Wait { .. }
            | StepKind::Barrier { .. }
            | StepKind::CheckOnly => {}
        }
    }

    fn each(&mut self, each: &[(String, Expression)]) {
        for (_, expression) in each {
            self.expression(expression);
        }
    }
}

/// Everything that the expressions of a test mention.
pub(super) fn of(test: &Test) -> Words {
    let mut words = Words::default();
    words.steps(&test.setup, false);
    words.steps(&test.steps, true);
    words.steps(&test.after, true);
    for line in &test.expect {
        words.expression(&line.expression);
        words.check(line.line, &line.expression, true);
    }
    words
}

/// Identifiers and texts of a source.
fn lexed(source: &str) -> (Vec<String>, Vec<String>) {
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let taken = match first {
            '"' | '\'' => {
                let inner = &rest[1..];
                let end = inner.find(first).unwrap_or(inner.len());
                texts.push(inner[..end].to_owned());
                (end + 2).min(rest.len())
            }
            letter if is_word(letter) => {
                let end = rest.find(|letter| !is_word(letter)).unwrap_or(rest.len());
                names.push(rest[..end].to_owned());
                end
            }
            other => other.len_utf8(),
        };
        rest = rest.get(taken..).unwrap_or_default();
    }
    (names, texts)
}

/// Names whose presence a source asks for.
fn asked(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices("has(") {
        let inner = &source[at + 4..];
        let path = inner.split(')').next().unwrap_or_default();
        found.extend(path.rsplit('.').next().map(|name| name.trim().to_owned()));
    }
    for (at, _) in source.match_indices(" in ") {
        let before = source[..at].trim_end();
        if let Some(quote) = before
            .chars()
            .next_back()
            .filter(|quote| matches!(quote, '"' | '\''))
        {
            let before = &before[..before.len() - 1];
            found.extend(before.rsplit(quote).next().map(str::to_owned));
        }
    }
    found
}
