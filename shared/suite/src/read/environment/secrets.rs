//! Secrets of an environment: by reference, because the file travels to the coordinator and to every
//! worker, and is kept with the run. A literal is refused where a secret is meant.

use std::collections::BTreeMap;

use expression::Value;
use expression::names::Names as SecretNames;

use crate::environment::{Reference, SecretGroup, SecretSource};
use crate::place::Span;
use crate::raw::{Entry, Node};
use crate::read::Reader;
use crate::read::clear::{known_form, looks_random};
use crate::vocabulary::files::REFERENCE;

const HOW: &str = "name where it stands on the worker: `{ env: NAME }` or `{ file: PATH }`";

impl Reader<'_> {
    /// Literals are read as they are; references are added to `references`.
    pub(crate) fn tokens(
        &self,
        node: Option<&Node>,
        references: &mut Vec<Reference>,
    ) -> BTreeMap<String, Value> {
        let mut tokens = BTreeMap::new();
        for entry in node.map_or(&[][..], |node| self.entries(node, "secrets by name")) {
            self.identifier(&entry.key, entry.key_span);
            if entry.value.as_map().is_some() {
                references.extend(self.reference(entry, SecretGroup::Tokens));
            } else if let Some(text) = self.text(&entry.value, "text") {
                tokens.insert(entry.key.clone(), Value::text(text).tainted());
            }
        }
        tokens
    }

    pub(crate) fn secrets(&self, node: Option<&Node>, references: &mut Vec<Reference>) {
        for entry in node.map_or(&[][..], |node| self.entries(node, "secrets by name")) {
            self.identifier(&entry.key, entry.key_span);
            if entry.value.as_scalar().is_some() {
                let message = format!(
                    "`{}` stands here in clear, and this file travels",
                    entry.key
                );
                self.problems.fix(entry.value.span, message, HOW);
            } else {
                references.extend(self.reference(entry, SecretGroup::Secrets));
            }
        }
    }

    fn reference(&self, entry: &Entry, group: SecretGroup) -> Option<Reference> {
        let fields = self.fields(&entry.value, &REFERENCE)?;
        let source = match (fields.get("env"), fields.get("file")) {
            (Some(node), None) => SecretSource::Variable(self.name(node, "a variable")?),
            (None, Some(node)) => SecretSource::File(self.inner_path(node)?),
            _ => {
                let message = format!("where does `{}` stand?", entry.key);
                self.problems.fix(entry.value.span, message, HOW);
                return None;
            }
        };
        Some(Reference {
            group,
            name: entry.key.clone(),
            source,
            line: self.line(entry.key_span),
        })
    }

    /// A path that stays inside the folder it is read from.
    fn inner_path(&self, node: &Node) -> Option<String> {
        let path = self.text(node, "a path")?;
        let leads_out = path.starts_with('/')
            || path.contains(['\\', ':'])
            || path.split('/').any(|part| matches!(part, "" | "." | ".."));
        if leads_out {
            let message = format!("`{path}` is not a path inside a folder of secrets");
            let fix = "write it relative to the folder that the worker is given, without `..`";
            self.problems.fix(node.span, message, fix);
        }
        (!leads_out).then_some(path)
    }

    pub(crate) fn tell_secret_var(&self, name: &str, span: Span) {
        let message = format!(
            "`{name}` holds a secret by its name, and `vars` travel in clear with every run"
        );
        let fix = format!(
            "move it under `secrets:` and {HOW}; or, if it is none, write `redact: {{ not: [{name}] }}`"
        );
        self.problems.fix(span, message, fix);
    }

    /// The value is never repeated.
    pub(crate) fn tell_secret_form(&self, name: &str, span: Span) {
        let message =
            format!("`{name}` looks like a secret, and `vars` travel in clear with every run");
        let fix = format!(
            "move it under `secrets:` and {HOW}; or, if it is none, write `redact: {{ not: [{name}] }}`"
        );
        self.problems.fix(span, message, fix);
    }

    /// Of a `--var`, whose value is never repeated.
    pub(crate) fn tell_secret_given(&self, name: &str, span: Span) {
        let message = format!(
            "`--var {name}=…` is a secret by its name, and what is given travels in clear with the run"
        );
        let fix = format!("write `{name}` under `secrets:` of the environment, and {HOW}");
        self.problems.fix(span, message, fix);
    }
}

/// Whether a name says so, of the value or of a field in it.
pub(crate) fn is_secret(names: &SecretNames, name: &str, value: &Value) -> bool {
    names.is_secret(name)
        || value
            .taint_fields(|field| names.is_secret(field))
            .is_tainted()
}

/// Whether a value has the form of a secret, or one in it has.
pub(crate) fn has_secret_form(value: &Value) -> bool {
    let is_text = |text: &str| known_form(text).is_some() || looks_random(text);
    let items = value.as_list().unwrap_or_default();
    value.as_text().is_some_and(is_text)
        || items.iter().any(has_secret_form)
        || value
            .as_map()
            .is_some_and(|map| map.iter().any(|(_, value)| has_secret_form(value)))
}
