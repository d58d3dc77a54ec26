//! `report.json`: the whole summary for programs. Documented in docs/report-format.md and by the
//! schema in docs/schema/report.schema.json, which a test holds against what is written here.
//!
//! Numbers are numbers, order is stable, and every text is free of control characters.

use crate::summary::Summary;

mod build;
mod document;
mod fleet;
mod previous;
mod times;

pub use previous::{Previous, PreviousError};

/// Version of the format. A new field keeps it; a changed or removed one raises it.
pub const FORMAT: u32 = 1;

/// The report as indented JSON with a line feed at its end.
pub fn render(summary: &Summary) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&build::report(summary))?;
    text.push('\n');
    Ok(text)
}
