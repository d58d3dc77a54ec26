//! Calls to etcd: each goes to the endpoint that answered last, and on to the next when it fails.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio_stream::StreamExt as _;
use tonic::Status;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};

use crate::etcd::{LEASE, Settings, Tls};
use crate::port::Error;

/// Generated from `proto/etcd.proto`.
#[expect(
    unreachable_pub,
    unused_qualifications,
    clippy::allow_attributes_without_reason,
    reason = "generated code is not held to the lints"
)]
pub(super) mod pb {
    tonic::include_proto!("etcdserverpb");
}

use pb::kv_client::KvClient;
use pb::lease_client::LeaseClient;
use pb::request_op::Request as Op;
use pb::response_op::Response as Done;
use pb::watch_client::WatchClient;

/// One call to one endpoint; an election must get to the next one within the lease.
const CALL: Duration = Duration::from_millis(1_500);
const ALIVE_EACH: Duration = Duration::from_secs(3);

/// A cluster of etcd; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Api {
    endpoints: Arc<Vec<(String, Channel)>>,
    /// The endpoint that answered last.
    current: Arc<AtomicUsize>,
}

/// A key as it stands, and the revision at which it was read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) key: Option<pb::KeyValue>,
    pub(super) revision: i64,
}

/// What came of making a key.
#[derive(Clone, Debug)]
pub(super) enum Created {
    /// It is made, at this revision.
    At(i64),
    /// It was there.
    Not(Found),
}

impl Api {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let tls = settings.tls.as_ref().map(mutual).transpose()?;
        let channels = settings.endpoints.iter().map(|text| {
            let channel = endpoint(text, tls.as_ref())?.connect_lazy();
            Ok((text.clone(), channel))
        });
        let endpoints: Vec<_> = channels.collect::<Result<_, Error>>()?;
        if endpoints.is_empty() {
            return Err(Error::BadEtcd {
                text: String::new(),
                why: "no endpoint is named".to_owned(),
            });
        }
        Ok(Self {
            endpoints: Arc::new(endpoints),
            current: Arc::default(),
        })
    }

    /// Asks one endpoint after the other until one answers. It is `Refused` when all of them say that
    /// they will never do it, and `NoEtcd` while one may do it later.
    async fn call<T, F>(&self, ask: impl Fn(Channel) -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let first = self.current.load(Ordering::Relaxed);
        let (mut failure, mut refusal) = (None, None);
        for turn in 0..self.endpoints.len() {
            let at = (first + turn) % self.endpoints.len();
            let Some((name, channel)) = self.endpoints.get(at) else {
                continue;
            };
            match tokio::time::timeout(CALL, ask(channel.clone())).await {
                Ok(Ok(answer)) => {
                    self.current.store(at, Ordering::Relaxed);
                    return Ok(answer);
                }
                Ok(Err(status)) if status.code() == tonic::Code::NotFound => {
                    return Err(Error::LeaseGone);
                }
                Ok(Err(status)) if is_refusal(&status) => {
                    refusal = Some(format!("{name}: {}", said(&status)));
                }
                Ok(Err(status)) => failure = Some(format!("{name}: {}", said(&status))),
                Err(_) => failure = Some(format!("{name} does not answer")),
            }
        }
        Err(match (failure, refusal) {
            (None, Some(why)) => Error::Refused { why },
            (failure, _) => Error::NoEtcd {
                why: failure.unwrap_or_default(),
            },
        })
    }

    /// Reads a key as the whole cluster has it.
    pub(super) async fn read(&self, key: &str) -> Result<Found, Error> {
        let request = range(key);
        self.call(|channel| {
            let request = request.clone();
            async move {
                let answer = KvClient::new(channel).range(request).await?;
                Ok(found(answer.into_inner()))
            }
        })
        .await
    }

    /// Makes a key that ends with a lease, if it is not there.
    pub(super) async fn create(
        &self,
        key: &str,
        value: &str,
        lease: i64,
    ) -> Result<Created, Error> {
        let put = pb::PutRequest {
            key: key.into(),
            value: value.into(),
            lease,
        };
        let is_absent = pb::Compare {
            result: pb::compare::CompareResult::Equal.into(),
            target: pb::compare::CompareTarget::Create.into(),
            key: key.into(),
            target_union: Some(pb::compare::TargetUnion::CreateRevision(0)),
        };
        let op = |request| pb::RequestOp {
            request: Some(request),
        };
        let request = pb::TxnRequest {
            compare: vec![is_absent],
            success: vec![op(Op::RequestPut(put))],
            failure: vec![op(Op::RequestRange(range(key)))],
        };
        self.call(|channel| {
            let request = request.clone();
            async move {
                let answer = KvClient::new(channel).txn(request).await?;
                Ok(created(answer.into_inner()))
            }
        })
        .await
    }

    pub(super) async fn grant(&self) -> Result<i64, Error> {
        let seconds = i64::try_from(LEASE.as_secs()).unwrap_or(i64::MAX);
        self.call(|channel| async move {
            let request = pb::LeaseGrantRequest { ttl: seconds };
            let granted = LeaseClient::new(channel).lease_grant(request).await?;
            Ok(granted.into_inner().id)
        })
        .await
    }

    /// Ends a lease and with it the key.
    pub(super) async fn revoke(&self, lease: i64) -> Result<(), Error> {
        let revoked = self
            .call(|channel| async move {
                let request = pb::LeaseRevokeRequest { id: lease };
                LeaseClient::new(channel).lease_revoke(request).await?;
                Ok(())
            })
            .await;
        match revoked {
            Err(Error::LeaseGone) => Ok(()),
            other => other,
        }
    }

    /// Gives a lease its full time again.
    pub(super) async fn keep_alive(&self, lease: i64) -> Result<(), Error> {
        let left = self
            .call(|channel| async move {
                let request = tokio_stream::once(pb::LeaseKeepAliveRequest { id: lease });
                let mut kept = LeaseClient::new(channel)
                    .lease_keep_alive(request)
                    .await?
                    .into_inner();
                let answer = kept.message().await?;
                Ok(answer.map_or(0, |answer| answer.ttl))
            })
            .await?;
        match left {
            ..=0 => Err(Error::LeaseGone),
            _ => Ok(()),
        }
    }

    /// Waits until something happens to a key behind a revision, or the watch ends for whatever
    /// reason: whoever waits reads the key again in any case.
    pub(super) async fn until_changed(&self, key: &str, revision: i64) {
        let create = pb::WatchCreateRequest {
            key: key.into(),
            start_revision: revision.saturating_add(1),
        };
        let request = pb::WatchRequest {
            request_union: Some(pb::watch_request::RequestUnion::CreateRequest(create)),
        };
        let at = self.current.load(Ordering::Relaxed) % self.endpoints.len();
        let Some((name, channel)) = self.endpoints.get(at) else {
            return;
        };
        // The stream up stays open: its end would end the watch.
        let requests = tokio_stream::once(request).chain(tokio_stream::pending());
        let watched: Result<(), Status> = async {
            let mut client = WatchClient::new(channel.clone());
            let mut answers = client.watch(requests).await?.into_inner();
            while let Some(answer) = answers.message().await? {
                if answer.canceled || !answer.events.is_empty() {
                    break;
                }
            }
            Ok(())
        }
        .await;
        if let Err(status) = watched {
            tracing::debug!(endpoint = name, %status, "a watch of etcd broke");
            self.current.store(at + 1, Ordering::Relaxed);
            tokio::time::sleep(super::SHORTEST_WAIT).await;
        }
    }
}

