//! Templates and the values made of them: `${…}` in text, JSON documents, headers, queries.

use expression::{Template, Value};

use super::Reader;
use super::locate::Locator;
use super::names::Names;
use crate::model::{JsonTemplate, ValueTemplate};
use crate::raw::scalar::Value as Typed;
use crate::raw::{Kind, Node, Scalar};

impl Reader<'_> {
    /// Text with `${…}`.
    pub(crate) fn template(&self, node: &Node, names: &Names<'_>) -> Option<Template> {
        let text = self.text(node, "text")?;
        self.template_from(node, &text, 0, names)
    }

    /// The part of a scalar that begins at byte `shift`, as a template.
    pub(crate) fn template_from(
        &self,
        node: &Node,
        part: &str,
        shift: usize,
        names: &Names<'_>,
    ) -> Option<Template> {
        let locator = Locator::new(node, self.problems.text());
        let template = match Template::parse(part) {
            Ok(template) => template,
            Err(bad) => {
                self.tell_compile_error(node, &bad, shift, &locator);
                return None;
            }
        };
        let mut is_known = self.is_open(part, node.span);
        for (at, expression) in template.expressions() {
            is_known &= self.look_up(expression, at + shift, &locator, names);
        }
        is_known.then_some(template)
    }

    /// A scalar: a literal of its own type, or text with `${…}`.
    pub(crate) fn value_template(&self, node: &Node, names: &Names<'_>) -> Option<ValueTemplate> {
        let scalar = self.scalar(node, "a single value")?;
        if scalar.text.contains("${") {
            return self.template(node, names).map(ValueTemplate::Template);
        }
        self.is_open(&scalar.text, node.span)
            .then(|| ValueTemplate::Literal(literal(scalar)))
    }

    /// A map of names and single values.
    pub(crate) fn value_templates(
        &self,
        node: Option<&Node>,
        names: &Names<'_>,
    ) -> Vec<(String, ValueTemplate)> {
        let entries = node.map_or(&[][..], |node| {
            self.entries(node, "names and single values")
        });
        let read = |entry: &crate::raw::Entry| {
            Some((entry.key.clone(), self.value_template(&entry.value, names)?))
        };
        entries.iter().filter_map(read).collect()
    }

    /// A JSON document with templates at its leaves.
    pub(crate) fn json(&self, node: &Node, names: &Names<'_>) -> Option<JsonTemplate> {
        if node.is_reported {
            return None;
        }
        match &node.kind {
            Kind::Scalar(_) => self.value_template(node, names).map(JsonTemplate::Leaf),
            Kind::List { items, .. } => {
                let read: Vec<_> = items.iter().map(|item| self.json(item, names)).collect();
                read.into_iter()
                    .collect::<Option<_>>()
                    .map(JsonTemplate::List)
            }
            Kind::Map(map) => {
                let mut read = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    if entry.key.contains("${") {
                        let fix = "write the key as it is sent";
                        self.problems.fix(
                            entry.key_span,
                            "`${…}` is read in values, not in keys",
                            fix,
                        );
                    }
                    read.push(
                        self.json(&entry.value, names)
                            .map(|value| (entry.key.clone(), value)),
                    );
                }
                read.into_iter()
                    .collect::<Option<_>>()
                    .map(JsonTemplate::Map)
            }
        }
    }
}

/// A scalar's value by the core schema.
pub(crate) fn literal(scalar: &Scalar) -> Value {
    match scalar.value() {
        Typed::Null => Value::null(),
        Typed::Bool(value) => Value::bool(value),
        Typed::Int(value) => Value::int(value),
        Typed::Double(value) => Value::double(value),
        Typed::Text(text) => Value::text(text),
    }
}

/// A whole tree as a value, nothing in it read as a template.
pub(crate) fn value_of(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar(scalar) => literal(scalar),
        Kind::List { items, .. } => Value::list(items.iter().map(value_of)),
        Kind::Map(map) => {
            let entries = map.entries.iter();
            Value::map(entries.map(|entry| (entry.key.as_str(), value_of(&entry.value))))
        }
    }
}
