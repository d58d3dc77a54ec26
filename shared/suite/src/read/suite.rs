//! A suite: what holds for all its tests, then each of them.

use std::collections::BTreeMap;

use domain::SuiteName;

use super::Reader;
use super::setting::{DEFAULT_TIMEOUT, DEFAULT_WITHIN, Named, Setting};
use super::test::Defaults;
use crate::model::{Step, Suite, Test};
use crate::raw::Node;
use crate::vocabulary::files::{DEFAULTS, SUITE};

impl Reader<'_> {
    /// The suite of a file; it is whole only if no problem was told.
    pub(crate) fn suite(&self, root: &Node) -> Option<Suite> {
        let fields = self.fields(root, &SUITE)?;
        self.version(fields.get("muster"));
        let text = |key: &str| fields.get(key).and_then(|node| self.label(node, "text"));
        let description = fields
            .get("description")
            .and_then(|node| self.prose(node, "text"));
        let name = fields
            .get("suite")
            .and_then(|node| self.name(node, "the suite's name"));
        let tier = fields
            .get("priority")
            .and_then(|node| self.parsed(node, "a priority"));
        let (value, owner, description) = (text("value"), text("owner"), description);
        let defaults = self.defaults(fields.get("defaults"));
        let baggage = defaults
            .fields
            .and_then(|fields| fields.get("baggage"))
            .and_then(|node| self.boolean(node));
        let named = self.named_of(fields.get("define"), fields.get("grammars"));
        let requires = self.requires(fields.get("requires"), &named, defaults);
        let tests = self.tests(fields.get("tests"), defaults, &named);
        Some(Suite {
            name: SuiteName::from(name?),
            file: self.problems.file().to_owned(),
            tier: tier?,
            value,
            owner,
            description,
            requires,
            baggage: baggage.unwrap_or(true),
            tests,
        })
    }

    /// `muster: v1`
    pub(crate) fn version(&self, node: Option<&Node>) {
        if let Some(node) = node {
            self.word(node, &[("v1", ())]);
        }
    }

    fn defaults<'n>(&self, node: Option<&'n Node>) -> Defaults<'n> {
        let fields = node.and_then(|node| self.fields(node, &DEFAULTS));
        let within = fields.and_then(|fields| fields.get("within"));
        let within = within.and_then(|node| self.duration(node));
        Defaults {
            fields,
            node,
            within,
        }
    }

    fn named_of<'n>(&self, define: Option<&'n Node>, grammars: Option<&'n Node>) -> Named<'n> {
        let blocks = self.blocks(define);
        let entries = grammars.map_or(&[][..], |node| self.entries(node, "grammars by name"));
        let mut named = Named {
            blocks,
            ..Named::default()
        };
        for entry in entries {
            self.is_name(&entry.key, entry.key_span);
            named
                .grammars
                .insert(entry.key.clone(), self.grammar(entry));
            named.grammar_nodes.insert(entry.key.clone(), &entry.value);
        }
        named
    }

    fn requires(
        &self,
        node: Option<&Node>,
        named: &Named<'_>,
        defaults: Defaults<'_>,
    ) -> Vec<Step> {
        let within = defaults.within.unwrap_or(DEFAULT_WITHIN);
        let setting = Setting::new(named, &[], within, DEFAULT_TIMEOUT).without_user();
        let mut names = self.base_names();
        self.set_user(&mut names, &setting.who);
        names.absent("test", "`requires` runs before any test");
        self.steps(node, &mut names, &setting)
    }

    fn tests(&self, node: Option<&Node>, defaults: Defaults<'_>, named: &Named<'_>) -> Vec<Test> {
        let Some(node) = node else { return Vec::new() };
        let items = self.list(node, "tests, each after `- `");
        if items.is_empty() && node.as_list().is_some() {
            self.problems.fix(
                node.span,
                "a suite without a test",
                "add one: `- id: NAME` with `steps:`",
            );
        }
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        let mut tests = Vec::with_capacity(items.len());
        for item in items {
            if let Some(id) = item.get("id").filter(|id| id.as_scalar().is_some()) {
                let text = id.as_scalar().map_or("", |scalar| scalar.text.as_str());
                match lines.get(text) {
                    Some(first) => {
                        let message =
                            format!("the id `{text}` is taken by the test on line {first}");
                        self.problems.fix(
                            id.span,
                            message,
                            "ids are unique in a suite; choose another",
                        );
                    }
                    None => {
                        lines.insert(text.to_owned(), self.line(id.span));
                    }
                }
            }
            tests.extend(self.test(item, defaults, named));
        }
        tests
    }
}
