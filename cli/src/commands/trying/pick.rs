//! Which cases a name means: one test, each of its rows once, in one region.

use std::collections::BTreeSet;

use domain::plan::PlannedCase;
use suite::plan as planning;
use suite::plan::Filter;

use crate::error::Error;
use crate::plan;
use crate::select::Selection;

/// Tests that a message names.
const NAMED: usize = 8;

/// The cases of the one test that `wanted` names: `test_016`, `suite::test`, `test[row]`, a case's
/// whole id, or a part that fits one test.
pub(super) fn cases(selection: &Selection, wanted: &str) -> Result<Vec<PlannedCase>, Error> {
    let all = all(selection);
    let by = |fits: &dyn Fn(&PlannedCase) -> bool| -> Vec<PlannedCase> {
        all.iter().filter(|case| fits(case)).cloned().collect()
    };
    let mut found = by(&|case| names(case).iter().any(|name| name == wanted));
    if found.is_empty() {
        found = by(&|case| case.id.as_str().contains(wanted));
    }
    let tests: BTreeSet<String> = found.iter().map(test).collect();
    match tests.len() {
        1 => Ok(found),
        0 => Err(Error::Usage(unknown(&all, wanted))),
        several => {
            let named: Vec<_> = tests.into_iter().take(NAMED).collect();
            let more = if several > NAMED { ", …" } else { "" };
            Err(Error::Usage(format!(
                "`{wanted}` fits {several} tests; say which: {}{more}",
                named.join(", ")
            )))
        }
    }
}

/// Each row of each test once, whatever its regions, quarantined or not.
pub(super) fn all(selection: &Selection) -> Vec<PlannedCase> {
    let (suites, regions) = (&selection.suites, &selection.regions);
    let mut seen = BTreeSet::new();
    planning::cases_on(suites, regions, &Filter::all(), &plan::today())
        .into_iter()
        .filter(|case| seen.insert((case.suite.clone(), case.test.clone(), case.row.clone())))
        .collect()
}

/// Everything that names a case and nothing else.
fn names(case: &PlannedCase) -> Vec<String> {
    let (test, full) = (case.test.to_string(), test(case));
    let mut names = vec![case.id.to_string(), test.clone(), full.clone()];
    if let Some(row) = &case.row {
        names.extend([format!("{test}[{row}]"), format!("{full}[{row}]")]);
    }
    names
}

fn test(case: &PlannedCase) -> String {
    format!("{}::{}", case.suite, case.test)
}

fn unknown(all: &[PlannedCase], wanted: &str) -> String {
    let tests: BTreeSet<&str> = all.iter().map(|case| case.test.as_str()).collect();
    let near = crate::near::nearest(wanted, tests);
    let hint = near.map_or_else(
        || {
            "`muster list` names what there is; a request begins with its method, like GET"
                .to_owned()
        },
        |near| format!("did you mean `{near}`?"),
    );
    format!("there is no test `{wanted}` in these suites; {hint}")
}
