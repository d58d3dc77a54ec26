//! The durable events of a run as they come, until its verdict.

use domain::event::RunEvent;
use futures_util::stream;
use lifecycle::Stop;
use proto::v1;
use run_log::{Position, Stored, Tail};
use tokio::sync::watch;
use tokio_stream::Stream;

use crate::archive::{Archive, ReadError};
use crate::grpc::status::Refusal;
use crate::shell::Gone;

/// One client's way along a log.
#[derive(Debug)]
pub(super) struct Follow {
    /// Taken out while a thread reads with it.
    tail: Option<Box<dyn Tail>>,
    /// Events before this one are not wanted.
    from: u64,
    shown: watch::Receiver<Position>,
    /// The run was over before this began: what lies there is all.
    is_closed: bool,
    is_over: bool,
    ready: std::collections::VecDeque<v1::FollowReply>,
    stop: Stop,
}

impl Follow {
    pub(super) fn new(
        tail: Box<dyn Tail>,
        from: u64,
        shown: watch::Receiver<Position>,
        is_closed: bool,
        stop: Stop,
    ) -> Self {
        Self {
            tail: Some(tail),
            from,
            shown,
            is_closed,
            is_over: false,
            ready: std::collections::VecDeque::new(),
            stop,
        }
    }

    pub(super) fn batches(
        self,
        archive: Archive,
    ) -> impl Stream<Item = Result<v1::FollowReply, Refusal>> {
        stream::try_unfold((self, archive), |(mut follow, archive)| async move {
            let next = follow.next(&archive).await?;
            Ok(next.map(|reply| (reply, (follow, archive))))
        })
    }

    async fn next(&mut self, archive: &Archive) -> Result<Option<v1::FollowReply>, Refusal> {
        loop {
            if let Some(reply) = self.ready.pop_front() {
                return Ok(Some(reply));
            }
            if self.is_over {
                return Ok(None);
            }
            let up_to = match self.is_closed {
                true => Position::MAX,
                false => *self.shown.borrow_and_update(),
            };
            let stored = self.read(archive, up_to).await?;
            let was_empty = stored.is_empty();
            self.take(stored);
            self.is_over |= self.is_closed;
            if was_empty && !self.is_over {
                self.grown().await?;
            }
        }
    }

    async fn read(&mut self, archive: &Archive, up_to: Position) -> Result<Vec<Stored>, Refusal> {
        let mut tail = self.tail.take().ok_or(ReadError::Gone)?;
        let (tail, stored) = archive
            .off_runtime(move |_| {
                let stored = tail.next(up_to)?;
                Ok((tail, stored))
            })
            .await?;
        self.tail = Some(tail);
        Ok(stored)
    }

    /// Waits until more may be shown.
    async fn grown(&mut self) -> Result<(), Gone> {
        tokio::select! {
            () = self.stop.cancelled() => Err(Gone),
            changed = self.shown.changed() => changed.map_err(|_| Gone),
        }
    }

    fn take(&mut self, stored: Vec<Stored>) {
        for Stored { segment, .. } in stored {
            self.is_over |= segment.events.iter().any(|event| is_verdict(event));
            let known = self.from.saturating_sub(segment.position);
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            let events: Vec<_> = segment.events.into_iter().skip(known).collect();
            if !events.is_empty() {
                self.ready.push_back(v1::FollowReply {
                    position: segment.position.max(self.from),
                    events,
                    elapsed_ms: segment.elapsed_ms,
                    wall_ms: segment.wall_ms,
                });
            }
        }
    }
}

fn is_verdict(event: &[u8]) -> bool {
    matches!(
        wire::event::decode_run(event),
        Ok(RunEvent::RunEnded { .. })
    )
}
