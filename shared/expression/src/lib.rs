//! Values, CEL expressions, templates, taint and redaction: all that a suite computes with.
//!
//! Pure: what an expression may learn from outside (clock, randomness, metrics) comes in through
//! [`Effects`]. It never does I/O, never panics on input, and stops at its [`Budget`].
//! Start at [`Expression`] and [`Template`]; what they compute with is [`Value`]; the functions
//! that suites may call are one table in `library.rs`; secrets leave only through [`Redactor`].

mod budget;
mod certain;
mod error;
mod evaluate;
mod expression;
mod fold;
mod infer;
mod kinds;
mod library;
mod lint;
mod lower;
pub mod names;
mod parse;
mod redactor;
mod scope;
mod template;
mod tree;
mod value;

pub use budget::Budget;
pub use certain::{About, Certain, CertainKind};
pub use error::{CompileError, ErrorKind, EvalError, Lint, LintKind};
pub use expression::{Evaluated, Expression};
pub use redactor::Redactor;
pub use scope::{Effects, NoEffects, Scope};
pub use template::Template;
pub use value::{Key, Map, Marks, Value};
