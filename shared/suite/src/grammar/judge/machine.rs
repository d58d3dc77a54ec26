//! An order as a machine that takes one event after the other and knows what may come next.

use std::collections::BTreeSet;

use crate::grammar::Order;

/// All places in the order at which it may stand, kept at once; no backtracking, so that time
/// grows with events times places.
pub(super) struct Machine<'o> {
    places: Vec<Place<'o>>,
    /// Places whose event may come next.
    now: BTreeSet<usize>,
}

/// What stands at a place: an event with the place behind it, a fork, or the end.
enum Place<'o> {
    Event { name: &'o str, next: usize },
    Fork(Vec<usize>),
    End,
}

impl<'o> Machine<'o> {
    pub(super) fn new(order: &'o Order) -> Self {
        let mut machine = Self {
            places: vec![Place::End],
            now: BTreeSet::new(),
        };
        let start = machine.build(order, 0);
        machine.now = machine.reached([start]);
        machine
    }

    /// Takes an event; `false` when it can't come here, and nothing changes.
    pub(super) fn step(&mut self, event: &str) -> bool {
        let next: Vec<usize> = self
            .now
            .iter()
            .filter_map(|&place| match self.places.get(place) {
                Some(Place::Event { name, next }) if *name == event => Some(*next),
                _ => None,
            })
            .collect();
        let taken = !next.is_empty();
        if taken {
            self.now = self.reached(next);
        }
        taken
    }

    /// Names of the events that may come next, sorted.
    pub(super) fn expected(&self) -> Vec<String> {
        let names = self
            .now
            .iter()
            .filter_map(|&place| match self.places.get(place) {
                Some(Place::Event { name, .. }) => Some(*name),
                _ => None,
            });
        names
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    pub(super) fn may_end(&self) -> bool {
        self.now.contains(&0)
    }

    /// Adds the places of `order`, after which `next` comes, and returns where it begins.
    fn build(&mut self, order: &'o Order, next: usize) -> usize {
        match order {
            Order::Event(name) => self.add(Place::Event { name, next }),
            Order::Sequence(parts) => parts
                .iter()
                .rev()
                .fold(next, |next, part| self.build(part, next)),
            Order::Repeated {
                what,
                at_least,
                at_most,
            } => {
                let mut start = next;
                match at_most {
                    None => {
                        let fork = self.add(Place::Fork(vec![next]));
                        let again = self.build(what, fork);
                        self.places[fork] = Place::Fork(vec![next, again]);
                        start = fork;
                    }
                    Some(most) => {
                        for _ in *at_least..*most {
                            let once = self.build(what, start);
                            start = self.add(Place::Fork(vec![next, once]));
                        }
                    }
                }
                for _ in 0..*at_least {
                    start = self.build(what, start);
                }
                start
            }
        }
    }

    fn add(&mut self, place: Place<'o>) -> usize {
        self.places.push(place);
        self.places.len() - 1
    }

    /// Everything that is reached from these places without an event.
    fn reached(&self, from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = from.into_iter().collect();
        while let Some(place) = open.pop() {
            if !found.insert(place) {
                continue;
            }
            if let Some(Place::Fork(next)) = self.places.get(place) {
                open.extend(next);
            }
        }
        found
    }
}
