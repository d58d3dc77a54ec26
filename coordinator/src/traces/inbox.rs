//! The way to the thread that keeps spans, within limits.
//!
//! It reads nothing of a span; the keeper does, so that a flood of spans takes no time from leases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message as _;
use tokio::sync::oneshot;

/// Bytes of spans that may wait for the keeper.
const WAITING_BYTES: usize = 16 * 1024 * 1024;

/// Why spans were not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error("too many spans are waiting; send them again later")]
    Busy,
    #[error("this coordinator is stopping, and keeps no more spans")]
    Stopping,
}

/// Spans on their way to the keeper.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) spans: Vec<ResourceSpans>,
    /// How many of them belonged to a run and were not kept.
    pub(super) reply: oneshot::Sender<u64>,
    /// Held until they have been dealt with.
    _room: Room,
}

/// Where spans are handed in.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    keeper: SyncSender<Incoming>,
    bytes: Arc<AtomicUsize>,
    /// Spans sent back because too much was waiting.
    sent_back: Arc<AtomicU64>,
}

/// A share of the bytes that may wait.
#[derive(Debug)]
struct Room {
    bytes: Arc<AtomicUsize>,
    taken: usize,
}

impl Room {
    fn take(bytes: &Arc<AtomicUsize>, wanted: usize) -> Option<Self> {
        let add = |held: usize| held.checked_add(wanted).filter(|sum| *sum <= WAITING_BYTES);
        bytes
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, add)
            .ok()?;
        Some(Self {
            bytes: bytes.clone(),
            taken: wanted,
        })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.bytes.fetch_sub(self.taken, Ordering::AcqRel);
    }
}

impl Inbox {
    pub(super) fn new(keeper: SyncSender<Incoming>) -> Self {
        Self {
            keeper,
            bytes: Arc::default(),
            sent_back: Arc::default(),
        }
    }

    /// Hands spans in; answers, once they can be read back, with how many of runs were not kept.
    pub(crate) async fn hand_in(&self, spans: Vec<ResourceSpans>) -> Result<u64, NotTaken> {
        let size = spans.iter().map(ResourceSpans::encoded_len).sum();
        let Some(room) = Room::take(&self.bytes, size) else {
            return Err(self.send_back(&spans));
        };
        let (reply, answer) = oneshot::channel();
        let incoming = Incoming {
            spans,
            reply,
            _room: room,
        };
        match self.keeper.try_send(incoming) {
            Ok(()) => answer.await.map_err(|_| NotTaken::Stopping),
            Err(TrySendError::Full(incoming)) => Err(self.send_back(&incoming.spans)),
            Err(TrySendError::Disconnected(_)) => Err(NotTaken::Stopping),
        }
    }

    /// Counts what is sent back. Its sender may send it again, so that no run can count it as lost.
    fn send_back(&self, spans: &[ResourceSpans]) -> NotTaken {
        let scopes = spans.iter().flat_map(|resource| &resource.scope_spans);
        let count: u64 = scopes.map(|scope| scope.spans.len() as u64).sum();
        let all = self.sent_back.fetch_add(count, Ordering::AcqRel) + count;
        tracing::warn!(
            spans = count,
            in_all = all,
            "server spans were sent back: too many are waiting"
        );
        NotTaken::Busy
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;

    use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span};

    use super::*;

    fn spans(bytes: usize) -> Vec<ResourceSpans> {
        let span = Span {
            name: "x".repeat(bytes),
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }];
        vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }]
    }

    #[tokio::test]
    async fn what_waits_is_bounded_by_bytes_and_let_go_afterwards() {
        let (send, waiting) = sync_channel(64);
        let inbox = Inbox::new(send);
        let more_than_half = WAITING_BYTES / 2 + 1;
        let keeper = std::thread::spawn(move || {
            let first: Incoming = waiting.recv().unwrap();
            let second: Incoming = waiting.recv().unwrap();
            first.reply.send(3).unwrap();
            drop(second);
        });
        let first = inbox.hand_in(spans(more_than_half));
        let too_much = async {
            let refused = inbox.hand_in(spans(more_than_half)).await;
            let small = inbox.hand_in(spans(10)).await;
            (refused, small)
        };
        let (first, (refused, small)) = tokio::join!(first, too_much);
        assert_eq!(first, Ok(3));
        assert_eq!(
            (refused, small),
            (Err(NotTaken::Busy), Err(NotTaken::Stopping))
        );
        keeper.join().unwrap();
        assert_eq!(inbox.bytes.load(Ordering::Acquire), 0);
        assert_eq!(inbox.sent_back.load(Ordering::Acquire), 1);
    }
}
