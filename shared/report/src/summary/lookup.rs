//! Finding the case that someone typed: its id, or a part that only one case has.

use super::Summary;
use super::case_line::CaseLine;

/// How many candidates an error names.
const CANDIDATES: usize = 8;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaseNotFound {
    #[error("no case of run {run} has `{typed}` in its id; `muster list` names them all")]
    None { run: String, typed: String },
    #[error("{count} cases of run {run} have `{typed}` in their id; give one of:\n{}", candidates.join("\n"))]
    Many {
        run: String,
        typed: String,
        count: usize,
        candidates: Vec<String>,
    },
}

impl Summary {
    /// The case of exactly this id, else the only one whose id holds the text; among several, the
    /// only one of them that went wrong.
    pub fn find(&self, typed: &str) -> Result<&CaseLine, CaseNotFound> {
        if let Some(case) = self.cases.iter().find(|case| case.id.as_str() == typed) {
            return Ok(case);
        }
        let fitting: Vec<_> = self
            .cases
            .iter()
            .filter(|case| case.id.as_str().contains(typed))
            .collect();
        let wrong: Vec<_> = fitting
            .iter()
            .copied()
            .filter(|case| case.went_wrong())
            .collect();
        match (fitting.as_slice(), wrong.as_slice()) {
            ([only], _) | (_, [only]) => Ok(only),
            ([], _) => Err(CaseNotFound::None {
                run: self.run.to_string(),
                typed: typed.to_owned(),
            }),
            (several, _) => Err(CaseNotFound::Many {
                run: self.run.to_string(),
                typed: typed.to_owned(),
                count: several.len(),
                candidates: several
                    .iter()
                    .take(CANDIDATES)
                    .map(|case| format!("  {}", case.id))
                    .collect(),
            }),
        }
    }
}
