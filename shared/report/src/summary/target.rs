//! Time targets: checks of a suite that allow a time at most, such as `elapsed_ms < 500`.
//!
//! A target is a check like any other and was judged by the engine; here it is only recognised, so
//! that response times can stand beside what was asked of them. Its limit is a number, or a name
//! whose value the record tells.

use domain::record::{CaseRecord, Check};

use super::case_line::CaseLine;

/// A limit on a time, and how often it held.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    pub file: String,
    pub line: u32,
    /// As written in the suite.
    pub expression: String,
    /// Milliseconds.
    pub limit: f64,
    pub evaluated: u64,
    pub held: u64,
}

/// Targets of every try of a case.
pub(super) fn of(case: &CaseLine, record: &CaseRecord) -> Vec<Target> {
    let mut targets = Vec::new();
    let checks = record.tries.iter().flat_map(|one| &one.checks);
    for check in checks {
        if let Some(limit) = limit(check) {
            let target = Target {
                file: case.file_of(&check.step).to_owned(),
                line: check.line,
                expression: check.expression.clone(),
                limit,
                evaluated: 1,
                held: u64::from(check.held),
            };
            add(&mut targets, &[target]);
        }
    }
    targets
}

/// Counts evaluations of the same target together.
pub(super) fn add(targets: &mut Vec<Target>, more: &[Target]) {
    for target in more {
        let is_same = |known: &&mut Target| {
            known.line == target.line
                && known.expression == target.expression
                && known.file == target.file
                && known.limit.total_cmp(&target.limit).is_eq()
        };
        match targets.iter_mut().find(is_same) {
            Some(known) => {
                known.evaluated += target.evaluated;
                known.held += target.held;
            }
            None => targets.push(target.clone()),
        }
    }
}

/// The most milliseconds that a check allows, if it is a target.
fn limit(check: &Check) -> Option<f64> {
    let (left, right) = compared(&check.expression)?;
    let (left, right) = (left.trim(), right.trim());
    if !(speaks_of_time(left) || speaks_of_time(right)) {
        return None;
    }
    let told = check.actual.iter().find(|(name, _)| name == right);
    let number = told.map_or(right, |(_, value)| value.as_str());
    number
        .parse()
        .ok()
        .filter(|limit: &f64| limit.is_finite() && *limit >= 0.0)
}

/// Both sides of an expression that is one `<` or `<=` and nothing else beside it.
fn compared(expression: &str) -> Option<(&str, &str)> {
    let (mut depth, mut quote, mut found) = (0_u32, None, None);
    let mut letters = expression.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.checked_sub(1)?,
            (None, '<') if depth == 0 && found.is_none() => {
                let is_or_equal = letters.next_if(|(_, next)| *next == '=').is_some();
                found = Some((at, at + 1 + usize::from(is_or_equal)));
            }
            (None, '<' | '>' | '=' | '!' | '&' | '|' | '?') if depth == 0 => return None,
            (None, _) => {}
        }
    }
    let (end, start) = found?;
    Some((&expression[..end], &expression[start..]))
}

/// A name in it is of a time: `elapsed_ms`, `h.ms`.
fn speaks_of_time(side: &str) -> bool {
    let mut words = side.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    words.any(|word| word == "ms" || word.ends_with("_ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, actual: &[(&str, &str)]) -> Check {
        let actual = actual.iter();
        Check {
            step: "steps[0]".to_owned(),
            line: 7,
            expression: expression.to_owned(),
            held: true,
            is_evidence: true,
            actual: actual
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            expected: "true".to_owned(),
            error: None,
            soft: false,
        }
    }

    #[test]
    fn a_check_that_allows_a_time_at_most_is_a_target() {
        for (expression, most) in [
            ("elapsed_ms < 500", 500.0),
            ("at_ms - opened <= 2000", 2000.0),
            ("max(chat.recoveries_ms) < 30000", 30_000.0),
            ("percentile(hits.map(h, h.ms), 95) < vars.p95_ms", 250.0),
            ("deltas(c.map(c, c.at_ms < 3 ? 1 : 2))[0] < 10.5", 10.5),
        ] {
            let check = check(expression, &[("hits", "[]"), ("vars.p95_ms", "250")]);
            assert_eq!(limit(&check), Some(most), "{expression}");
        }
    }

    #[test]
    fn any_other_check_is_none() {
        for expression in [
            "status < 500",
            "elapsed_ms > 500",
            "500 > elapsed_ms",
            "elapsed_ms < 500 || true",
            "elapsed_ms < 500 == true",
            "elapsed_ms < other_ms",
            "elapsed_ms < secret_ms",
            "\"elapsed_ms < 500\" == text",
            "samples.all(s, s.at_ms < 500)",
            "elapsed_ms < 5)",
            "elapsed_ms < -5",
            "",
        ] {
            let check = check(expression, &[("secret_ms", "‹secret:3f9a12›")]);
            assert_eq!(limit(&check), None, "{expression}");
        }
    }
}
