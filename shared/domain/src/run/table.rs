//! The final table, and what breaks the promise that every planned case stands in it once.

use std::collections::BTreeSet;

use crate::ids::CaseId;
use crate::outcome::Outcome;
use crate::run::Run;

/// Every case that has an outcome, sorted by id.
pub fn table(run: &Run) -> Vec<(CaseId, Outcome)> {
    let mut rows: Vec<_> = run
        .cases()
        .filter_map(|(case, facts)| Some((case.id.clone(), facts.outcome()?)))
        .collect();
    rows.sort();
    rows
}

/// The bytes whose SHA-256 is the table's hash: one line per case, `<length of id>:<id>=<outcome>`
/// and a line feed, so that no id can be read as two. `recheck` writes the same from its own code.
pub fn canonical(table: &[(CaseId, Outcome)]) -> Vec<u8> {
    let line = |(case, outcome): &(CaseId, Outcome)| {
        let id = case.as_str();
        format!("{}:{id}={outcome}\n", id.len())
    };
    table.iter().map(line).collect::<String>().into_bytes()
}

impl Run {
    /// Conservation by set equality: what is missing from the table, or in it without being
    /// planned, or planned twice. Empty when planned and ended are the same set.
    pub fn broken_conservation(&self) -> Vec<String> {
        let planned: BTreeSet<_> = self.plan().cases.iter().map(|case| &case.id).collect();
        let rows = table(self);
        let ended: BTreeSet<_> = rows.iter().map(|(case, _)| case).collect();
        let missing = planned.difference(&ended);
        let foreign = ended.difference(&planned);
        let repeated = self.plan().repeated_ids();
        missing
            .map(|case| format!("case {case} is planned and has no outcome"))
            .chain(foreign.map(|case| format!("case {case} has an outcome and is not planned")))
            .chain(
                repeated
                    .iter()
                    .map(|case| format!("case {case} is planned twice")),
            )
            .collect()
    }
}
