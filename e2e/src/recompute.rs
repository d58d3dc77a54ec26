//! The report's second routine, called on what a real run wrote; see `shared/report/tests/recompute`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

const ROUTINE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../shared/report/tests/recompute"
);

/// How many numbers of a report are altered to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Altered {
    /// A few of each kind.
    Some,
    Every,
}

/// Computes every number of a report again, from its folder and from what the run printed, and
/// sees that altered ones are noticed.
///
/// # Errors
/// When a number does not agree, or an altered one does, or there is no Python.
pub fn check(folder: &Path, printed: &str, altered: Altered) -> Result<()> {
    std::fs::write(folder.join("terminal.txt"), printed)?;
    let flag = match altered {
        Altered::Some => "--altered",
        Altered::Every => "--altered-all",
    };
    let routine = Command::new("python3")
        .args(["-B", ROUTINE, flag])
        .arg(folder)
        .output()
        .context("start python3; `cargo xtask test` installs it")?;
    let said = [routine.stdout, routine.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(
        routine.status.success() && said.ends_with(" alterations, all noticed\n"),
        "{said}"
    );
    Ok(())
}
