//! `muster completions SHELL`: what a shell needs to complete verbs and flags.

use clap::CommandFactory as _;

use crate::args::{Cli, CompletionsArgs};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;

pub(crate) fn completions(args: &CompletionsArgs, output: &Output) -> Result<ExitCode, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "muster", &mut script);
    output.data(&String::from_utf8_lossy(&script));
    Ok(ExitCode::Success)
}
