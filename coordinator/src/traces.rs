//! The environment's own spans: taken in by OTLP, kept beside the run's log, and sent on by OTLP.
//!
//! Spans have a lane of their own. They may be dropped, which is counted; no result waits for one.
//! Reading order: `inbox` (the way in, bounded), `keeper` (whose span it is, and how many are kept),
//! `clean` (what of a span is kept), `export` (merged traces to a collector).

pub mod clean;
pub mod export;
mod inbox;
mod keeper;

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use run_log::FileStore;
use tokio::time::timeout;

pub(crate) use inbox::{Inbox, NotTaken};

use crate::shell::Handle;
use keeper::Keeper;

/// Requests that may wait for the keeper, beside the limit on their bytes.
const WAITING: usize = 64;

/// For what waits when the coordinator ends.
const FINISH: Duration = Duration::from_secs(3);

/// Starts the thread that keeps spans; it ends when the inbox is gone.
pub(crate) fn start(store: FileStore, handle: Handle) -> io::Result<(Inbox, JoinHandle<()>)> {
    let (send, waiting) = mpsc::sync_channel(WAITING);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let thread = thread::Builder::new()
        .name("traces".to_owned())
        .spawn(move || Keeper::new(store, handle, runtime).keep(&waiting))?;
    Ok((Inbox::new(send), thread))
}

/// Waits for the thread that keeps spans, whose inbox is gone; not for long.
pub(crate) async fn finish(keeper: JoinHandle<()>) {
    let joined = tokio::task::spawn_blocking(move || keeper.join());
    if !matches!(timeout(FINISH, joined).await, Ok(Ok(Ok(())))) {
        tracing::warn!("server spans may not all have been kept");
    }
}
