//! A coordinator with its workers, a client, and a plan of many small cases.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use coordinator::config::Layout;
use domain::event::RunEvent;
use domain::run::Run;
use domain::{Plan, Region, RunId};
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::target::Target;

/// Longer than anything here takes; a test that waits so long has failed.
pub(crate) const AT_MOST: Duration = Duration::from_secs(60);

/// Where everything of one grid lies, and how its parts are set up.
#[derive(Debug)]
pub(crate) struct Grid {
    folder: TempDir,
    pub(crate) coordinator: Option<coordinator::Running>,
    pub(crate) address: SocketAddr,
    pub(crate) workers: BTreeMap<String, worker::Running>,
    is_hasty: bool,
}

impl Grid {
    pub(crate) async fn start() -> Self {
        Self::with(false).await
    }

    /// Leases are short, so that a lost worker is noticed within a second or two.
    pub(crate) async fn hasty() -> Self {
        Self::with(true).await
    }

    async fn with(is_hasty: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut grid = Self {
            folder,
            coordinator: None,
            address: "127.0.0.1:0".parse().unwrap(),
            workers: BTreeMap::new(),
            is_hasty,
        };
        grid.lead().await;
        grid
    }

    /// Starts a coordinator over the same data, at the same address as the one before.
    pub(crate) async fn lead(&mut self) {
        let config = self.coordinator_config();
        let running = coordinator::start(config).await.unwrap();
        self.address = running.address();
        self.coordinator = Some(running);
    }

    pub(crate) fn coordinator_config(&self) -> coordinator::Config {
        let mut config = coordinator::Config::new(self.address, self.folder.path().join("data"));
        config.layout = Layout::Grid;
        if self.is_hasty {
            config.accounting.worker_ttl = Duration::from_millis(1_500);
            config.accounting.lease_ttl = Duration::from_millis(2_000);
            config.accounting.guard = Duration::from_millis(300);
            config.accounting.tick = Duration::from_millis(100);
        }
        config
    }

    pub(crate) async fn depose(&mut self) {
        self.coordinator.take().unwrap().stop().await.unwrap();
    }

    pub(crate) fn worker_config(&self, name: &str, region: &str) -> worker::Config {
        let spool = self.folder.path().join("workers").join(name);
        let address = self.address.to_string();
        let mut config = worker::Config::new(name.into(), region.into(), address, spool);
        config.slots = 2;
        if self.is_hasty {
            config.beat = Duration::from_millis(200);
        }
        config
    }

    pub(crate) async fn work(&mut self, name: &str, region: &str) {
        let running = worker::start(self.worker_config(name, region))
            .await
            .unwrap();
        self.workers.insert(name.to_owned(), running);
    }