/// Etcd with users says `InvalidArgument` to who names none; what is no etcd knows no such call.
fn is_refusal(status: &Status) -> bool {
    use tonic::Code;
    matches!(
        status.code(),
        Code::PermissionDenied
            | Code::Unauthenticated
            | Code::InvalidArgument
            | Code::Unimplemented
    )
}

fn range(key: &str) -> pb::RangeRequest {
    pb::RangeRequest { key: key.into() }
}

fn created(answer: pb::TxnResponse) -> Created {
    let revision = answer.header.map_or(0, |header| header.revision);
    if answer.succeeded {
        return Created::At(revision);
    }
    let mut done = answer.responses.into_iter();
    let read = done.find_map(|one| match one.response {
        Some(Done::ResponseRange(read)) => Some(read),
        _ => None,
    });
    let key = read.and_then(|read| read.kvs.into_iter().next());
    Created::Not(Found { key, revision })
}

fn found(answer: pb::RangeResponse) -> Found {
    Found {
        key: answer.kvs.into_iter().next(),
        revision: answer.header.map_or(0, |header| header.revision),
    }
}

/// The innermost cause: what is around it says only that a transport failed.
fn said(status: &Status) -> String {
    let mut cause: &dyn std::error::Error = status;
    while let Some(next) = cause.source() {
        cause = next;
    }
    match std::error::Error::source(status) {
        Some(_) => cause.to_string(),
        None => status.message().to_owned(),
    }
}

fn endpoint(text: &str, tls: Option<&ClientTlsConfig>) -> Result<Endpoint, Error> {
    let bad = |why: &str| Error::BadEtcd {
        text: text.to_owned(),
        why: why.to_owned(),
    };
    let is_secure = match text.split_once("://") {
        Some(("https", _)) => true,
        Some(("http", _)) => false,
        _ => return Err(bad("it begins with neither http:// nor https://")),
    };
    let endpoint = Endpoint::from_shared(text.to_owned()).map_err(|_| bad("it is no address"))?;
    if !is_secure && !is_loopback(&endpoint) {
        return Err(bad(
            "plaintext is spoken on loopback only; use https:// and name etcd's authority",
        ));
    }
    let endpoint = endpoint
        .connect_timeout(CALL)
        .http2_keep_alive_interval(ALIVE_EACH)
        .keep_alive_timeout(ALIVE_EACH)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    match (is_secure, tls) {
        (false, _) => Ok(endpoint),
        (true, None) => Err(bad("https needs the certificates of etcd's authority")),
        (true, Some(tls)) => endpoint
            .tls_config(tls.clone())
            .map_err(|error| bad(&error.to_string())),
    }
}

fn is_loopback(endpoint: &Endpoint) -> bool {
    let host = endpoint.uri().host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse().map(|ip| SocketAddr::new(ip, 0));
    host == "localhost" || address.is_ok_and(|address| address.ip().is_loopback())
}

fn mutual(tls: &Tls) -> Result<ClientTlsConfig, Error> {
    let config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem(&tls.ca)?));
    match &tls.identity {
        None => Ok(config),
        Some(identity) => Ok(config.identity(tonic::transport::Identity::from_pem(
            pem(&identity.cert)?,
            pem(&identity.key)?,
        ))),
    }
}

fn pem(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|why| Error::PemFile {
        path: path.to_owned(),
        why,
    })
}
