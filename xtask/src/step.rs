//! One step of the gate: its name, what it runs, how long it took.
//!
//! A step's own output goes straight to the terminal, so that a long build is seen to move; the
//! lines printed here only say which step it belongs to. Which steps there are: see `gate`.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, bail};

/// Prints what is done, in order, and how long each took.
#[derive(Debug)]
pub(crate) struct Progress {
    begun: Instant,
    done: u32,
    of: u32,
}

impl Progress {
    pub(crate) fn new(of: u32) -> Self {
        Self {
            begun: Instant::now(),
            done: 0,
            of,
        }
    }

    /// Runs one step; an error names it.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.done += 1;
        eprintln!("── {}/{} {name}", self.done, self.of);
        let begun = Instant::now();
        work().with_context(|| format!("the gate stopped at step `{name}`"))?;
        eprintln!("   {name}: ok, {:.1} s", begun.elapsed().as_secs_f64());
        Ok(())
    }

    pub(crate) fn finish(self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        eprintln!("── gate passed: {} steps, {seconds:.0} s", self.done);
    }
}

/// The cargo that started this program, so that the toolchain stays the same.
pub(crate) fn cargo(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root);
    command
}

/// Runs a command to its end; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let shown = shown(command);
    let status = command
        .status()
        .with_context(|| format!("could not start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` ended with {status}");
    }
    Ok(())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    std::iter::once(program.into())
        .chain(args)
        .collect::<Vec<_>>()
        .join(" ")
}
