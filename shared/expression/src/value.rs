//! What expressions compute with: a tree that is cheap to clone and whose every node knows whether
//! it is secret (`tainted`) and whether the target sent it in this case (`received`).
//!
//! What a value is told as is in `value/read.rs`, JSON comes in and goes out in `value/json.rs`, equality and order are in `value/compare.rs`,
//! the plain text of a value in `value/text.rs`, objects in `value/map.rs`.

mod compare;
mod json;
mod map;
mod read;
mod text;

use std::sync::Arc;

pub use map::{Key, Map};

use crate::budget::bytes_cost;

/// What is known of where a value came from. Marks only ever spread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// A secret, or computed from one.
    pub tainted: bool,
    /// Received from the target in this case, or computed from what was.
    pub received: bool,
}

impl Marks {
    /// Neither secret nor received.
    pub const NONE: Marks = Marks {
        tainted: false,
        received: false,
    };
    /// Received and not secret.
    pub const RECEIVED: Marks = Marks {
        tainted: false,
        received: true,
    };
    /// Secret and not received.
    pub const TAINTED: Marks = Marks {
        tainted: true,
        received: false,
    };
    pub(crate) const ALL: Marks = Marks {
        tainted: true,
        received: true,
    };

    /// The marks that either side has.
    #[must_use]
    pub fn union(self, other: Marks) -> Marks {
        Marks {
            tainted: self.tainted || other.tainted,
            received: self.received || other.received,
        }
    }

    /// The marks that both sides have.
    #[must_use]
    pub fn intersection(self, other: Marks) -> Marks {
        Marks {
            tainted: self.tainted && other.tainted,
            received: self.received && other.received,
        }
    }

    fn within(self, other: Marks) -> bool {
        self.union(other) == other
    }
}

/// A value: null, bool, number, text, bytes, list or map, with its marks.
#[derive(Clone)]
pub struct Value {
    pub(crate) repr: Repr,
    marks: Marks,
}

#[derive(Clone)]
pub(crate) enum Repr {
    Null,
    Bool(bool),
    Int(i64),
    /// Only whole numbers that `Int` cannot hold.
    Large(u64),
    Double(f64),
    Text(Arc<str>),
    Bytes(Arc<[u8]>),
    List(Arc<Block<Vec<Value>>>),
    Map(Arc<Block<Map>>),
}

/// The children of a list or map with what is asked of all of them, counted once when it is made.
#[derive(Clone)]
pub(crate) struct Block<T> {
    pub(crate) items: T,
    /// Marks that any node below has.
    any: Marks,
    /// Marks that every node below has.
    every: Marks,
    /// Steps that it costs to walk all nodes below.
    weight: u64,
}

impl<T> Block<T> {
    fn new(items: T, children: impl Fn(&T) -> Box<dyn Iterator<Item = &Value> + '_>) -> Arc<Self> {
        let (mut any, mut every, mut weight) = (Marks::NONE, Marks::ALL, 0_u64);
        for child in children(&items) {
            any = any.union(child.marks());
            every = every.intersection(child.every_mark());
            weight = weight.saturating_add(child.weight());
        }
        Arc::new(Block {
            items,
            any,
            every,
            weight,
        })
    }
}

impl Value {
    fn of(repr: Repr) -> Self {
        Value {
            repr,
            marks: Marks::NONE,
        }
    }

    /// Nothing.
    #[must_use]
    pub fn null() -> Self {
        Value::of(Repr::Null)
    }

    /// `true` or `false`.
    #[must_use]
    pub fn bool(value: bool) -> Self {
        Value::of(Repr::Bool(value))
    }

    /// A whole number.
    #[must_use]
    pub fn int(value: i64) -> Self {
        Value::of(Repr::Int(value))
    }

    /// A whole number that may be beyond `i64`, as JSON's may.
    #[must_use]
    pub fn unsigned(value: u64) -> Self {
        Value::of(i64::try_from(value).map_or(Repr::Large(value), Repr::Int))
    }

    /// A number with a fraction.
    #[must_use]
    pub fn double(value: f64) -> Self {
        Value::of(Repr::Double(value))
    }

    /// A text.
    #[must_use]
    pub fn text(value: impl Into<Arc<str>>) -> Self {
        Value::of(Repr::Text(value.into()))
    }

