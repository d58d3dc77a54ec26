//! A check as questions about its parts, joined by `&&`, `||`, `!` and `? :`. Equal parts become one
//! subject, so that `x == 1 || x != 1` asks twice about the same.

use super::facts::Facts;
use super::range::{kinds, range};
use super::same::{is_empty_text, is_found_everywhere, same};
use super::subject::{Subject, Test, What};
use super::table::{Verdict, decide};
use crate::kinds::Kinds;
use crate::library;
use crate::tree::{Form, Kind, Loop, Node, Operator};
use crate::value::Value;

/// Items of a list that `in` is spelled out for.
const MAX_ITEMS: usize = 40;

#[derive(Debug)]
pub(super) enum Formula {
    /// Known by itself, and why.
    Known(bool, &'static str),
    /// A question about the subject at that position.
    Ask(usize, Test),
    Not(Box<Formula>),
    And(Box<[Formula; 2]>),
    Or(Box<[Formula; 2]>),
    /// The second if the first, else the third.
    Choose(Box<[Formula; 3]>),
    /// Whether both are alike.
    Alike(Box<[Formula; 2]>),
}

/// What `node` always is, if it is always the same when it gives a value.
pub(super) fn always(node: &Node, facts: &Facts<'_>) -> Option<bool> {
    let mut builder = Builder::new(facts);
    let formula = builder.formula(node);
    match decide(&formula, None, &builder.into_subjects())? {
        Verdict::Always => Some(true),
        Verdict::Never => Some(false),
        Verdict::Unmoved => None,
    }
}

pub(super) struct Builder<'a, 'f> {
    facts: &'f Facts<'a>,
    subjects: Vec<Subject>,
}

impl<'a, 'f> Builder<'a, 'f> {
    pub(super) fn new(facts: &'f Facts<'a>) -> Self {
        Builder {
            facts,
            subjects: Vec::new(),
        }
    }

    pub(super) fn into_subjects(self) -> Vec<Subject> {
        self.subjects
    }

    pub(super) fn formula(&mut self, node: &Node) -> Formula {
        if !self.facts.may_go_on() {
            return self.holds(node);
        }
        match &node.kind {
            Kind::Constant(value) => match value.as_bool() {
                Some(truth) => Formula::Known(truth, "it is a constant"),
                None => self.holds(node),
            },
            Kind::Not(operand) => Formula::Not(Box::new(self.formula(operand))),
            Kind::And(pair) => Formula::And(self.pair(pair)),
            Kind::Or(pair) => Formula::Or(self.pair(pair)),
            Kind::Conditional(parts) => Formula::Choose(Box::new([
                self.formula(&parts[0]),
                self.formula(&parts[1]),
                self.formula(&parts[2]),
            ])),
            Kind::Binary(Operator::In, pair) => self.membership(node, pair),
            Kind::Binary(operator, pair) => self.comparison(node, *operator, pair),
            Kind::Call(function, arguments) => self.of_text(node, function.name, arguments),
            Kind::Matches(_, pattern) if is_found_everywhere(pattern) => {
                Formula::Known(true, "this pattern is found in every text")
            }
            Kind::Loop(each) => self.each(node, each),
            _ => self.holds(node),
        }
    }

    fn pair(&mut self, pair: &[Node; 2]) -> Box<[Formula; 2]> {
        Box::new([self.formula(&pair[0]), self.formula(&pair[1])])
    }

    /// The part as one question: whether it is true.
    fn holds(&mut self, node: &Node) -> Formula {
        let subject = self.subject(node);
        self.ask(subject, Test::Holds)
    }

    fn ask(&mut self, subject: usize, test: Test) -> Formula {
        if let Some(subject) = self.subjects.get_mut(subject) {
            subject.note(&test);
        }
        Formula::Ask(subject, test)
    }

    fn subject(&mut self, node: &Node) -> usize {
        let is_it = |subject: &Subject| match &subject.what {
            What::Part(part, _) => same(part, node),
            What::Pair(..) => false,
        };
        if let Some(found) = self.subjects.iter().position(is_it) {
            return found;
        }
        let what = What::Part(node.clone(), range(node, self.facts));
        self.add(what, self.facts.is_received(node))
    }

    fn add(&mut self, what: What, is_received: bool) -> usize {
        self.subjects.push(Subject::new(what, is_received));
        self.subjects.len() - 1
    }

    fn comparison(&mut self, node: &Node, operator: Operator, pair: &[Node; 2]) -> Formula {
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let [left, right] = pair;
        let are_truths = kinds(left) == Kinds::BOOL && kinds(right) == Kinds::BOOL;
        match (left.constant(), right.constant()) {
            _ if is_equality && are_truths => {
                let alike = Formula::Alike(self.pair(pair));
                if operator == Operator::Equal {
                    alike
                } else {
                    Formula::Not(Box::new(alike))
                }
            }
            (_, Some(constant)) => self.with_constant(node, left, operator, constant),
            (Some(constant), _) => self.with_constant(node, right, flipped(operator), constant),
            _ => self.between(operator, left, right),
        }
    }

