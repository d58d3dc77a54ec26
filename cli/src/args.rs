//! The command line: every verb and flag, with the help that teaches them.
//!
//! Nothing is decided here but what can be told from the words alone. What a verb does stands in
//! `commands`, one file per verb.

mod diff;
mod log;
mod prove;
mod selection;
mod service;
mod trying;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use diff::DiffArgs;
pub(crate) use log::{LogArgs, LogVerb, VerifyArgs};
pub(crate) use prove::ProveArgs;
pub(crate) use selection::{RunArgs, SuiteArgs};
pub(crate) use service::{CoordinatorArgs, GridArgs, TlsArgs, WorkerArgs};
pub(crate) use trying::{RequestArgs, TryArgs};

use crate::output::Colour;

const EXAMPLES: &str = "\
Examples:
  muster init                           start with a small suite in this folder
  muster check                          find every mistake in every file, run nothing
  muster fmt                            lay the files out in the one canonical way
  muster list -k 'p1 and not slow'      what would run, and why not the rest
  muster try GET /api/x --as member     one request, or one test step by step; counted nowhere
  muster run suites/ --env staging      run; the exit code says how it went
  muster run --failed                   only what failed last time
  muster show test_016                  the exchanges and checks of one case
  muster diff                           what changed since the run before
  muster demo                           a platform, a grid and 35 tests, on this machine

Exit codes: 0 GO or PASSED, 100 failed or NO-GO, 106 not everything proven, 105 aborted,
104 invalid file or configuration, 107 damaged log, 75 another leads, 4 nothing could run, 2 usage, 1 unexpected.
Of `run --detach`, 0 means submitted: there is no verdict yet.";

