//! Revenue as a file: how much stands behind a tier or capability, and what must be proven for it.

use std::str::FromStr;

use domain::TestId;
use domain::plan::{Needs, Tier, ValueLine};

use crate::load::read_one;
use crate::problem::Problem;
use crate::raw::{Entry, Node};
use crate::read::Reader;
use crate::vocabulary::files::{VALUE, VALUE_LINE};

/// The lines of a value file, in the order written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueFile {
    /// Three letters, as `USD`.
    pub currency: String,
    pub lines: Vec<ValueLine>,
}

/// Reads a value file; `path` is for messages.
///
/// # Errors
/// Every problem of the file.
pub fn parse(path: &str, text: &str) -> Result<ValueFile, Vec<Problem>> {
    read_one(path, text, read)
}

pub(crate) fn read(reader: Reader<'_>, root: &Node) -> Option<ValueFile> {
    let fields = reader.fields(root, &VALUE)?;
    reader.version(fields.get("muster"));
    let currency = fields
        .get("currency")
        .and_then(|node| currency(reader, node));
    let entries = fields
        .get("value")
        .map_or(&[][..], |node| reader.entries(node, "lines of value"));
    let lines = entries
        .iter()
        .filter_map(|entry| line(reader, entry))
        .collect();
    Some(ValueFile {
        currency: currency?,
        lines,
    })
}

fn currency(reader: Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "a currency, as USD")?;
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        let message = format!("`{text}` is not a currency");
        reader.problems.fix(
            node.span,
            message,
            "write its three capital letters, as USD",
        );
        return None;
    }
    Some(text)
}

fn line(reader: Reader<'_>, entry: &Entry) -> Option<ValueLine> {
    reader.is_name(&entry.key, entry.key_span);
    let fields = reader.fields(&entry.value, &VALUE_LINE)?;
    let mrr = fields
        .get("mrr")
        .and_then(|node| reader.integer(node, 0, i64::MAX));
    let needs = fields.get("tests").and_then(|node| needs(reader, node));
    // `p1` and `P1` are the same tier; a capability keeps its own spelling.
    let name =
        Tier::from_str(&entry.key).map_or_else(|_| entry.key.clone(), |tier| tier.to_string());
    Some(ValueLine {
        name,
        mrr: u64::try_from(mrr?).ok()?,
        needs: needs?,
    })
}

fn needs(reader: Reader<'_>, node: &Node) -> Option<Needs> {
    match node.as_list() {
        Some(items) => {
            let read: Vec<_> = items
                .iter()
                .map(|item| reader.name(item, "a test's id"))
                .collect();
            let tests = read.into_iter().collect::<Option<Vec<_>>>()?;
            Some(Needs::Named(tests.into_iter().map(TestId::from).collect()))
        }
        None => reader.integer(node, 1, 100_000).map(Needs::Tests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn revenue_stands_behind_a_number_of_tests_or_named_ones() {
        let text = "muster: v1\ncurrency: USD\nvalue:\n  P1: { mrr: 120000, tests: 25 }\n  chat:\n    mrr: 5000\n    tests: [test_003]\n";
        let file = parse("value.yaml", text).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(file.currency, "USD");
        assert_eq!(
            file.lines[0],
            ValueLine {
                name: "P1".into(),
                mrr: 120_000,
                needs: Needs::Tests(25)
            }
        );
        assert_eq!(
            file.lines[1].needs,
            Needs::Named(vec![TestId::from("test_003")])
        );
    }

    #[test]
    fn every_mistake_is_told() {
        let text = "muster: v1\ncurrency: dollars\nvalue:\n  P1: { mrr: -1, tests: 0 }\n  P2: { mrr: 1 }\n";
        let problems = parse("value.yaml", text).err().unwrap_or_default();
        assert_eq!(problems.len(), 4, "{problems:?}");
    }
}