    fn with_constant(
        &mut self,
        whole: &Node,
        part: &Node,
        operator: Operator,
        constant: &Value,
    ) -> Formula {
        let is_equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        let has_order = constant.as_f64().is_some() || constant.as_text().is_some();
        if !is_equality && !has_order {
            return self.holds(whole);
        }
        let subject = self.subject(part);
        self.ask(subject, Test::Compare(operator, constant.clone()))
    }

    fn between(&mut self, operator: Operator, left: &Node, right: &Node) -> Formula {
        let found =
            self.subjects
                .iter()
                .enumerate()
                .find_map(|(at, subject)| match &subject.what {
                    What::Pair(a, b, _) if same(a, left) && same(b, right) => Some((at, operator)),
                    What::Pair(a, b, _) if same(a, right) && same(b, left) => {
                        Some((at, flipped(operator)))
                    }
                    _ => None,
                });
        let (subject, operator) = found.unwrap_or_else(|| {
            let what = What::pair(left, right, self.facts);
            let is_received = self.facts.is_received(left) || self.facts.is_received(right);
            (self.add(what, is_received), operator)
        });
        self.ask(subject, Test::Order(operator))
    }

    /// `x in [a, b]` is `x == a || x == b`.
    fn membership(&mut self, node: &Node, pair: &[Node; 2]) -> Formula {
        let [item, all] = pair;
        let constants = all.constant().and_then(Value::as_list);
        let count = match (&all.kind, constants) {
            (Kind::List(items), _) => items.len(),
            (_, Some(items)) => items.len(),
            _ => return self.holds(node),
        };
        if count > MAX_ITEMS {
            return self.holds(node);
        }
        let mut asked: Vec<Formula> = Vec::with_capacity(count);
        match (&all.kind, constants) {
            (Kind::List(items), _) => {
                for one in items {
                    let pair = [item.clone(), one.clone()];
                    asked.push(self.comparison(node, Operator::Equal, &pair));
                }
            }
            (_, items) => {
                for one in items.unwrap_or_default() {
                    asked.push(self.with_constant(node, item, Operator::Equal, one));
                }
            }
        }
        asked
            .into_iter()
            .reduce(|left, right| Formula::Or(Box::new([left, right])))
            .unwrap_or(Formula::Known(false, "nothing is in an empty list"))
    }

    fn of_text(&mut self, node: &Node, name: &str, arguments: &[Node]) -> Formula {
        let [text, part] = arguments else {
            return self.holds(node);
        };
        if !matches!(name, "startsWith" | "endsWith" | "contains") {
            return self.holds(node);
        }
        if is_empty_text(part) {
            return Formula::Known(true, "every text has the empty one in it");
        }
        if same(text, part) {
            return Formula::Known(true, "every text has itself in it");
        }
        self.holds(node)
    }

    /// A loop whose body never varies says how many items there are, or nothing.
    fn each(&mut self, node: &Node, each: &Loop) -> Formula {
        if !matches!(each.form, Form::All | Form::Exists | Form::ExistsOne) {
            return self.holds(node);
        }
        let body = always(&each.body, &self.facts.inside(each));
        match (each.form, body) {
            (Form::All, Some(true)) => {
                Formula::Known(true, "what is asked of each item always holds")
            }
            (Form::Exists | Form::ExistsOne, Some(false)) => {
                Formula::Known(false, "what is asked of each item never holds")
            }
            (Form::All, Some(false)) => self.size(node, each, Operator::Equal, 0),
            (Form::Exists, Some(true)) => self.size(node, each, Operator::Greater, 0),
            (Form::ExistsOne, Some(true)) => self.size(node, each, Operator::Equal, 1),
            _ => self.holds(node),
        }
    }

    fn size(&mut self, node: &Node, each: &Loop, operator: Operator, number: i64) -> Formula {
        let Some(size) = library::find("size") else {
            return self.holds(node);
        };
        let part = Node {
            kind: Kind::Call(size, vec![each.range.clone()]),
            ..each.range
        };
        self.with_constant(node, &part, operator, &Value::int(number))
    }
}

/// The operator with its sides exchanged.
fn flipped(operator: Operator) -> Operator {
    match operator {
        Operator::Less => Operator::Greater,
        Operator::LessOrEqual => Operator::GreaterOrEqual,
        Operator::Greater => Operator::Less,
        Operator::GreaterOrEqual => Operator::LessOrEqual,
        other => other,
    }
}
