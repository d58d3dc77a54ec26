//! What all cases of a run share: allow-list, TLS, caps, secrets, and what is known of each test.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{AttemptId, CaseId, SuiteName, TestId};
use expression::Redactor;
use expression::names::Names;
use suite::environment::{Environment, UserClass};
use suite::model::{Suite, Test};
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

use super::{EngineConfig, EngineError, LeaseGate};
use crate::case::{self, Case, EndedTry, first_redactor};
use crate::dialer::allow::AllowList;
use crate::dialer::cap::Caps;
use crate::dialer::tls::Tls;
use crate::dialer::{Dialer, Origin};
use crate::needed;
use crate::redact::Hints;
use crate::secrets;
use crate::tape::Cancel;
use crate::transport::network::Network;

/// Secrets that one redactor knows at most.
const MOST_SECRETS: usize = 50_000;

/// What all cases of a run share.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) config: EngineConfig,
    pub(super) dialer: Arc<Dialer>,
    pub(super) caps: Arc<Caps>,
    pub(super) names: Arc<Names>,
    pub(super) hints: Arc<Hints>,
    pub(super) tests: HashMap<(SuiteName, TestId), Prepared>,
    pub(super) redactor: Mutex<Redactor>,
}

/// A test with what is known of it before any case of it runs.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) suite: Arc<Suite>,
    pub(super) test: Arc<Test>,
    pub(super) users: Arc<Vec<(String, Arc<UserClass>)>>,
}

impl Inner {
    pub(super) fn new(mut config: EngineConfig) -> Result<Self, EngineError> {
        let resolved = secrets::resolve(&config.environment, config.secrets.as_deref())?;
        config.environment = Arc::new(resolved);
        let environment = &config.environment;
        check_services(environment)?;
        let tls = Tls::new(environment.tls.ca_pem.as_deref()).map_err(|why| {
            EngineError::Certificates {
                path: environment
                    .tls
                    .ca_path
                    .as_ref()
                    .map(|path| path.display().to_string())
                    .unwrap_or_default(),
                why,
            }
        })?;
        let tls = tls.named_in(&environment.file);
        let dialer = Arc::new(Dialer::new(
            AllowList::new(&environment.allow).resolving(service_names(environment)),
            config.resolver.clone(),
            tls,
        ));
        Ok(Self {
            dialer,
            caps: Arc::new(Caps::new(config.share)),
            names: Arc::new(Names::new(&environment.redact, &environment.redact_not)),
            hints: Arc::new(Hints::new(&environment.redact)),
            tests: config
                .suites
                .iter()
                .flat_map(|suite| prepare(suite, environment))
                .collect(),
            redactor: Mutex::new(first_redactor(config.redaction_key, environment)),
            config,
        })
    }

    /// A case without a row and without users.
    pub(crate) fn case(
        &self,
        id: CaseId,
        suite: &Arc<Suite>,
        test: &Arc<Test>,
        attempt: AttemptId,
        number: u32,
    ) -> Case {
        Case {
            id,
            suite: suite.clone(),
            test: test.clone(),
            environment: self.config.environment.clone(),
            row: None,
            run: self.config.run.clone(),
            region: self.config.region.clone(),
            worker: self.config.worker.clone(),
            attempt,
            number,
            names: self.names.clone(),
            hints: self.hints.clone(),
            users: Arc::default(),
            redaction_key: self.config.redaction_key,
            redactor: self.redactor(),
        }
    }

    /// The redactor that cases share, so that one case never shows what another received. When it
    /// knows very many secrets a new one takes over, so that a long run does not fill memory.
    fn redactor(&self) -> Redactor {
        let mut redactor = self.redactor.lock().unwrap_or_else(PoisonError::into_inner);
        if redactor.len() > MOST_SECRETS {
            *redactor = first_redactor(self.config.redaction_key, &self.config.environment);
        }
        redactor.clone()
    }

    /// One try over the real network.
    pub(crate) async fn run(
        &self,
        case: Arc<Case>,
        gate: &Arc<dyn LeaseGate>,
        stop: &CancellationToken,
    ) -> EndedTry {
        let transport = Network::new(self.dialer.clone(), self.caps.clone(), gate.clone());
        let cancel = Cancel {
            stop: stop.clone(),
            gate: gate.clone(),
        };
        case::run(case, Arc::new(transport), cancel).await
    }
}

fn prepare(suite: &Arc<Suite>, environment: &Environment) -> Vec<((SuiteName, TestId), Prepared)> {
    let prepared = suite.tests.iter().map(|test| {
        let users = Arc::new(needed::users(test, environment));
        let prepared = Prepared {
            suite: suite.clone(),
            test: Arc::new(test.clone()),
            users,
        };
        ((suite.name.clone(), test.id.clone()), prepared)
    });
    prepared.collect()
}

/// Names of hosts that the environment itself gives services.
fn service_names(environment: &Environment) -> Vec<String> {
    let addresses = environment.services.iter();
    let origins = addresses.filter_map(|(_, url)| Origin::of(&Url::parse(url).ok()?).ok());
    origins
        .filter_map(|origin| match origin.host {
            Host::Domain(name) => Some(name),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        })
        .collect()
}

fn check_services(environment: &Environment) -> Result<(), EngineError> {
    for (name, url) in &environment.services {
        let wrong = |why: String| EngineError::Service {
            name: name.clone(),
            url: url.clone(),
            why,
        };
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        Origin::of(&parsed).map_err(|error| wrong(error.to_string()))?;
    }
    Ok(())
}
