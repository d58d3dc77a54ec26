//! A key that a map may not have: what was probably meant, or where it belongs.

use super::Reader;
use crate::place::Span;
use crate::vocabulary::places::{elsewhere, stands_for};
use crate::vocabulary::{Noun, Support, nearest};

impl Reader<'_> {
    /// Tells of the key, and returns the one that was probably meant, which is then not missed.
    pub(crate) fn unknown_key(
        &self,
        noun: &'static Noun,
        key: &str,
        span: Span,
    ) -> Option<&'static str> {
        let shown: String = key.chars().take(60).collect();
        let message = format!("unknown key `{}`", shown.escape_debug());
        if let Some(fix) = elsewhere(noun, key, false) {
            self.problems.fix(span, message, fix);
            return stands_for(noun, key);
        }
        let near = nearest(key, noun.all().map(|key| key.name));
        if let Some(near) = near {
            self.problems.fix(span, message, meant(noun, near));
            return Some(near);
        }
        match key {
            "on" | "off" | "yes" | "no" => {
                let message = format!("{message}, which older YAML tools read as a boolean");
                self.problems
                    .fix(span, message, format!("{} has no such key", noun.name));
            }
            "<<" => {
                self.problems.fix(
                    span,
                    "merge keys (`<<`) are not part of the language",
                    "use `defaults:` or `define:`",
                );
            }
            _ => {
                let fix = elsewhere(noun, key, true).unwrap_or_else(|| takes(noun));
                self.problems.fix(span, message, fix);
            }
        }
        None
    }

    /// A key of a map that is no step yet, because nothing says what it does.
    pub(crate) fn without_kind(&self, noun: &'static Noun, key: &str, span: Span, kinds: &str) {
        let shown: String = key.chars().take(60).collect();
        let message = format!("unknown key `{}`", shown.escape_debug());
        let fix = elsewhere(noun, key, false)
            .or_else(|| elsewhere(noun, key, true))
            .unwrap_or_else(|| format!("a step has one of: {kinds}"));
        self.problems.fix(span, message, fix);
    }
}

fn meant(noun: &Noun, near: &str) -> String {
    match noun.key(near).map(|key| key.support) {
        Some(Support::NotYet(instead)) => {
            format!("did you mean `{near}`? It is not supported yet: {instead}")
        }
        _ => format!("did you mean `{near}`?"),
    }
}

/// The keys that can be written; those that don't run yet are not offered.
fn takes(noun: &Noun) -> String {
    let usable = noun
        .all()
        .filter(|key| !matches!(key.support, Support::NotYet(_)));
    let keys: Vec<_> = usable.map(|key| key.name).collect();
    format!("{} takes: {}", noun.name, keys.join(", "))
}
