//! What is known before there is an answer: of free variables from outside, of a loop's items from
//! what the loop goes over. All work on one check takes from one bounded amount of fuel.

use std::cell::Cell;

use super::range::{Range, item_range};
use crate::tree::{Kind, Loop, Node};

/// What is known of a free variable, whatever the target answers.
#[derive(Debug, Clone, Copy)]
pub struct About {
    pub(super) range: Range,
    pub(super) is_received: bool,
}

impl About {
    /// Nothing but whether it came from the target.
    #[must_use]
    pub fn anything(is_received: bool) -> Self {
        let range = Range::ANY;
        About { range, is_received }
    }

    /// A received whole number between two bounds, both possible.
    #[must_use]
    pub fn whole(least: u32, most: u32) -> Self {
        let range = Range::whole(f64::from(least), f64::from(most));
        About {
            range,
            is_received: true,
        }
    }

    /// A number from 0 on, such as a time that passed.
    #[must_use]
    pub fn time(is_received: bool) -> Self {
        let range = Range::number(0.0, f64::INFINITY);
        About { range, is_received }
    }
}

/// Steps that looking at one check may take.
const FUEL: u32 = 200_000;

/// What is left of the steps.
#[derive(Debug)]
pub(super) struct Fuel(Cell<u32>);

impl Default for Fuel {
    fn default() -> Self {
        Fuel(Cell::new(FUEL))
    }
}

impl Fuel {
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn take(&self) -> bool {
        let left = self.0.get().saturating_sub(1);
        self.0.set(left);
        left > 0
    }
}

pub(super) struct Facts<'a> {
    about: &'a dyn Fn(&str) -> About,
    /// Of the items of the loops around, by slot.
    items: Vec<Range>,
    fuel: &'a Fuel,
}

impl<'a> Facts<'a> {
    pub(super) fn new(about: &'a dyn Fn(&str) -> About, fuel: &'a Fuel) -> Self {
        Facts {
            about,
            items: Vec::new(),
            fuel,
        }
    }

    /// The facts for the body of a loop.
    pub(super) fn inside(&self, each: &Loop) -> Facts<'a> {
        let mut items = self.items.clone();
        items.resize(each.slot, Range::ANY);
        items.push(item_range(&each.range, self));
        Facts { items, ..*self }
    }

    /// Takes a step; without one left nothing more is known.
    pub(super) fn may_go_on(&self) -> bool {
        self.fuel.take()
    }

    pub(super) fn global(&self, name: &str) -> About {
        (self.about)(name)
    }

    pub(super) fn item(&self, slot: usize) -> Range {
        self.items.get(slot).copied().unwrap_or(Range::ANY)
    }

    /// Whether a part reads anything that came from the target.
    pub(super) fn is_received(&self, node: &Node) -> bool {
        match &node.kind {
            Kind::Global(name) => self.global(name).is_received,
            // What a loop goes over may have been received; it stands outside the part.
            Kind::Local(_) => true,
            _ => node
                .children()
                .into_iter()
                .any(|child| self.is_received(child)),
        }
    }
}
