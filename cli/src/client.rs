//! What the program says to a coordinator, and what it hears.
//!
//! Plaintext is spoken on loopback only; anywhere else both sides show a certificate. It turns
//! bytes into the domain's types and decides nothing about a run.

mod find;

use std::time::Duration;

use domain::event::RunEvent;
use domain::queue::Priority;
use domain::{Digest, Plan, RunId};
use lifecycle::clock;
use proto::v1;
use proto::v1::control_service_client::ControlServiceClient;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::args::{GridArgs, TlsArgs};
use crate::error::Error;
use find::Coordinators;

/// A blob or a segment; the coordinator's own limits are below.
const MESSAGE_LIMIT: usize = 64 * 1024 * 1024;
/// A run that is handed in while the leader changes.
const TRIES: u32 = 5;
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// What was read when the connection broke is read again for so long: longer than an election takes,
/// also with an etcd that has just come back.
const READS_WITHIN: Duration = Duration::from_secs(60);

/// A connection to the coordinator that leads; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    coordinators: Coordinators,
    address: String,
    inner: ControlServiceClient<Channel>,
    /// The leader may be another by now.
    is_in_doubt: bool,
}

/// What a run asks of the queue of a grid.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) priority: Priority,
    pub(crate) exclusive: bool,
}

/// Durable events of a run, in order.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Position of the first event.
    pub(crate) position: u64,
    pub(crate) events: Vec<RunEvent>,
    pub(crate) elapsed: Duration,
}

/// The events of a run as they become durable; ends when the run is closed.
#[derive(Debug)]
pub(crate) struct Events(Streaming<v1::FollowReply>);

/// Why following stopped before the end.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The coordinator is away; it may come back.
    Away(String),
    /// It answers and refuses; right after its start it may not know its runs yet.
    Refused(Error),
    /// It will not get better.
    For(Error),
}

impl Client {
    /// Connects to the one that leads, of those named in `grid` and separated by commas; with the
    /// certificates given, or in plaintext on loopback.
    pub(crate) async fn connect(grid: &str, tls: &TlsArgs) -> Result<Self, Error> {
        let coordinators = Coordinators::named(grid, tls);
        let found = coordinators.find().await?;
        Ok(Self {
            coordinators,
            address: found.address,
            inner: sized(found.channel),
            is_in_doubt: false,
        })
    }

