//! Reads of what is durable: tails of logs, blobs, and a run in short (`shorts`).
//!
//! Calls block; whoever is on an async runtime asks through `Archive::off_runtime`. Nothing is
//! written here.

use std::sync::Arc;

use domain::event::{GridEvent, RunEvent, Segment};
use domain::{Digest, Plan, RunId};
use run_log::{FileStore, LogId, Position, ReadBlobs, Store, Tail};
use wire::BadMessage;

pub(crate) mod ahead;
mod shorts;

use accounting::coordinator::Folded;
use ahead::{Ahead, ReadRun};
use shorts::Shorts;
pub use shorts::{Short, Stage};

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] run_log::Error),
    #[error("the log of {log} holds something else than events of this version: {why}")]
    Event { log: LogId, why: BadMessage },
    #[error("the plan of run {run} can't be read: {why}")]
    Plan { run: RunId, why: BadMessage },
    #[error("blob {digest} is not here; it was never stored, or its file is gone")]
    NoBlob { digest: Digest },
    #[error("the log of run {run} can't be folded: {why}")]
    Fold { run: RunId, why: String },
    #[error("the reading thread ended")]
    Gone,
}

impl ReadError {
    /// Reading again may go better: nothing that was read is wrong.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Store(run_log::Error::Io { .. }) | Self::Gone)
    }
}

/// The store, for reading; cheap to clone.
#[derive(Clone, Debug)]
pub struct Archive {
    store: Arc<dyn Store>,
    blobs: Arc<dyn ReadBlobs>,
    /// Where server spans lie.
    files: FileStore,
    shorts: Shorts,
    ahead: Ahead,
}

impl Archive {
    pub fn new(store: Arc<dyn Store>, blobs: Arc<dyn ReadBlobs>, files: FileStore) -> Self {
        Self {
            store,
            blobs,
            files,
            shorts: Shorts::default(),
            ahead: Ahead::default(),
        }
    }

    /// The same, with what was read while another led.
    pub(crate) fn with_ahead(mut self, ahead: Ahead) -> Self {
        self.ahead = ahead;
        self
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Runs a blocking read where it holds nobody up.
    pub async fn off_runtime<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let archive = self.clone();
        let read = tokio::task::spawn_blocking(move || read(&archive));
        read.await.unwrap_or(Err(ReadError::Gone))
    }

    pub fn tail(&self, run: &RunId) -> Box<dyn Tail> {
        self.store.tail(&LogId::Run(run.clone()))
    }

    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, ReadError> {
        self.blobs.get(digest)?.ok_or_else(|| ReadError::NoBlob {
            digest: digest.clone(),
        })
    }

    pub fn plan(&self, run: &RunId, digest: &Digest) -> Result<Plan, ReadError> {
        wire::plan::decode(&self.blob(digest)?).map_err(|why| ReadError::Plan {
            run: run.clone(),
            why,
        })
    }

    /// Segments of the grid log from position `from` on.
    pub fn grid(&self, from: Position) -> Result<Vec<Segment<GridEvent>>, ReadError> {
        let decode = |segment: &_| wire::segment::decode_grid_segment(segment);
        self.segments(&LogId::Grid, from, decode)
    }

    /// Segments of a run log from position `from` on.
    pub fn run(&self, run: &RunId, from: Position) -> Result<Vec<Segment<RunEvent>>, ReadError> {
        let decode = |segment: &_| wire::segment::decode_run_segment(segment);
        self.segments(&LogId::Run(run.clone()), from, decode)
    }

    /// A run as its leader takes it up: folded to the end of its log.
    pub fn folded(&self, run: &RunId, plan: &Digest) -> Result<Folded, ReadError> {
        let read = match self.ahead.take_with(run, plan) {
            Some(read) => read,
            None => ReadRun::begin(self, run, plan)?,
        };
        read.whole()
    }

    /// The bytes of a run's segments before `up_to`.
    pub fn raw(&self, run: &RunId, up_to: Position) -> Result<Vec<Vec<u8>>, ReadError> {
        let segments = self.tail(run).next(up_to)?;
        Ok(segments.into_iter().map(|stored| stored.bytes).collect())
    }

    /// What was kept of a run's server spans.
    pub fn spans(&self, run: &RunId) -> Result<proto::v1::ServerSpans, ReadError> {
        let folder = self.files.folder(&LogId::Run(run.clone()));
        Ok(run_log::spans::read(&folder)?)
    }

    fn segments<E>(
        &self,
        log: &LogId,
        from: Position,
        decode: impl Fn(&proto::v1::Segment) -> Result<Segment<E>, BadMessage>,
    ) -> Result<Vec<Segment<E>>, ReadError> {
        let stored = self.store.tail(log).next(Position::MAX)?;
        let wanted = stored.iter().filter(|stored| stored.number() >= from);
        let decoded = wanted.map(|stored| decode(&stored.segment));
        decoded
            .collect::<Result<_, _>>()
            .map_err(|why| ReadError::Event {
                log: log.clone(),
                why,
            })
    }
}
