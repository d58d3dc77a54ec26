//! Names that steps give: `save`, `into`, sockets, and those of steps that can't be read.

use super::Reader;
use super::expression::Role;
use super::names::{Known, Names, RESERVED, What};
use super::step::Draft;
use crate::place::Span;
use crate::raw::{Map, Node};
use crate::vocabulary::nearest;

impl Reader<'_> {
    /// Takes the names of a step that can't be read as given, so that their readers are spared.
    pub(crate) fn declare(&self, map: &Map, names: &mut Names<'_>) {
        let line = map
            .entries
            .first()
            .map_or(0, |entry| self.line(entry.key_span));
        if let Some(save) = map.get("save").and_then(Node::as_map) {
            for entry in &save.entries {
                names.set(&entry.key, Known::value(true, line));
            }
        }
        if let Some(into) = map.get("into").and_then(Node::as_scalar) {
            names.set(&into.text, Known::value(true, line));
        }
    }

    /// Gives a name to a value, unless the name is taken or can't be read.
    pub(crate) fn give(&self, layer: &mut Names<'_>, name: &str, span: Span, known: Known) {
        if !self.identifier(name, span) {
            return;
        }
        if RESERVED.contains(&name) {
            let message = format!("`{name}` has a meaning of its own in the language");
            self.problems.fix(span, message, "choose another name");
        } else if let Some(taken) = layer.get(name) {
            let message = format!("`{name}` is already a name, given on line {}", taken.line);
            self.problems
                .fix(span, message, "each name is given once; choose another");
        } else {
            layer.set(name, known);
        }
    }

    /// `save:`, each name readable by the next.
    pub(crate) fn saved(
        &self,
        node: Option<&Node>,
        left: &mut Names<'_>,
    ) -> Vec<(String, expression::Expression)> {
        let Some(node) = node else { return Vec::new() };
        let mut saved = Vec::new();
        for entry in self.entries(node, "names and expressions") {
            let line = self.line(entry.key_span);
            let read = self.expression(&entry.value, left, Role::Value);
            let is_received = read
                .as_ref()
                .is_none_or(|read| Self::is_received(read, left));
            self.give(
                left,
                &entry.key,
                entry.key_span,
                Known::value(is_received, line),
            );
            saved.extend(read.map(|read| (entry.key.clone(), read)));
        }
        saved
    }

    /// `into:`, for what a block or stream hands out.
    pub(crate) fn handed_out(
        &self,
        draft: &mut Draft<'_, '_>,
        is_received: bool,
        has_all_fields: bool,
    ) -> Option<String> {
        let node = draft.fields.get("into")?;
        let name = self.name(node, "a name")?;
        let known = Known {
            has_all_fields,
            ..Known::value(is_received, self.line(node.span))
        };
        self.give(&mut draft.left, &name, node.span, known);
        Some(name)
    }

    pub(crate) fn is_socket(&self, node: &Node, names: &Names<'_>) -> Option<String> {
        let socket = self.name(node, "the name of a socket")?;
        match names.get(&socket).map(|known| &known.what) {
            Some(What::Socket { .. }) => {}
            _ => {
                let sockets = names.all();
                let sockets = sockets.into_iter().filter(|name| {
                    names
                        .get(name)
                        .is_some_and(|known| matches!(known.what, What::Socket { .. }))
                });
                let fix = nearest(&socket, sockets).map_or_else(
                    || format!("open it before: `websocket: /path` with `socket: {socket}`"),
                    |near| format!("did you mean `{near}`?"),
                );
                self.problems
                    .fix(node.span, format!("unknown socket `{socket}`"), fix);
            }
        }
        Some(socket)
    }
}
