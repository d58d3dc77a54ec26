//! Which names an expression may read: scope analysis over a test's blocks and steps.
//!
//! Scopes nest as test → block → turn. An inner scope reads the outer and never writes it, and
//! each name is given once. Only what is not known here can be known at run time: members of
//! received values.

use std::collections::{BTreeMap, BTreeSet};

/// Names the language itself gives a meaning; nothing may be saved under them.
pub(crate) const RESERVED: &[&str] = &[
    "account",
    "at_ms",
    "body",
    "elapsed_ms",
    "env",
    "frame",
    "headers",
    "in",
    "message",
    "metric",
    "null",
    "result",
    "row",
    "status",
    "test",
    "text",
    "tls",
    "true",
    "false",
    "user",
    "vars",
];

/// What can be read of a socket.
pub(crate) const SOCKET_MEMBERS: &[&str] = &[
    "log",
    "last",
    "lost",
    "duplicated",
    "out_of_order",
    "recoveries_ms",
    "interruptions",
];
/// Those that only counting gives.
pub(crate) const TRACKED_MEMBERS: &[&str] = &["lost", "duplicated", "out_of_order"];

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Saved by a step, collected by `into`, counted by `index`.
    Value,
    Socket {
        is_tracked: bool,
    },
    /// A record whose members are known, or taken as known.
    Record(Option<BTreeSet<String>>),
    /// What an exchange leaves to read; the next exchange writes it anew.
    Answer,
    /// In the language, but not here; the text says why.
    Absent(&'static str),
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) what: What,
    /// Came from the target in this case, or was computed from what did.
    pub(crate) is_received: bool,
    /// Line that gave the name; 0 for the language's own.
    pub(crate) line: u32,
    /// Fields are there by construction, or `null`: `each` made them.
    pub(crate) has_all_fields: bool,
}

impl Known {
    pub(crate) fn value(is_received: bool, line: u32) -> Self {
        Self {
            what: What::Value,
            is_received,
            line,
            has_all_fields: false,
        }
    }

    fn own(what: What, is_received: bool) -> Self {
        // Members of a record are looked up when the file is read.
        let has_all_fields = matches!(what, What::Record(_));
        Self {
            what,
            is_received,
            line: 0,
            has_all_fields,
        }
    }
}

/// One layer of names over those around it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names<'o> {
    outer: Option<&'o Names<'o>>,
    own: BTreeMap<String, Known>,
}

