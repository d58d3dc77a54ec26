//! Every source file opens by saying what it owns.

use crate::tidy::Tree;

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    tree.with_extension("rs")
        .filter(|file| !opens_well(&file.text))
        .map(|file| {
            format!(
                "{}:1: open the file with `//!` lines: what it owns, what it never does, where \
                 to go next",
                file.path
            )
        })
        .collect()
}

fn opens_well(text: &str) -> bool {
    text.lines()
        .next()
        .and_then(|line| line.strip_prefix("//! "))
        .is_some_and(|words| words.len() >= 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_a_header_is_found() {
        assert!(opens_well(
            "//! Leases decide who may run what.\n\nfn a() {}\n"
        ));
        assert!(!opens_well("fn a() {}\n"));
        assert!(!opens_well("//!\n"));
        assert!(!opens_well(""));
    }
}
