//! What to run, and how: the flags that `run` and `list` share, and those of `run` alone.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use domain::queue::Priority;

use super::service::GridArgs;

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  muster run suites/ --env staging
  muster run suites/p1.yaml -k 'tag:auth and not slow' -x
  muster run suites/ --gate release --out reports/
  muster run --failed                   the failed cases of the last run
  muster run suites/p1.yaml --watch     again at each change: what failed, then what changed
  muster run --complete last            only what it left unproven, one joint report
  muster run suites/ --grid 127.0.0.1:9101 --regions us-central1,europe-west1
  muster run suites/ --grid 127.0.0.1:9101 --priority high --exclusive

Exit codes: 0 GO or PASSED, 100 failed or NO-GO, 106 not everything proven, 105 aborted. With --detach
0 only means that the run was submitted; with --watch it speaks of the last run, often a part.

Without --grid, caps and locks are those of this process alone: other processes don't know of them.";

/// Which suites, which environment, which cases.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SuiteArgs {
    /// Suites: files and folders; by default those that muster.yaml names, else suites/.
    pub(crate) paths: Vec<PathBuf>,
    /// The environment: a file, or a name (environments/NAME.yaml, or NAME.yaml beside the suites).
    #[arg(long, value_name = "NAME|FILE", env = "MUSTER_ENV")]
    pub(crate) env: Option<String>,
    /// Only tests that fit, for example `p1 and not tag:slow` or `id:test_0*`.
    ///
    /// A bare word is a tier, or a part of an id, suite or tag; `id:`, `suite:`, `tag:` and `group:`
    /// say which; `and`, `or`, `not` and ( ) join them; `*` stands for any text.
    #[arg(short = 'k', value_name = "FILTER")]
    pub(crate) filter: Option<String>,
    /// Set a variable of the environment; its value is read as YAML.
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub(crate) vars: Vec<String>,
    /// The regions of the run; by default those of the environment.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(crate) regions: Vec<String>,
    /// Judge by a gate: `release`, gates/NAME.yaml, or `none` against what muster.yaml says.
    #[arg(long, value_name = "NAME")]
    pub(crate) gate: Option<String>,
}

/// All of `muster run`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) suites: SuiteArgs,
    /// Stop at the first failed case.
    #[arg(short = 'x', conflicts_with = "max_fail")]
    pub(crate) stop_at_first: bool,
    /// Stop after this many failed cases.
    #[arg(long, value_name = "N")]
    pub(crate) max_fail: Option<u32>,
    /// Only the cases that failed in a run, by default the last one.
    #[arg(long, value_name = "RUN", num_args = 0..=1, require_equals = true, default_missing_value = "last", conflicts_with = "complete")]
    pub(crate) failed: Option<String>,
    /// Only what has no proven outcome in that run: same plan, one joint report.
    #[arg(long, value_name = "RUN")]
    pub(crate) complete: Option<String>,
    /// Stay, and run again when a file changes: what failed first, then the tests of changed files.
    ///
    /// A changed environment or muster.yaml means all tests. Runs after the first have no gate, so
    /// --gate is refused. Ctrl-C ends it with the exit code of the last run, which may have been of a
    /// few tests: no verdict on the whole.
    #[arg(long, conflicts_with_all = ["complete", "failed"])]
    pub(crate) watch: bool,
    #[command(flatten)]
    pub(crate) grid: GridArgs,
    /// Workers in each region, when no grid is named; 1 by default.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64), conflicts_with = "grid")]
    pub(crate) workers: Option<u32>,
    /// End the run after this time, whatever happens; for example 90s, 15m, 2h.
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) deadline: Option<Duration>,
    /// On a grid: who goes first when runs wait: low, normal, high, or a number from 0 to 9.
    #[arg(long, value_name = "P", default_value_t, conflicts_with = "listen")]
    pub(crate) priority: Priority,
    /// On a grid: no other run may be on the environment meanwhile; runs with an exclusive test are
    /// so by themselves.
    #[arg(long, conflicts_with = "listen")]
    pub(crate) exclusive: bool,
    /// On a grid: hand the run in, print its name and leave; `muster runs --grid` shows the rest.
    ///
    /// It ends with 0 when the run is submitted, which is no verdict: never deploy on it. So --gate
    /// is refused; to be judged by it, wait for the run.
    #[arg(long, conflicts_with_all = ["watch", "listen", "out", "trace"])]
    pub(crate) detach: bool,
    /// Write report.html, report.md, report.json and junit.xml into this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Print the waterfall of each failed case.
    #[arg(long)]
    pub(crate) trace: bool,
    /// Where this run's own coordinator listens, so that servers can send it their spans (OTLP).
    #[arg(long, value_name = "ADDR", conflicts_with = "grid")]
    pub(crate) listen: Option<SocketAddr>,
    /// Send the traces, with the servers' spans, to this OTLP/gRPC collector when the run is over.
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub(crate) otlp: Option<String>,
}

impl RunArgs {
    /// The number of failed cases after which the run stops.
    pub(crate) fn failures_allowed(&self) -> Option<u32> {
        if self.stop_at_first {
            Some(1)
        } else {
            self.max_fail
        }
    }
}

/// `90s`, `15m`, `2h`, `500ms`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| not_a_time(text))?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        "h" => Duration::from_secs(number.saturating_mul(3600)),
        _ => return Err(not_a_time(text)),
    };
    if time.is_zero() {
        return Err("a time of nothing leaves no time to run; write for example 15m".to_owned());
    }
    Ok(time)
}

fn not_a_time(text: &str) -> String {
    format!("`{text}` is no time; write a number with ms, s, m or h, for example 15m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_its_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("15m"), Ok(Duration::from_secs(900)));
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "15", "m", "1.5h", "0s", "-1s"] {
            assert!(duration(bad).is_err(), "{bad} was taken");
        }
    }
}
