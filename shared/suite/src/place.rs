//! Where something stands in a file: character offsets, lines and columns.
//!
//! Offsets count characters, never bytes, so that a caret stands right under accented text. It
//! knows nothing of YAML; `raw` gives every node a `Span`.

/// Characters `start..end` of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// A file's characters with the offsets at which its lines begin.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    chars: Vec<char>,
    starts: Vec<usize>,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut starts = vec![0];
        starts.extend(
            chars
                .iter()
                .enumerate()
                .filter(|&(_, &letter)| letter == '\n')
                .map(|(at, _)| at + 1),
        );
        Self { chars, starts }
    }

    pub(crate) fn chars(&self) -> &[char] {
        &self.chars
    }

    /// Line and column of an offset, both from 1.
    pub(crate) fn position(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|&start| start <= offset).max(1);
        let column = offset - self.starts.get(line - 1).copied().unwrap_or_default() + 1;
        (count(line), count(column))
    }

    /// The offset at which a line (from 1) begins; the end of the file for a line behind it.
    pub(crate) fn offset_of_line(&self, line: u32) -> usize {
        let index = usize::try_from(line)
            .unwrap_or(usize::MAX)
            .saturating_sub(1);
        self.starts.get(index).copied().unwrap_or(self.chars.len())
    }

    /// A line's text without its end, or nothing when the file is shorter.
    pub(crate) fn line(&self, line: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = *self.starts.get(index)?;
        let end = self.end_of_line(start);
        Some(self.slice(Span::new(start, end)))
    }

    /// The offset of the line break (or the end of the file) at or behind `offset`.
    pub(crate) fn end_of_line(&self, offset: usize) -> usize {
        let mut end = offset.min(self.chars.len());
        while end < self.chars.len() && !matches!(self.chars[end], '\n' | '\r') {
            end += 1;
        }
        end
    }

    pub(crate) fn slice(&self, span: Span) -> String {
        let end = span.end.min(self.chars.len());
        let start = span.start.min(end);
        self.chars[start..end].iter().collect()
    }

    /// How many characters of the span stand on its first line, at least 1.
    pub(crate) fn width(&self, span: Span) -> u32 {
        let end = span.end.min(self.end_of_line(span.start));
        count(end.saturating_sub(span.start).max(1))
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_characters_not_bytes() {
        let text = Text::new("äö: x\r\nzweite: ü\n");
        assert_eq!(text.position(4), (1, 5));
        assert_eq!(text.position(7), (2, 1));
        assert_eq!(text.line(2).as_deref(), Some("zweite: ü"));
        assert_eq!(text.line(1).as_deref(), Some("äö: x"));
        assert_eq!(text.line(9), None);
    }

    #[test]
    fn a_width_ends_with_its_line() {
        let text = Text::new("ab\ncd");
        assert_eq!(text.width(Span::new(0, 5)), 2);
        assert_eq!(text.width(Span::new(5, 5)), 1);
    }
}