    /// Bytes.
    #[must_use]
    pub fn bytes(value: impl Into<Arc<[u8]>>) -> Self {
        Value::of(Repr::Bytes(value.into()))
    }

    /// A list.
    #[must_use]
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        let items = items.into_iter().collect();
        Value::of(Repr::List(Block::new(items, |items: &Vec<Value>| {
            Box::new(items.iter())
        })))
    }

    /// A map in the order given; of two equal keys the later value counts.
    #[must_use]
    pub fn map<K: Into<Key>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Value::from_map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// A map that is made already.
    #[must_use]
    pub fn from_map(items: Map) -> Self {
        Value::of(Repr::Map(Block::new(items, |items| {
            Box::new(items.iter().map(|(_, v)| v))
        })))
    }

    /// The same value, every node of it with these marks too.
    #[must_use]
    pub fn with_marks(mut self, marks: Marks) -> Self {
        if marks.within(self.every_mark()) {
            return self;
        }
        self.marks = self.marks.union(marks);
        self.repr = match self.repr {
            Repr::List(block) => {
                let items = Arc::unwrap_or_clone(block).items.into_iter();
                Value::list(items.map(|item| item.with_marks(marks))).repr
            }
            Repr::Map(block) => {
                let items = Arc::unwrap_or_clone(block)
                    .items
                    .map_values(|v| v.with_marks(marks));
                Value::from_map(items).repr
            }
            scalar => scalar,
        };
        self
    }

    /// The same value with these marks on this node alone: its shape is marked, its leaves are not.
    #[must_use]
    pub fn with_own_marks(mut self, marks: Marks) -> Self {
        self.marks = self.marks.union(marks);
        self
    }

    /// The same value, all of it secret.
    #[must_use]
    pub fn tainted(self) -> Self {
        self.with_marks(Marks::TAINTED)
    }

    /// The same value, all of it received.
    #[must_use]
    pub fn received(self) -> Self {
        self.with_marks(Marks::RECEIVED)
    }

    /// The same value, secret wherever a map has a key of which `is_secret` says so, at any depth.
    #[must_use]
    pub fn taint_fields(&self, is_secret: impl Fn(&str) -> bool) -> Self {
        self.taint_below(&is_secret)
    }

    fn taint_below(&self, is_secret: &dyn Fn(&str) -> bool) -> Self {
        let repr = match &self.repr {
            Repr::List(block) => {
                Value::list(block.items.iter().map(|item| item.taint_below(is_secret))).repr
            }
            Repr::Map(block) => {
                let entries = block.items.iter().map(|(key, value)| match key {
                    Key::Text(name) if is_secret(name) => (key.clone(), value.clone().tainted()),
                    _ => (key.clone(), value.taint_below(is_secret)),
                });
                Value::from_map(entries.collect()).repr
            }
            _ => return self.clone(),
        };
        Value {
            repr,
            marks: self.marks,
        }
    }

    /// The marks that this node or any below it has.
    #[must_use]
    pub fn marks(&self) -> Marks {
        match &self.repr {
            Repr::List(block) => self.marks.union(block.any),
            Repr::Map(block) => self.marks.union(block.any),
            _ => self.marks,
        }
    }

    /// The marks of this node alone: of a list or map they say where its shape came from.
    #[must_use]
    pub fn own_marks(&self) -> Marks {
        self.marks
    }

    fn every_mark(&self) -> Marks {
        match &self.repr {
            Repr::List(block) => self.marks.intersection(block.every),
            Repr::Map(block) => self.marks.intersection(block.every),
            _ => self.marks,
        }
    }

    /// Whether this or anything in it is secret.
    #[must_use]
    pub fn is_tainted(&self) -> bool {
        self.marks().tainted
    }

    /// Whether this or anything in it was received from the target in this case.
    #[must_use]
    pub fn is_received(&self) -> bool {
        self.marks().received
    }

    /// Steps that it costs to walk all of it.
    pub(crate) fn weight(&self) -> u64 {
        match &self.repr {
            Repr::List(block) => block.weight.saturating_add(1),
            Repr::Map(block) => block.weight.saturating_add(1),
            Repr::Text(text) => bytes_cost(text.len()),
            Repr::Bytes(bytes) => bytes_cost(bytes.len()),
            _ => 1,
        }
    }
}

#[cfg(test)]
mod tests;
