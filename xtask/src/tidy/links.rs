//! Links from one page of the tree to another must lead somewhere.

use std::path::Path;

use crate::tidy::Tree;

pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    for page in tree.with_extension("md") {
        let folder = Path::new(&page.path).parent().unwrap_or(Path::new(""));
        for (number, line) in page.text.lines().enumerate() {
            for target in targets(line) {
                if !tree.root.join(folder).join(target).exists() {
                    findings.push(format!(
                        "{}:{}: the link to `{target}` leads nowhere",
                        page.path,
                        number + 1
                    ));
                }
            }
        }
    }
    findings
}

/// The relative targets of `[text](target)` in one line, without their `#part`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target.split('#').next().unwrap_or(target))
        .filter(|target| !target.is_empty() && !target.contains(':') && !target.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_links_inside_the_tree_are_followed() {
        let line = "see [a](docs/a.md#part), [b](https://b.example) and [c](#here)";
        let found: Vec<_> = targets(line).collect();
        assert_eq!(found, ["docs/a.md"]);
    }
}
