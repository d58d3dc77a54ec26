//! What an environment offers to suites, gathered loosely from its tree.
//!
//! A mistake elsewhere in the environment must not make each of its names look unknown, so this
//! reads names only and tells nothing. Without any environment every name is taken as known.

use std::collections::BTreeSet;

use crate::raw::{Kind, Node};

/// The names around a suite; `None` where nothing is known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Around {
    pub(crate) services: Option<BTreeSet<String>>,
    pub(crate) vars: Option<BTreeSet<String>>,
    pub(crate) tokens: Option<BTreeSet<String>>,
    pub(crate) secrets: Option<BTreeSet<String>>,
    pub(crate) regions: Option<BTreeSet<String>>,
    /// Each class of users with what its login saves; in the order written.
    pub(crate) classes: Option<Vec<(String, BTreeSet<String>)>>,
}

impl Around {
    /// What a suite may meet in any of the environments.
    pub(crate) fn of<'n>(environments: impl IntoIterator<Item = &'n Node>) -> Self {
        let mut around = Self::default();
        for environment in environments {
            extend(&mut around.services, keys(environment.get("services")));
            extend(&mut around.vars, keys(environment.get("vars")));
            extend(&mut around.tokens, keys(environment.get("tokens")));
            extend(&mut around.secrets, keys(environment.get("secrets")));
            if let Some(regions) = environment.get("regions").and_then(Node::as_list) {
                extend(&mut around.regions, regions.iter().filter_map(text));
            }
            around.add_classes(environment.get("users"));
        }
        around
    }

    pub(crate) fn of_one(environment: &Node) -> Self {
        Self::of([environment])
    }

    fn add_classes(&mut self, users: Option<&Node>) {
        let classes = self.classes.get_or_insert_default();
        let Some(map) = users.and_then(Node::as_map) else {
            return;
        };
        for entry in &map.entries {
            let mut saved = BTreeSet::new();
            for steps in ["create", "login", "refresh"] {
                gather_saved(entry.value.get(steps), &mut saved);
            }
            match classes.iter_mut().find(|(name, _)| *name == entry.key) {
                Some((_, known)) => known.extend(saved),
                None => classes.push((entry.key.clone(), saved)),
            }
        }
    }

    pub(crate) fn has_class(&self, class: &str) -> bool {
        self.classes
            .as_ref()
            .is_none_or(|classes| classes.iter().any(|(name, _)| name == class))
    }

    /// What `user.NAME` can be for a class; `None` when the class is not known.
    pub(crate) fn saved_by(&self, class: Option<&str>) -> Option<BTreeSet<String>> {
        let classes = self.classes.as_ref()?;
        let found = match class {
            Some(class) => classes.iter().find(|(name, _)| name == class),
            None => classes.first(),
        };
        found.map(|(_, saved)| saved.clone())
    }
}

fn extend(known: &mut Option<BTreeSet<String>>, names: impl IntoIterator<Item = String>) {
    known.get_or_insert_default().extend(names);
}

fn keys(node: Option<&Node>) -> Vec<String> {
    node.and_then(Node::as_map)
        .map(|map| map.entries.iter().map(|entry| entry.key.clone()).collect())
        .unwrap_or_default()
}

fn text(node: &Node) -> Option<String> {
    node.as_scalar().map(|scalar| scalar.text.clone())
}

/// Names under every `save:` of a tree of steps.
pub(crate) fn gather_saved(node: Option<&Node>, saved: &mut BTreeSet<String>) {
    match node.map(|node| &node.kind) {
        Some(Kind::List { items, .. }) => {
            items
                .iter()
                .for_each(|item| gather_saved(Some(item), saved));
        }
        Some(Kind::Map(map)) => {
            saved.extend(keys(map.get("save")));
            let inner = map
                .entries
                .iter()
                .filter(|entry| entry.key != "json" && entry.key != "save");
            inner.for_each(|entry| gather_saved(Some(&entry.value), saved));
        }
        _ => {}
    }
}
