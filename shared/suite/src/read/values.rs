//! Single values: text, names, numbers, booleans, durations, lists and maps of them.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::Reader;
use crate::duration;
use crate::place::Span;
use crate::raw::scalar::Value;
use crate::raw::{Entry, Map, Node, Scalar};
use crate::vocabulary::nearest;

impl Reader<'_> {
    pub(crate) fn wrong_kind(&self, node: &Node, expected: &str) {
        self.wrong_form(node, expected, None);
    }

    /// The same with what to write instead.
    pub(crate) fn wrong_form(&self, node: &Node, expected: &str, fix: Option<&str>) {
        if !node.is_reported {
            let message = format!("expected {expected}, this is {}", node.kind_name());
            let fix = fix.map(str::to_owned);
            self.problems.push(self.visible(node), message, fix);
        }
    }

    /// What was not written has no width of its own; the caret then stands where it would begin.
    fn visible(&self, node: &Node) -> Span {
        node.span
    }

    pub(crate) fn map<'n>(&self, node: &'n Node, expected: &str) -> Option<&'n Map> {
        let map = node.as_map().filter(|_| !node.is_reported);
        if map.is_none() {
            let is_list = node.as_list().is_some();
            let fix =
                is_list.then_some("write names with their values, `name: value`, without `- `");
            self.wrong_form(node, &format!("a map: {expected}"), fix);
        }
        map
    }

    pub(crate) fn entries<'n>(&self, node: &'n Node, expected: &str) -> &'n [Entry] {
        self.map(node, expected).map_or(&[], |map| &map.entries)
    }

    pub(crate) fn list<'n>(&self, node: &'n Node, expected: &str) -> &'n [Node] {
        match node.as_list().filter(|_| !node.is_reported) {
            Some(items) => items,
            None => {
                let fix = "write each on a line of its own, after `- `";
                self.wrong_form(node, &format!("a list of {expected}"), Some(fix));
                &[]
            }
        }
    }

    pub(crate) fn scalar<'n>(&self, node: &'n Node, expected: &str) -> Option<&'n Scalar> {
        let scalar = node.as_scalar().filter(|_| !node.is_reported);
        if scalar.is_none() {
            self.wrong_kind(node, expected);
        }
        scalar
    }

    /// Text; a number or boolean counts as the text it is written as, nothing doesn't.
    pub(crate) fn text(&self, node: &Node, expected: &str) -> Option<String> {
        let scalar = self.scalar(node, expected)?;
        if scalar.value() == Value::Null {
            self.wrong_kind(node, expected);
            return None;
        }
        Some(scalar.text.clone())
    }

    /// Text for readers, on one line: it goes to terminals and reports as it stands.
    pub(crate) fn label(&self, node: &Node, expected: &str) -> Option<String> {
        let text = self.text(node, expected)?;
        self.is_plain(&text, node.span, &[]).then_some(text)
    }

    /// Text for readers, on any number of lines.
    pub(crate) fn prose(&self, node: &Node, expected: &str) -> Option<String> {
        let text = self.text(node, expected)?;
        self.is_plain(&text, node.span, &['\n', '\t'])
            .then_some(text)
    }

    /// Without the characters by which a text takes over a terminal or turns a line around.
    pub(crate) fn is_plain(&self, text: &str, span: Span, but: &[char]) -> bool {
        let bad = text
            .chars()
            .find(|letter| !but.contains(letter) && acts(*letter));
        if let Some(bad) = bad {
            let message = format!("a control character stands here: U+{:04X}", u32::from(bad));
            let fix = if bad == '\n' {
                "write it on one line"
            } else {
                "write what can be read; terminals obey such characters"
            };
            self.problems.fix(span, message, fix);
        }
        bad.is_none()
    }

    /// Letters, digits, `_`, `-` and `.`, beginning with a letter, digit or `_`.
    pub(crate) fn name(&self, node: &Node, expected: &str) -> Option<String> {
        let text = self.text(node, expected)?;
        self.is_name(&text, node.span).then_some(text)
    }

    pub(crate) fn is_name(&self, text: &str, span: Span) -> bool {
        let mut letters = text.chars();
        let begins = letters
            .next()
            .is_some_and(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let is_name = begins
            && text.len() <= 200
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
        if !is_name {
            let shown: String = text.chars().take(60).collect();
            let message = format!("`{}` is not a name", shown.escape_debug());
            self.problems.fix(
                span,
                message,
                "use letters, digits, `_`, `-` and `.`, at most 200",
            );
        }
        is_name
    }

    /// A name that expressions can read: no `-` and no `.`.
    pub(crate) fn identifier(&self, text: &str, span: Span) -> bool {
        let mut letters = text.chars();
        let begins = letters
            .next()
            .is_some_and(|letter| letter.is_ascii_alphabetic() || letter == '_');
        let fits = begins && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !fits {
            let message = format!("`{}` can't be read in an expression", text.escape_debug());
            self.problems
                .fix(span, message, "use letters, digits and `_`, a letter first");
        }
        fits
    }

    pub(crate) fn boolean(&self, node: &Node) -> Option<bool> {
        let scalar = self.scalar(node, "true or false")?;
        match (scalar.value(), scalar.old_boolean()) {
            (Value::Bool(value), _) => Some(value),
            (_, Some(meant)) => {
                let message = format!("`{}` is text here, not a boolean", scalar.text);
                self.problems
                    .fix(node.span, message, format!("write {meant}"));
                None
            }
            _ => {
                self.wrong_kind(node, "true or false");
                None
            }
        }
    }

    pub(crate) fn integer<N>(&self, node: &Node, least: N, most: N) -> Option<N>
    where
        N: TryFrom<i64> + PartialOrd + Display,
    {
        let expected = format!("a whole number from {least} to {most}");
        let Value::Int(written) = self.scalar(node, &expected)?.value() else {
            self.wrong_kind(node, &expected);
            return None;
        };
        let number = N::try_from(written)
            .ok()
            .filter(|number| *number >= least && *number <= most);
        if number.is_none() {
            self.problems
                .add(node.span, format!("{written} is not {expected}"));
        }
        number
    }

    /// A duration above zero.
    pub(crate) fn duration(&self, node: &Node) -> Option<Duration> {
        let text = self.text(node, "a duration, as 500ms or 10s")?;
        match duration::parse(&text) {
            Ok(Duration::ZERO) => {
                self.problems
                    .add(node.span, "a duration of nothing; write more than 0");
                None
            }
            Ok(duration) => Some(duration),
            Err(bad) => {
                self.problems.add(node.span, bad.to_string());
                None
            }
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let listed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let text = self.text(node, &listed.join(", "))?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let message = format!("`{text}` is not one of {}", listed.join(", "));
            let near = nearest(&text, listed.iter().copied());
            let fix = near.map(|near| format!("did you mean `{near}`?"));
            self.problems.push(node.span, message, fix);
        }
        found.map(|(_, value)| *value)
    }

    /// A value whose type says by itself what is wrong with a text.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        node: &Node,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(node, expected)?;
        text.parse()
            .map_err(|bad: T::Err| self.problems.add(node.span, bad.to_string()))
            .ok()
    }

    pub(crate) fn labels(&self, node: &Node, expected: &str) -> Vec<String> {
        let items = self.list(node, expected).iter();
        items
            .filter_map(|item| self.label(item, expected))
            .collect()
    }

    pub(crate) fn texts(&self, node: &Node, expected: &str) -> Vec<String> {
        let items = self.list(node, expected).iter();
        items.filter_map(|item| self.text(item, expected)).collect()
    }

    /// `2026-12-31`, checked for its form and for months and days that exist.
    pub(crate) fn date(&self, node: &Node) -> Option<String> {
        let text = self.text(node, "a date, as 2026-12-31")?;
        if !is_date(&text) {
            let message = format!("`{text}` is not a date");
            self.problems
                .fix(node.span, message, "write year, month and day: 2026-12-31");
            return None;
        }
        Some(text)
    }
}

/// Control characters, and those that reorder the text around them.
fn acts(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else {
        return false;
    };
    let number = |part: &str, digits: usize| {
        let fits = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=last).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert!(is_date("2026-12-31") && is_date("2028-02-29"));
        for bad in [
            "2026-13-01",
            "2026-02-29",
            "2026-2-1",
            "31.12.2026",
            "2026-00-10",
            "",
        ] {
            assert!(!is_date(bad), "{bad}");
        }
    }
}
