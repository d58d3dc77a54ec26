//! The door for people's tools: submit, follow, fetch, cancel, list, log, spans.

use std::pin::Pin;

use accounting::coordinator::{Answer, Blob, QueueLook, Request as Ask, RunLine};
use domain::{Digest, RunId, Totals};
use futures_util::{StreamExt, TryStreamExt, stream};
use lifecycle::Stop;
use proto::v1;
use proto::v1::control_service_server::ControlService;
use run_log::Position;
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::status::Refusal;
use crate::archive::{Short, Stage};
use crate::seat::Seat;
use crate::shell::Handle;

mod chosen;
mod follow;

/// Bytes of a blob in one message.
const PIECE: usize = 512 * 1024;
/// Server spans in one message; each is a few kilobytes at most.
const SPANS: usize = 500;

#[derive(Debug)]
pub(super) struct Control {
    seat: Seat,
    limits: v1::Limits,
    stop: Stop,
}

impl Control {
    pub(super) fn new(seat: Seat, limits: v1::Limits, stop: Stop) -> Self {
        Self { seat, limits, stop }
    }

    async fn handle(&self) -> Result<Handle, Refusal> {
        Ok(self.seat.handle().await?)
    }

    async fn queue(&self) -> Result<QueueLook, Refusal> {
        match self.handle().await?.ask(Ask::List).await? {
            Answer::Runs(look) => Ok(look),
            Answer::Refused { why } => Err(Refusal::Refused(why)),
            other => Err(unexpected(&other)),
        }
    }

    async fn run(&self, run: &str) -> Result<RunLine, Refusal> {
        let runs = self.queue().await?.runs;
        let found = runs.into_iter().find(|line| line.run.as_str() == run);
        found.ok_or_else(|| Refusal::NoRun(run.to_owned()))
    }

    async fn take_in(&self, message: v1::SubmitRequest) -> Result<RunId, Refusal> {
        let plan = wire::plan::decode(&message.plan)?;
        let bundle_blob = blob(message.bundle);
        if plan.bundle != bundle_blob.digest {
            return Err(Refusal::OtherBundle);
        }
        let request = Ask::Submit {
            client_request_id: message.client_request_id,
            priority: wire::event::priority("submit.priority", message.priority)?,
            exclusive: message.exclusive,
            plan: Box::new(plan),
            plan_blob: blob(message.plan),
            bundle_blob,
        };
        match self.handle().await?.ask(request).await? {
            Answer::Submitted { run } => Ok(run),
            Answer::Refused { why } => Err(Refusal::Refused(why)),
            other => Err(unexpected(&other)),
        }
    }

    async fn call_off(&self, message: v1::CancelRequest) -> Result<bool, Refusal> {
        let was_open = !self.run(&message.run).await?.is_closed;
        let run = RunId::from(message.run);
        let why = message.why;
        match self.handle().await?.ask(Ask::Cancel { run, why }).await? {
            Answer::Cancelling { .. } => Ok(was_open),
            Answer::Refused { why } => Err(Refusal::Refused(why)),
            other => Err(unexpected(&other)),
        }
    }

    /// How far a run's log may be shown: all of it once the run is closed.
    async fn shown(
        &self,
        run: &RunId,
        is_closed: bool,
    ) -> Result<watch::Receiver<Position>, Refusal> {
        match is_closed {
            true => Ok(watch::channel(Position::MAX).1),
            false => Ok(self.handle().await?.watch(run.clone()).await?),
        }
    }

    /// Of the open runs and the newest closed ones with the workers, or of the runs that are named.
    async fn lines(&self, message: &v1::ListRequest) -> Result<v1::ListReply, Refusal> {
        let queue = self.queue().await?;
        let chosen = chosen::choose(&queue.runs, message);
        let mut runs = Vec::new();
        for line in chosen.lines {
            runs.push(self.line(line, &queue).await?);
        }
        let workers = match message.run.is_empty() {
            true => self.handle().await?.connected().await?,
            false => Vec::new(),
        };
        let worker = |one: crate::shell::Connected| v1::WorkerLine {
            worker: one.worker.to_string(),
            region: one.region.to_string(),
            slots: one.slots,
        };
        Ok(v1::ListReply {
            runs,
            workers: workers.into_iter().map(worker).collect(),
            limits: Some(self.limits),
            left_out: chosen.left_out,
        })
    }

    async fn line(&self, line: &RunLine, queue: &QueueLook) -> Result<v1::RunLine, Refusal> {
        let (run, plan) = (line.run.clone(), line.plan.clone());
        let stage = match (line.is_closed, line.is_admitted) {
            (true, _) => Stage::Closed,
            (false, true) => Stage::Active,
            (false, false) => Stage::Waiting,
        };
        let handle = self.handle().await?;
        let archive = handle.archive();
        let short = archive.off_runtime(move |archive| archive.short(&run, &plan, stage));
        // One run that can't be read hides no other.
        let short = short.await.unwrap_or_else(|error| {
            tracing::warn!(run = %line.run, %error, "a run can't be read");
            Short {
                totals: Totals::default(),
                verdict: Some("UNREADABLE".to_owned()),
            }
        });
        let waiting = queue.waiting.iter().enumerate();
        let waiting = waiting.map(|(place, (run, wait))| (place + 1, run, wait));
        let waits = waiting.into_iter().find(|(_, run, _)| **run == line.run);
        Ok(v1::RunLine {
            run: line.run.to_string(),
            is_open: !line.is_closed,
            verdict: short.verdict,
            planned: short.totals.planned,
            settled: short.totals.settled(),
            environment: line.ask.environment.clone(),
            priority: line.ask.priority.number(),
            place: waits.map_or(0, |(place, ..)| u32::try_from(place).unwrap_or(u32::MAX)),
            waits: waits.map(|(_, _, wait)| wait.to_string()),
            locks: match line.is_closed {
                true => Vec::new(),
                false => line.locks.iter().map(wire::event::encode_lock).collect(),
            },
            plan: Some(wire::digest::encode(&line.plan)),
        })
    }
}

