//! As typed → valid: reads trees into the model and tells every problem on the way.
//!
//! A reader returns `None` when it has told why, and its caller goes on with the rest, so that
//! one pass finds everything. One file for each noun: `read::suite` is where a file begins.

pub(crate) mod around;
pub(crate) mod blocks;
pub(crate) mod clear;
pub(crate) mod environment;
pub(crate) mod evidence;
pub(crate) mod expression;
pub(crate) mod giving;
pub(crate) mod grammar;
pub(crate) mod http;
pub(crate) mod locate;
pub(crate) mod names;
pub(crate) mod setting;
pub(crate) mod sockets;
pub(crate) mod step;
pub(crate) mod suite;
pub(crate) mod template;
pub(crate) mod test;
pub(crate) mod unknown;
pub(crate) mod users;
pub(crate) mod values;

use around::Around;

use crate::place::Span;
use crate::problem::Problems;
use crate::raw::{Map, Node};
use crate::vocabulary::{Noun, Support};

/// What every reader needs: where to tell problems, and the environment around the file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) problems: &'a Problems<'a>,
    pub(crate) around: &'a Around,
}

/// A map whose keys have been looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'n> {
    map: &'n Map,
}

impl<'n> Fields<'n> {
    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.map.get(key)
    }

    pub(crate) fn key_span(&self, key: &str) -> Option<Span> {
        self.map.entry(key).map(|entry| entry.key_span)
    }
}

impl Reader<'_> {
    /// A map with the keys of a noun: unknown, missing and not yet supported keys are told here.
    pub(crate) fn fields<'n>(&self, node: &'n Node, noun: &'static Noun) -> Option<Fields<'n>> {
        let map = self.map(node, noun.name)?;
        let mut meant = Vec::new();
        let mut is_partly_later = false;
        for entry in &map.entries {
            match noun.key(&entry.key).map(|key| key.support) {
                Some(Support::Required | Support::Optional) => {}
                Some(Support::NotYet(instead)) => {
                    is_partly_later = true;
                    self.not_yet(entry.key_span, &entry.key, instead);
                }
                None => meant.extend(self.unknown_key(noun, &entry.key, entry.key_span)),
            }
        }
        let at = map
            .entries
            .first()
            .map_or(node.span, |entry| entry.key_span);
        for key in noun.all().filter(|key| key.support == Support::Required) {
            let is_missing = map.get(key.name).is_none() && !meant.contains(&key.name);
            // What runs later may stand in for what is required now, as `command` for `steps`.
            if is_missing && !is_partly_later {
                let fix = format!("add `{}:`. {}", key.name, key.about);
                self.problems
                    .fix(at, format!("{} needs `{}`", noun.name, key.name), fix);
            }
        }
        Some(Fields { map })
    }

    pub(crate) fn not_yet(&self, span: Span, what: &str, instead: &str) {
        self.problems
            .fix(span, format!("not supported yet: {what}"), instead);
    }

    pub(crate) fn line(&self, span: Span) -> u32 {
        self.problems.line(span)
    }
}
