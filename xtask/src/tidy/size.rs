//! Files that have grown past one subject: listed for a look, not refused.

use crate::tidy::Tree;

const LINES: usize = 400;

pub(crate) fn remarks(tree: &Tree) -> Vec<String> {
    tree.with_extension("rs")
        .map(|file| (file, file.text.lines().count()))
        .filter(|(_, lines)| *lines > LINES)
        .map(|(file, lines)| format!("{}: {lines} lines; are these two subjects?", file.path))
        .collect()
}