    pub(crate) fn data(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) async fn client(&self) -> Client {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).unwrap();
        Client::over(endpoint.connect().await.unwrap())
    }

    /// Everything ends in order, in time.
    pub(crate) async fn stop(mut self) {
        for (name, running) in std::mem::take(&mut self.workers) {
            let stopped = tokio::time::timeout(AT_MOST, running.stop()).await;
            stopped
                .unwrap()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        self.depose().await;
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Client(pub(crate) ControlServiceClient<Channel>);

impl Client {
    pub(crate) fn over(channel: Channel) -> Self {
        Self(ControlServiceClient::new(channel))
    }

    pub(crate) async fn submit(&mut self, planned: &Planned) -> Result<RunId, tonic::Status> {
        let request = v1::SubmitRequest {
            client_request_id: format!("request of {}", planned.plan.run),
            plan: wire::plan::encode(&planned.plan),
            bundle: planned.bundle.clone(),
            ..v1::SubmitRequest::default()
        };
        let reply = self.0.submit(request).await?;
        Ok(RunId::from(reply.into_inner().run))
    }

    /// Follows until an event is as wanted, or to the end.
    pub(crate) async fn follow_until(
        &mut self,
        planned: &Planned,
        wanted: impl Fn(&RunEvent) -> bool,
    ) -> Followed {
        let watched = tokio::time::timeout(AT_MOST, self.follow(planned, wanted)).await;
        watched.expect("the run came this far in time")
    }

    async fn follow(&mut self, planned: &Planned, wanted: impl Fn(&RunEvent) -> bool) -> Followed {
        let run = planned.plan.run.to_string();
        let mut followed = Followed {
            run: Run::new(planned.plan.clone()),
            events: Vec::new(),
        };
        let request = v1::FollowRequest { run, from: 0 };
        let mut replies = self.0.follow(request).await.unwrap().into_inner();
        while let Some(reply) = replies.message().await.unwrap() {
            assert_eq!(
                reply.position,
                followed.events.len() as u64,
                "no event is left out"
            );
            for bytes in &reply.events {
                let event = wire::event::decode_run(bytes).unwrap();
                followed.run.apply(&event).unwrap();
                let is_wanted = wanted(&event);
                followed.events.push(event);
                if is_wanted {
                    return followed;
                }
            }
        }
        followed
    }

    /// To the verdict.
    pub(crate) async fn finish(&mut self, planned: &Planned) -> Followed {
        let followed = self.follow_until(planned, |_| false).await;
        assert!(followed.run.verdict().is_some(), "{:#?}", followed.events);
        followed
    }

    /// Waits until so many workers are connected.
    pub(crate) async fn sees_workers(&mut self, n_workers: usize) {
        let look = async {
            loop {
                let reply = self.0.list(v1::ListRequest::default()).await.unwrap();
                if reply.into_inner().workers.len() >= n_workers {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(AT_MOST, look).await.unwrap();
    }

    /// The second routine over the log as the coordinator gives it away.
    pub(crate) async fn recheck(&mut self, planned: &Planned) -> recheck::Rechecked {
        let run = planned.plan.run.to_string();
        let request = v1::LogRequest { run };
        let mut replies = self.0.log(request).await.unwrap().into_inner();
        let mut segments = Vec::new();
        while let Some(reply) = replies.message().await.unwrap() {
            segments.push(reply.segment);
        }
        recheck::recheck(&wire::plan::encode(&planned.plan), &segments, None)
    }
}

/// What a client saw of a run.
#[derive(Debug)]
pub(crate) struct Followed {
    pub(crate) run: Run,
    pub(crate) events: Vec<RunEvent>,
}

impl Followed {
    pub(crate) fn word(&self) -> &'static str {
        self.run
            .verdict()
            .map_or("none", |verdict| verdict.word.word())
    }

    pub(crate) fn count(&self, wanted: impl Fn(&RunEvent) -> bool) -> usize {
        self.events.iter().filter(|event| wanted(event)).count()
    }
}

/// A plan and what it is made of.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) bundle: Vec<u8>,
}

/// As many one-request cases in each region as asked for.
pub(crate) fn plan(run: &str, target: &Target, tests: usize, regions: &[&str]) -> Planned {
    plan_under(run, target, tests, regions, "")
}

/// The same in an environment that says more: lines of its file.
pub(crate) fn plan_under(
    run: &str,
    target: &Target,
    tests: usize,
    regions: &[&str],
    more: &str,
) -> Planned {
    let address = target.address;
    let environment = format!(
        "muster: v1\nenvironment: small\nservices:\n  api: \"http://{address}\"\nallow:\n  - \"{address}\"\nregions: [{}]\n{more}",
        regions.join(", ")
    );
    let mut suite =
        "muster: v1\nsuite: health\npriority: P1\ndefaults:\n  regions: all\ntests:\n".to_owned();
    for number in 0..tests {
        suite += &format!(
            "  - id: t{number}\n    steps:\n      - http: GET /health?n={number}\n        as: nobody\n        status: 200\n        check:\n          - body.status == \"healthy\"\n"
        );
    }
    let files = vec![
        ("small.yaml".to_owned(), environment.into_bytes()),
        ("health.yaml".to_owned(), suite.into_bytes()),
    ];
    let mut sources = suite::Sources::new();
    for (path, bytes) in &files {
        sources.insert(path.clone(), bytes.clone());
    }
    let options = suite::Options {
        environment: "small.yaml".to_owned(),
        vars: vec![],
    };
    let loaded = suite::load(&sources, &options)
        .unwrap_or_else(|problems| panic!("{}", suite::render_all(&problems, &sources, false)));
    let regions: Vec<Region> = regions.iter().map(|&region| region.into()).collect();
    let bundle = wire::bundle::encode(&wire::Bundle {
        files,
        environment: options.environment,
        vars: vec![],
    });
    let plan = Plan {
        run: run.into(),
        created_at_ms: lifecycle::clock::wall_ms(),
        environment: loaded.environment.name.clone(),
        environment_file: "small.yaml".to_owned(),
        caps: suite::plan::caps(&loaded.environment, &loaded.suites),
        suites: suite::plan::suites(&loaded.suites),
        cases: suite::plan::cases(&loaded.suites, &regions, &suite::Filter::default()),
        regions,
        gate: None,
        lock_problems: vec![],
        value: vec![],
        currency: String::new(),
        deadline: AT_MOST,
        max_fail: None,
        completes: None,
        carried: vec![],
        bundle: wire::digest::of(&bundle),
        made_by: "test".to_owned(),
    };
    assert_eq!(plan.cases.len(), tests * plan.regions.len());
    Planned { plan, bundle }
}
