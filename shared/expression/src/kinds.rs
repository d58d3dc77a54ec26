//! Sets of kinds of values: what a function takes, and what is known of a result before there is
//! data. A kind that cannot be told is all of them.

use std::fmt;

use crate::value::Value;

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

const NAMES: [&str; 7] = ["null", "bool", "number", "text", "bytes", "list", "map"];

impl Kinds {
    pub(crate) const NULL: Kinds = Kinds(1);
    pub(crate) const BOOL: Kinds = Kinds(2);
    pub(crate) const NUMBER: Kinds = Kinds(4);
    pub(crate) const TEXT: Kinds = Kinds(8);
    pub(crate) const BYTES: Kinds = Kinds(16);
    pub(crate) const LIST: Kinds = Kinds(32);
    pub(crate) const MAP: Kinds = Kinds(64);
    pub(crate) const ANY: Kinds = Kinds(127);

    pub(crate) const fn or(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether a value may be of both sets.
    pub(crate) fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether every value of this set is of the other too.
    pub(crate) fn is_within(self, other: Kinds) -> bool {
        self.0 & !other.0 == 0
    }

    /// The kind of a value.
    pub(crate) fn of(value: &Value) -> Kinds {
        let position = NAMES.iter().position(|name| *name == value.type_name());
        position.map_or(Kinds::ANY, |position| Kinds(1 << position))
    }

    /// The name of the one kind that it is.
    pub(crate) fn name(self) -> Option<&'static str> {
        let only = self
            .0
            .is_power_of_two()
            .then(|| self.0.trailing_zeros() as usize)?;
        NAMES.get(only).copied()
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Kinds::ANY {
            return f.write_str("anything");
        }
        let names: Vec<&str> = (0..NAMES.len())
            .filter(|bit| self.0 & (1 << bit) != 0)
            .filter_map(|bit| NAMES.get(bit).copied())
            .collect();
        f.write_str(&names.join(" or "))
    }
}