    /// Looks once who leads now, where that may have changed.
    async fn look_again(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_in_doubt, true) && self.coordinators.are_several() {
            let found = self.coordinators.look().await?;
            self.address = found.address;
            self.inner = sized(found.channel);
        }
        Ok(())
    }

    /// As `connect`, for the verbs for which a grid is a choice.
    pub(crate) async fn of(grid: &GridArgs) -> Result<Option<Self>, Error> {
        match &grid.grid {
            Some(address) => Ok(Some(Self::connect(address, &grid.tls).await?)),
            None => Ok(None),
        }
    }

    /// Hands in a run. `request` is unique, so that a repeat is the same run.
    pub(crate) async fn submit(
        &mut self,
        request: &str,
        plan: &Plan,
        bundle: Vec<u8>,
        wish: Wish,
    ) -> Result<RunId, Error> {
        let message = v1::SubmitRequest {
            client_request_id: request.to_owned(),
            plan: wire::plan::encode(plan),
            bundle,
            priority: Some(wish.priority.number()),
            exclusive: wish.exclusive,
        };
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            match self.inner.submit(message.clone()).await {
                Ok(reply) => return Ok(RunId::from(reply.into_inner().run)),
                // A repeat is the same run, whoever takes it in.
                Err(status)
                    if is_away(&status) && self.coordinators.are_several() && n_tries < TRIES =>
                {
                    tokio::time::sleep(BETWEEN_TRIES).await;
                    let found = self.coordinators.find().await?;
                    self.address = found.address;
                    self.inner = sized(found.channel);
                }
                Err(status) => return Err(self.refused("take in the run", &status)),
            }
        }
    }

    pub(crate) async fn follow(&mut self, run: &RunId, from: u64) -> Result<Events, Broken> {
        if let Err(error) = self.look_again().await {
            return Err(Broken::Away(error.to_string()));
        }
        let message = v1::FollowRequest {
            run: run.to_string(),
            from,
        };
        match self.inner.follow(message).await {
            Ok(reply) => Ok(Events(reply.into_inner())),
            Err(status) if is_away(&status) => Err(Broken::Away(status.message().to_owned())),
            Err(status) => Err(Broken::Refused(self.refused("show the run", &status))),
        }
    }

    /// One blob, whole.
    pub(crate) async fn fetch(&mut self, run: &RunId, digest: &Digest) -> Result<Vec<u8>, Error> {
        let message = v1::FetchRequest {
            run: run.to_string(),
            digest: Some(wire::hex::encode(digest.as_str())),
        };
        self.read("give a blob", async |client| {
            let mut pieces = client.fetch(message.clone()).await?.into_inner();
            let mut bytes = Vec::new();
            while let Some(piece) = pieces.message().await? {
                bytes.extend_from_slice(&piece.bytes);
            }
            Ok(bytes)
        })
        .await
    }

    /// Reads from whoever leads, and again when the connection breaks: the leader may die when all
    /// that is missing is our copy of a run that has ended, and reading twice changes nothing.
    async fn read<T>(
        &mut self,
        what: &str,
        once: impl AsyncFn(&mut ControlServiceClient<Channel>) -> Result<T, tonic::Status>,
    ) -> Result<T, Error> {
        let begun = clock::now();
        let mut has_broken = false;
        loop {
            let status = match once(&mut self.inner).await {
                Ok(read) => return Ok(read),
                Err(status) => status,
            };
            // Who has just begun to lead may refuse at first.
            has_broken |= is_away(&status);
            if !has_broken || clock::now().since(begun) > READS_WITHIN {
                return Err(self.refused(what, &status));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
            // While nobody leads, what broke is tried again, until the time is over.
            if let Ok(found) = self.coordinators.look().await {
                self.address = found.address;
                self.inner = sized(found.channel);
            }
        }
    }

    /// Asks the run to stop; true when it was still going.
    pub(crate) async fn cancel(&mut self, run: &RunId, why: &str) -> Result<bool, Error> {
        let message = v1::CancelRequest {
            run: run.to_string(),
            why: why.to_owned(),
        };
        let reply = self.inner.cancel(message).await;
        let reply = reply.map_err(|status| self.refused("stop the run", &status))?;
        Ok(reply.into_inner().was_open)
    }

    /// The open runs and the newest closed ones, so many at most, with the workers.
    pub(crate) async fn list(&mut self, limit: u32) -> Result<v1::ListReply, Error> {
        let (run, limit) = (String::new(), Some(limit));
        self.ask_for(v1::ListRequest { run, limit }).await
    }

    /// The run of this id; if there is none, those whose ids begin so.
    pub(crate) async fn named(&mut self, run: &str) -> Result<Vec<v1::RunLine>, Error> {
        let (run, limit) = (run.to_owned(), None);
        let reply = self.ask_for(v1::ListRequest { run, limit }).await?;
        Ok(reply.runs)
    }

    async fn ask_for(&mut self, message: v1::ListRequest) -> Result<v1::ListReply, Error> {
        let reply = self.inner.list(message).await;
        let reply = reply.map_err(|status| self.refused("list its runs", &status))?;
        Ok(reply.into_inner())
    }

    /// What a run waits for and where it stands; nothing once it goes.
    pub(crate) async fn waits(&mut self, run: &RunId) -> Option<String> {
        let known = self.named(run.as_str()).await.ok()?;
        let line = known.into_iter().find(|line| line.run == run.as_str())?;
        let waits = line.waits?;
        Some(format!(
            "waits, number {} in the queue: {waits}",
            line.place
        ))
    }

    /// The bytes of the run's segments, in order.
    pub(crate) async fn log(&mut self, run: &RunId) -> Result<Vec<Vec<u8>>, Error> {
        let message = v1::LogRequest {
            run: run.to_string(),
        };
        self.read("give the log", async |client| {
            let mut replies = client.log(message.clone()).await?.into_inner();
            let mut segments = Vec::new();
            while let Some(reply) = replies.message().await? {
                segments.push(reply.segment);
            }
            Ok(segments)
        })
        .await
    }

    /// What was kept of the environment's own spans.
    pub(crate) async fn spans(&mut self, run: &RunId) -> Result<v1::ServerSpans, Error> {
        let message = v1::SpansRequest {
            run: run.to_string(),
        };
        self.read("give the server spans", async |client| {
            let mut replies = client.spans(message.clone()).await?.into_inner();
            let mut all = v1::ServerSpans::default();
            while let Some(some) = replies.message().await? {
                all.spans.extend(some.spans);
                all.dropped = all.dropped.saturating_add(some.dropped);
            }
            Ok(all)
        })
        .await
    }

    fn refused(&self, what: &str, status: &tonic::Status) -> Error {
        if is_away(status) {
            return broke(&self.address, status);
        }
        let text = format!(
            "the coordinator at {} did not {what}: {}",
            self.address,
            status.message()
        );
        match status.code() {
            tonic::Code::InvalidArgument => Error::Invalid(text),
            tonic::Code::FailedPrecondition
            | tonic::Code::ResourceExhausted
            | tonic::Code::NotFound => Error::NothingRan(text),
            _ => Error::Unexpected(text),
        }
    }
}

impl Events {
    /// The next batch; nothing when the run is closed.
    pub(crate) async fn next(&mut self) -> Result<Option<Batch>, Broken> {
        let reply = match self.0.message().await {
            Ok(Some(reply)) => reply,
            Ok(None) => return Ok(None),
            Err(status) => return Err(Broken::Away(status.message().to_owned())),
        };
        let events = reply
            .events
            .iter()
            .map(|bytes| wire::event::decode_run(bytes))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Broken::For(Error::unexpected("read an event of the run", error)))?;
        Ok(Some(Batch {
            position: reply.position,
            events,
            elapsed: Duration::from_millis(reply.elapsed_ms),
        }))
    }
}

fn sized(channel: Channel) -> ControlServiceClient<Channel> {
    ControlServiceClient::new(channel)
        .max_decoding_message_size(MESSAGE_LIMIT)
        .max_encoding_message_size(MESSAGE_LIMIT)
}

fn broke(address: &str, status: &tonic::Status) -> Error {
    Error::NothingRan(format!(
        "the connection to the coordinator at {address} broke ({}); does it want certificates \
         (--tls-cert, --tls-key, --tls-ca)?",
        innermost(status)
    ))
}

/// The connection, not the coordinator: what a coordinator says itself has no cause behind it.
fn is_away(status: &tonic::Status) -> bool {
    status.code() == tonic::Code::Unavailable || std::error::Error::source(status).is_some()
}

/// The last cause: what the machine said, without what was wrapped around it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
