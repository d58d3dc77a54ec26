//! Text within a line of Markdown: nothing in it is markup. Cells are `table`'s to keep apart.

use crate::escape;

/// Prose.
pub(super) fn text(of: &str) -> String {
    let of = escape::line(of);
    let letters: Vec<char> = of.chars().collect();
    let mut out = String::with_capacity(of.len() + 8);
    for (place, letter) in letters.iter().enumerate() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '_' if is_inside_a_word(&letters, place) => out.push('_'),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '~' | '!' | '$' | '@' => {
                out.push('\\');
                out.push(*letter);
            }
            other => out.push(*other),
        }
    }
    out
}

/// Text as it stands, in a code span whose fence is longer than any in it.
pub(super) fn code(of: &str) -> String {
    let of = escape::line(of);
    if of.trim().is_empty() {
        return String::new();
    }
    let longest = of
        .split(|letter| letter != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    match longest {
        0 => format!("{fence}{of}{fence}"),
        _ => format!("{fence} {of} {fence}"),
    }
}

/// Underscores of `test_002` are no emphasis (GFM, 6.4: intraword underscores).
fn is_inside_a_word(letters: &[char], place: usize) -> bool {
    let is_word = |at: Option<usize>| {
        at.and_then(|at| letters.get(at))
            .is_some_and(|letter| letter.is_alphanumeric())
    };
    is_word(place.checked_sub(1)) && is_word(place.checked_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_prose_is_markup() {
        assert_eq!(text("test_002 *x* <b>"), r"test_002 \*x\* &lt;b&gt;");
        assert_eq!(text("_a_ [l](u) `c`\nnext"), r"\_a\_ \[l\](u) \`c\` next");
    }

    #[test]
    fn a_code_span_holds_any_text() {
        assert_eq!(code("a | b"), "`a | b`");
        assert_eq!(code("x ``y`` z"), "``` x ``y`` z ```");
        assert_eq!(code(" "), "");
    }
}
