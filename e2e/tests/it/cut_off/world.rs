//! The grid whose workers are cut off: hosts in namespaces, a coordinator that they reach with
//! certificates, targets that they reach by another way, and the run.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use e2e::network::{self, Host, TARGETS};
use e2e::process::Process;
use e2e::watch::Door;
use e2e::{Muster, Platform, binaries};
use proto::v1::ListRequest;
use tempfile::TempDir;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::{Attempts, HOME, REGIONS, TURNS, pause};
use crate::certificates::{self, Files};
use crate::receipts::Receipts;
use crate::target::Target;

/// Everything that runs.
pub(super) struct World {
    pub(super) platform: Platform,
    /// Holds cases back until every worker is there.
    pub(super) start: Target,
    /// Holds the brief cases back until the cut.
    pub(super) cut: Target,
    /// Holds the run open until everything was heard.
    pub(super) end: Target,
    pub(super) hosts: Vec<Host>,
    dir: TempDir,
    files: Files,
    pub(super) door: Door,
    coordinator: Process,
    port: u16,
    workers: Vec<Process>,
}

impl World {
    pub(super) async fn start() -> Result<Self> {
        network::prepare()?;
        let numbers = 1..=u8::try_from(REGIONS.len())?;
        let hosts: Vec<Host> = numbers.map(Host::start).collect::<Result<_>>()?;
        let dir = tempfile::tempdir()?;
        let gateways: Vec<String> = hosts.iter().map(Host::gateway).collect();
        let files = certificates::make_for(dir.path(), &gateways);
        let mut command = Command::new(binaries::path("muster")?);
        command.args(["coordinator", "--listen", "0.0.0.0:0"]);
        command.arg("--data").arg(dir.path().join("grid"));
        let coordinator = Process::start("coordinator", with_tls(&mut command, &files))?;
        let port = coordinator.wait_for(|line| {
            let address = line.strip_prefix("coordinator listening at 0.0.0.0:")?;
            address.parse().ok()
        })?;
        let listen = format!("{TARGETS}:0");
        let flags = ["--host", TARGETS, "--api-listen", &listen];
        Ok(Self {
            platform: Platform::start_with(&[], &flags).await?,
            start: Target::holding_at(TARGETS).await,
            cut: Target::holding_at(TARGETS).await,
            end: Target::holding_at(TARGETS).await,
            hosts,
            door: door(&files)?,
            dir,
            files,
            coordinator,
            port,
            workers: Vec::new(),
        })
    }

    pub(super) fn at(&self, ip: &str) -> String {
        format!("{ip}:{}", self.port)
    }

    /// A worker here, or on a host.
    pub(super) fn add_worker(&mut self, region: &str, host: Option<usize>) -> Result<()> {
        let muster = binaries::path("muster")?;
        let (mut command, ip, name) = match host {
            None => (Command::new(muster), "127.0.0.1".to_owned(), "near"),
            Some(place) => {
                let host = &self.hosts[place];
                (host.command(muster), host.gateway(), "far")
            }
        };
        let name = format!("{name}-{region}");
        command.args(["worker", "--grid", &self.at(&ip), "--region", region]);
        command.args(["--name", &name, "--slots", "4", "--data"]);
        command.arg(self.dir.path().join(&name));
        let process = Process::start(&name, with_tls(&mut command, &self.files))?;
        self.workers.push(process);
        Ok(())
    }

    pub(super) async fn all_connected(&self) -> Result<()> {
        let mut client = self.door.connect(&self.at("127.0.0.1")).await?;
        let mut n_there = 0;
        while n_there < self.workers.len() {
            pause().await;
            let listed = client.list(ListRequest::default()).await?;
            n_there = listed.into_inner().workers.len();
        }
        Ok(())
    }

