//! The report of a run: a fold of its log in, text out. Pure: no clock, no disk, no socket.
//!
//! `summary` gathers every figure once; each format renders that summary in its own file:
//! `terminal`, `markdown`, `html`, `json`, `junit`, and of single cases `show` and `waterfall`. A new
//! format is one new file here. `first_screen` is what all of them open with.

pub mod change;
pub mod conclusions;
pub mod escape;
pub mod figures;
pub mod first_screen;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod page;
pub mod show;
pub mod summary;
pub mod terminal;
pub mod waterfall;

pub use json::{Previous, PreviousError};
pub use junit::JunitError;
pub use summary::Summary;
