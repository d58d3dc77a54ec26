//! The `muster` program, called as a person would call it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::Process;
use crate::{Report, binaries};

/// A folder of its own to work in, with `muster` to call there.
#[derive(Debug)]
pub struct Muster {
    pub dir: TempDir,
}

/// What a call printed and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Both streams, for messages of failed assertions.
    pub fn all(&self) -> String {
        format!("exit {}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Muster {
    /// # Errors
    /// When no temporary folder can be made.
    pub fn new() -> Result<Self> {
        Ok(Self {
            dir: tempfile::tempdir()?,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// # Errors
    /// When the file can't be written.
    pub fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&path, text)?;
        Ok(path)
    }

    /// Calls `muster` here and waits for its end.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn call<S: AsRef<std::ffi::OsStr>>(
        &self,
        args: impl IntoIterator<Item = S>,
    ) -> Result<Said> {
        self.call_with(&[], args)
    }

    /// As `call`, with these variables in its environment.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn call_with<S: AsRef<std::ffi::OsStr>>(
        &self,
        variables: &[(&str, &str)],
        args: impl IntoIterator<Item = S>,
    ) -> Result<Said> {
        let output = self
            .command()?
            .envs(variables.iter().copied())
            .args(args)
            .stdin(Stdio::null())
            .output()
            .context("muster")?;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts `muster` here and goes on.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start(&self, args: &[&str]) -> Result<Process> {
        Process::start("muster", self.command()?.args(args))
    }

    /// `report.json` in the folder given as `--out`.
    ///
    /// # Errors
    /// When it was not written.
    pub fn report(&self, out: &str) -> Result<Report> {
        Report::read(&self.path(out).join("report.json"))
    }

    fn command(&self) -> Result<Command> {
        let mut command = Command::new(binaries::path("muster")?);
        command.current_dir(self.dir.path()).env("NO_COLOR", "1");
        Ok(command)
    }
}

/// The suites of this repository.
pub fn suites() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../suites")
}
