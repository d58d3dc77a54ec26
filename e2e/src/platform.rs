//! The reference platform as a process of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::binaries;
use crate::process::Process;

#[derive(Debug)]
pub struct Platform {
    pub process: Process,
    pub dir: TempDir,
    pub api: String,
    client: reqwest::Client,
}

impl Platform {
    /// Starts it with these defects on, on free ports, and waits until it answers.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(defects: &[&str]) -> Result<Self> {
        Self::start_with(defects, &[]).await
    }

    /// As `start`, with more flags.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_with(defects: &[&str], flags: &[&str]) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let mut command = Command::new(binaries::path("muster-staging")?);
        command.arg("--dir").arg(dir.path()).args(flags);
        for defect in defects {
            command.args(["--defect", defect]);
        }
        let process = Process::start("muster-staging", &mut command)?;
        let api = process.wait_for(api_address)?;
        let client = client(&dir.path().join("ca.pem"))?;
        let platform = Self {
            process,
            dir,
            api,
            client,
        };
        platform.get("/health/ready").await?;
        Ok(platform)
    }

    /// The environment file it wrote for its users.
    pub fn environment(&self) -> PathBuf {
        self.dir.path().join("environment.yaml")
    }

    /// `https://HOST:PORT` of its API.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The certificate of the authority that signed its own.
    pub fn authority(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// # Errors
    /// When it does not answer with JSON.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.api))
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Takes its database away, as an outage would; whoever asks is told.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn lose_database(&self) -> Result<()> {
        let url = format!("{}/__ref/outages/database", self.api);
        self.client.put(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// Every defect that it can show: name, and the test it is for.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn defects(&self) -> Result<Value> {
        self.get("/__ref/defects").await
    }
}

/// `api https://localhost:40123` or the like, whatever stands before it.
fn api_address(line: &str) -> Option<String> {
    let (before, rest) = line.split_once("https://")?;
    before.to_lowercase().contains("api").then(|| {
        let address: String = rest
            .chars()
            .take_while(|c| c.is_alphanumeric() || ".:-".contains(*c))
            .collect();
        format!("https://{address}")
    })
}

fn client(ca: &std::path::Path) -> Result<reqwest::Client> {
    // Another test of this process may have installed it first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pem = std::fs::read(ca).with_context(|| format!("read {}", ca.display()))?;
    Ok(reqwest::Client::builder()
        .tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem)?)
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()?)
}
