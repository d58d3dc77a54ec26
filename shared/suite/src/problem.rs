//! One mistake in a file: what, where, why, and what to do.

/// A mistake, ready to be shown; rendering with the source line is `render`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Characters to underline, at least 1.
    pub width: u32,
    /// Lower-case sentence fragment.
    pub message: String,
    /// What to do; shown behind the caret.
    pub fix: Option<String>,
}
