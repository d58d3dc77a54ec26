//! Reads the body of an answer, whole or piece by piece, within the bounds of its try.
//!
//! What is kept is counted by the memory that it takes once an expression reads it; see `weight`.
//! How bytes become pieces is `splitter`.

use std::sync::Arc;

use ::http::HeaderMap;
use ::http::header::{HeaderName, HeaderValue};
use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::exchange::Reading;
use super::splitter::Splitter;
use crate::recording::Record;
use crate::tape::Live;
use crate::transport::{BodyReader, Broken, Head, TRY_LIMIT, VALUES_LIMIT};
use crate::weight;

/// What was read of a body, and why no more was, if not for its end.
pub(super) struct Gathered {
    pub(super) body: Bytes,
    pub(super) records: Vec<Arc<Record>>,
    pub(super) broken: Option<Broken>,
}

impl Gathered {
    pub(super) async fn of(
        live: &Live,
        head: &Head,
        body: &mut dyn BodyReader,
        deadline: Instant,
        reading: Reading<'_>,
    ) -> Self {
        let mut gathering = Gathering::default();
        let has_room = live.keeps(headers_size(&head.headers));
        let broken = match reading {
            _ if !has_room => Some(Broken::TryLimit(TRY_LIMIT)),
            Reading::Whole => gathering.all(live, body, deadline).await,
            Reading::Pieces(wanted) => {
                let splitter = Splitter::for_answer(&head.headers);
                let pieces = gathering.pieces(live, body, deadline, splitter, wanted);
                pieces.await
            }
        };
        let body = gathering.whole.finish();
        Self {
            broken: broken.or_else(|| too_much(live, &body)),
            body,
            records: gathering.records,
        }
    }
}

/// The functions that fill it say why they stopped.
#[derive(Default)]
struct Gathering {
    whole: Body,
    records: Vec<Arc<Record>>,
}

impl Gathering {
    async fn all(
        &mut self,
        live: &Live,
        body: &mut dyn BodyReader,
        deadline: Instant,
    ) -> Option<Broken> {
        loop {
            match next(live, body, deadline).await {
                Ok(Some(piece)) => self.whole.add(piece),
                Ok(None) => return None,
                Err(broken) => return Some(broken),
            }
        }
    }

    /// As far as it is wanted.
    async fn pieces(
        &mut self,
        live: &Live,
        body: &mut dyn BodyReader,
        deadline: Instant,
        mut splitter: Splitter,
        wanted: &mut (dyn FnMut(&Arc<Record>) -> bool + Send),
    ) -> Option<Broken> {
        loop {
            let piece = match next(live, body, deadline).await {
                Ok(piece) => piece,
                Err(broken) => return Some(broken),
            };
            let records = splitter.split(piece.as_deref(), live.clock.at_ms());
            let is_last = piece.is_none();
            if let Some(piece) = piece {
                self.whole.add(piece);
            }
            for record in records {
                let broken = too_much(live, &record.bytes);
                if broken.is_some() {
                    return broken;
                }
                let record = Arc::new(record);
                self.records.push(record.clone());
                if !wanted(&record) {
                    return None;
                }
            }
            if is_last {
                return None;
            }
        }
    }
}

/// The next piece, if the try has room for it.
async fn next(
    live: &Live,
    body: &mut dyn BodyReader,
    deadline: Instant,
) -> Result<Option<Bytes>, Broken> {
    let piece = body.next(deadline).await?;
    match &piece {
        Some(piece) if !live.keeps(piece.len()) => Err(Broken::TryLimit(TRY_LIMIT)),
        _ => Ok(piece),
    }
}

/// Whether bytes that are kept hold more JSON than may be parsed, or more than the try has room for.
fn too_much(live: &Live, bytes: &[u8]) -> Option<Broken> {
    if weight::values(bytes) > VALUES_LIMIT {
        return Some(Broken::ValuesLimit(VALUES_LIMIT));
    }
    // The bytes themselves were counted as they came.
    let has_room = live.keeps(weight::weight(bytes) - bytes.len());
    (!has_room).then_some(Broken::TryLimit(TRY_LIMIT))
}

fn headers_size(headers: &HeaderMap) -> usize {
    let one = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    headers.iter().map(one).sum()
}

/// A body in pieces; one that came in a single piece is not copied.
#[derive(Default)]
struct Body {
    first: Option<Bytes>,
    rest: BytesMut,
}

impl Body {
    fn add(&mut self, piece: Bytes) {
        match (&self.first, self.rest.is_empty()) {
            (None, true) => self.first = Some(piece),
            (None, false) => self.rest.extend_from_slice(&piece),
            (Some(first), _) => {
                self.rest.extend_from_slice(first);
                self.rest.extend_from_slice(&piece);
                self.first = None;
            }
        }
    }

    fn finish(self) -> Bytes {
        self.first.unwrap_or_else(|| self.rest.freeze())
    }
}
