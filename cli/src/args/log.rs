//! The words of `muster log`: the bytes of runs, rather than what they say.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
Examples:
  muster log verify                              the last run of this folder
  muster log verify RUN RUN                      by id, or the beginning of one
  muster log verify backup/2026-11-22-quiet-otter/run.log
  muster log verify grid/                        a coordinator's --data: its grid log, and every run
  muster log verify --store s3://BUCKET/PREFIX   the same where several coordinators keep it
  muster log verify RUN --report reports/report.json

Every problem is said with its place: file, byte, segment, event (both counted from 0). Nothing is
changed, and a log may be verified while it is written.

Exit codes: 0 whole, 107 damaged. A run without a verdict is whole as far as it goes, and so is a
log whose last write was cut off before anybody was told that it is durable: both are said.";

#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    #[command(subcommand)]
    pub(crate) verb: LogVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogVerb {
    /// Say whether logs are whole, and if not what is wrong where; recount what they counted.
    #[command(after_help = EXAMPLES)]
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Runs of this folder, or paths: a log, a run's folder, a coordinator's data. With --store: ids.
    #[arg(value_name = "RUN|PATH")]
    pub(crate) what: Vec<String>,
    /// Where several coordinators keep their logs: s3://BUCKET/PREFIX, or file:///DIR.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<run_log::Address>,
    /// A report of the run, to be compared; by default report.json beside its log, if there is one.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// With --store, read the recordings of cases too: one request each. Of files they always are.
    #[arg(long, requires = "store")]
    pub(crate) records: bool,
}
