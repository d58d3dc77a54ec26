//! Where the built programs are: beside the test or program that runs.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// The path of a program of this workspace, built in the same profile as what runs.
///
/// # Errors
/// When the program is not there; the message says how to build it.
pub fn path(name: &str) -> Result<PathBuf> {
    let program = profile()?.join(name);
    ensure!(
        program.exists(),
        "{} is not built; run `cargo build --workspace --bins` first",
        program.display()
    );
    Ok(program)
}

/// What `cargo xtask test` installs below `target/`.
///
/// # Errors
/// When it is not there; the message says what installs it.
pub fn installed(path: &str) -> Result<PathBuf> {
    let profile = profile()?;
    let target = profile.parent().context("a profile lies below target/")?;
    let program = target.join(path);
    ensure!(
        program.exists(),
        "{} is not installed; `cargo xtask test` and `cargo xtask cluster` install it",
        program.display()
    );
    Ok(program)
}

/// `target/<profile>`: tests and examples lie a folder deeper.
fn profile() -> Result<PathBuf> {
    let this = std::env::current_exe().context("find the running program")?;
    let mut folder = this.parent().context("a program lies in a folder")?;
    if folder.ends_with("deps") || folder.ends_with("examples") {
        folder = folder.parent().context("a folder of target/<profile>")?;
    }
    Ok(folder.to_owned())
}
