//! The proof that the tests can fail: builds the grid, the platform and the program that tries every
//! defect, copies them aside, and becomes that program.
//!
//! Copied, because a build beside a run of some minutes would change what runs. What is tried and
//! what is written: `e2e/src/matrix.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::step::{cargo, run};

/// The page that says what was proven.
const PAGE: &str = "docs/proof.md";
const PROGRAMS: [&str; 2] = ["muster", "muster-staging"];
const MATRIX: &str = "matrix";

#[derive(Debug, Args)]
pub(crate) struct Prove {
    /// Compare with docs/proof.md instead of writing it; fails when they differ.
    #[arg(long)]
    check: bool,
    /// Defects that are tried at the same time.
    #[arg(long, value_name = "N", default_value_t = 2)]
    at_once: usize,
    /// Only defects with this word in their name or their test; docs/proof.md stays as it is.
    #[arg(long, value_name = "WORD", conflicts_with = "check")]
    only: Option<String>,
}

pub(crate) fn prove(root: &Path, prove: &Prove) -> anyhow::Result<()> {
    let packages = ["-p", "cli", "-p", "staging"];
    run(cargo(root).arg("build").args(packages).arg("--bins"))?;
    run(cargo(root).args(["build", "-p", "e2e", "--example", MATRIX]))?;
    let mut matrix = Command::new(copied(&built()?)?);
    matrix.arg(root.join(PAGE)).current_dir(root);
    if prove.check {
        matrix.arg("--check");
    }
    matrix.args(["--at-once", &prove.at_once.to_string()]);
    if let Some(word) = &prove.only {
        matrix.args(["--only", word]);
    }
    end_as(&mut matrix)
}

/// Where cargo puts programs: this one is among them.
pub(crate) fn built() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("find this program")?;
    let folder = this.parent().context("this program lies in no folder")?;
    Ok(folder.to_owned())
}

/// Copies what runs; the programs lie above the folder of the matrix, as where they were built.
fn copied(built: &Path) -> anyhow::Result<PathBuf> {
    let aside = built.join("prove");
    let examples = aside.join("examples");
    fs::create_dir_all(&examples).with_context(|| format!("make {}", examples.display()))?;
    let copy = |from: PathBuf, to: &Path| {
        // A copy that still runs can't be written to, but it can be replaced.
        let new = to.with_extension("new");
        fs::copy(&from, &new)
            .and_then(|_| fs::rename(&new, to))
            .with_context(|| format!("copy {} to {}", from.display(), to.display()))
    };
    for program in PROGRAMS {
        copy(built.join(program), &aside.join(program))?;
    }
    let matrix = examples.join(MATRIX);
    copy(built.join("examples").join(MATRIX), &matrix)?;
    Ok(matrix)
}

/// Becomes the program, so that whoever stops this one stops that one, and nothing is left behind.
#[cfg(unix)]
pub(crate) fn end_as(command: &mut Command) -> anyhow::Result<()> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    bail!("the program of the matrix could not be started: {error}");
}

#[cfg(not(unix))]
pub(crate) fn end_as(command: &mut Command) -> anyhow::Result<()> {
    run(command)
}
