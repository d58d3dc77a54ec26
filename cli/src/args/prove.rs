//! The flags of `muster prove`.

use std::path::PathBuf;

use clap::Args;

use super::selection::SuiteArgs;

pub(super) const EXAMPLES: &str = "\
Examples:
  muster prove suites/ --env staging
  muster prove suites/p1.yaml -k tag:auth --min 95%
  muster prove suites/ --gate nightly
  muster prove suites/ --json proof.json

Each test runs once, in one region; then its recording is judged again, altered in many ways, and
nothing more is sent. Exit codes: 0 all checks can fail, or as many as --min or --gate says; 100 fewer;
106 some test did not pass, so nothing is known of its checks.";

/// All of `muster prove`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) suites: SuiteArgs,
    /// How many of the checks must be able to fail; else as the gate's `proven_checks` says, or all.
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(crate) min: Option<f64>,
    /// Write what was found out about each check into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Also name the mutation that made each check false.
    #[arg(long)]
    pub(crate) verbose: bool,
}

/// `95%`, `95`, `99.5%`.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_end_matches('%');
    match number.parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err(format!(
            "`{text}` is no part of all checks; write for example 95%"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_between_nothing_and_all() {
        assert_eq!(percent("95%"), Ok(95.0));
        assert_eq!(percent("99.5"), Ok(99.5));
        for bad in ["", "%", "101%", "-1", "most", "NaN"] {
            assert!(percent(bad).is_err(), "{bad} was taken");
        }
    }
}