    pub(super) fn hand_in(&self, muster: &Muster) -> Result<Process> {
        let authority = fs::read_to_string(self.platform.authority())?;
        muster.write("platform.pem", &authority)?;
        muster.write("cut.yaml", &self.environment())?;
        muster.write("suite.yaml", &suite())?;
        let words = ["run", "suite.yaml", "--env", "cut.yaml", "--out", "out"];
        let mut command = Command::new(binaries::path("muster")?);
        command.current_dir(muster.dir.path()).env("NO_COLOR", "1");
        command.args(words).args(["--grid", &self.at("127.0.0.1")]);
        Process::start("muster", with_tls(&mut command, &self.files))
    }

    fn environment(&self) -> String {
        let gates = [
            ("start", &self.start),
            ("cut", &self.cut),
            ("end", &self.end),
        ];
        let services: String = gates
            .iter()
            .map(|(name, gate)| format!("  {name}: \"http://{}\"\n", gate.address))
            .collect();
        let api = self.platform.api();
        let allow: String = gates
            .iter()
            .map(|(_, gate)| format!("  - \"{}\"\n", gate.address))
            .collect();
        let allow = format!("  - \"{}\"\n{allow}", api.trim_start_matches("https://"));
        let regions: Vec<&str> = REGIONS.iter().map(|(region, _)| *region).collect();
        format!(
            "muster: v1\nenvironment: cut\nservices:\n  api: \"{api}\"\n{services}allow:\n{allow}tls:\n  \
             ca: platform.pem\nregions: [{HOME}, {}]\n",
            regions.join(", ")
        )
    }

    pub(super) fn output(&self) -> String {
        let workers = self.workers.iter().map(Process::output);
        let all = std::iter::once(self.coordinator.output()).chain(workers);
        all.collect::<Vec<_>>().join("\n---\n")
    }

    /// Requests that the platform heard, by case and attempt.
    pub(super) async fn heard(&self) -> Result<Attempts> {
        let receipts = Receipts::fetch(&self.platform).await?;
        let all = receipts.0.into_iter().flat_map(|(case, attempts)| {
            let attempts = attempts.into_iter();
            attempts.map(move |(attempt, heard)| ((case.clone(), attempt), heard.requests))
        });
        Ok(all.collect())
    }
}

fn suite() -> String {
    let regions: Vec<&str> = REGIONS.iter().map(|(region, _)| *region).collect();
    let regions = format!("[{}]", regions.join(", "));
    let test = |id: &str, regions: &str, steps: &[String]| {
        let steps = steps.concat();
        format!("  - id: {id}\n    regions: {regions}\n    timeout: 890s\n    steps:\n{steps}")
    };
    let ask = |whom: &str, indent: &str| {
        format!(
            "{indent}- http: GET {whom}/health\n{indent}  as: nobody\n{indent}  within: 880s\n{indent}  \
             status: 200\n{indent}  check:\n{indent}    - body.status == \"healthy\"\n"
        )
    };
    let (outer, inner) = ("      ", "          ");
    let turns = format!(
        "{outer}- repeat: {{ times: {TURNS} }}\n{outer}  within: 880s\n{outer}  steps:\n{inner}- wait: \
         250ms\n{}",
        ask("", inner)
    );
    let of = |whom: &str| ask(whom, outer);
    let brief = test("brief", &regions, &[of("start:"), of(""), of("cut:")]);
    let lasting = test("lasting", &regions, &[of("start:"), turns]);
    let last = test("last", &format!("[{HOME}]"), &[of(""), of("end:")]);
    format!("muster: v1\nsuite: cut\npriority: P1\ntests:\n{brief}{lasting}{last}")
}

fn with_tls<'a>(command: &'a mut Command, files: &Files) -> &'a mut Command {
    command.arg("--tls-cert").arg(&files.cert);
    command.arg("--tls-key").arg(&files.key);
    command.arg("--tls-ca").arg(&files.ca)
}

fn door(files: &Files) -> Result<Door> {
    // Another part of this process may have installed it first, which serves as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let read = |path: &Path| fs::read(path).with_context(|| path.display().to_string());
    let identity = Identity::from_pem(read(&files.cert)?, read(&files.key)?);
    let tls = ClientTlsConfig::new().identity(identity);
    let tls = tls.ca_certificate(Certificate::from_pem(read(&files.ca)?));
    Ok(Door::with_certificates(tls))
}
