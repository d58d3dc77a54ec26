//! What can be wrong with an expression: at compile, at evaluation, and what is only suspicious.
//! A message never contains a tainted value, so that it may be shown before redaction too.

use crate::value::Value;

/// An expression or template that does not compile: where, what, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", fix.as_ref().map(|fix| format!(": {fix}")).unwrap_or_default())]
pub struct CompileError {
    /// Byte offset in the source of the expression or template.
    pub offset: usize,
    /// Length in bytes of what is meant, at least 1 unless the source is empty.
    pub len: usize,
    /// What is wrong, in lower case.
    pub message: String,
    /// What to write instead, where that is known.
    pub fix: Option<String>,
}

/// Why an evaluation gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A field or key is not there; `path` is the whole path as written, indexes filled in.
    Missing {
        /// For example `body.messages[3].id`.
        path: String,
    },
    /// An operator or function got a kind of value that it does not take.
    Type,
    /// A list has no such position.
    Index,
    /// The budget of steps is spent.
    Budget,
    /// A function or operator refused its values: a text that is no number, a division by zero.
    Function,
    /// A name that nothing in scope declares.
    Undeclared,
}

/// An evaluation that gave no value.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct EvalError {
    /// Why.
    pub kind: ErrorKind,
    /// What is wrong, in lower case; for a missing field it begins with its path.
    pub message: String,
    /// Byte offset in the source.
    pub offset: usize,
    /// Length in bytes of what is meant.
    pub len: usize,
    /// What had been read by then: path and value, the parent of a missing field among them.
    pub reads: Vec<(String, Value)>,
}

impl EvalError {
    /// Whether a field was missing, which receiving and saving treat in their own ways.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self.kind, ErrorKind::Missing { .. })
    }
}

/// Something that evaluates but is probably not what the author meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint {
    /// Which habit it is.
    pub kind: LintKind,
    /// Byte offset in the source.
    pub offset: usize,
    /// Length in bytes.
    pub len: usize,
    /// The free variable that the suspicious path begins with, empty where there is none.
    pub root: String,
    /// What is suspicious, in lower case.
    pub message: String,
    /// What to write instead.
    pub fix: String,
}

/// The habits that [`Lint`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LintKind {
    /// A field read only where its absence can end in `true`: an operand of `||`, or of a negated
    /// `&&`. A misspelt name would never show.
    HiddenField,
    /// A field read only inside `&&`, `exists` or `all`: its absence ends in `false` and does not
    /// say why.
    AbsorbedField,
    /// A comparison whose outcome is known without any data, such as a number with a text.
    AlwaysSame,
}
