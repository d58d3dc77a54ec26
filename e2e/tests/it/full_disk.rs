//! A run on a laptop whose coordinator dies: it ends with a clear error, and does not wait for it.

use std::time::Duration;

use anyhow::Result;
use e2e::answering::{self, Answer};
use e2e::process::Process;
use e2e::{Muster, binaries};

/// Kilobytes that a file may have: some results fit, all do not.
const FILE_KB: u32 = 128;
/// Far less than the run's own deadline, after which it would be given up anyway.
const ENDS_WITHIN: Duration = Duration::from_secs(120);

const MANY: &str = r#"muster: v1
suite: many
priority: P1
tests:
  - id: answers
    regions: all
    rows:
ROWS
    steps:
      - http: GET /
        as: nobody
        status: 200
"#;

const ENVIRONMENT: &str = r#"muster: v1
environment: small
services: { api: "http://ADDRESS" }
allow:
  - "ADDRESS"
regions: [here, there]
users:
  member: {}
"#;

/// The limit on the size of files stands for a disk that is full: writes fail from then on.
#[test]
fn a_run_whose_coordinator_can_t_write_any_more_ends_with_its_reason() -> Result<()> {
    let address = answering::serve(|_| Answer {
        status: "200 OK".to_owned(),
        headers: Vec::new(),
        body: "a body of some length ".repeat(100),
    })?;
    let muster = Muster::new()?;
    let rows: Vec<String> = (0..200)
        .map(|row| format!("      r{row}: {{ n: {row} }}"))
        .collect();
    muster.write("many.yaml", &MANY.replace("ROWS", &rows.join("\n")))?;
    muster.write("small.yaml", &ENVIRONMENT.replace("ADDRESS", &address))?;
    let limited = format!(
        "trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"",
        FILE_KB * 2
    );
    let mut command = std::process::Command::new("sh");
    command
        .args(["-c", &limited])
        .arg(binaries::path("muster")?)
        .args(["run", "many.yaml", "--env", "small.yaml"])
        .current_dir(muster.dir.path())
        .env("NO_COLOR", "1");
    let mut run = Process::start("muster", &mut command)?;
    let status = run.ended(ENDS_WITHIN)?;
    let said = run.output();
    assert_eq!(status.code(), Some(106), "{said}");
    let error = said.lines().find(|line| line.starts_with("error: "));
    let error = error.unwrap_or_default();
    for part in [
        "coordinator",
        "the store failed",
        "no verdict",
        ".muster/runs/",
    ] {
        assert!(error.contains(part), "{part}: {said}");
    }
    Ok(())
}
