//! `muster list`: the cases that a run would have, and why the rest would not run.

use std::collections::BTreeMap;

use domain::plan::PlannedCase;
use suite::plan as planning;
use suite::plan::Filter;

use crate::args::SuiteArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count};
use crate::plan;
use crate::select::{Selection, select};

pub(crate) fn list(args: &SuiteArgs, output: &Output) -> Result<ExitCode, Error> {
    let selection = select(args, output)?;
    let (run, skipped): (Vec<_>, Vec<_>) = plan::cases(&selection, None)
        .into_iter()
        .partition(|case| case.declared_skip.is_none());
    for case in &run {
        output.data(&format!(
            "{:4} {}  {}:{}",
            case.tier, case.id, case.file, case.line
        ));
    }
    let rest = rest(&selection, &run, &skipped);
    if !rest.is_empty() {
        output.data("\nwould not run:");
        for (id, why) in &rest {
            output.data(&format!("     {id}  {why}"));
        }
    }
    output.talk(&format!(
        "{} would run on {}, {} would not",
        count(run.len(), "case"),
        selection.environment.name,
        rest.len()
    ));
    if run.is_empty() {
        return Err(Error::NothingRan("nothing would run".to_owned()));
    }
    Ok(ExitCode::Success)
}

/// Every other case or test, and its reason.
fn rest(
    selection: &Selection,
    run: &[PlannedCase],
    skipped: &[PlannedCase],
) -> BTreeMap<String, String> {
    let mut rest = BTreeMap::new();
    let all = planning::cases_on(
        &selection.suites,
        &selection.regions,
        &Filter::all(),
        &plan::today(),
    );
    for case in &all {
        if !run.iter().any(|one| one.id == case.id) {
            let why = case
                .declared_skip
                .map_or("not selected by -k", |skip| skip.word());
            rest.insert(case.id.to_string(), why.to_owned());
        }
    }
    for case in skipped {
        let why = case.declared_skip.map_or("", |skip| skip.word());
        rest.entry(case.id.to_string())
            .or_insert_with(|| why.to_owned());
    }
    for suite in &selection.suites {
        for test in &suite.tests {
            if !all
                .iter()
                .any(|case| case.suite == suite.name && case.test == test.id)
            {
                rest.insert(
                    format!("{}::{}", suite.name, test.id),
                    "none of its regions is a region of the run".to_owned(),
                );
            }
        }
    }
    rest
}
