//! Event grammars as written: the order of events, pairs, sequence.

use super::Reader;
use super::expression::Role;
use super::locate::Locator;
use super::sockets::looking_at_message;
use crate::grammar::{Grammar, Order, Pair, order};
use crate::place::Span;
use crate::raw::{Entry, Node};
use crate::vocabulary::files::{GRAMMAR, PAIR};
use crate::vocabulary::nearest;

impl Reader<'_> {
    pub(crate) fn grammar(&self, entry: &Entry) -> Option<Grammar> {
        let fields = self.fields(&entry.value, &GRAMMAR)?;
        let base = self.base_names();
        let names = looking_at_message(&base);
        let one = |key: &str| {
            let node = fields.get(key)?;
            Some(self.expression(node, &names, Role::Value))
        };
        let per = one("per");
        let event = one("event");
        let sequence = one("sequence");
        let order = fields.get("order").and_then(|node| self.order(node));
        let ignore = fields
            .get("ignore")
            .map_or_else(Vec::new, |node| self.texts(node, "events"));
        let pairs = fields
            .get("pairs")
            .map_or_else(Vec::new, |node| self.pairs(node, order.as_ref(), &names));
        let same = fields
            .get("same")
            .map_or(&[][..], |node| self.list(node, "expressions"));
        let same = same
            .iter()
            .filter_map(|node| self.expression(node, &names, Role::Value))
            .collect();
        if let (Some(order), Some(node)) = (&order, fields.get("ignore")) {
            for item in node.as_list().unwrap_or_default() {
                let name = item.as_scalar().map_or("", |scalar| scalar.text.as_str());
                if order.events().contains(&name) {
                    let message = format!("`{name}` is ignored and stands in `order` too");
                    self.problems
                        .fix(item.span, message, "take it out of one of them");
                }
            }
        }
        Some(Grammar {
            name: entry.key.clone(),
            line: self.line(entry.key_span),
            per: per.flatten(),
            event: event??,
            order: order?,
            ignore,
            pairs,
            same,
            sequence: sequence.flatten(),
        })
    }

    fn order(&self, node: &Node) -> Option<Order> {
        let text = self.text(node, "events in their order")?;
        match order::parse(&text) {
            Ok(order) => Some(order),
            Err(bad) => {
                let locator = Locator::new(node, self.problems.text());
                let span = if text.is_empty() {
                    node.span
                } else {
                    locator.span(bad.offset, bad.len)
                };
                self.problems.fix(span, bad.message, bad.fix);
                None
            }
        }
    }

    fn pairs(
        &self,
        node: &Node,
        order: Option<&Order>,
        names: &super::names::Names<'_>,
    ) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for item in self.list(node, "pairs") {
            let Some(fields) = self.fields(item, &PAIR) else {
                continue;
            };
            let event = |key: &str| {
                let node = fields.get(key)?;
                let name = self.text(node, "an event")?;
                self.is_event(&name, node.span, order);
                Some(name)
            };
            let (open, close) = (event("open"), event("close"));
            let by = fields
                .get("by")
                .and_then(|node| self.expression(node, names, Role::Value));
            if let (Some(open), Some(close), Some(by)) = (open, close, by) {
                pairs.push(Pair { open, close, by });
            }
        }
        pairs
    }

    fn is_event(&self, name: &str, span: Span, order: Option<&Order>) {
        let Some(order) = order else { return };
        let events = order.events();
        if !events.contains(&name) {
            let fix = nearest(name, events.iter().copied()).map_or_else(
                || format!("`order` has: {}", events.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            self.problems
                .fix(span, format!("`{name}` is not an event of `order`"), fix);
        }
    }
}
