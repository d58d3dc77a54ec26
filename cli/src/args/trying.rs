//! The flags of `muster try`.

use std::path::PathBuf;

use clap::Args;

pub(super) const USAGE: &str = "muster try [OPTIONS] METHOD PATH
       muster try [OPTIONS] TEST [SUITES]...";

pub(super) const EXAMPLES: &str = "\
Examples:
  muster try GET /api/threads --env staging --as member
  muster try POST /api/threads --as member --json '{\"title\": \"hello ${test.nonce}\"}' --status 201
  muster try GET auth:/auth/me --check 'body.error != \"\"' --status 401
  muster try test_016                       one test, step by step
  muster try 'test_002[forged]' suites/ --env staging --curl

It goes through the same dialer, allow-list and redaction as a run, and counts for nothing: no run is
made, no report changes. The caps of the environment are kept by this process alone: runs on a grid
don't know of it, and it waits for no lock of theirs.

On a terminal each step is shown when it ends, redacted by what is known to be secret by then;
a file or a pipe gets all of it at the end, redacted as the record of a run is.

Exit codes: 0 as expected, 100 not, 106 not proven, 105 aborted.";

/// All of `muster try`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct TryArgs {
    /// A request (GET /api/x, or SERVICE:/path), or a test: its id, or a part that fits one; then
    /// the suites to look in, by default as for `run`.
    #[arg(required = true, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    /// The environment: a file, or a name (environments/NAME.yaml, or NAME.yaml beside the suites).
    #[arg(long, value_name = "NAME|FILE", env = "MUSTER_ENV")]
    pub(crate) env: Option<String>,
    /// Set a variable of the environment; its value is read as YAML.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// The region to say that it happens in; by default the first one.
    #[arg(long, value_name = "NAME")]
    pub(crate) region: Option<String>,
    /// Print the exchanges as curl commands too; secrets become variables.
    #[arg(long)]
    pub(crate) curl: bool,
    /// Print the waterfall of the spans at the end.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Print bodies as long as they were kept, instead of their beginnings.
    #[arg(long)]
    pub(crate) whole: bool,
    #[command(flatten)]
    pub(crate) request: RequestArgs,
}

/// What one request says; values may hold ${…} as in a suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "One request")]
pub(crate) struct RequestArgs {
    /// The service of the environment; by default its first.
    #[arg(long)]
    pub(crate) service: Option<String>,
    /// A class of users of the environment; `user` is the first. By default nobody is logged in.
    #[arg(long = "as", value_name = "CLASS")]
    pub(crate) acting: Option<String>,
    /// The body, as JSON; @FILE reads it from a file.
    #[arg(long, value_name = "JSON|@FILE", conflicts_with = "form")]
    pub(crate) json: Option<String>,
    /// A field of a form; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) form: Vec<String>,
    /// A header; may be given several times.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub(crate) headers: Vec<String>,
    /// A parameter of the address; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    /// The statuses that are expected; by default any 2xx.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) status: Vec<u16>,
    /// An expression that must hold for the answer; may be given several times.
    #[arg(long, value_name = "EXPRESSION")]
    pub(crate) check: Vec<String>,
}

impl TryArgs {
    /// The paths behind a test's name.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.what.iter().skip(1).map(PathBuf::from).collect()
    }
}
