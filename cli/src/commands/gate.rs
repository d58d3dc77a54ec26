//! `muster gate show NAME`: a gate as its file says it.

use std::path::Path;

use suite::gate_file;

use crate::args::{GateArgs, GateVerb};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::select::{gate_text, tell};

pub(crate) fn gate(args: &GateArgs, output: &Output) -> Result<ExitCode, Error> {
    let GateVerb::Show { name } = &args.verb;
    let (path, text) = gate_text(name, Path::new("suites"))?;
    gate_file::parse(&path, &text).map_err(|problems| tell(&problems, &path, &text, output))?;
    output.data(&text);
    Ok(ExitCode::Success)
}
