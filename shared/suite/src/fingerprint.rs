//! The hash of a test for `muster.lock`: over what it says, not over how it is laid out.
//!
//! Order of keys, comments, quotes and white space don't count; the file's defaults, and the
//! blocks that the test uses, do. A changed grammar changes the tests that name it.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::raw::{Kind, Node};
use crate::read::setting::Named;

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn test(node: &Node, defaults: Option<&Node>, named: &Named<'_>) -> String {
    let mut text = String::new();
    write(node, &mut text);
    if let Some(defaults) = defaults {
        text.push_str("\ndefaults ");
        write(defaults, &mut text);
    }
    let mut mentioned = BTreeSet::new();
    mention(node, named, &mut mentioned);
    for name in mentioned {
        if let Some(block) = named.blocks.get(name) {
            text.push_str("\nblock ");
            write(block, &mut text);
        }
        if let Some(grammar) = named.grammar_nodes.get(name) {
            text.push_str("\ngrammar ");
            write(grammar, &mut text);
        }
    }
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Names of blocks and grammars that a tree mentions, blocks of blocks included.
fn mention<'n>(node: &'n Node, named: &'n Named<'_>, found: &mut BTreeSet<&'n str>) {
    match &node.kind {
        Kind::Scalar(_) => {}
        Kind::List { items, .. } => items.iter().for_each(|item| mention(item, named, found)),
        Kind::Map(map) => {
            for entry in &map.entries {
                let name = entry.value.as_scalar().map(|scalar| scalar.text.as_str());
                match (entry.key.as_str(), name) {
                    ("grammar", Some(name)) => {
                        found.insert(name);
                    }
                    ("use", Some(name)) => {
                        if let (true, Some(block)) = (found.insert(name), named.blocks.get(name)) {
                            mention(block, named, found);
                        }
                    }
                    _ => mention(&entry.value, named, found),
                }
            }
        }
    }
}

/// One text for all layouts of the same tree.
fn write(node: &Node, text: &mut String) {
    match &node.kind {
        Kind::Scalar(scalar) => text.push_str(&format!("{:?}", scalar.value())),
        Kind::List { items, .. } => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Kind::Map(map) => {
            // `users` and `rows` keep their order elsewhere; to the hash it makes no difference.
            let mut entries: Vec<_> = map.entries.iter().collect();
            entries.sort_by(|left, right| left.key.cmp(&right.key));
            text.push('{');
            for entry in entries {
                text.push_str(&format!("{:?}:", entry.key));
                write(&entry.value, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}
