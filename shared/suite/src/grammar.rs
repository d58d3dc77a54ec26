//! Event grammars: which events may come, in which order, paired, without a gap.

pub mod judge;
pub mod order;

pub use judge::{Violation, judge};

use expression::Expression;

/// A grammar as checked; how it judges a list of messages is beside it in `judge`.
#[derive(Clone, Debug)]
pub struct Grammar {
    pub name: String,
    pub line: u32,
    /// Keeps parallel runs apart.
    pub per: Option<Expression>,
    /// The event's name in a message.
    pub event: Expression,
    pub order: Order,
    pub ignore: Vec<String>,
    pub pairs: Vec<Pair>,
    /// Expressions that must be equal over all events of one `per`.
    pub same: Vec<Expression>,
    /// Must grow by one from event to event.
    pub sequence: Option<Expression>,
}

/// `a b+ (c d)* e?`: a regular expression over event names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    Event(String),
    Sequence(Vec<Order>),
    Repeated {
        what: Box<Order>,
        at_least: u32,
        at_most: Option<u32>,
    },
}

#[derive(Clone, Debug)]
pub struct Pair {
    pub open: String,
    pub close: String,
    pub by: Expression,
}
