//! What an earlier run's `report.json` is read for: which tests failed then.

use std::collections::BTreeSet;

use domain::ids::{RunId, SuiteName, TestId};
use serde::Deserialize;

/// An earlier run, as far as a comparison needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    pub run: RunId,
    /// It was judged by a gate.
    pub is_gated: bool,
    /// Tests with a failed case.
    pub failed: BTreeSet<(SuiteName, TestId)>,
}

#[derive(Debug, thiserror::Error)]
pub enum PreviousError {
    #[error("this is no report of muster: {0}; give the report.json of an earlier run")]
    Unreadable(#[from] serde_json::Error),
    #[error(
        "the report has format {found} and this muster reads {}; write it anew with `muster report`",
        super::FORMAT
    )]
    Format { found: u32 },
}

#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[derive(Deserialize)]
struct Report {
    run_id: String,
    gate: Option<String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    suite: String,
    test: String,
    outcome: String,
}

impl Previous {
    /// Reads the text of a `report.json`.
    pub fn read(text: &str) -> Result<Self, PreviousError> {
        let head: Head = serde_json::from_str(text)?;
        if head.format != super::FORMAT {
            return Err(PreviousError::Format { found: head.format });
        }
        let report: Report = serde_json::from_str(text)?;
        let failed = report
            .cases
            .into_iter()
            .filter(|case| case.outcome == "failed");
        Ok(Self {
            run: RunId::from(report.run_id),
            is_gated: report.gate.is_some(),
            failed: failed
                .map(|case| (SuiteName::from(case.suite), TestId::from(case.test)))
                .collect(),
        })
    }
}
