//! A headless Chromium, driven over its own debugging protocol, as the judge of pages for people.
//!
//! It starts with an empty profile and is asked for facts: what a page measures, what it asked the
//! network for, what it complained of. What these must be is said by the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::process::Process;

/// Programs that are a Chromium, in the order looked for.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];
/// How long the browser may take for one thing that it is asked.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub struct Browser {
    socket: WebSocketStream<TcpStream>,
    session: String,
    calls: u64,
    events: Vec<Value>,
    _process: Process,
    _profile: TempDir,
}

impl Browser {
    /// # Errors
    /// When there is no browser, or it does not answer.
    pub async fn start() -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut command = Command::new(program()?);
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--remote-debugging-port=0",
        ]);
        command.arg(format!("--user-data-dir={}", profile.path().display()));
        let process = Process::start("chromium", &mut command)?;
        let address = process.wait_for(|line| {
            line.strip_prefix("DevTools listening on ")
                .map(str::to_owned)
        })?;
        let host = address
            .strip_prefix("ws://")
            .and_then(|rest| rest.split('/').next())
            .context("an address of the browser's debugging protocol")?;
        let stream = TcpStream::connect(host).await?;
        let (socket, _) = tokio_tungstenite::client_async(address.as_str(), stream).await?;
        let mut browser = Self {
            socket,
            session: String::new(),
            calls: 0,
            events: Vec::new(),
            _process: process,
            _profile: profile,
        };
        browser.attach().await?;
        Ok(browser)
    }

    /// A tab, whose events are all listened to.
    async fn attach(&mut self) -> Result<()> {
        let made = json!({ "url": "about:blank" });
        let target = self.call("Target.createTarget", made).await?["targetId"].clone();
        let how = json!({ "targetId": target, "flatten": true });
        let session = self.call("Target.attachToTarget", how).await?;
        self.session = session["sessionId"]
            .as_str()
            .context("a session of the tab")?
            .to_owned();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.call(&format!("{domain}.enable"), json!({})).await?;
        }
        Ok(())
    }

    /// Opens a file in a window this many pixels wide, as on a phone when it is narrow, and
    /// forgets what was seen before.
    ///
    /// # Errors
    /// When the page does not load.
    pub async fn open(&mut self, file: &Path, width: u32) -> Result<()> {
        let window =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600 });
        self.call("Emulation.setDeviceMetricsOverride", window)
            .await?;
        self.events.clear();
        let address = format!("file://{}", file.canonicalize()?.display());
        let gone = self
            .call("Page.navigate", json!({ "url": address }))
            .await?;
        if let Some(error) = gone["errorText"].as_str() {
            bail!("{address}: {error}");
        }
        while !self
            .events
            .iter()
            .any(|event| event["method"] == "Page.loadEventFired")
        {
            let event = self.next().await?;
            self.events.push(event);
        }
        Ok(())
    }

    /// `media` is `screen` or `print`, `scheme` is `light` or `dark`.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn show_as(&mut self, media: &str, scheme: &str) -> Result<()> {
        let feature = json!({ "name": "prefers-color-scheme", "value": scheme });
        let how = json!({ "media": media, "features": [feature] });
        self.call("Emulation.setEmulatedMedia", how).await?;
        Ok(())
    }

    /// What an expression gives within the page. The page's own policy does not bind it.
    ///
    /// # Errors
    /// When it throws.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let what = json!({ "expression": expression, "returnByValue": true });
        let mut said = self.call("Runtime.evaluate", what).await?;
        if let Some(thrown) = said.get("exceptionDetails") {
            bail!("{expression}: {thrown}");
        }
        Ok(said["result"]["value"].take())
    }

    /// The page on paper.
    ///
    /// # Errors
    /// When it can't be printed.
    pub async fn print(&mut self) -> Result<Vec<u8>> {
        let how = json!({ "printBackground": true });
        self.bytes("Page.printToPDF", how).await
    }

    /// The whole page as PNG, for the eye.
    ///
    /// # Errors
    /// When it can't be drawn.
    pub async fn picture(&mut self) -> Result<Vec<u8>> {
        let how = json!({ "captureBeyondViewport": true, "optimizeForSpeed": true });
        self.bytes("Page.captureScreenshot", how).await
    }

    /// Addresses that the page asked for since it was opened, its own first.
    pub fn requests(&self) -> Vec<String> {
        let asked = self
            .events
            .iter()
            .filter(|event| event["method"] == "Network.requestWillBeSent");
        asked
            .filter_map(|event| event["params"]["request"]["url"].as_str())
            .filter(|address| !address.starts_with("data:"))
            .map(str::to_owned)
            .collect()
    }

    /// What stands in the console: errors, warnings, refusals of the page's policy.
    pub fn complaints(&self) -> Vec<String> {
        let kinds = [
            "Log.entryAdded",
            "Runtime.consoleAPICalled",
            "Runtime.exceptionThrown",
        ];
        let said = self
            .events
            .iter()
            .filter(|event| kinds.iter().any(|kind| event["method"] == *kind));
        said.map(|event| event["params"].to_string()).collect()
    }

    async fn bytes(&mut self, method: &str, how: Value) -> Result<Vec<u8>> {
        let said = self.call(method, how).await?;
        let text = said["data"].as_str().context("data in the answer")?;
        Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
    }

    /// Asks, and keeps the events that come before the answer.
    async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        self.calls += 1;
        let id = self.calls;
        let mut message = json!({ "id": id, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = Value::from(self.session.clone());
        }
        let text = Message::text(message.to_string());
        self.socket.send(text).await?;
        loop {
            let mut said = self.next().await?;
            if said["id"] != id {
                self.events.push(said);
            } else if let Some(error) = said.get("error") {
                bail!("{method}: {error}");
            } else {
                return Ok(said["result"].take());
            }
        }
    }

    async fn next(&mut self) -> Result<Value> {
        loop {
            let came = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            let message = came
                .context("the browser said nothing for a minute")?
                .context("the browser went away")??;
            if let Message::Text(text) = message {
                return Ok(serde_json::from_str(text.as_str())?);
            }
        }
    }
}

/// `MUSTER_BROWSER`, else the first Chromium on the path.
fn program() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("MUSTER_BROWSER") {
        return Ok(named.into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<_> = std::env::split_paths(&path).collect();
    NAMES
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
        .context(
            "no Chromium is on the path; `cargo xtask test` installs one, or: apt-get install -y chromium",
        )
}
