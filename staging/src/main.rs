//! `muster-staging`: runs the reference platform until it is interrupted.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser;
use staging::{Config, Defect, Platform, Running};

/// A real server for a chat product with agents, to test the grid against.
#[derive(Debug, Parser)]
#[command(name = "muster-staging", version)]
struct Options {
    /// Where database, certificates and environment file are kept
    #[arg(long, default_value = ".muster/staging")]
    dir: PathBuf,
    /// Where the API listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    api_listen: SocketAddr,
    /// Where the auth host listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    auth_listen: SocketAddr,
    /// The host name in URLs and in the certificate
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Requests that /api/limited lets through per user and window
    #[arg(long, default_value_t = 10)]
    limit: u32,
    /// The length of such a window in milliseconds
    #[arg(long, default_value_t = 8000)]
    limit_window_ms: u64,
    /// The revision that /health/ready names
    #[arg(long)]
    revision: Option<String>,
    /// Tries whose receipts are kept; the oldest are forgotten first
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    keep_receipts: usize,
    /// Switch a defect on; may be given more than once
    #[arg(long, value_parser = defect)]
    defect: Vec<Defect>,
    /// Send a span of each request to this OTLP/gRPC endpoint, such as http://127.0.0.1:4317
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp: Option<String>,
    /// List the defects and end
    #[arg(long)]
    list_defects: bool,
}

fn defect(name: &str) -> Result<Defect, String> {
    Defect::from_name(name).ok_or_else(|| {
        format!("no defect is called `{name}`; `muster-staging --list-defects` lists them")
    })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    if options.list_defects {
        // A reader that has seen enough, such as `head`, is no failure.
        let _ = list_defects(&mut io::stdout().lock());
        return Ok(());
    }
    let running = Platform::start(config(options))
        .await
        .context("the platform did not start")?;
    // The platform serves on even when nobody reads what it says.
    let _ = tell(&running, &mut io::stdout().lock());
    interrupted().await.context("signals cannot be heard")?;
    running.stop().await;
    Ok(())
}

fn config(options: Options) -> Config {
    let mut config = Config::new(options.dir);
    config.api_listen = options.api_listen;
    config.auth_listen = options.auth_listen;
    config.public_host = options.host;
    config.limit = options.limit;
    config.limit_window = Duration::from_millis(options.limit_window_ms);
    config.revision = options.revision.unwrap_or(config.revision);
    config.otlp = options.otlp.filter(|url| !url.is_empty());
    config.kept_receipts = options.keep_receipts;
    config.defects = options.defect;
    config
}

fn list_defects(out: &mut impl Write) -> io::Result<()> {
    for defect in Defect::ALL {
        let (name, area) = (defect.name(), defect.area());
        writeln!(
            out,
            "{name:28} {area:10} {:60} {}",
            defect.breaks(),
            defect.test()
        )?;
    }
    Ok(())
}

fn tell(running: &Running, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "api          {}", running.api_url())?;
    writeln!(out, "auth         {}", running.auth_url())?;
    writeln!(out, "authority    {}", running.ca_file().display())?;
    writeln!(out, "environment  {}", running.environment_file().display())?;
    for defect in Defect::ALL
        .into_iter()
        .filter(|defect| running.switches().is_on(*defect))
    {
        let (name, breaks) = (defect.name(), defect.breaks());
        writeln!(out, "defect       {name}: no longer holds: {breaks}")?;
    }
    writeln!(out, "ready; Ctrl-C ends it")?;
    out.flush()
}

/// Ctrl-C or, where there is one, SIGTERM.
async fn interrupted() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
