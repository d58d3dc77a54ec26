//! The canonical layout of a file: `muster fmt`. Text in, text out; what a file says stays.
//!
//! Indentation, spaces, quotes and blank lines are the formatter's (`pretty_yaml`, which keeps
//! comments); steps and checks in flow style become lines first (`format::blocks`), tests get a
//! blank line between them (`format::spacing`). Nothing is believed: `format::proof` compares the
//! trees and the comments of before and after, and a text that says something else is refused.

mod blocks;
mod proof;
mod spacing;

use pretty_yaml::config::{FormatOptions, LanguageOptions, LayoutOptions, LineBreak};

use crate::place::Text;
use crate::problem::{Problem, Problems};
use crate::raw::{self, Node};

/// Letters on a line, where a list or map in flow style has the choice.
const WIDTH: usize = 100;
/// Rounds after which a layout that still changes is given up.
const ROUNDS: usize = 4;

/// Why a file keeps the layout it has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unformatted {
    /// It has mistakes, so nobody knows what it means.
    #[error("it has mistakes")]
    Mistakes(Vec<Problem>),
    /// No layout was found that provably says the same.
    #[error("no other layout says provably the same: {0}; tell us, with the file")]
    Unsafe(String),
}

/// The canonical layout of a file's text; the same text when it has that layout already.
///
/// # Errors
/// When the text can't be read, or when a layout can't be shown to say the same.
pub fn format(path: &str, text: &str) -> Result<String, Unformatted> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = text.replace("\r\n", "\n");
    let before = parse(path, &text)?;
    // Should the lines made of flow style not say the same, the file is laid out with them as is.
    let first = stable(path, &text, &before, true);
    first.or_else(|_| stable(path, &text, &before, false))
}

/// Lays out again and again until nothing changes, which one round mostly does.
fn stable(path: &str, text: &str, before: &Node, in_lines: bool) -> Result<String, Unformatted> {
    let mut now = text.to_owned();
    for _ in 0..ROUNDS {
        let next = round(path, &now, in_lines)?;
        proof::says_the_same((text, before), (&next, &reread(path, &next)?))
            .map_err(Unformatted::Unsafe)?;
        if next == now {
            return Ok(now);
        }
        now = next;
    }
    Err(Unformatted::Unsafe("its layout never settles".to_owned()))
}

fn round(path: &str, text: &str, in_lines: bool) -> Result<String, Unformatted> {
    let mut text = text.to_owned();
    if in_lines {
        text = blocks::in_lines(&text, &reread(path, &text)?);
    }
    let laid_out = pretty_yaml::format_text(&text, &options())
        .map_err(|error| Unformatted::Unsafe(format!("the formatter can't read it: {error}")))?;
    Ok(spacing::between_tests(&laid_out, &reread(path, &laid_out)?))
}

fn parse(path: &str, text: &str) -> Result<Node, Unformatted> {
    let whole = Text::new(text);
    let problems = Problems::new(path, &whole);
    let root = raw::parse::parse(text, &problems);
    match root {
        Some(root) if problems.is_empty() => Ok(root),
        _ => {
            let mut problems = problems.into_sorted();
            if problems.is_empty() {
                problems.push(Problem::of_file(path, "this file is empty", None));
            }
            Err(Unformatted::Mistakes(problems))
        }
    }
}

/// A text that we made: should it have mistakes, they are ours.
fn reread(path: &str, text: &str) -> Result<Node, Unformatted> {
    parse(path, text).map_err(|refused| match refused {
        Unformatted::Mistakes(problems) => {
            let why = problems.first().map(|problem| problem.message.as_str());
            Unformatted::Unsafe(why.unwrap_or("it can't be read back").to_owned())
        }
        Unformatted::Unsafe(_) => refused,
    })
}

fn options() -> FormatOptions {
    FormatOptions {
        layout: LayoutOptions {
            print_width: WIDTH,
            indent_width: 2,
            line_break: LineBreak::Lf,
        },
        language: LanguageOptions {
            // A directive would be a second way to say what a layout is.
            ignore_comment_directive: "muster-fmt-ignore".to_owned(),
            // What is too long for a line is in lines already.
            prefer_single_line: true,
            // Those of a text in a block are part of the text.
            trim_trailing_whitespaces: false,
            ..LanguageOptions::default()
        },
    }
}

#[cfg(test)]
mod tests;
