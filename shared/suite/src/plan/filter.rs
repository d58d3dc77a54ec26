//! The language of `-k`: which tests a run selects.
//!
//! `p1 and not tag:slow`, `id:test_0*`, `(suite:chat or p2) and login`. A bare word is a tier, or
//! a part of an id, suite or tag. Case never counts; `*` stands for any text.

use std::str::FromStr;

use domain::plan::Tier;

use crate::model::{Suite, Test};

/// A selection of tests; the default selects all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    condition: Option<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Tier(Tier),
    Id(String),
    Suite(String),
    Tag(String),
    Group(String),
    /// A part of the id, of the suite's name, or of a tag.
    Part(String),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

/// The text selects nothing that can be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("filter `{text}`, character {at}: {why}")]
pub struct BadFilter {
    pub text: String,
    /// Character from 1.
    pub at: usize,
    pub why: String,
}

/// Parentheses inside one another.
const MAX_DEPTH: usize = 50;

impl Filter {
    /// Selects every test.
    pub fn all() -> Self {
        Self::default()
    }

    pub fn selects(&self, suite: &Suite, test: &Test) -> bool {
        self.condition
            .as_ref()
            .is_none_or(|condition| condition.holds(suite, test))
    }
}

impl FromStr for Filter {
    type Err = BadFilter;

    fn from_str(text: &str) -> Result<Self, BadFilter> {
        let words = words(text);
        if words.is_empty() {
            return Ok(Self::all());
        }
        let mut reading = Reading {
            text,
            words: &words,
            at: 0,
        };
        let condition = reading.either(0)?;
        match reading.peek() {
            None => Ok(Self {
                condition: Some(condition),
            }),
            Some(")") => Err(reading.bad("a `)` without its `(`")),
            Some(_) => Err(reading.bad("`and` or `or` is missing before this word")),
        }
    }
}

impl Condition {
    fn holds(&self, suite: &Suite, test: &Test) -> bool {
        match self {
            Self::Tier(tier) => suite.tier == *tier,
            Self::Id(pattern) => fits(pattern, test.id.as_str()),
            Self::Suite(pattern) => fits(pattern, suite.name.as_str()),
            Self::Tag(pattern) => test.tags.iter().any(|tag| fits(pattern, tag)),
            Self::Group(pattern) => test
                .group
                .as_ref()
                .is_some_and(|group| fits(pattern, group)),
            Self::Part(part) => {
                let pattern = format!("*{part}*");
                fits(&pattern, test.id.as_str())
                    || fits(&pattern, suite.name.as_str())
                    || test.tags.iter().any(|tag| fits(&pattern, tag))
            }
            Self::Not(inner) => !inner.holds(suite, test),
            Self::And(left, right) => left.holds(suite, test) && right.holds(suite, test),
            Self::Or(left, right) => left.holds(suite, test) || right.holds(suite, test),
        }
    }
}

struct Reading<'t> {
    text: &'t str,
    words: &'t [(usize, &'t str)],
    at: usize,
}

impl<'t> Reading<'t> {
    fn peek(&self) -> Option<&'t str> {
        self.words.get(self.at).map(|(_, word)| *word)
    }

    fn takes(&mut self, expected: &str) -> bool {
        let is_it = self
            .peek()
            .is_some_and(|word| word.eq_ignore_ascii_case(expected));
        self.at += usize::from(is_it);
        is_it
    }

    fn bad(&self, why: impl Into<String>) -> BadFilter {
        let end = self.text.chars().count();
        let at = self.words.get(self.at).map_or(end, |(start, _)| *start);
        BadFilter {
            text: self.text.to_owned(),
            at: at + 1,
            why: why.into(),
        }
    }

    fn either(&mut self, depth: usize) -> Result<Condition, BadFilter> {
        let mut left = self.both(depth)?;
        while self.takes("or") {
            left = Condition::Or(Box::new(left), Box::new(self.both(depth)?));
        }
        Ok(left)
    }

    fn both(&mut self, depth: usize) -> Result<Condition, BadFilter> {
        let mut left = self.one(depth)?;
        while self.takes("and") {
            left = Condition::And(Box::new(left), Box::new(self.one(depth)?));
        }
        Ok(left)
    }

    fn one(&mut self, depth: usize) -> Result<Condition, BadFilter> {
        if depth > MAX_DEPTH {
            return Err(self.bad("too many `not` and `(` inside one another"));
        }
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inside = self.either(depth + 1)?;
            if !self.takes(")") {
                return Err(self.bad("a `(` without its `)`"));
            }
            return Ok(inside);
        }
        match self.peek() {
            None => {
                Err(self
                    .bad("something is missing here: a tier, `tag:`, `id:`, `suite:`, or a word"))
            }
            Some(word) if word == ")" || is_joint(word) => {
                Err(self.bad(format!("a condition is missing before `{word}`")))
            }
            Some(word) => {
                let condition = self.condition(word)?;
                self.at += 1;
                Ok(condition)
            }
        }
    }

    fn condition(&self, word: &str) -> Result<Condition, BadFilter> {
        let Some((key, value)) = word.split_once(':') else {
            return Ok(word
                .parse()
                .map_or_else(|_| Condition::Part(word.to_owned()), Condition::Tier));
        };
        if value.is_empty() {
            return Err(self.bad(format!("`{key}:` of what? write `{key}:NAME`")));
        }
        let value = value.to_owned();
        match key.to_ascii_lowercase().as_str() {
            "id" | "test" => Ok(Condition::Id(value)),
            "suite" => Ok(Condition::Suite(value)),
            "tag" => Ok(Condition::Tag(value)),
            "group" => Ok(Condition::Group(value)),
            "tier" | "priority" => value
                .parse()
                .map(Condition::Tier)
                .map_err(|bad: domain::plan::UnknownTier| self.bad(bad.to_string())),
            _ => Err(self.bad(format!(
                "unknown key `{key}`; use id, suite, tag, group or tier"
            ))),
        }
    }
}

fn is_joint(word: &str) -> bool {
    ["and", "or"]
        .iter()
        .any(|joint| word.eq_ignore_ascii_case(joint))
}

/// Words and parentheses with the character each begins at, from 0.
fn words(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut begun: Option<(usize, usize)> = None;
    for (index, (at, letter)) in text.char_indices().chain([(text.len(), ' ')]).enumerate() {
        let ends = letter.is_whitespace() || matches!(letter, '(' | ')');
        match (begun, ends) {
            (None, false) => begun = Some((index, at)),
            (Some((start, byte)), true) => {
                found.push((start, &text[byte..at]));
                begun = None;
            }
            _ => {}
        }
        if matches!(letter, '(' | ')') {
            found.push((index, &text[at..at + 1]));
        }
    }
    found
}

/// Whether a name fits a pattern with `*`, case aside.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let parts: Vec<&str> = pattern.split('*').collect();
    let (Some((first, rest)), true) = (parts.split_first(), parts.len() > 1) else {
        return pattern == name;
    };
    let Some(mut left) = name.strip_prefix(first) else {
        return false;
    };
    let (last, middle) = rest
        .split_last()
        .map_or(("", &[][..]), |(last, middle)| (*last, middle));
    for part in middle {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests;
