//! Licences, sources and bans of all dependencies, by the lists of deny.toml.
//!
//! cargo-deny reads the same file (`cargo xtask deny`); this rule needs no tool, no network and
//! no time, so it runs each time. A licence expression is judged as written: `OR` wants one side,
//! `AND` both, and `/` is an old spelling of `OR`.

use anyhow::Context as _;
use toml_edit::{DocumentMut, Item};

use crate::tidy::Tree;
use crate::workspace::Package;

/// What deny.toml says, as far as this rule reads it.
struct Policy {
    licences: Vec<String>,
    /// Crate name → licences that are fine for it alone.
    exceptions: Vec<(String, Vec<String>)>,
    banned: Vec<(String, String)>,
}

pub(crate) fn findings(tree: &Tree) -> anyhow::Result<Vec<String>> {
    let file = tree.files.iter().find(|file| file.path == "deny.toml");
    let policy = Policy::read(&file.context("deny.toml is missing")?.text)?;
    let foreign = tree.packages.iter().filter(|one| one.source.is_some());
    Ok(foreign.flat_map(|package| policy.judge(package)).collect())
}

impl Policy {
    fn read(text: &str) -> anyhow::Result<Self> {
        let document: DocumentMut = text.parse().context("deny.toml")?;
        let exceptions = tables(under(&document, "licenses", "exceptions"))
            .map(|table| (name_of(table), strings(table.get("allow"))))
            .collect();
        let banned = tables(under(&document, "bans", "deny"))
            .map(|table| (name_of(table), string(table.get("reason"))))
            .collect();
        Ok(Self {
            licences: strings(under(&document, "licenses", "allow").and_then(Item::as_value)),
            exceptions,
            banned,
        })
    }

    fn judge(&self, package: &Package) -> Vec<String> {
        let place = format!("{} {}", package.name, package.version);
        let mut findings = Vec::new();
        let source = package.source.as_deref().unwrap_or_default();
        if !source.starts_with("registry+") {
            findings.push(format!(
                "{place}: comes from {source}, not from the registry"
            ));
        }
        if let Some((_, why)) = self.banned.iter().find(|(name, _)| *name == package.name) {
            findings.push(format!("{place}: banned by deny.toml: {why}"));
        }
        match &package.license {
            None => findings.push(format!("{place}: names no licence")),
            Some(expression) if !self.accepts(&package.name, expression) => findings.push(format!(
                "{place}: licence `{expression}` is not on the list of deny.toml"
            )),
            Some(_) => {}
        }
        findings
    }

    fn accepts(&self, name: &str, expression: &str) -> bool {
        let own = self.exceptions.iter().filter(|(one, _)| one == name);
        let allowed: Vec<&str> = own
            .flat_map(|(_, list)| list)
            .chain(&self.licences)
            .map(String::as_str)
            .collect();
        holds(expression, &allowed)
    }
}

/// Whether a licence expression can be met with the allowed licences alone.
fn holds(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    either(&mut rest, allowed) && rest.is_empty()
}

fn either(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut holds = both(rest, allowed);
    while let ["OR", tail @ ..] = *rest {
        *rest = tail;
        holds |= both(rest, allowed);
    }
    holds
}

fn both(rest: &mut &[&str], allowed: &[&str]) -> bool {
    let mut holds = one(rest, allowed);
    while let ["AND", tail @ ..] = *rest {
        *rest = tail;
        holds &= one(rest, allowed);
    }
    holds
}

fn one(rest: &mut &[&str], allowed: &[&str]) -> bool {
    match *rest {
        ["(", tail @ ..] => {
            *rest = tail;
            let holds = either(rest, allowed);
            *rest = rest.get(1..).unwrap_or_default();
            holds
        }
        // An exception only ever takes conditions away.
        [licence, "WITH", _, tail @ ..] | [licence, tail @ ..] => {
            let holds = allowed.contains(licence);
            *rest = tail;
            holds
        }
        [] => false,
    }
}

fn under<'a>(document: &'a DocumentMut, table: &str, key: &str) -> Option<&'a Item> {
    document.get(table)?.get(key)
}

fn tables(item: Option<&Item>) -> impl Iterator<Item = &toml_edit::InlineTable> {
    item.and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_inline_table())
}

fn name_of(table: &toml_edit::InlineTable) -> String {
    string(table.get("crate").or_else(|| table.get("name")))
}

fn string(value: Option<&toml_edit::Value>) -> String {
    value
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned()
}

fn strings(value: Option<&toml_edit::Value>) -> Vec<String> {
    value
        .and_then(|value| value.as_array())
        .into_iter()
        .flatten()
        .map(|value| string(Some(value)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [&str; 3] = ["MIT", "Apache-2.0", "Unicode-3.0"];

    #[test]
    fn one_side_of_an_or_is_enough() {
        assert!(holds("MIT OR GPL-3.0", &ALLOWED));
        assert!(holds("MIT/GPL-3.0", &ALLOWED));
        assert!(!holds("GPL-3.0", &ALLOWED));
    }

    #[test]
    fn both_sides_of_an_and_are_needed() {
        assert!(holds("(MIT OR Apache-2.0) AND Unicode-3.0", &ALLOWED));
        assert!(!holds("(MIT OR Apache-2.0) AND GPL-3.0", &ALLOWED));
        assert!(!holds("MIT AND (GPL-2.0 OR GPL-3.0)", &ALLOWED));
    }

    #[test]
    fn an_exception_to_a_licence_does_not_matter() {
        assert!(holds("Apache-2.0 WITH LLVM-exception OR GPL-3.0", &ALLOWED));
    }

    #[test]
    fn a_broken_expression_is_refused() {
        assert!(!holds("", &ALLOWED));
        assert!(!holds("MIT MIT", &ALLOWED));
    }

    #[test]
    fn a_banned_crate_and_a_foreign_source_are_found() {
        let policy = Policy::read(
            "[licenses]\nallow = [\"MIT\"]\n[bans]\ndeny = [{ crate = \"bad\", reason = \"no\" }]\n",
        )
        .unwrap();
        let package = Package {
            name: "bad".to_owned(),
            version: "1.0.0".to_owned(),
            folder: "bad".into(),
            license: Some("MIT".to_owned()),
            source: Some("git+https://example.org/bad".to_owned()),
            dependencies: Vec::new(),
        };
        assert_eq!(policy.judge(&package).len(), 2);
    }
}
