//! How much of what a try received is kept: one count for its answers and all its sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::transport::TRY_LIMIT;

/// A count that clones share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept(Arc<AtomicUsize>);

impl Kept {
    /// Counts memory; whether there was still room for it. What found no room stays counted, so
    /// that nothing smaller slips in behind it.
    pub(crate) fn has_room(&self, weight: usize) -> bool {
        let kept = self.0.fetch_add(weight, Ordering::Relaxed);
        kept.saturating_add(weight) <= TRY_LIMIT
    }
}
