//! Text from outside, made harmless: what a test, a target or a file said is never an instruction
//! to a terminal, to a Markdown reader or to the eye.
//!
//! Removed are terminal escape sequences, control characters, and the marks that reorder or hide
//! text (Unicode TR36, "bidirectional text spoofing").

/// One line: line breaks and tabs become spaces, everything that isn't shown is gone.
pub fn line(text: &str) -> String {
    let kept = visible(text).map(|letter| match letter {
        '\n' | '\r' | '\t' => ' ',
        other => other,
    });
    kept.collect()
}

/// Several lines: line breaks stay, tabs become four spaces, the rest as in [`line()`].
pub fn block(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for letter in visible(text).filter(|letter| *letter != '\r') {
        match letter {
            '\t' => kept.push_str("    "),
            other => kept.push(other),
        }
    }
    kept
}

/// At most `limit` letters; what was cut is marked by `…`.
pub fn clip(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        None => text.to_owned(),
        Some(_) => {
            let kept: String = text.chars().take(limit.saturating_sub(1)).collect();
            format!("{kept}…")
        }
    }
}

/// A word for a shell, quoted where a shell would read more than text into it.
pub fn shell(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_./:@=+-,%".contains(letter);
    let word = line(word);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut sequence = Sequence::None;
    text.chars().filter(move |letter| sequence.admits(*letter))
}

/// How far a terminal escape sequence has come (ECMA-48, sections 5.3 and 5.4).
#[derive(Clone, Copy)]
enum Sequence {
    None,
    Escape,
    /// `ESC [` … up to a final byte.
    Control,
    /// `ESC ]` and its kin: a string up to BEL or a string terminator.
    Text,
    /// An escape inside such a string: `\` behind it is the terminator.
    TextEscape,
}

impl Sequence {
    /// Whether the letter is text to show; follows the sequence it may belong to.
    fn admits(&mut self, letter: char) -> bool {
        let (next, is_shown) = match (*self, letter) {
            (Self::Text, '\u{1b}') => (Self::TextEscape, false),
            (Self::TextEscape, '\\') => (Self::None, false),
            // A string that a line break ends was never one: the rest is shown again.
            (Self::Text | Self::TextEscape | Self::Control | Self::Escape, '\n') => {
                (Self::None, true)
            }
            (Self::Text | Self::TextEscape, '\u{7}' | '\u{9c}') => (Self::None, false),
            (Self::Text | Self::TextEscape, _) => (Self::Text, false),
            (_, '\u{1b}') => (Self::Escape, false),
            (_, '\u{9b}') | (Self::Escape, '[') => (Self::Control, false),
            (_, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => (Self::Text, false),
            (Self::Escape, ']' | 'P' | 'X' | '^' | '_') => (Self::Text, false),
            (Self::Escape, ' '..='/') => (Self::Escape, false),
            (Self::Escape, _) => (Self::None, false),
            (Self::Control, ' '..='?') => (Self::Control, false),
            (Self::Control, '@'..='~') => (Self::None, false),
            (Self::None | Self::Control, letter) => (Self::None, is_visible(letter)),
        };
        *self = next;
        is_shown
    }
}

fn is_visible(letter: char) -> bool {
    let is_break = matches!(letter, '\n' | '\r' | '\t');
    let is_hidden = matches!(
        letter,
        '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{61c}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    );
    is_break || !(letter.is_control() || is_hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_are_gone_and_text_stays() {
        for (dirty, clean) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}after", "after"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{9b}2Jgone", "gone"),
            ("\u{1b}(Bset", "set"),
            ("\u{1b}Pdevice\u{1b}\\kept", "kept"),
            ("a\u{8}\u{7f}\u{85}b", "ab"),
            ("lines\r\nand\ttabs", "lines  and tabs"),
            ("\u{202e}evil\u{2066}\u{200b}", "evil"),
            ("open \u{1b}]0;string\nnext", "open  next"),
            ("é ‹token:3f› 日本", "é ‹token:3f› 日本"),
        ] {
            assert_eq!(line(dirty), clean, "{dirty:?}");
        }
        assert_eq!(block("a\r\n\tb\u{1b}[1m"), "a\n    b");
    }

    #[test]
    fn a_shell_reads_a_word_as_text() {
        assert_eq!(shell("p1::t_1@eu-1"), "p1::t_1@eu-1");
        assert_eq!(shell("p1::t[a b]@eu"), "'p1::t[a b]@eu'");
        assert_eq!(shell("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(shell(""), "''");
    }

    #[test]
    fn what_is_cut_is_marked() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("日本語です", 3), "日本…");
    }
}
