//! Whether a check can turn out otherwise: `body.ok || !body.ok`, `size(xs) >= 0`, `status < 600`.
//!
//! What it finds is certain: every answer that can be evaluated gives the same. What it does not find
//! may still say nothing; `muster prove` looks for that. Reading order: `certain/range.rs` (which
//! values a part can have), `certain/same.rs` (parts that are equal by what they are),
//! `certain/formula.rs` (the check as questions about its parts), `certain/table.rs` (all answers to
//! these questions, tried).

mod facts;
mod formula;
mod range;
mod reason;
mod same;
mod subject;
mod table;

use crate::tree::Node;

pub use facts::About;
use facts::{Facts, Fuel};
use formula::Builder;
use table::Verdict;

/// A check whose outcome does not come from the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certain {
    /// In which way.
    pub kind: CertainKind,
    /// Why, in lower case.
    pub because: String,
    /// What to write instead.
    pub fix: String,
}

/// The ways in which a check's outcome is known before there is an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertainKind {
    /// No answer makes it false.
    Always,
    /// No answer makes it true.
    Never,
    /// It reads what was received, and what was sent decides alone.
    Unmoved,
}

/// The certainty of `tree`, where `given` holds already.
pub(crate) fn certainty(
    tree: &Node,
    source: &str,
    given: Option<&Node>,
    about: &dyn Fn(&str) -> About,
) -> Option<Certain> {
    let fuel = Fuel::default();
    let facts = Facts::new(about, &fuel);
    let mut builder = Builder::new(&facts);
    let formula = builder.formula(tree);
    let assumed = given.map(|given| builder.formula(given));
    let subjects = builder.into_subjects();
    if fuel.is_spent() {
        return None;
    }
    let alone = table::decide(&formula, None, &subjects);
    let (verdict, is_given) = match (alone, &assumed) {
        (Some(verdict), _) => (verdict, false),
        (None, Some(assumed)) => (table::decide(&formula, Some(assumed), &subjects)?, true),
        (None, None) => return None,
    };
    let (because, fix) = if is_given {
        reason::given(verdict)
    } else {
        reason::of(&formula, &subjects, verdict, source)
    };
    let kind = match verdict {
        Verdict::Always => CertainKind::Always,
        Verdict::Never => CertainKind::Never,
        Verdict::Unmoved => CertainKind::Unmoved,
    };
    Some(Certain { kind, because, fix })
}

#[cfg(test)]
mod tests;
