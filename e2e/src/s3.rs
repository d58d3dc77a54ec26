//! A server of S3's protocol on loopback: moto, which lets one request through at a time.
//!
//! It keeps everything in memory and forgets it at its end. `s3/server.py` is what runs; the Python
//! that has moto is installed by the gate.

use std::process::Command;

use anyhow::{Context, Result};

use crate::binaries;
use crate::process::{Manner, Process};

/// The bucket that is there from the start.
pub const BUCKET: &str = "grid";
const SERVER: &str = include_str!("s3/server.py");
const PYTHON: &str = "moto/bin/python";

#[derive(Debug)]
pub struct S3Server {
    address: String,
    process: Process,
}

impl S3Server {
    /// Starts one on a free port; it answers, and has its bucket, when this returns.
    ///
    /// # Errors
    /// When moto is not installed, or does not come up.
    pub fn start(manner: &Manner) -> Result<Self> {
        Self::start_at(manner, "127.0.0.1:0")
    }

    /// As `start`, at this address of the loopback.
    ///
    /// # Errors
    /// As `start`, and when something listens there.
    pub fn start_at(manner: &Manner, address: &str) -> Result<Self> {
        let (_, port) = address.rsplit_once(':').context("no port")?;
        let python = binaries::installed(PYTHON)?;
        let mut command = Command::new(python);
        command.args(["-c", SERVER, BUCKET, port]);
        let mut process = manner.start("s3", &mut command)?;
        let listening =
            |line: &str| Some(format!("127.0.0.1:{}", line.strip_prefix("listening on ")?));
        let address = process.wait_for(listening).context("start moto")?;
        process.heard_enough();
        Ok(Self { address, process })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What `--store` is given.
    pub fn store() -> String {
        format!("s3://{BUCKET}/logs")
    }

    /// How a coordinator finds it and what it shows; moto takes any credentials.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        Self::variables_of(&self.address)
    }

    /// The same for a server at this address, also one that is not there yet.
    pub fn variables_of(address: &str) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{address}")),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ]
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }
}
