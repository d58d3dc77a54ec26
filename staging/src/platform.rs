//! Starting and stopping: everything a platform is made of is put together here.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::Connection;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::app::{App, Inner};
use crate::auth::Tokens;
use crate::contract::Contract;
use crate::entrances::{Entrances, Ports};
use crate::environment::{Facts, useless_tokens, write_secrets, written};
use crate::limits::Limiter;
use crate::store::{Store, users};
use crate::telemetry::Telemetry;
use crate::{Config, Error, Switches, clock, tls};

/// How long connections and runs may take to end when the platform stops.
const STOP: Duration = Duration::from_secs(10);

/// The reference platform, not yet started.
#[derive(Debug)]
pub struct Platform;

/// A platform that answers. Dropped without `stop`, its tasks end with their runtime.
pub struct Running {
    app: App,
    ca_pem: String,
    ca_file: PathBuf,
    environment_file: PathBuf,
}

impl Platform {
    /// Opens the database, makes certificates, listens, and writes `ca.pem` and
    /// `environment.yaml` into the data directory. When this returns, every host answers.
    pub async fn start(config: Config) -> Result<Running, Error> {
        fs::create_dir_all(&config.data_dir).map_err(at(&config.data_dir))?;
        let entrances = Entrances::bind(&config).await?;
        let ports = entrances.ports()?;
        let identities = tls::identities(&config.public_host)?;
        let app = app(config, ports)?;
        let dir = app.config.data_dir.clone();
        let running = Running {
            ca_file: dir.join("ca.pem"),
            environment_file: dir.join("environment.yaml"),
            ca_pem: identities.ca_pem.clone(),
            app,
        };
        running.write(ports)?;
        entrances.serve(&running.app, &identities);
        if let Some(endpoint) = running.app.config.otlp.clone() {
            running.export_spans_to(&endpoint)?;
        }
        Ok(running)
    }
}

impl Running {
    /// Where the API answers, such as `https://127.0.0.1:40001`.
    pub fn api_url(&self) -> &str {
        &self.app.addresses.api
    }

    /// Where the auth host answers.
    pub fn auth_url(&self) -> &str {
        &self.app.addresses.auth
    }

    /// The certificate authority that a client has to trust, as PEM.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The file that holds it.
    pub fn ca_file(&self) -> &Path {
        &self.ca_file
    }

    /// The environment file for the grid.
    pub fn environment_file(&self) -> &Path {
        &self.environment_file
    }

    /// The switches; they work at once.
    pub fn switches(&self) -> &Switches {
        &self.app.switches
    }

    /// Sends the spans of requests from now on to this OTLP/gRPC endpoint. To be called on a runtime.
    pub fn export_spans_to(&self, endpoint: &str) -> Result<(), Error> {
        self.app.telemetry.export_to(endpoint, &self.app.instance)
    }

    /// Sends the spans that wait; returns when they arrived, or when it takes too long.
    pub async fn flush_spans(&self) {
        let app = self.app.clone();
        let flushed = tokio::task::spawn_blocking(move || app.telemetry.flush()).await;
        tracing::debug!(?flushed, "spans that waited are sent");
    }

    /// Ends every task, closes the database, and returns when both is done.
    pub async fn stop(self) {
        self.app.stop.cancel();
        self.app.tasks.close();
        if timeout(STOP, self.app.tasks.wait()).await.is_err() {
            tracing::warn!(left = self.app.tasks.len(), "tasks did not end in time");
        }
        let app = self.app;
        let close = move || {
            app.store.close();
            app.telemetry.close();
        };
        let closed = tokio::task::spawn_blocking(close).await;
        tracing::debug!(?closed, "the platform has stopped");
    }

    fn write(&self, ports: Ports) -> Result<(), Error> {
        let facts = Facts {
            config: &self.app.config,
            ports,
            useless: useless_tokens(&self.app.tokens)?,
            admin_key: &self.app.admin_key,
        };
        fs::write(&self.ca_file, &self.ca_pem).map_err(at(&self.ca_file))?;
        let file = &self.environment_file;
        let folder = file.parent().unwrap_or(Path::new(""));
        write_secrets(&facts, folder).map_err(at(folder))?;
        fs::write(file, written(&facts)).map_err(at(file))
    }
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Running");
        shown
            .field("api_url", &self.api_url())
            .field("auth_url", &self.auth_url());
        shown.finish_non_exhaustive()
    }
}

fn app(config: Config, ports: Ports) -> Result<App, Error> {
    let secret = secret(&config.data_dir.join("jwt.secret"))?;
    let documents = config.data_dir.join("documents");
    crate::documents::seed(&config.data_dir).map_err(at(&documents))?;
    let (store, revoked) = open(&config.data_dir.join("platform.sqlite"))?;
    Ok(App::new(Inner {
        instance: Uuid::new_v4().simple().to_string(),
        started_ms: clock::now_ms(),
        addresses: ports.addresses(&config.public_host),
        admin_key: hex::encode(random()?),
        health_answers: AtomicU64::new(0),
        last_greeted: Mutex::default(),
        store,
        tokens: Tokens::new(&secret, revoked),
        switches: Arc::new(Switches::with(&config.defects)),
        limiter: Limiter::new(config.limit, config.limit_window),
        runs: crate::agents::Runs::default(),
        receipts: crate::receipts::Ledger::new(config.kept_receipts),
        contract: Contract::new(),
        telemetry: Telemetry::default(),
        stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        config,
    }))
}

fn open(path: &Path) -> Result<(Store, HashSet<String>), Error> {
    let failed = |source| Error::Database {
        path: path.to_owned(),
        source,
    };
    let store = Store::open(path).map_err(failed)?;
    let mut db = Connection::open(path).map_err(failed)?;
    crate::discovery::seed(&mut db).map_err(failed)?;
    let revoked = users::revoked(&mut db, clock::now_s()).map_err(failed)?;
    Ok((store, revoked))
}

/// The signing secret of this data directory; made when there is none.
fn secret(path: &Path) -> Result<Vec<u8>, Error> {
    if path.exists() {
        let text = fs::read_to_string(path).map_err(at(path))?;
        return match hex::decode(text.trim()) {
            Ok(secret) if secret.len() == 32 => Ok(secret),
            _ => Err(Error::Secret {
                path: path.to_owned(),
            }),
        };
    }
    let secret = random()?;
    write_private(path, &hex::encode(&secret)).map_err(at(path))?;
    Ok(secret)
}

fn random() -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; 32];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Random)?;
    Ok(bytes)
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::File { path, source }
}
