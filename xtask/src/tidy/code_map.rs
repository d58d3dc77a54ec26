//! What ARCHITECTURE.md names must exist, so that the map can't drift from the land.
//!
//! Every path in backticks must be a file or folder; every `name::Item` must name a crate or
//! module, and an item that is written somewhere below it.

use crate::tidy::Tree;

const MAP: &str = "ARCHITECTURE.md";

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let Some(map) = tree.files.iter().find(|file| file.path == MAP) else {
        return vec![format!("{MAP}: missing")];
    };
    let mut findings = Vec::new();
    for (number, line) in map.text.lines().enumerate() {
        for name in backticked(line) {
            if !exists(tree, name) {
                findings.push(format!(
                    "{MAP}:{}: `{name}` is not there any more",
                    number + 1
                ));
            }
        }
    }
    findings
}

/// The texts between single backticks of one line.
fn backticked(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn exists(tree: &Tree, name: &str) -> bool {
    if is_path(name) {
        return tree.root.join(name).exists();
    }
    match item(name) {
        Some(item) => mentions(tree, item),
        None => true,
    }
}

fn is_path(name: &str) -> bool {
    let plain = !name.contains(|letter: char| letter.is_whitespace() || "<>$*{:(".contains(letter));
    let looks = name.contains('/') || name.ends_with(".rs") || name.ends_with(".toml");
    plain && looks && !name.starts_with(['/', '.', '-'])
}

/// The last part of `a::b::Item`.
fn item(name: &str) -> Option<&str> {
    let (_, last) = name.rsplit_once("::")?;
    last.chars()
        .all(|letter| letter.is_alphanumeric() || letter == '_')
        .then_some(last)
}

fn mentions(tree: &Tree, item: &str) -> bool {
    let words = ["fn", "struct", "enum", "trait", "mod", "const", "type"];
    tree.with_extension("rs").any(|file| {
        file.text.lines().any(|line| {
            words.iter().any(|word| {
                line.split_once(&format!("{word} {item}"))
                    .is_some_and(|(_, rest)| {
                        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
            }) || line.trim_start().starts_with(item)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_items_are_told_from_other_words() {
        assert!(is_path("shared/domain/src/run.rs"));
        assert!(is_path("clippy.toml"));
        assert!(!is_path("muster run suites/"));
        assert!(!is_path(".muster/runs/<id>/"));
        assert_eq!(item("domain::Run::apply"), Some("apply"));
        assert_eq!(item("passed"), None);
    }

    #[test]
    fn several_names_of_one_line_are_all_read() {
        let names: Vec<_> = backticked("from `a.rs` to `b.rs`, see c").collect();
        assert_eq!(names, ["a.rs", "b.rs"]);
    }
}