/// A distributed test grid: priority suites, many regions, one honest report.
#[derive(Debug, Parser)]
#[command(name = "muster", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    /// When to colour; NO_COLOR is respected.
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) color: Colour,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Put a small suite and its environment into a folder, to start from.
    #[command(after_help = "Examples:\n  muster init\n  muster init tests/staging")]
    Init(InitArgs),
    /// Find every mistake in suites, environments, gates and settings; run nothing.
    #[command(after_help = "Examples:\n  muster check\n  muster check suites/ environments/")]
    Check(CheckArgs),
    /// Lay files out in the one canonical way; comments, order and meaning stay.
    #[command(
        after_help = "Examples:\n  muster fmt\n  muster fmt suites/ --check     for CI: name what is \
                      laid out otherwise, exit 104\n  muster fmt -                   standard input to \
                      standard output, for editors"
    )]
    Fmt(FmtArgs),
    /// Show which cases a run would have, and why the rest would not run.
    #[command(after_help = "Examples:\n  muster list suites/\n  muster list -k 'p1 and tag:auth'")]
    List(SuiteArgs),
    /// Run suites against an environment, here or on a grid, and judge.
    #[command(after_help = selection::RUN_EXAMPLES)]
    Run(Box<RunArgs>),
    /// Try one request, or one test step by step; show all of it, count nothing.
    #[command(override_usage = trying::USAGE, after_help = trying::EXAMPLES)]
    Try(Box<TryArgs>),
    /// Say which checks can fail: run each test once, then judge its recording altered.
    #[command(after_help = prove::EXAMPLES)]
    Prove(Box<ProveArgs>),
    /// Show one case of a run, or list its cases: exchanges, checks with actual values, saved values.
    #[command(
        override_usage = "muster show [OPTIONS] [RUN] [CASE]",
        after_help = "Examples:\n  muster show                 the cases of the last run, what went \
                      wrong first\n  muster show test_016\n  muster show test_016@europe-west1 \
                      --curl\n  muster show RUN 'p1::test_002[forged]@us-central1'"
    )]
    Show(ShowArgs),
    /// Write muster.lock: the inventory of tests that a gated run is held to.
    #[command(after_help = "Examples:\n  muster lock suites/\n  muster lock --check suites/")]
    Lock(LockArgs),
    /// Look at the gates that decide between GO, NO-GO and INCONCLUSIVE.
    Gate(GateArgs),
    /// Render the report of a run, from its log: of one that lies here, or of a grid's.
    #[command(
        after_help = "Examples:\n  muster report\n  muster report RUN --format json\n  \
                      muster report --out reports/\n  muster report RUN --grid 127.0.0.1:9101   \
                      after `run --detach`: fetches the run, then as above\n  muster report --grid \
                      127.0.0.1:9101       the newest run there\n\nA run of a grid is copied to \
                      .muster/runs, so that `muster show` and all else have it too.\nOf one that \
                      goes on, the report says what is known so far; ask again later.\n\nThe exit \
                      code is 0 when there is a report, whatever its verdict."
    )]
    Report(ReportArgs),
    /// Say what changed between two runs: outcomes, verdict, times beyond noise, plan.
    #[command(after_help = diff::EXAMPLES)]
    Diff(DiffArgs),
    /// End a run of a grid: what runs is stopped, the rest is cancelled, the report says so.
    #[command(
        after_help = "Examples:\n  muster cancel --grid 127.0.0.1:9101            the only open run\n  \
                      muster cancel RUN --grid 127.0.0.1:9101 --why 'staging is needed'"
    )]
    Cancel(CancelArgs),
    /// List the newest runs under .muster/runs, or those of a coordinator.
    #[command(
        after_help = "Examples:\n  muster runs\n  muster runs --limit 3\n  muster runs --grid \
                      127.0.0.1:9101            what waits, what goes, and the newest that ended\n  \
                      muster runs --grid 127.0.0.1:9101 --all"
    )]
    Runs(RunsArgs),
    /// Verify logs: whether they are whole, and what is wrong where.
    Log(LogArgs),
    /// Serve as the coordinator of a grid.
    #[command(after_help = service::COORDINATOR_EXAMPLES)]
    Coordinator(CoordinatorArgs),
    /// Serve as a worker in one region of a grid.
    #[command(after_help = service::WORKER_EXAMPLES)]
    Worker(WorkerArgs),
    /// Start a platform to test, a coordinator and six workers in three regions; run all suites.
    #[command(
        after_help = "Examples:\n  muster demo\n  muster demo --defect shows-any-thread\n  \
                      muster demo --out reports/ --keep"
    )]
    Demo(DemoArgs),
    /// Print the JSON schema of a kind of file, or write all of them, for editors.
    #[command(
        after_help = "Examples:\n  muster schema suite\n  muster schema --out .muster/schema   as \
                      `muster init` does; again after an update"
    )]
    Schema(SchemaArgs),
    /// Print the completions of a shell.
    #[command(after_help = "Example:\n  muster completions bash > ~/.muster.bash")]
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Where to put the files; nothing that is there is overwritten.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files and folders; by default those that muster.yaml names, else this folder.
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Files and folders, by default this folder; `-` stands for standard input.
    pub(crate) paths: Vec<PathBuf>,
    /// Write nothing; fail when a file is laid out otherwise.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// The run (by default the last one) and the case: its id, or a part of it that fits one.
    ///
    /// A run alone lists its cases; what fits no run is taken for a case of the last one.
    #[arg(num_args = 0..=2, value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    /// Print the exchanges as curl commands; secrets become variables.
    #[arg(long)]
    pub(crate) curl: bool,
    /// Print the waterfall of the case's spans.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Print bodies as long as they were kept, instead of their beginnings.
    #[arg(long)]
    pub(crate) whole: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LockArgs {
    /// Suites; the lock is written beside them.
    pub(crate) paths: Vec<PathBuf>,
    /// The environment the suites are checked against; by default any that knows what they mention.
    #[arg(long, value_name = "NAME|FILE")]
    pub(crate) env: Option<String>,
    /// Write nothing; fail when the lock is out of date.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    pub(crate) verb: GateVerb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GateVerb {
    /// Print a gate: `release` is built in, others are gates/NAME.yaml.
    Show {
        #[arg(default_value = "release")]
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run, or the beginning of its id; by default the last one.
    pub(crate) run: Option<String>,
    /// Which form to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Write report.html, report.md, report.json and junit.xml into this folder instead of printing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Send the traces, with the servers' spans, to this OTLP/gRPC collector.
    #[arg(long, value_name = "URL")]
    pub(crate) otlp: Option<String>,
    #[command(flatten)]
    pub(crate) grid: GridArgs,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// The first screen, as in a terminal.
    #[default]
    Terminal,
    Markdown,
    Html,
    Json,
    Junit,
}

#[derive(Debug, Args)]
pub(crate) struct RunsArgs {
    /// How many runs, the newest; of a grid, how many that have ended: open ones are always listed.
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "all")]
    pub(crate) limit: u32,
    /// All runs, however many there are.
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) grid: GridArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// The run, or the beginning of its id; not needed when only one is open.
    pub(crate) run: Option<String>,
    /// Why, for the report.
    #[arg(long, value_name = "TEXT", default_value = "muster cancel")]
    pub(crate) why: String,
    #[command(flatten)]
    pub(crate) grid: GridArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where report.html, report.md, report.json and junit.xml go.
    #[arg(long, value_name = "DIR", default_value = "muster-report")]
    pub(crate) out: PathBuf,
    /// Leave the platform and the grid running afterwards, until Ctrl-C, to look around.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Switch on a defect of the platform; may be given several times. A wrong name lists them all.
    #[arg(long = "defect", value_name = "NAME")]
    pub(crate) defects: Vec<String>,
    /// The waterfall of each failed case.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Send the traces, with the servers' spans, to this OTLP/gRPC collector when the run is over.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub(crate) otlp: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// Of what: suite, environment, gate, value or settings (muster.yaml).
    #[arg(required_unless_present = "out", conflicts_with = "out")]
    pub(crate) kind: Option<String>,
    /// Write all schemas into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    pub(crate) shell: Shell,
}
