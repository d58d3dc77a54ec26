//! Where the built programs are: beside the test that runs.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The path of a program of this workspace, built in the same profile as the running test.
///
/// # Errors
/// When the program is not there; the message says how to build it.
pub fn path(name: &str) -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the running test")?;
    let profile = this
        .parent()
        .and_then(|deps| deps.parent())
        .context("a test runs from target/<profile>/deps")?;
    let program = profile.join(name);
    ensure!(
        program.exists(),
        "{} is not built; run `cargo build --workspace --bins` first",
        program.display()
    );
    Ok(program)
}
