//! What a check asks about, and the ways it can be: the constants that it is compared with part its
//! values into regions, and within a region every question has one answer.

use std::cmp::Ordering;

use super::facts::Facts;
use super::range::Range;
use super::same::orders;
use crate::evaluate::operators;
use crate::kinds::Kinds;
use crate::tree::{Node, Operator};
use crate::value::Value;

#[derive(Debug)]
pub(super) struct Subject {
    pub(super) what: What,
    pub(super) is_received: bool,
    /// What it is compared with, each once.
    constants: Vec<Value>,
    is_asked_for_truth: bool,
}

#[derive(Debug)]
pub(super) enum What {
    Part(Node, Range),
    /// Two parts that are compared with one another, and the ways they can stand.
    Pair(Node, Node, Vec<Region>),
}

/// A question about a subject.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// Whether it is true.
    Holds,
    Compare(Operator, Value),
    /// How the two of a pair stand.
    Order(Operator),
}

/// Values that all questions answer alike.
#[derive(Debug, Clone)]
pub(super) enum Region {
    Only(Value),
    /// Between two numbers, or two texts, without them.
    Between(Option<Value>, Option<Value>, Kinds),
    /// Whatever none of the constants is like.
    Other,
    /// The two of a pair, in this order; `None` has no order and is unequal.
    Stand(Option<Ordering>),
}

impl What {
    pub(super) fn pair(left: &Node, right: &Node, facts: &Facts<'_>) -> What {
        let possible = orders(left, right, facts);
        let mut regions = Vec::new();
        for (is_possible, order) in [
            (possible.less, Ordering::Less),
            (possible.equal, Ordering::Equal),
            (possible.greater, Ordering::Greater),
        ] {
            if is_possible {
                regions.push(Region::Stand(Some(order)));
            }
        }
        let has_one_way = regions.len() == 1 && !possible.less && !possible.greater;
        let are_numbers = [left, right]
            .iter()
            .all(|side| super::range::range(side, facts).kinds == Kinds::NUMBER);
        // What equals itself does so whatever its kind.
        if !are_numbers && !has_one_way {
            regions.push(Region::Stand(None));
        }
        What::Pair(left.clone(), right.clone(), regions)
    }
}

impl Subject {
    pub(super) fn new(what: What, is_received: bool) -> Self {
        Subject {
            what,
            is_received,
            constants: Vec::new(),
            is_asked_for_truth: false,
        }
    }

    pub(super) fn note(&mut self, test: &Test) {
        match test {
            Test::Holds => self.is_asked_for_truth = true,
            Test::Compare(_, constant) if !self.constants.contains(constant) => {
                self.constants.push(constant.clone());
            }
            Test::Compare(..) | Test::Order(_) => {}
        }
    }

    pub(super) fn regions(&self) -> Vec<Region> {
        let (kinds, range) = match &self.what {
            What::Pair(_, _, regions) => return regions.clone(),
            What::Part(_, range) => (range.kinds, *range),
        };
        let of = |fits: fn(&Value) -> bool| -> Vec<Value> {
            let found = self.constants.iter().filter(|constant| fits(constant));
            found.cloned().collect()
        };
        let numbers = of(|constant| constant.as_f64().is_some());
        let texts = of(|constant| constant.as_text().is_some());
        let has_truth =
            self.is_asked_for_truth || self.constants.iter().any(|c| c.as_bool().is_some());
        let mut regions = Vec::new();
        let mut told: Option<Kinds> = None;
        let mut tell = |kind: Kinds| told = Some(told.map_or(kind, |told| told.or(kind)));
        if has_truth {
            tell(Kinds::BOOL);
            if kinds.meets(Kinds::BOOL) {
                regions.extend([true, false].map(|truth| Region::Only(Value::bool(truth))));
            }
        }
        if !numbers.is_empty() {
            tell(Kinds::NUMBER);
            if kinds.meets(Kinds::NUMBER) {
                parted(
                    numbers,
                    Kinds::NUMBER,
                    |region| can_be(region, range),
                    &mut regions,
                );
            }
        }
        if !texts.is_empty() {
            tell(Kinds::TEXT);
            if kinds.meets(Kinds::TEXT) {
                parted(texts, Kinds::TEXT, has_texts, &mut regions);
            }
        }
        let exact = of(|c| c.as_f64().is_none() && c.as_text().is_none() && c.as_bool().is_none());
        let possible = exact.into_iter().filter(|c| kinds.meets(Kinds::of(c)));
        regions.extend(possible.map(Region::Only));
        // Asked for its truth alone, anything else is no answer at all.
        let is_all_told = told.is_some_and(|told| kinds.is_within(told));
        if !self.constants.is_empty() && !is_all_told {
            regions.push(Region::Other);
        }
        regions
    }
}

