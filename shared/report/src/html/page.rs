//! Markup in the making. Only text of this program is markup; everything else is escaped on its
//! way in, and loses what would steer a terminal or reorder letters.

use std::fmt::{Display, Write as _};

use domain::outcome::Outcome;

use crate::escape;

/// What a mark says by its looks; its word says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Doubtful,
    Quiet,
}

impl Tone {
    /// Of an outcome; `None` is an open case.
    pub(super) fn of(outcome: Option<Outcome>) -> Self {
        match outcome {
            Some(Outcome::Passed) => Self::Good,
            Some(Outcome::Failed) => Self::Bad,
            Some(Outcome::Skipped) | None => Self::Quiet,
            Some(_) => Self::Doubtful,
        }
    }

    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Doubtful => "doubt",
            Self::Quiet => "quiet",
        }
    }

    pub(super) fn glyph(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✕",
            Self::Doubtful => "!",
            Self::Quiet => "–",
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Page {
    out: String,
}

impl Page {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Markup as written in this program: nothing from outside lives as long.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// One line of text, safe between tags and within double quotes.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        push_escaped(&mut self.out, &escape::line(text));
        self
    }

    /// Text of several lines.
    pub(super) fn block(&mut self, text: &str) -> &mut Self {
        push_escaped(&mut self.out, &escape::block(text));
        self
    }

    pub(super) fn show(&mut self, value: impl Display) -> &mut Self {
        self.text(&value.to_string())
    }

    /// Text within markup.
    pub(super) fn within(
        &mut self,
        before: &'static str,
        text: &str,
        after: &'static str,
    ) -> &mut Self {
        self.raw(before).text(text).raw(after)
    }

    /// A share from 0 to 1 as a CSS percentage.
    pub(super) fn percent(&mut self, share: f64) -> &mut Self {
        let share = if share.is_finite() { share } else { 0.0 };
        let percent = (share * 100.0).clamp(0.0, 100.0);
        // Writing to a string does not fail.
        let _ = write!(self.out, "{percent:.2}%");
        self
    }

    /// A word with a mark, told apart by both and not by colour alone.
    pub(super) fn badge(&mut self, tone: Tone, word: &str) -> &mut Self {
        self.raw("<span class=\"badge ").raw(tone.class());
        self.raw("\"><span aria-hidden=\"true\">")
            .raw(tone.glyph())
            .raw("</span> ");
        self.text(word).raw("</span>")
    }

    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        self.within("<code>", text, "</code>")
    }

    /// Up to `limit` names as code, and how many more there are.
    pub(super) fn codes<'name>(
        &mut self,
        names: impl ExactSizeIterator<Item = &'name str>,
        limit: usize,
    ) -> &mut Self {
        let more = names.len().saturating_sub(limit);
        for (place, name) in names.take(limit).enumerate() {
            if place > 0 {
                self.raw(", ");
            }
            self.code(name);
        }
        if more > 0 {
            self.raw(" and ").show(more).raw(" more");
        }
        self
    }

    /// A section with its heading; `id` is what links within the page name it by.
    pub(super) fn section(&mut self, id: &'static str, title: &'static str) -> &mut Self {
        self.raw("<section id=\"").raw(id).raw("\">\n<h2>");
        self.raw(title).raw("</h2>\n")
    }

    /// A table that scrolls by itself where it is too wide, also by keyboard.
    pub(super) fn table(&mut self, label: &'static str, head: &[&'static str]) -> &mut Self {
        self.raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
        self.raw(label)
            .raw("\">\n<table class=\"stack\">\n<thead><tr>");
        for (place, title) in head.iter().enumerate() {
            self.raw(if place == 0 {
                "<th scope=\"col\">"
            } else {
                "<th scope=\"col\" class=\"col\">"
            });
            self.raw(title).raw("</th>");
        }
        self.raw("</tr></thead>\n<tbody>\n")
    }

    pub(super) fn end_table(&mut self) -> &mut Self {
        self.raw("</tbody>\n</table>\n</div>\n")
    }

    /// Bytes written so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

fn push_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_is_never_markup() {
        let mut page = Page::new();
        page.text("<b a=\"1\" b='2'>&amp;\u{1b}[31m\u{202e}\n</b>");
        assert_eq!(
            page.finish(),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp; &lt;/b&gt;"
        );
    }

    #[test]
    fn a_share_is_a_percentage_whatever_it_is() {
        for (share, text) in [
            (0.125, "12.50%"),
            (f64::NAN, "0.00%"),
            (-1.0, "0.00%"),
            (7.0, "100.00%"),
        ] {
            let mut page = Page::new();
            page.percent(share);
            assert_eq!(page.finish(), text);
        }
    }
}
