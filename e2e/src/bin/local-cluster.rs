//! A whole cluster on this machine, each part a process: etcd, a server of S3, two coordinators, six
//! workers in three regions, and the reference platform. `cargo xtask cluster` starts it.
//!
//! It says where everything is and what to try, starts again who dies, and ends everything on
//! Ctrl-C; a second Ctrl-C ends it at once. What it starts: `e2e/src/cluster.rs`.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use e2e::cluster::{Cluster, Member, Place};
use e2e::process::{Manner, Process};
use e2e::{binaries, muster};
use tokio::signal::unix::{Signal, SignalKind, signal};

const WORKERS_PER_REGION: usize = 2;
/// How often the dead are looked for, and who leads.
const LOOK: Duration = Duration::from_millis(500);
/// Longer than the platform takes to end.
const PLATFORM_ENDS_WITHIN: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> ExitCode {
    match whole().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn whole() -> Result<()> {
    if let Some(word) = std::env::args().nth(1) {
        bail!("`{word}`: this takes no arguments; `cargo xtask cluster` starts it");
    }
    let mut interrupt = Interrupt::listen()?;
    // What is dropped at a signal ends what it started.
    let mut local = tokio::select! {
        local = Local::start() => local?,
        () = interrupt.next() => bail!("interrupted before it was up; nothing is left"),
    };
    println!("{}", local.described().await);
    let mut pace = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = interrupt.next() => break,
            _ = pace.tick() => local.look().await?,
        }
    }
    println!("ending; Ctrl-C again ends it at once");
    tokio::select! {
        ended = local.end() => ended?,
        () = interrupt.next() => {}
    }
    println!("ended; nothing is left");
    Ok(())
}

/// Ctrl-C and SIGTERM, one after the other.
struct Interrupt {
    interrupt: Signal,
    terminate: Signal,
}

impl Interrupt {
    fn listen() -> Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Everything that runs.
struct Local {
    cluster: Cluster,
    platform: Process,
    /// `https://HOST:PORT`
    api: String,
    /// Pid of the coordinator that led when somebody last looked: who is started again soon
    /// enough may lead again under the same name.
    leader: u32,
}

impl Local {
    async fn start() -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("muster-").tempdir()?;
        println!("starting a cluster in {}", dir.path().display());
        let (platform, api) = start_platform(dir.path())?;
        let cluster = Cluster::start_apart(dir, WORKERS_PER_REGION)?;
        cluster.all_connected().await?;
        let leader = cluster.leads_now().await.context("nobody leads")?;
        let leader = leader.id();
        Ok(Self {
            cluster,
            platform,
            api,
            leader,
        })
    }

    /// Says who died and was started again, and who leads now.
    async fn look(&mut self) -> Result<()> {
        for one in self.cluster.revive()? {
            let (name, ended, id) = (one.name, one.ended, one.id);
            println!("{name} ended ({ended}) and was started again: pid {id}");
        }
        if let Some(leader) = self.cluster.leads_now().await
            && leader.id() != self.leader
        {
            let (name, id) = (&leader.name, leader.id());
            println!("{name} leads now: pid {id}");
            self.leader = id;
        }
        if let Some(ended) = self.platform.has_ended()? {
            bail!("the platform ended: {ended}\n{}", self.platform.output());
        }
        Ok(())
    }

    /// In the order in which nobody misses another: workers, coordinators, then what they stand on.
    async fn end(mut self) -> Result<()> {
        self.cluster.end().await?;
        self.platform.ask_to_end()?;
        let ended = tokio::task::spawn_blocking(move || self.platform.ended(PLATFORM_ENDS_WITHIN));
        ended.await??;
        Ok(())
    }

    async fn described(&self) -> String {
        let cluster = &self.cluster;
        let folder = cluster.folder();
        let s3 = cluster.s3.as_ref();
        let (s3_url, s3_id) = s3.map_or_else(Default::default, |s3| (s3.url(), s3.id()));
        let mut lines = vec![
            line("etcd", &cluster.etcd.url(), cluster.etcd.id(), ""),
            line("s3", &s3_url, s3_id, "moto, in memory"),
            line("platform", &self.api, self.platform.id(), ""),
        ];
        lines.extend(cluster.members().map(|one| self.line_of(one)));
        let program = shown(binaries::path("muster"));
        let suites = shown(muster::suites().canonicalize().map_err(Into::into));
        let environment = environment(&folder).display().to_string();
        let grid = cluster.addresses();
        let leader = cluster.members().find(|one| one.id() == self.leader);
        let leader = leader.map_or(0, Member::id);
        let worker = cluster.members().last().map_or(0, Member::id);
        format!(
            "
{lines}

Logs and data lie in {folder} until this ends.

Run the suites, in another terminal:

  {program} run {suites} --grid {grid} --env {environment} --gate release --out muster-report

See what the grid does:

  {program} runs --grid {grid}

Try a failover while a run goes on:

  kill -9 {leader}    the leader. Its lease in etcd ends within 5 s, the other one (or it, if it is back
                sooner) reads the logs and leads, workers follow, and the run ends with the
                verdict and totals it would have had: each case counted once.
  kill {leader}       the same, planned: it hands over, and the other one leads within a second.
  kill -9 {worker}    a worker. What it held is leased again, at once when it is back with its spool.

Whoever dies is started again here, with a new pid, which is printed. Ctrl-C ends everything.
",
            lines = lines.join("\n"),
            folder = folder.display(),
        )
    }

    fn line_of(&self, member: &Member) -> String {
        let (place, note) = match &member.place {
            Place::Address(address) if member.id() == self.leader => (address.as_str(), "leads"),
            Place::Address(address) => (address.as_str(), "stands by"),
            Place::Region(region) => (*region, "worker"),
        };
        line(&member.name, place, member.id(), note)
    }
}

fn line(name: &str, place: &str, id: u32, note: &str) -> String {
    let line = format!("  {name:<16} {place:<26} pid {id:<8} {note}");
    line.trim_end().to_owned()
}

fn shown(path: Result<std::path::PathBuf>) -> String {
    path.map_or_else(|error| error.to_string(), |path| path.display().to_string())
}

fn start_platform(dir: &Path) -> Result<(Process, String)> {
    let mut command = Command::new(binaries::path("muster-staging")?);
    command.arg("--dir").arg(dir.join("platform"));
    let manner = Manner::Apart(dir.to_owned());
    let mut process = manner.start("platform", &mut command)?;
    let api = process.wait_for(|line| Some(line.strip_prefix("api ")?.trim().to_owned()))?;
    process.wait_for(|line| line.starts_with("ready").then_some(()))?;
    process.heard_enough();
    Ok((process, api))
}

/// What the platform writes for its users.
fn environment(folder: &Path) -> std::path::PathBuf {
    folder.join("platform").join("environment.yaml")
}
