//! Equality and order by CEL's rules: numbers compare across kinds and exactly, unlike kinds are
//! unequal, and only numbers, texts, bytes and bools have an order. Marks never take part.

use std::cmp::Ordering;

use super::{Repr, Value};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (&self.repr, &other.repr) {
            (Repr::Null, Repr::Null) => true,
            (Repr::Bool(a), Repr::Bool(b)) => a == b,
            (Repr::Text(a), Repr::Text(b)) => a == b,
            (Repr::Bytes(a), Repr::Bytes(b)) => a == b,
            (Repr::List(a), Repr::List(b)) => a.items == b.items,
            (Repr::Map(a), Repr::Map(b)) => {
                let has = |(key, value)| b.items.get_key(key) == Some(value);
                a.items.len() == b.items.len() && a.items.iter().all(has)
            }
            _ => compare_numbers(self, other) == Some(Ordering::Equal),
        }
    }
}

impl Value {
    /// The order of two values of one ordered kind; `None` for others and for NaN.
    #[must_use]
    pub fn compare(&self, other: &Value) -> Option<Ordering> {
        match (&self.repr, &other.repr) {
            (Repr::Bool(a), Repr::Bool(b)) => Some(a.cmp(b)),
            (Repr::Text(a), Repr::Text(b)) => Some(a.cmp(b)),
            (Repr::Bytes(a), Repr::Bytes(b)) => Some(a.cmp(b)),
            _ => compare_numbers(self, other),
        }
    }

    /// The whole number that it is by kind, wide enough for all of them.
    pub(crate) fn whole(&self) -> Option<i128> {
        match self.repr {
            Repr::Int(value) => Some(i128::from(value)),
            Repr::Large(value) => Some(i128::from(value)),
            _ => None,
        }
    }
}

fn compare_numbers(a: &Value, b: &Value) -> Option<Ordering> {
    match (a.whole(), b.whole()) {
        (Some(a), Some(b)) => Some(a.cmp(&b)),
        (Some(a), None) => compare_whole(a, as_double(b)?),
        (None, Some(b)) => compare_whole(b, as_double(a)?).map(Ordering::reverse),
        (None, None) => as_double(a)?.partial_cmp(&as_double(b)?),
    }
}

fn as_double(value: &Value) -> Option<f64> {
    match value.repr {
        Repr::Double(value) => Some(value),
        _ => None,
    }
}

/// Compares without rounding the whole number: 2^53 + 1 is not 2^53.
fn compare_whole(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Every whole number here fits 65 bits, so that a saturated cast is beyond all of them.
    let floor = double.floor() as i128;
    Some(whole.cmp(&floor).then(if double > double.floor() {
        Ordering::Less
    } else {
        Ordering::Equal
    }))
}
