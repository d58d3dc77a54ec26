//! That two texts say the same: equal trees and equal comments, in the same order.
//!
//! Trees come from the parser that runs are made by; comments from the formatter's own, which is
//! the one that could lose them.

use yaml_parser::SyntaxKind;

use crate::raw::{Kind, Node, Style};

/// Each text with its tree.
///
/// # Errors
/// What differs.
pub(super) fn says_the_same(before: (&str, &Node), after: (&str, &Node)) -> Result<(), String> {
    same_tree(before.1, after.1, &mut Vec::new())?;
    let (had, has) = (comments(before.0)?, comments(after.0)?);
    if had == has {
        return Ok(());
    }
    let lost = had.iter().zip(&has).find(|(one, other)| one != other);
    let lost = lost.map_or("", |(one, _)| one);
    Err(format!("a comment was lost or moved ({lost})"))
}

fn comments(text: &str) -> Result<Vec<String>, String> {
    let tree = yaml_parser::parse(text).map_err(|error| error.to_string())?;
    let tokens = tree.descendants_with_tokens();
    let comments = tokens.filter(|token| token.kind() == SyntaxKind::COMMENT);
    Ok(comments
        .map(|token| token.to_string().trim().to_owned())
        .collect())
}

/// `path` is where we are, for the message.
fn same_tree(before: &Node, after: &Node, path: &mut Vec<String>) -> Result<(), String> {
    let differs = |path: &[String]| Err(format!("`{}` would change", path.join(".")));
    match (&before.kind, &after.kind) {
        (Kind::Scalar(one), Kind::Scalar(other)) => {
            let is_same_kind = (one.style == Style::Plain) == (other.style == Style::Plain);
            if is_same_kind && one.text == other.text {
                return Ok(());
            }
            differs(path)
        }
        (Kind::List { items: one, .. }, Kind::List { items: other, .. }) => {
            if one.len() != other.len() {
                return differs(path);
            }
            for (at, (one, other)) in one.iter().zip(other).enumerate() {
                within(path, at.to_string(), |path| same_tree(one, other, path))?;
            }
            Ok(())
        }
        (Kind::Map(one), Kind::Map(other)) => {
            let (one, other) = (&one.entries, &other.entries);
            let keys = |entries: &[crate::raw::Entry]| -> Vec<String> {
                entries.iter().map(|entry| entry.key.clone()).collect()
            };
            if keys(one) != keys(other) {
                return differs(path);
            }
            for (one, other) in one.iter().zip(other) {
                within(path, one.key.clone(), |path| {
                    same_tree(&one.value, &other.value, path)
                })?;
            }
            Ok(())
        }
        _ => differs(path),
    }
}

fn within(
    path: &mut Vec<String>,
    part: String,
    look: impl FnOnce(&mut Vec<String>) -> Result<(), String>,
) -> Result<(), String> {
    path.push(part);
    let found = look(path);
    path.pop();
    found
}
