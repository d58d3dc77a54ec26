//! File names that say nothing are refused.

use crate::tidy::Tree;

const REFUSED: [&str; 6] = [
    "mod.rs",
    "utils.rs",
    "util.rs",
    "helpers.rs",
    "common.rs",
    "misc.rs",
];

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    tree.with_extension("rs")
        .filter(|file| is_refused(&file.path))
        .map(|file| {
            format!(
                "{}: name the file after what it holds; a folder `foo/` has its `foo.rs` beside it",
                file.path
            )
        })
        .collect()
}

fn is_refused(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    REFUSED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_says_nothing_is_found() {
        assert!(is_refused("shared/suite/src/utils.rs"));
        assert!(is_refused("mod.rs"));
        assert!(!is_refused("shared/suite/src/model.rs"));
    }
}
