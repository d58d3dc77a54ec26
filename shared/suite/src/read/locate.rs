//! Where in the file a piece of a scalar's text stands, whatever its style.
//!
//! A scalar's text and its source differ by quotes, escapes, indentation and folded lines; both
//! are walked side by side.

use crate::place::{Span, Text};
use crate::raw::{Node, Style};

/// For each character of the scalar's text, its offset in the file, and one more for the end.
pub(crate) struct Locator {
    offsets: Vec<usize>,
    bytes: Vec<usize>,
}

impl Locator {
    pub(crate) fn new(node: &Node, text: &Text) -> Self {
        let (written, style) = node.as_scalar().map_or(("", Style::Plain), |scalar| {
            (scalar.text.as_str(), scalar.style)
        });
        let mut walk = Walk {
            chars: text.chars(),
            at: node.span.start,
            end: node.span.end,
            style,
        };
        if matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
            walk.at += 1;
        }
        let mut offsets: Vec<usize> = written.chars().map(|letter| walk.next(letter)).collect();
        offsets.push(walk.at);
        let mut bytes: Vec<usize> = written.char_indices().map(|(at, _)| at).collect();
        bytes.push(written.len());
        Self { offsets, bytes }
    }

    /// The span of `len` bytes from byte `offset` of the scalar's text.
    pub(crate) fn span(&self, offset: usize, len: usize) -> Span {
        let start = self.offset(offset);
        let last = self.offset((offset + len.max(1)).saturating_sub(1));
        Span::new(start, last.max(start) + 1)
    }

    fn offset(&self, byte: usize) -> usize {
        let index = self
            .bytes
            .partition_point(|&start| start <= byte)
            .saturating_sub(1);
        self.offsets.get(index).copied().unwrap_or_default()
    }
}

struct Walk<'t> {
    chars: &'t [char],
    at: usize,
    end: usize,
    style: Style,
}

impl Walk<'_> {
    /// The offset of the next character of the text, which is `letter`.
    fn next(&mut self, letter: char) -> usize {
        if !letter.is_whitespace() {
            self.skip_layout(letter);
        }
        let here = self.at.min(self.end);
        let step = match (self.style, self.peek(0)) {
            (Style::DoubleQuoted, Some('\\')) => self.escape_length(),
            (Style::SingleQuoted, Some('\'')) => 2,
            (_, Some(found)) if found == letter => 1,
            // A folded line break stands for a run of white space.
            _ => self.layout_length(),
        };
        self.at += step;
        here
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        let at = self.at + ahead;
        (at < self.end)
            .then(|| self.chars.get(at).copied())
            .flatten()
    }

    fn skip_layout(&mut self, letter: char) {
        while self
            .peek(0)
            .is_some_and(|found| found != letter && found.is_whitespace())
        {
            self.at += 1;
        }
    }

    fn layout_length(&self) -> usize {
        let mut length = 0;
        while self.peek(length).is_some_and(char::is_whitespace) {
            length += 1;
        }
        length
    }

    fn escape_length(&self) -> usize {
        match self.peek(1) {
            Some('x') => 4,
            Some('u') => 6,
            Some('U') => 10,
            _ => 2,
        }
    }
}
