//! `muster lock`: writes the inventory of tests beside the suites, or checks it.

use std::fs;

use suite::lock::Lock;

use crate::args::{LockArgs, SuiteArgs};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count};
use crate::plan::{LOCK, read_lock};
use crate::select::select_on_any;
use crate::sources::name_of;

pub(crate) fn lock(args: &LockArgs, output: &Output) -> Result<ExitCode, Error> {
    let selection = select_on_any(
        &SuiteArgs {
            paths: args.paths.clone(),
            env: args.env.clone(),
            ..SuiteArgs::default()
        },
        output,
    )?;
    let path = selection.beside.join(LOCK);
    let before = read_lock(&path, output)?;
    let now = Lock::of(&selection.suites);
    let differences = before
        .clone()
        .unwrap_or_default()
        .compare(&selection.suites);
    for difference in &differences {
        output.data(&difference.to_string());
    }
    let name = name_of(&path);
    if before.as_ref() == Some(&now) {
        output.talk(&format!(
            "{name} is up to date: {} tests",
            now.entries.len()
        ));
        return Ok(ExitCode::Success);
    }
    if args.check {
        return Err(Error::Invalid(format!(
            "{name} is out of date; run `muster lock`"
        )));
    }
    fs::write(&path, now.text()).map_err(|error| Error::disk("write", &path, error))?;
    output.talk(&format!(
        "wrote {name}: {}",
        count(now.entries.len(), "test")
    ));
    Ok(ExitCode::Success)
}
