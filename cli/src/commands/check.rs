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
    let paths = if args.paths.is_empty() {
        vec![PathBuf::from(".")]
    } else {
        args.paths.clone()
    };
    let found = sources::find(&paths)?;
    if found.is_empty() {
        return Err(Error::NothingRan(format!(
            "there is no YAML file in {}; `muster init` makes some to start from",
            sources::names(&paths)
        )));
    }
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

/// The files, and those that the environments among them name.
fn read(found: &[Found]) -> Result<Sources, Error> {
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
