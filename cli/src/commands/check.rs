//! `muster check`: every problem of every file, in one pass; nothing is run.

use std::path::PathBuf;

use suite::Sources;
use suite::load::{FileKind, kind_of, named_by_environment};

use crate::args::CheckArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count};
use crate::sources::{self, Found};

pub(crate) fn check(args: &CheckArgs, output: &Output) -> Result<ExitCode, Error> {
    let found = find(&args.paths)?;
    let sources = read(&found)?;
    let problems = suite::check(&sources);
    if problems.is_empty() {
        output.data(&format!("{}, no problem", count(found.len(), "file")));
        return Ok(ExitCode::Success);
    }
    output.data(&suite::render_all(
        &problems,
        &sources,
        output.data_colour(),
    ));
    Ok(ExitCode::Invalid)
}

/// The files below these paths, or below this folder; none at all is an error.
pub(super) fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
    let found = sources::find(paths)?;
    if found.is_empty() {
        return Err(Error::NothingRan(format!(
            "there is no YAML file in {}; `muster init` makes some to start from",
            sources::names(paths)
        )));
    }
    Ok(found)
}

/// The files, and those that the environments among them name.
pub(super) fn read(found: &[Found]) -> Result<Sources, Error> {
    let mut sources = Sources::new();
    for one in found {
        let bytes = one.read()?;
        let text = String::from_utf8_lossy(&bytes);
        if kind_of(&one.name, &text) == Some(FileKind::Environment) {
            for named in named_by_environment(&one.name, &text) {
                // One that is missing is a problem of the file that names it.
                if let Ok(bytes) = Found::named(&named).read() {
                    sources.insert(named, bytes);
                }
            }
        }
        sources.insert(one.name.clone(), bytes);
    }
    Ok(sources)
}
