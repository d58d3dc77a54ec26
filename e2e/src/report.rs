//! `report.json` as its readers see it; knows no type of the grid.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Report(pub Value);

/// The outcomes in the conservation equation.
pub const OUTCOMES: [&str; 7] = [
    "passed",
    "failed",
    "skipped",
    "unproven",
    "errored",
    "lost",
    "cancelled",
];

impl Report {
    /// # Errors
    /// When the file is missing or is not JSON.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
        Ok(Self(serde_json::from_str(&text)?))
    }

    pub fn verdict(&self) -> &str {
        self.0["verdict"].as_str().unwrap_or("")
    }

    pub fn reasons(&self) -> String {
        self.0["reasons"].to_string()
    }

    pub fn cases(&self) -> &[Value] {
        self.0["cases"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Case id → outcome.
    pub fn outcomes(&self) -> BTreeMap<String, String> {
        self.cases()
            .iter()
            .map(|case| (text(&case["id"]), text(&case["outcome"])))
            .collect()
    }

    /// `outcome: reason` of each case that did not pass, by id.
    pub fn not_passed(&self) -> Vec<String> {
        self.cases()
            .iter()
            .filter(|case| case["outcome"] != "passed")
            .map(|case| {
                format!(
                    "{} {}: {}",
                    text(&case["id"]),
                    text(&case["outcome"]),
                    text(&case["reason"])
                )
            })
            .collect()
    }

    /// Where planned is not the sum of the outcomes; empty when the equation holds everywhere.
    pub fn imbalances(&self) -> Vec<String> {
        let parts = ["tiers", "suites", "regions"].into_iter().flat_map(|part| {
            let entries = self.0[part].as_array().cloned().unwrap_or_default();
            entries
                .into_iter()
                .map(move |entry| (format!("{part} {}", entry["name"]), entry))
        });
        std::iter::once(("the run".to_owned(), self.0.clone()))
            .chain(parts)
            .filter(|(_, entry)| !is_conserved(&entry["totals"]))
            .map(|(name, entry)| format!("{name}: {}", entry["totals"]))
            .collect()
    }
}

fn is_conserved(totals: &Value) -> bool {
    let sum: Option<u64> = OUTCOMES
        .iter()
        .map(|outcome| totals[outcome].as_u64())
        .sum();
    sum.is_some() && sum == totals["planned"].as_u64()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
