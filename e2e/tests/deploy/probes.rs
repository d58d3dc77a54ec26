//! How an orchestrator asks: plain HTTP to the port of `--health`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::process::Process;

/// Longer than an election and a lease take on a busy machine; who waits so long has failed.
const AT_MOST: Duration = Duration::from_secs(180);
const BETWEEN: Duration = Duration::from_millis(50);

/// Where a process answers, by what it prints at its start.
pub(crate) fn address(process: &Process) -> Result<String> {
    process.wait_for(|line| Some(line.strip_prefix("probes answered at ")?.to_owned()))
}

/// Status and words.
pub(crate) fn ask(address: &str, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: probe\r\n\r\n")?;
    let mut all = String::new();
    stream.read_to_string(&mut all)?;
    let status = all.split_whitespace().nth(1).context("no status")?;
    let words = all.lines().last().unwrap_or_default();
    Ok((status.parse()?, words.to_owned()))
}

/// Waits until the answer has this status.
pub(crate) async fn until(address: &str, path: &str, status: u16) -> Result<String> {
    let mut pace = tokio::time::interval(BETWEEN);
    let asked = async {
        loop {
            if let (got, words) = ask(address, path)?
                && got == status
            {
                return Ok::<_, anyhow::Error>(words);
            }
            pace.tick().await;
        }
    };
    let last = || {
        format!(
            "{path} of {address} never was {status}: {:?}",
            ask(address, path)
        )
    };
    tokio::time::timeout(AT_MOST, asked)
        .await
        .with_context(last)?
}
