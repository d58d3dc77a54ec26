//! The suite language: as typed → valid, every problem at once. Pure: text in, model out.
//!
//! Reading order: `model` (what a checked suite is), `environment`, `grammar`, `problem`; then
//! `load` (files in, suites or problems out), `read` (one file for each noun), `raw` (YAML with
//! places), `vocabulary` (every key of the language); then what is made of suites: `plan`, `lock`, `format`.

pub mod duration;
pub mod environment;
mod fingerprint;
pub mod format;
pub mod gate_file;
pub mod grammar;
pub mod load;
pub mod lock;
pub mod model;
mod place;
pub mod plan;
pub mod problem;
mod raw;
mod read;
pub mod render;
pub mod schema;
pub mod settings;
pub mod sources;
pub mod value_file;
mod vocabulary;
pub mod weight;

pub use environment::Environment;
pub use load::{FileKind, Loaded, Options, check, kind_of, load, named_by_environment};
pub use model::{Step, StepKind, Suite, Test};
pub use plan::Filter;
pub use problem::Problem;
pub use render::{render, render_all};
pub use sources::Sources;
