//! Chains of selections and indexes: following them, and remembering which were read, so that a
//! failed check can show what it saw. A missing field is named by its whole path.

use super::{Evaluator, Outcome, Recording, fault};
use crate::budget::Budget;
use crate::error::ErrorKind;
use crate::lower::{with_field, with_index};
use crate::tree::{Chain, Kind, Node};
use crate::value::{Key, Value};

/// Paths that are remembered of one evaluation.
const MAX_READS: usize = 16;
/// Characters of a remembered path.
const MAX_PATH: usize = 200;
/// Steps that writing one path may take, outside the budget of the evaluation.
const PATH_STEPS: u64 = 2_000;

impl<'a> Evaluator<'a> {
    pub(super) fn read(&mut self, chain: &'a Chain) -> Outcome {
        let value = self.step(&chain.node)?;
        if self.recording == Recording::Off {
            return Ok(value);
        }
        self.read_received |= value.is_received();
        let is_wanted = !chain.is_local || self.recording == Recording::All;
        if is_wanted && self.reads.len() < MAX_READS {
            match &chain.path {
                Some(path) => self.remember(path, &value),
                None => {
                    let path = self.path_of(&chain.node);
                    self.remember(&path, &value);
                }
            }
        }
        Ok(value)
    }

    fn remember(&mut self, path: &str, value: &Value) {
        let is_known = self.reads.iter().any(|(known, _)| known == path);
        if is_known || self.reads.len() >= MAX_READS {
            return;
        }
        let path = match path.char_indices().nth(MAX_PATH) {
            Some((cut, _)) => format!("{}…", &path[..cut]),
            None => path.to_owned(),
        };
        self.reads.push((path, value.clone()));
    }

    /// One step along a chain; anything that is no part of one is evaluated as usual.
    pub(super) fn step(&mut self, node: &'a Node) -> Outcome {
        match &node.kind {
            Kind::Global(name) => match self.scope.get(name) {
                Some(value) => Ok(value.clone()),
                None => Err(fault(node, ErrorKind::Undeclared, self.undeclared(name))),
            },
            Kind::Local(local) => Ok(self
                .frames
                .get(local.slot)
                .map(|frame| frame.item.clone())
                .unwrap_or_default()),
            Kind::Select(operand, field) => {
                let value = self.link(operand)?;
                match value.get(field) {
                    Some(found) => Ok(found.clone()),
                    None => self.missing(node, operand, &value),
                }
            }
            Kind::Index(pair) => {
                let (value, index) = (self.link(&pair[0])?, self.node(&pair[1])?);
                let found = self.at(node, &pair[0], &value, &index)?;
                self.spread(node, found, index.marks())
            }
            _ => self.node(node),
        }
    }

    /// What stands before a selection or index, at the price of a step.
    fn link(&mut self, node: &'a Node) -> Outcome {
        self.charge(node, 1)?;
        self.step(node)
    }

    fn at(&mut self, node: &'a Node, operand: &'a Node, value: &Value, index: &Value) -> Outcome {
        if let Some(list) = value.as_list() {
            let Some(wanted) = index.as_int() else {
                let message = format!("a list is indexed by a number, not {}", index.type_name());
                return Err(fault(node, ErrorKind::Type, message));
            };
            let found = usize::try_from(wanted)
                .ok()
                .and_then(|wanted| list.get(wanted));
            return found.cloned().ok_or_else(|| {
                self.remember_parent(operand, value);
                let (path, size) = (self.path_of(operand), list.len());
                let items = if size == 1 { "item" } else { "items" };
                let shown = index.excerpt(20);
                let message = format!("{path}[{shown}]: {path} has {size} {items}");
                fault(node, ErrorKind::Index, message)
            });
        }
        if value.as_text().is_some() {
            let message = "a text has no index: write `text.substring(0, 1)`".to_owned();
            return Err(fault(node, ErrorKind::Type, message));
        }
        let found = Key::of(index).and_then(|key| value.as_map()?.get_key(&key).cloned());
        found.map_or_else(|| self.missing(node, operand, value), Ok)
    }

    /// The error for a field that is not there; what it was looked for in is remembered.
    fn missing(&mut self, node: &'a Node, operand: &'a Node, value: &Value) -> Outcome {
        self.remember_parent(operand, value);
        let path = self.path_of(node);
        let message = match value.as_map() {
            Some(_) => format!("{path}: missing"),
            None => {
                let (parent, kind) = (self.path_of(operand), value.type_name());
                format!("{path}: missing; {parent} is {kind}, not a map")
            }
        };
        Err(fault(node, ErrorKind::Missing { path }, message))
    }

    fn remember_parent(&mut self, operand: &'a Node, value: &Value) {
        if self.recording != Recording::Off {
            let path = self.path_of(operand);
            self.remember(&path, value);
        }
    }

    /// A path as it is written, with the indexes that it has now.
    pub(super) fn path_of(&mut self, node: &'a Node) -> String {
        match &node.kind {
            Kind::Read(chain) => self.path_of(&chain.node),
            Kind::Global(name) => name.to_string(),
            Kind::Local(local) => self.path_of_item(local.slot, &local.name),
            Kind::Select(operand, field) => with_field(self.path_of(operand), field),
            Kind::Index(pair) => {
                let path = self.path_of(&pair[0]);
                match self.quietly(&pair[1]) {
                    Some(index) => with_index(path, &index),
                    None => format!("{path}[{}]", self.text_of(&pair[1])),
                }
            }
            _ => self.text_of(node),
        }
    }

    /// The item that a loop is at: by its place in what the loop goes over, if that has a path.
    fn path_of_item(&mut self, slot: usize, name: &str) -> String {
        let Some((each, position)) = self.frames.get(slot).map(|f| (f.each, f.position)) else {
            return name.to_owned();
        };
        match &each.range.kind {
            Kind::Read(chain) => format!("{}[{position}]", self.path_of(&chain.node)),
            _ => name.to_owned(),
        }
    }

    /// Evaluates an index again, recording nothing and outside the budget.
    fn quietly(&mut self, node: &'a Node) -> Option<Value> {
        if !node.is_pure() {
            return None;
        }
        let kept = std::mem::replace(self.budget, Budget::new(PATH_STEPS));
        let recording = std::mem::replace(&mut self.recording, Recording::Off);
        let value = self.node(node).ok();
        self.recording = recording;
        *self.budget = kept;
        value
    }

    fn undeclared(&self, name: &str) -> String {
        let near = self
            .scope
            .names()
            .find(|known| known.eq_ignore_ascii_case(name));
        let mut message = format!("{name}: nothing here has this name");
        if let Some(near) = near {
            message += &format!("; did you mean `{near}`?");
        }
        message
    }
}
