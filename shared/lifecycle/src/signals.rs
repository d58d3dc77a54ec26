//! Ctrl-C and SIGTERM: the first asks for a clean end, the second is the end.
//!
//! What a second signal does (which exit code) is the caller's to say.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Stop;

/// The machine did not let the process listen for signals.
#[derive(Debug, thiserror::Error)]
#[error("could not listen for signals: {0}")]
pub struct SignalError(#[from] io::Error);

/// Cancels `stop` at the first signal and calls `second` at the next. It listens from this call on,
/// even before it is polled, and ends only with `second`, so give it to a task that is let go at
/// the end.
pub fn watch(
    stop: Stop,
    second: impl FnOnce(&'static str) + Send,
) -> impl Future<Output = Result<(), SignalError>> + Send {
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    async move { wait(interrupt?, terminate?, stop, second).await }
}

async fn wait(
    mut interrupt: Signal,
    mut terminate: Signal,
    stop: Stop,
    second: impl FnOnce(&'static str) + Send,
) -> Result<(), SignalError> {
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        }
    };
    let first = next().await;
    tracing::info!(
        signal = first,
        "stopping; a second signal ends the process at once"
    );
    stop.cancel();
    let name = next().await;
    second(name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use rustix::process::{Signal as Kind, getpid, kill_process};

    use super::*;

    #[tokio::test]
    async fn the_first_signal_stops_and_the_second_ends() {
        // Installed before anything is sent, so that the test process survives its own signals.
        let _guard = signal(SignalKind::terminate()).unwrap();
        let stop = Stop::new();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = ended.clone();
        let mut set = tokio::task::JoinSet::new();
        set.spawn(watch(stop.clone(), move |_| {
            seen.store(true, Ordering::SeqCst)
        }));
        while !stop.is_cancelled() {
            kill_process(getpid(), Kind::TERM).unwrap();
            tokio::task::yield_now().await;
            let _ =
                tokio::time::timeout(std::time::Duration::from_millis(20), stop.cancelled()).await;
        }
        while !ended.load(Ordering::SeqCst) {
            kill_process(getpid(), Kind::TERM).unwrap();
            let _ =
                tokio::time::timeout(std::time::Duration::from_millis(20), set.join_next()).await;
        }
    }
}