/// The constants, in order, and what lies between them.
fn parted(
    mut constants: Vec<Value>,
    kind: Kinds,
    can_be: impl Fn(&Region) -> bool,
    regions: &mut Vec<Region>,
) {
    constants.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
    let mut below: Option<Value> = None;
    for constant in constants {
        regions.push(Region::Between(below.take(), Some(constant.clone()), kind));
        regions.push(Region::Only(constant.clone()));
        below = Some(constant);
    }
    regions.push(Region::Between(below, None, kind));
    regions.retain(|region| match region {
        Region::Between(_, _, of) if *of != kind => true,
        Region::Only(value) if Kinds::of(value) != kind => true,
        region => can_be(region),
    });
}

/// Whether a number of the range lies in the region.
fn can_be(region: &Region, range: Range) -> bool {
    let number =
        |value: &Option<Value>, none: f64| value.as_ref().and_then(Value::as_f64).unwrap_or(none);
    match region {
        Region::Only(value) => {
            let is_whole = value.whole().is_some() || value.as_int().is_some();
            let number = value.as_f64().unwrap_or(f64::NAN);
            number >= range.least && number <= range.most && (is_whole || !range.is_whole)
        }
        Region::Between(low, high, _) => {
            let (low, high) = (number(low, f64::NEG_INFINITY), number(high, f64::INFINITY));
            if range.is_whole {
                let first = if low >= range.least {
                    low.floor() + 1.0
                } else {
                    range.least.ceil()
                };
                return first < high && first <= range.most;
            }
            let (least, most) = (low.max(range.least), high.min(range.most));
            least < most || (least == most && low < least && most < high)
        }
        _ => true,
    }
}

/// No text comes before the empty one.
fn has_texts(region: &Region) -> bool {
    let is_empty = |value: &Value| value.as_text() == Some("");
    !matches!(region, Region::Between(None, Some(first), _) if is_empty(first))
}

impl Test {
    /// The answer in a region; `None` where the question can't be evaluated.
    pub(super) fn answer(&self, region: &Region) -> Option<bool> {
        match (self, region) {
            (Test::Holds, Region::Only(value)) => value.as_bool(),
            (Test::Compare(operator, constant), Region::Only(value)) => {
                operators::binary(*operator, value, constant)
                    .ok()?
                    .as_bool()
            }
            (Test::Compare(operator, constant), Region::Between(low, _, kind)) => {
                if Kinds::of(constant) != *kind {
                    return unlike(*operator);
                }
                let is_above = low
                    .as_ref()
                    .and_then(|low| low.compare(constant))
                    .is_some_and(Ordering::is_ge);
                let order = if is_above {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                Some(stands(*operator, order))
            }
            (Test::Compare(operator, _), Region::Other) => unlike(*operator),
            (Test::Order(operator), Region::Stand(Some(order))) => Some(stands(*operator, *order)),
            (Test::Order(operator), Region::Stand(None)) => unlike(*operator),
            _ => None,
        }
    }
}

/// Values of unlike kinds are unequal, and have no order.
fn unlike(operator: Operator) -> Option<bool> {
    match operator {
        Operator::Equal => Some(false),
        Operator::NotEqual => Some(true),
        _ => None,
    }
}

fn stands(operator: Operator, order: Ordering) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::NotEqual => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        _ => false,
    }
}
