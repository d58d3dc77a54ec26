//! Branches that run at once, in one task, in an order that a replay repeats.
//!
//! Every round polls all branches that are not done. When one stops, the round is finished first
//! and then the others are left where they are: in a replay they are polled exactly as far as
//! their recorded observations go, which is where they were left.

use std::task::Poll;

use futures_util::future::BoxFuture;

use crate::judge::Stop;

/// All results in order, or the first stop by order of branches. `sampler` runs beside them, first
/// in each round, and ends with them.
pub(crate) async fn all<'a, T>(
    mut branches: Vec<BoxFuture<'a, Result<T, Stop>>>,
    mut sampler: Option<BoxFuture<'a, Stop>>,
) -> Result<Vec<T>, Stop> {
    let mut results: Vec<Option<Result<T, Stop>>> = branches.iter().map(|_| None).collect();
    let sampled = std::future::poll_fn(|context| {
        let mut sampled = None;
        if let Some(sampling) = &mut sampler
            && let Poll::Ready(stop) = sampling.as_mut().poll(context)
        {
            sampled = Some(stop);
            sampler = None;
        }
        for (branch, result) in branches.iter_mut().zip(&mut results) {
            if result.is_none()
                && let Poll::Ready(done) = branch.as_mut().poll(context)
            {
                *result = Some(done);
            }
        }
        let is_stopped = results.iter().any(|result| matches!(result, Some(Err(_))));
        if sampled.is_some() || is_stopped || results.iter().all(Option::is_some) {
            Poll::Ready(sampled)
        } else {
            Poll::Pending
        }
    })
    .await;
    let mut done = Vec::with_capacity(results.len());
    let mut is_whole = true;
    for result in results {
        match result {
            Some(Err(stop)) => return Err(stop),
            Some(Ok(value)) => done.push(value),
            None => is_whole = false,
        }
    }
    match sampled {
        Some(stop) => Err(stop),
        // Without a stop, the round ended because every branch had.
        None if is_whole => Ok(done),
        None => std::future::pending().await,
    }
}
