//! The flags of `muster diff`.

use clap::Args;

pub(super) const EXAMPLES: &str = "\
Examples:
  muster diff                     the last run, and the one before it on the same environment
  muster diff 20261122-1801       that run, and the last one
  muster diff RUN RUN --check     for CI: exit 100 when something failed anew
  muster diff RUN RUN --json

Exit codes with --check: 100 a case failed that had not, 106 a case is no longer proven, 0 neither.";

/// All of `muster diff`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DiffArgs {
    /// The earlier run; by default the one before the later, on the same environment.
    #[arg(value_name = "RUN")]
    pub(crate) before: Option<String>,
    /// The later run; by default the last one.
    #[arg(value_name = "RUN")]
    pub(crate) after: Option<String>,
    /// Print all of it as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Say by the exit code whether the later run is worse.
    #[arg(long)]
    pub(crate) check: bool,
}