impl<'o> Names<'o> {
    pub(crate) fn inside(outer: &'o Names<'o>) -> Self {
        Self {
            outer: Some(outer),
            own: BTreeMap::new(),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Known> {
        self.own.get(name).or_else(|| self.outer?.get(name))
    }

    pub(crate) fn set(&mut self, name: &str, known: Known) {
        self.own.insert(name.to_owned(), known);
    }

    pub(crate) fn hide(&mut self, name: &str) {
        if let Some(known) = self.own.get_mut(name) {
            known.what = What::Absent(
                "it was saved in a block that doesn't return it; list it under `returns:`",
            );
        }
    }

    /// Names of this layer alone.
    pub(crate) fn own(&self) -> impl Iterator<Item = (&String, &Known)> {
        self.own.iter()
    }

    /// Every name that can be read here.
    pub(crate) fn all(&self) -> BTreeSet<&str> {
        let mut all: BTreeSet<&str> = self.outer.map(Names::all).unwrap_or_default();
        all.extend(self.own.keys().map(String::as_str));
        all
    }

    pub(crate) fn record(
        &mut self,
        name: &str,
        members: Option<BTreeSet<String>>,
        is_received: bool,
    ) {
        self.set(name, Known::own(What::Record(members), is_received));
    }

    pub(crate) fn absent(&mut self, name: &str, why: &'static str) {
        self.set(name, Known::own(What::Absent(why), false));
    }

    /// What an exchange leaves to read; what an earlier one of another kind left is gone.
    pub(crate) fn answer(&mut self, names: &[&str], is_received: bool) {
        for name in ANSWERS {
            self.absent(name, "the last step that talked left nothing of that name");
        }
        for name in names {
            self.set(name, Known::own(What::Answer, is_received));
        }
    }

    /// Adds what is there only while a message is looked at.
    pub(crate) fn looking(&mut self) {
        for name in MESSAGE {
            self.set(name, Known::own(What::Answer, true));
        }
    }
}

/// Names that exchanges leave.
pub(crate) const ANSWERS: &[&str] = &[
    "status",
    "headers",
    "body",
    "text",
    "elapsed_ms",
    "at_ms",
    "message",
    "frame",
    "tls",
];
/// Names after an answer to a request or handshake.
pub(crate) const HTTP_ANSWER: &[&str] = &[
    "status",
    "headers",
    "body",
    "text",
    "elapsed_ms",
    "at_ms",
    "tls",
];
/// Names while a message is looked at, and after it was taken.
pub(crate) const MESSAGE: &[&str] = &["message", "frame", "text", "elapsed_ms", "at_ms"];

/// `root.member.member` chains of an expression's source outside quotes, with the root's byte
/// offset. A name alone is a chain of one.
pub(crate) fn chains(source: &str) -> Vec<(usize, Vec<&str>)> {
    let mut found: Vec<(usize, Vec<&str>)> = Vec::new();
    let mut end = 0;
    for (start, word) in words(source) {
        let before = source[..start].trim_end();
        let follows = before.ends_with('.');
        let is_next = source[end..start].trim() == "." && !found.is_empty();
        match found.last_mut() {
            Some((_, chain)) if follows && is_next && !chain.is_empty() => chain.push(word),
            // Behind a bracket or a call: a member of something that has no name.
            _ if follows => found.push((start, Vec::new())),
            _ => found.push((start, vec![word])),
        }
        end = start + word.len();
    }
    found.retain(|(_, chain)| !chain.is_empty());
    found
}

/// The byte offset at which a name is read as a variable.
pub(crate) fn offset_of(source: &str, name: &str) -> usize {
    words(source)
        .into_iter()
        .find(|&(start, word)| word == name && !source[..start].trim_end().ends_with('.'))
        .map_or(0, |(start, _)| start)
}

/// Identifiers outside quotes, with their byte offsets.
fn words(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut begun: Option<usize> = None;
    let mut escaped = false;
    for (at, letter) in source.char_indices().chain([(source.len(), ' ')]) {
        let is_word = quote.is_none() && (letter.is_ascii_alphanumeric() || letter == '_');
        match (begun, is_word) {
            (None, true) => begun = Some(at),
            (Some(start), false) => {
                found.push((start, &source[start..at]));
                begun = None;
            }
            _ => {}
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if letter == '\\' => escaped = true,
            Some(open) if letter == open => quote = None,
            None if matches!(letter, '"' | '\'') => quote = Some(letter),
            _ => {}
        }
    }
    found.retain(|(_, word)| !word.starts_with(|first: char| first.is_ascii_digit()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authors_page_lists_the_reserved_names() {
        let page = include_str!("../../../../docs/suite-format.md");
        let (_, after) = page
            .split_once("Reserved, and never saved to: ")
            .unwrap_or_default();
        let (listed, _) = after.split_once(". ").unwrap_or_default();
        let mut listed: Vec<&str> = listed
            .split(['`', ' ', '\n'])
            .filter(|name| !name.is_empty())
            .collect();
        let mut reserved = RESERVED.to_vec();
        listed.sort_unstable();
        reserved.sort_unstable();
        assert_eq!(listed, reserved);
    }

    #[test]
    fn chains_are_found_outside_quotes_only() {
        let source = r#"vars.limit < f(body.n[0].id) && "vars.x \" vars.y" != row . a.b"#;
        let found: Vec<_> = chains(source)
            .into_iter()
            .map(|(_, chain)| chain.join("."))
            .collect();
        assert_eq!(found, ["vars.limit", "f", "body.n", "row.a.b"]);
        assert_eq!(offset_of("a.vars == vars", "vars"), 10);
    }
}
