//! Runs a future without a runtime, as far as it goes by itself: how a recording is judged.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Notes that a future asked to be polled again.
#[derive(Debug, Default)]
struct Again(AtomicBool);

impl Wake for Again {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a future as far as it goes without waiting for anything outside itself.
pub(crate) fn run_ready<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
    let again = Arc::new(Again::default());
    let waker = Waker::from(again.clone());
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(tokio::task::coop::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if again.0.swap(false, Ordering::Relaxed) => {}
            Poll::Pending => return None,
        }
    }
}
