//! Words that tie the tree to one machine, or promise work instead of doing it.

use crate::tidy::Tree;

/// Each is written in two parts, so that this file does not find itself.
fn refused() -> [(String, &'static str); 7] {
    let join = |left: &str, right: &str| format!("{left}{right}");
    [
        (join("/wo", "rk/main"), "a path of one machine"),
        (join("/wo", "rk/shared"), "a path of one machine"),
        (join("/tmp/br", "ief"), "a path of one machine"),
        (join("/ro", "ot/"), "a path of one machine"),
        (
            join("FIX", "ME"),
            "finish it, or say what is missing in the docs",
        ),
        (
            join("TO", "DO"),
            "finish it, or say what is missing in the docs",
        ),
        (join("#[all", "ow("), "write #[expect(…, reason = \"…\")]"),
    ]
}

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let refused = refused();
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.text.lines().enumerate() {
            for (word, why) in &refused {
                if line.contains(word.as_str()) {
                    findings.push(format!("{}:{}: `{word}`: {why}", file.path, number + 1));
                }
            }
        }
    }
    findings
}
