//! Why a check's outcome is known, and what to write instead, in words.

use super::formula::Formula;
use super::same::orders_are_of_sizes;
use super::subject::{Subject, What};
use super::table::Verdict;
use crate::tree::{Kind, Node};

/// The longest part that is quoted.
const MAX_QUOTED: usize = 40;

/// Why, and the fix, for a check that is certain by itself.
pub(super) fn of(
    formula: &Formula,
    subjects: &[Subject],
    verdict: Verdict,
    source: &str,
) -> (String, String) {
    if verdict == Verdict::Unmoved {
        return (
            "what was sent decides it alone".to_owned(),
            "drop what makes no difference, and check what was received".to_owned(),
        );
    }
    let general = "compare what only a right answer holds".to_owned();
    match only(formula) {
        Formula::Known(_, why) => ((*why).to_owned(), general),
        Formula::Ask(subject, _) => match subjects.get(*subject).map(|subject| &subject.what) {
            Some(What::Part(part, _)) => of_part(part, source).unwrap_or_else(|| {
                (
                    format!("that follows from what {} can be", quoted(part, source)),
                    general,
                )
            }),
            Some(What::Pair(left, right, _)) if orders_are_of_sizes(left, right) => (
                "one side is made of the other".to_owned(),
                "compare the size with a number".to_owned(),
            ),
            _ => (
                "both sides are made of the same".to_owned(),
                "compare it with something else".to_owned(),
            ),
        },
        _ if verdict == Verdict::Always => (
            "its parts leave no answer out".to_owned(),
            "check one of them, on a line of its own".to_owned(),
        ),
        _ => (
            "its parts exclude one another".to_owned(),
            "check them in steps where each can hold".to_owned(),
        ),
    }
}

/// The same for a check that repeats or contradicts what its step has looked for.
pub(super) fn given(verdict: Verdict) -> (String, String) {
    let because = match verdict {
        Verdict::Never => "the step's `where` takes only messages for which it does not hold",
        _ => "the step's `where` takes only messages for which it holds",
    };
    (
        because.to_owned(),
        "the match is a check already; check what else the message says".to_owned(),
    )
}

fn only(formula: &Formula) -> &Formula {
    match formula {
        Formula::Not(operand) => only(operand),
        other => other,
    }
}

fn of_part(part: &Node, source: &str) -> Option<(String, String)> {
    match &part.kind {
        Kind::Read(chain) => of_part(&chain.node, source),
        Kind::Call(function, arguments) if function.name == "size" => {
            let what = arguments.first().map(|of| written(of, source));
            let fix = match what.flatten() {
                Some(of) => format!("write `{of}.size() > 0` if something must be in it"),
                None => "compare it with the size that a right answer has".to_owned(),
            };
            Some(("a size is never less than 0".to_owned(), fix))
        }
        Kind::Global(name) if &**name == "status" => Some((
            "a status is from 100 to 599, and one that was not expected fails the step".to_owned(),
            "write `status:` beside `check:`, with what is expected".to_owned(),
        )),
        Kind::Global(name) if name.ends_with("_ms") => Some((
            "a time is never less than 0".to_owned(),
            format!("write how long it may take: `{name} < 1000`"),
        )),
        _ => None,
    }
}

fn quoted(part: &Node, source: &str) -> String {
    written(part, source).map_or_else(|| "it".to_owned(), |text| format!("`{text}`"))
}

fn written<'s>(part: &Node, source: &'s str) -> Option<&'s str> {
    let (start, len) = (part.offset as usize, part.len as usize);
    let text = source.get(start..start + len)?.trim();
    (!text.is_empty() && text.len() <= MAX_QUOTED).then_some(text)
}
