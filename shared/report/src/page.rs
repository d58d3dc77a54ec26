//! Text for a terminal: every piece is made harmless on its way in, colours come from here alone.

use crate::escape;

/// What a piece of text says by its looks. Without colour it says it by its words alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Good,
    Bad,
    Doubtful,
    Strong,
    Faint,
}

impl Style {
    /// Parameters of SGR (ECMA-48, 8.3.117).
    fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Good => "1;32",
            Self::Bad => "1;31",
            Self::Doubtful => "1;33",
            Self::Strong => "1",
            Self::Faint => "2",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Page {
    text: String,
    is_coloured: bool,
}

impl Page {
    pub fn new(is_coloured: bool) -> Self {
        Self {
            text: String::new(),
            is_coloured,
        }
    }

    /// A piece of the current line.
    pub fn put(&mut self, text: &str) -> &mut Self {
        self.text.push_str(&escape::line(text));
        self
    }

    /// A piece of the current line, in a style.
    pub fn styled(&mut self, style: Style, text: &str) -> &mut Self {
        if !self.is_coloured || style == Style::Plain {
            return self.put(text);
        }
        self.text.push_str("\u{1b}[");
        self.text.push_str(style.code());
        self.text.push('m');
        self.put(text);
        self.text.push_str("\u{1b}[0m");
        self
    }

    /// Ends the current line, without blanks at its end.
    pub fn end(&mut self) -> &mut Self {
        let kept = self.text.trim_end_matches(' ').len();
        self.text.truncate(kept);
        self.text.push('\n');
        self
    }

    pub fn row(&mut self, text: &str) -> &mut Self {
        self.put(text).end()
    }

    /// A label in a column of its own, then text.
    pub fn field(&mut self, indent: usize, label: &str, text: &str) -> &mut Self {
        let width = 16_usize.saturating_sub(indent);
        self.put(&" ".repeat(indent));
        self.styled(Style::Faint, &format!("{label:<width$}"));
        self.row(text)
    }

    /// Several lines, each behind the same blanks.
    pub fn indented(&mut self, indent: usize, text: &str) -> &mut Self {
        for line in escape::block(text).lines() {
            self.row(&format!("{}{line}", " ".repeat(indent)));
        }
        self
    }

    /// An empty line and a heading.
    pub fn heading(&mut self, text: &str) -> &mut Self {
        self.end();
        self.styled(Style::Strong, text).end()
    }

    pub fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_colours() {
        let mut page = Page::new(true);
        page.styled(Style::Bad, "a\u{1b}[2Jb")
            .put("\u{1b}[1mc\n")
            .end();
        assert_eq!(page.finish(), "\u{1b}[1;31mab\u{1b}[0mc\n");
        let mut page = Page::new(false);
        page.styled(Style::Bad, "a").end();
        assert_eq!(page.finish(), "a\n");
    }
}
