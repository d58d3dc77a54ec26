//! Why a try did not pass: the step, the place in the file, and what was expected and met.

use domain::record::{Check, TryRecord};

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// Place in the test: `steps[2]`.
    pub step: String,
    /// Line in the suite's file, from 1; 0 when it isn't known.
    pub line: u32,
    /// Empty when the false checks say it all.
    pub message: String,
    pub expected: String,
    pub actual: String,
    pub checks: Vec<FalseCheck>,
}

/// An evaluated check that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FalseCheck {
    pub step: String,
    pub line: u32,
    /// As written in the suite.
    pub expression: String,
    pub expected: String,
    /// `status = 403, body.id = 7`, or why it could not be evaluated.
    pub actual: String,
}

impl Cause {
    /// `None` when the try has no failure and no false check.
    pub fn of(tried: &TryRecord) -> Option<Self> {
        let checks: Vec<_> = tried
            .checks
            .iter()
            .filter(|check| !check.held)
            .map(FalseCheck::of)
            .collect();
        let first = checks.first();
        let failure = tried.failure.as_ref();
        if failure.is_none() && first.is_none() {
            return None;
        }
        let text = |of_failure: Option<&String>, of_check: Option<&String>| {
            let given = of_failure.filter(|text| !text.is_empty());
            given.or(of_check).cloned().unwrap_or_default()
        };
        Some(Self {
            step: text(
                failure.map(|failure| &failure.step),
                first.map(|check| &check.step),
            ),
            line: failure
                .map(|failure| failure.line)
                .filter(|line| *line > 0)
                .or(first.map(|check| check.line))
                .unwrap_or_default(),
            message: failure
                .map(|failure| failure.message.clone())
                .unwrap_or_default(),
            expected: text(
                failure.map(|failure| &failure.expected),
                first.map(|check| &check.expected),
            ),
            actual: text(
                failure.map(|failure| &failure.actual),
                first.map(|check| &check.actual),
            ),
            checks,
        })
    }

    /// What neither the reason nor a false check says already, with a label each.
    pub(crate) fn unsaid(&self, reason: &str) -> Vec<(&'static str, &str)> {
        let is_expected = |check: &FalseCheck| check.expected == self.expected;
        let is_actual = |check: &FalseCheck| {
            check.actual == self.actual || check.actual.ends_with(&format!("= {}", self.actual))
        };
        let fields = [
            ("message", &self.message, reason.contains(&self.message)),
            (
                "expected",
                &self.expected,
                self.checks.iter().any(is_expected),
            ),
            ("actual", &self.actual, self.checks.iter().any(is_actual)),
        ];
        let unsaid = fields
            .into_iter()
            .filter(|(_, text, is_said)| !text.is_empty() && !is_said);
        unsaid
            .map(|(label, text, _)| (label, text.as_str()))
            .collect()
    }

    /// The cause in one sentence, for lists.
    pub fn sentence(&self) -> String {
        let check = self.checks.first();
        match (self.message.is_empty(), check) {
            (false, _) => self.message.clone(),
            (true, Some(check)) => format!("{} did not hold: {}", check.expression, check.actual),
            (true, None) => format!("expected {}, got {}", self.expected, self.actual),
        }
    }
}

impl FalseCheck {
    fn of(check: &Check) -> Self {
        Self {
            step: check.step.clone(),
            line: check.line,
            expression: check.expression.clone(),
            expected: check.expected.clone(),
            actual: actual(check),
        }
    }
}

/// What the parts of a check's expression were.
pub(crate) fn actual(check: &Check) -> String {
    let parts: Vec<_> = check
        .actual
        .iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    match (&check.error, parts.is_empty()) {
        (Some(error), true) => error.clone(),
        (Some(error), false) => format!("{error} ({})", parts.join(", ")),
        (None, _) => parts.join(", "),
    }
}
