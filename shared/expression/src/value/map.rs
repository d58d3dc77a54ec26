//! The entries of a map value: in the order they came in, found by key without a hash per node.
//! Small maps, which nearly all are, are searched in line; large ones through a sorted index.

use std::fmt;
use std::sync::Arc;

use crate::value::Value;

/// A key of a map: JSON knows only texts, CEL whole numbers and bools too.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A text.
    Text(Arc<str>),
    /// A whole number.
    Int(i64),
    /// `true` or `false`.
    Bool(bool),
}

impl From<&str> for Key {
    fn from(text: &str) -> Self {
        Key::Text(text.into())
    }
}

impl From<String> for Key {
    fn from(text: String) -> Self {
        Key::Text(text.into())
    }
}

impl From<Arc<str>> for Key {
    fn from(text: Arc<str>) -> Self {
        Key::Text(text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Text(text) => f.write_str(text),
            Key::Int(number) => number.fmt(f),
            Key::Bool(value) => value.fmt(f),
        }
    }
}

impl Key {
    /// The key as a value of its own.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Key::Text(text) => Value::text(Arc::clone(text)),
            Key::Int(number) => Value::int(*number),
            Key::Bool(value) => Value::bool(*value),
        }
    }

    /// The key that `value` can be: a text, a whole number or a bool.
    #[must_use]
    pub fn of(value: &Value) -> Option<Key> {
        if let Some(text) = value.as_shared_text() {
            return Some(Key::Text(text));
        }
        value
            .as_bool()
            .map(Key::Bool)
            .or_else(|| value.as_int().map(Key::Int))
    }
}

/// Keys and values, in the order given.
#[derive(Clone, Default)]
pub struct Map {
    entries: Vec<(Key, Value)>,
    /// Positions in the order of their keys; empty while the map is small.
    sorted: Vec<u32>,
}

/// Up to this many entries a search in line is faster than one through the index.
const SMALL: usize = 16;

impl Map {
    /// The value of a text key.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.find(|key| match key {
            Key::Text(text) => (**text).cmp(name),
            Key::Int(_) | Key::Bool(_) => std::cmp::Ordering::Greater,
        })
    }

    /// The value of any key.
    #[must_use]
    pub fn get_key(&self, key: &Key) -> Option<&Value> {
        self.find(|known| known.cmp(key))
    }

    fn find(&self, order: impl Fn(&Key) -> std::cmp::Ordering) -> Option<&Value> {
        let position = if self.sorted.is_empty() {
            self.entries
                .iter()
                .position(|(key, _)| order(key).is_eq())?
        } else {
            let found = self.sorted.binary_search_by(|at| {
                self.entries
                    .get(*at as usize)
                    .map_or(std::cmp::Ordering::Less, |(k, _)| order(k))
            });
            *self.sorted.get(found.ok()?)? as usize
        };
        self.entries.get(position).map(|(_, value)| value)
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn map_values(mut self, change: impl Fn(Value) -> Value) -> Self {
        for (_, value) in &mut self.entries {
            *value = change(std::mem::take(value));
        }
        self
    }
}

impl FromIterator<(Key, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Value)>>(entries: I) -> Self {
        let mut entries: Vec<(Key, Value)> = entries.into_iter().collect();
        let mut sorted = in_order(&entries);
        let is_double = |pair: &[u32]| match pair {
            [a, b] => entries[*a as usize].0 == entries[*b as usize].0,
            _ => false,
        };
        if sorted.windows(2).any(is_double) {
            entries = without_doubles(entries, &sorted);
            sorted = in_order(&entries);
        }
        if entries.len() <= SMALL {
            sorted = Vec::new();
        }
        Map { entries, sorted }
    }
}

/// Positions in the order of their keys, equal keys in the order they came.
fn in_order(entries: &[(Key, Value)]) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..).take(entries.len()).collect();
    sorted.sort_by(|a, b| entries[*a as usize].0.cmp(&entries[*b as usize].0));
    sorted
}

/// Each key once, where it came first, with the value that came last.
fn without_doubles(mut entries: Vec<(Key, Value)>, sorted: &[u32]) -> Vec<(Key, Value)> {
    let mut keep = vec![true; entries.len()];
    let mut start = 0;
    while start < sorted.len() {
        let first = sorted[start] as usize;
        let same = sorted[start..]
            .iter()
            .take_while(|at| entries[**at as usize].0 == entries[first].0);
        let run: Vec<usize> = same.map(|at| *at as usize).collect();
        for later in run.iter().skip(1) {
            entries[first].1 = std::mem::take(&mut entries[*later].1);
            keep[*later] = false;
        }
        start += run.len();
    }
    let mut kept = keep.into_iter();
    entries.retain(|_| kept.next().unwrap_or(true));
    entries
}