fn blob(bytes: Vec<u8>) -> Blob {
    Blob {
        digest: wire::digest::of(&bytes),
        bytes,
    }
}

/// Several messages of a size that any client takes; what was dropped stands in the first.
fn in_pieces(kept: v1::ServerSpans) -> Vec<v1::ServerSpans> {
    let mut dropped = kept.dropped;
    let mut pieces: Vec<_> = kept
        .spans
        .chunks(SPANS)
        .map(|spans| v1::ServerSpans {
            spans: spans.to_vec(),
            dropped: std::mem::take(&mut dropped),
        })
        .collect();
    if dropped > 0 {
        pieces.push(v1::ServerSpans {
            spans: Vec::new(),
            dropped,
        });
    }
    pieces
}

fn unexpected(answer: &Answer) -> Refusal {
    if let Answer::NotYet { why } = answer {
        return Refusal::NotYet(why.clone());
    }
    Refusal::Refused(format!("the answer was to another question: {answer:?}"))
}

type Replies<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl ControlService for Control {
    type FollowStream = Replies<v1::FollowReply>;
    type FetchStream = Replies<v1::Piece>;
    type LogStream = Replies<v1::LogReply>;
    type SpansStream = Replies<v1::ServerSpans>;

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitReply>, Status> {
        let run = self.take_in(request.into_inner()).await?;
        let run = run.to_string();
        Ok(Response::new(v1::SubmitReply { run }))
    }

    async fn follow(
        &self,
        request: Request<v1::FollowRequest>,
    ) -> Result<Response<Self::FollowStream>, Status> {
        let v1::FollowRequest { run, from } = request.into_inner();
        let is_closed = self.run(&run).await?.is_closed;
        let run = RunId::from(run);
        let shown = self.shown(&run, is_closed).await?;
        let tail = self.handle().await?.archive().tail(&run);
        let follow = follow::Follow::new(tail, from, shown, is_closed, self.stop.clone());
        let batches = follow.batches(self.handle().await?.archive().clone());
        Ok(Response::new(Box::pin(batches.map_err(Status::from))))
    }

    async fn fetch(
        &self,
        request: Request<v1::FetchRequest>,
    ) -> Result<Response<Self::FetchStream>, Status> {
        let message = request.into_inner();
        let digest = wire::digest::decode("fetch.digest", message.digest).map_err(Refusal::from)?;
        let archive = self.handle().await?.archive().clone();
        let bytes = archive.off_runtime(move |archive| archive.blob(&Digest::clone(&digest)));
        let bytes = bytes.await.map_err(Refusal::from)?;
        let pieces = bytes.chunks(PIECE).map(<[u8]>::to_vec);
        let pieces: Vec<_> = pieces.map(|bytes| Ok(v1::Piece { bytes })).collect();
        Ok(Response::new(Box::pin(stream::iter(pieces))))
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelRequest>,
    ) -> Result<Response<v1::CancelReply>, Status> {
        let was_open = self.call_off(request.into_inner()).await?;
        Ok(Response::new(v1::CancelReply { was_open }))
    }

    async fn list(
        &self,
        request: Request<v1::ListRequest>,
    ) -> Result<Response<v1::ListReply>, Status> {
        Ok(Response::new(self.lines(&request.into_inner()).await?))
    }

    async fn log(
        &self,
        request: Request<v1::LogRequest>,
    ) -> Result<Response<Self::LogStream>, Status> {
        let line = self.run(&request.into_inner().run).await?;
        let up_to = *self.shown(&line.run, line.is_closed).await?.borrow();
        let archive = self.handle().await?.archive().clone();
        let raw = archive.off_runtime(move |archive| archive.raw(&line.run, up_to));
        let raw = raw.await.map_err(Refusal::from)?;
        let replies = raw.into_iter().map(|segment| Ok(v1::LogReply { segment }));
        Ok(Response::new(stream::iter(replies).boxed()))
    }

    async fn leader(
        &self,
        _request: Request<v1::LeaderRequest>,
    ) -> Result<Response<v1::LeaderReply>, Status> {
        let reply = match self.seat.handle().await {
            Ok(_) => v1::LeaderReply {
                is_here: true,
                address: String::new(),
            },
            Err(elsewhere) => v1::LeaderReply {
                is_here: false,
                address: elsewhere.leader.unwrap_or_default(),
            },
        };
        Ok(Response::new(reply))
    }

    async fn spans(
        &self,
        request: Request<v1::SpansRequest>,
    ) -> Result<Response<Self::SpansStream>, Status> {
        let line = self.run(&request.into_inner().run).await?;
        let archive = self.handle().await?.archive().clone();
        let kept = archive.off_runtime(move |archive| archive.spans(&line.run));
        let kept = kept.await.map_err(Refusal::from)?;
        let replies = in_pieces(kept).into_iter().map(Ok);
        Ok(Response::new(stream::iter(replies).boxed()))
    }
}
