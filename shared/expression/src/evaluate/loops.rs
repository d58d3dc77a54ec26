//! The loops: `all` and `exists` stop at the item that decides and absorb errors of the others;
//! `exists_one`, `map`, `filter`, `sort_by` and `group` do not. Over a map they go by its keys.

use super::{Evaluator, Fault, Frame, Outcome, Recording, fault, refused};
use crate::budget::Budget;
use crate::error::ErrorKind;
use crate::library::sort_by_key;
use crate::tree::{Form, Loop, Node};
use crate::value::{Key, Map, Marks, Value};

/// Steps for looking again at the item that decided, outside the budget of the evaluation.
const REPLAY_STEPS: u64 = 2_000;

impl<'a> Evaluator<'a> {
    pub(super) fn each(&mut self, node: &'a Node, each: &'a Loop) -> Outcome {
        let range = self.node(&each.range)?;
        let items = self.items(&each.range, &range)?;
        match each.form {
            Form::All => self.until(each, &range, items, false),
            Form::Exists => self.until(each, &range, items, true),
            Form::ExistsOne => self.exactly_one(each, &range, items),
            Form::Map => self.mapped(each, &range, items),
            Form::SortBy => self.sort_by(node, each, &range, items),
            Form::Group => self.group(each, &range, items),
        }
    }

    fn items(&mut self, node: &Node, range: &Value) -> Result<Vec<Value>, Box<Fault>> {
        let size = range
            .as_list()
            .map(<[Value]>::len)
            .or(range.as_map().map(Map::len));
        let Some(size) = size else {
            let text = self.text_of(node);
            let message = format!("{text} is {}, not a list", range.type_name());
            return Err(fault(node, ErrorKind::Type, message));
        };
        self.charge(node, size as u64)?;
        Ok(match (range.as_list(), range.as_map()) {
            (Some(list), _) => list.to_vec(),
            (None, Some(map)) => {
                let keys = map.iter().map(|(key, _)| key.to_value());
                keys.map(|key| key.with_marks(range.own_marks())).collect()
            }
            (None, None) => Vec::new(),
        })
    }

    /// Evaluates the loop's filter or body with one item.
    fn with_item(
        &mut self,
        each: &'a Loop,
        node: &'a Node,
        item: &Value,
        position: usize,
    ) -> Outcome {
        self.frames.truncate(each.slot);
        while self.frames.len() < each.slot {
            // Folding evaluates inner loops alone; the slots of outer ones are never read then.
            self.frames.push(Frame {
                item: Value::null(),
                position: 0,
                each,
            });
        }
        self.frames.push(Frame {
            item: item.clone(),
            position,
            each,
        });
        let outcome = self.node(node);
        self.frames.truncate(each.slot);
        outcome
    }

    fn until(
        &mut self,
        each: &'a Loop,
        range: &Value,
        items: Vec<Value>,
        decisive: bool,
    ) -> Outcome {
        let mut marks = range.own_marks();
        let mut error = None;
        for (position, item) in items.iter().enumerate() {
            let verdict = self.with_item(each, &each.body, item, position);
            match verdict.and_then(|value| Ok((self.truth(&each.body, &value)?, value.marks()))) {
                Ok((truth, found)) if truth == decisive => {
                    self.show_deciding(each, item, position);
                    return Ok(Value::bool(decisive).with_marks(marks.union(found)));
                }
                Ok((_, found)) => marks = marks.union(found),
                Err(fault) if fault.kind == ErrorKind::Budget => return Err(fault),
                Err(fault) => error = error.or(Some(fault)),
            }
        }
        match error {
            Some(fault) => Err(fault),
            None => Ok(Value::bool(!decisive).with_marks(marks)),
        }
    }

    /// Reads the deciding item once more, so that what it held is among the reads.
    fn show_deciding(&mut self, each: &'a Loop, item: &Value, position: usize) {
        if self.recording != Recording::Globals || !each.body.is_pure() {
            return;
        }
        let kept = std::mem::replace(self.budget, Budget::new(REPLAY_STEPS));
        self.recording = Recording::All;
        // It has been evaluated before: only its reads are of interest now.
        let _ = self.with_item(each, &each.body, item, position);
        self.recording = Recording::Globals;
        *self.budget = kept;
    }

    fn exactly_one(&mut self, each: &'a Loop, range: &Value, items: Vec<Value>) -> Outcome {
        let mut marks = range.own_marks();
        let mut found = 0_usize;
        for (position, item) in items.iter().enumerate() {
            let value = self.with_item(each, &each.body, item, position)?;
            marks = marks.union(value.marks());
            found += usize::from(self.truth(&each.body, &value)?);
        }
        Ok(Value::bool(found == 1).with_marks(marks))
    }

    /// `map` and `filter`: the shape is that of the range, and of what the filter looked at.
    fn mapped(&mut self, each: &'a Loop, range: &Value, items: Vec<Value>) -> Outcome {
        let mut made = Vec::with_capacity(items.len());
        let mut marks = range.own_marks();
        for (position, item) in items.iter().enumerate() {
            if let Some(filter) = &each.filter {
                let value = self.with_item(each, filter, item, position)?;
                marks = marks.union(value.marks());
                if !self.truth(filter, &value)? {
                    continue;
                }
            }
            made.push(self.with_item(each, &each.body, item, position)?);
        }
        Ok(Value::list(made).with_own_marks(marks))
    }

    fn sort_by(
        &mut self,
        node: &'a Node,
        each: &'a Loop,
        range: &Value,
        items: Vec<Value>,
    ) -> Outcome {
        let mut keyed = Vec::with_capacity(items.len());
        let mut marks = range.own_marks();
        for (position, item) in items.into_iter().enumerate() {
            let key = self.with_item(each, &each.body, &item, position)?;
            marks = marks.union(key.marks());
            keyed.push((key, item));
        }
        let (sorted, cost) = sort_by_key(keyed).map_err(|why| refused(node, why))?;
        self.charge(node, cost)?;
        Ok(sorted.with_own_marks(marks))
    }

    /// A map from each key to the list of its items, keys in the order they were first seen.
    fn group(&mut self, each: &'a Loop, range: &Value, items: Vec<Value>) -> Outcome {
        let mut groups: Vec<(Key, Vec<Value>)> = Vec::new();
        let mut places = std::collections::BTreeMap::new();
        let mut marks: Marks = range.own_marks();
        for (position, item) in items.into_iter().enumerate() {
            let value = self.with_item(each, &each.body, &item, position)?;
            marks = marks.union(value.marks());
            let key = self.key(&each.body, &value)?;
            let place = *places.entry(key.clone()).or_insert(groups.len());
            match groups.get_mut(place) {
                Some((_, group)) => group.push(item),
                None => groups.push((key, vec![item])),
            }
        }
        let lists = groups
            .into_iter()
            .map(|(key, group)| (key, Value::list(group)));
        Ok(Value::map(lists).with_own_marks(marks))
    }
}
