//! Dependencies that a crate asks for and never mentions.
//!
//! A search for the name in the crate's own sources: cheap, and right for every crate that is not
//! only used by generated code (those are excepted by name).

use crate::tidy::Tree;

/// Used by the code that a `build.rs` generates.
const GENERATED: [(&str, &str); 5] = [
    ("coordination", "prost"),
    ("coordination", "tonic-prost"),
    ("proto", "prost"),
    ("proto", "tonic"),
    ("proto", "tonic-prost"),
];

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for package in tree.crates() {
        let folder = package.folder.strip_prefix(&tree.root);
        let Ok(folder) = folder.map(|path| format!("{}/", path.display())) else {
            continue;
        };
        let sources: Vec<&str> = tree
            .with_extension("rs")
            .filter(|file| file.path.starts_with(&folder))
            .map(|file| file.text.as_str())
            .collect();
        for dependency in &package.dependencies {
            let is_generated = GENERATED.contains(&(&package.name, &dependency.name));
            let name = dependency.name.replace('-', "_");
            if !is_generated && !sources.iter().any(|text| mentions(text, &name)) {
                findings.push(format!(
                    "{folder}Cargo.toml: `{}` is asked for and never used; take it out",
                    dependency.name
                ));
            }
        }
    }
    findings
}

/// The name stands in the text as a whole word, in code and not in a comment.
fn mentions(text: &str, name: &str) -> bool {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.lines()
        .map(|line| line.split("//").next().unwrap_or(line))
        .any(|line| {
            line.split(|letter| !is_word(letter))
                .any(|word| word == name)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_counts_only_as_a_whole_word_of_code() {
        assert!(mentions("use run_log::Log;", "run_log"));
        assert!(!mentions("// run_log is elsewhere", "run_log"));
        assert!(!mentions("let my_run_log = 1;", "run_log"));
    }
}
