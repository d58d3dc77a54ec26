//! One mistake in a file: what, where, why, and what to do.

use std::cell::RefCell;

use crate::place::{Span, Text};

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

impl Problem {
    /// A problem of a file as a whole, shown at its beginning.
    pub fn of_file(file: &str, message: impl Into<String>, fix: Option<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: 1,
            column: 1,
            width: 1,
            message: message.into(),
            fix,
        }
    }
}

/// The problems of one file, gathered while it is read.
#[derive(Debug)]
pub(crate) struct Problems<'a> {
    file: &'a str,
    text: &'a Text,
    list: RefCell<Vec<Problem>>,
}

impl<'a> Problems<'a> {
    pub(crate) fn new(file: &'a str, text: &'a Text) -> Self {
        Self {
            file,
            text,
            list: RefCell::new(Vec::new()),
        }
    }

    pub(crate) fn file(&self) -> &'a str {
        self.file
    }

    pub(crate) fn text(&self) -> &'a Text {
        self.text
    }

    pub(crate) fn line(&self, span: Span) -> u32 {
        self.text.position(span.start).0
    }

    pub(crate) fn add(&self, span: Span, message: impl Into<String>) {
        self.push(span, message.into(), None);
    }

    pub(crate) fn fix(&self, span: Span, message: impl Into<String>, fix: impl Into<String>) {
        self.push(span, message.into(), Some(fix.into()));
    }

    /// Drops whatever was found so far: this problem makes the rest of the file unreadable.
    pub(crate) fn only(&self, span: Span, message: String, fix: Option<String>) {
        self.list.borrow_mut().clear();
        self.push(span, message, fix);
    }

    pub(crate) fn push(&self, span: Span, message: String, fix: Option<String>) {
        let (line, column) = self.text.position(span.start);
        let problem = Problem {
            file: self.file.to_owned(),
            line,
            column,
            width: self.text.width(span),
            message,
            fix,
        };
        let mut list = self.list.borrow_mut();
        // A block that is used twice is read twice; its mistake is told once.
        if !list.contains(&problem) {
            list.push(problem);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.borrow().is_empty()
    }

    /// All of them, in the order of the file.
    pub(crate) fn into_sorted(self) -> Vec<Problem> {
        let mut list = self.list.into_inner();
        list.sort_by_key(|problem| (problem.line, problem.column));
        list
    }
}
