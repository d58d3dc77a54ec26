//! What every adapter must pass: the same tests over each of them.
//!
//! An adapter's test module calls `conformance::suite!(name, { … (elector, impatient, guard) })`;
//! the block makes a fresh place to lead from, an elector that waits for it, one that does not wait
//! long, and whatever must outlive them.

use crate::port::{Elector, Error, Leader};

pub mod etcd_server;

/// Candidates of the race, and how often each leads.
const CANDIDATES: usize = 8;

fn candidate(name: &str) -> Leader {
    Leader {
        name: name.to_owned(),
        address: "127.0.0.1:1".to_owned(),
    }
}

/// Each tenure's term is higher than the one before.
pub async fn terms_only_grow(elector: &dyn Elector, _: &dyn Elector) -> Result<bool, Error> {
    let mut last = None;
    for round in 0..5 {
        let me = candidate(&format!("leader {round}"));
        let tenure = elector.campaign(&me).await?;
        if last.is_some_and(|last| tenure.term() <= last) {
            return Ok(false);
        }
        last = Some(tenure.term());
        tenure.resign().await;
    }
    Ok(true)
}

/// While one holds the tenure, an impatient other is refused; afterwards it is let in.
pub async fn one_at_a_time(elector: &dyn Elector, impatient: &dyn Elector) -> Result<bool, Error> {
    let held = elector.campaign(&candidate("first")).await?;
    let refused = impatient.campaign(&candidate("second")).await;
    let names_the_holder = match refused {
        Err(error) => error.to_string().contains("first at 127.0.0.1:1"),
        Ok(_) => false,
    };
    held.resign().await;
    elector.campaign(&candidate("second")).await?;
    Ok(names_the_holder)
}

/// A tenure that is dropped without a word is free again, by itself.
pub async fn a_dropped_tenure_is_free_again(
    elector: &dyn Elector,
    _: &dyn Elector,
) -> Result<bool, Error> {
    let first = elector.campaign(&candidate("first")).await?;
    let term = first.term();
    drop(first);
    Ok(elector.campaign(&candidate("second")).await?.term() > term)
}

/// The leader can be found while it leads, and not after.
pub async fn the_leader_is_known(elector: &dyn Elector, _: &dyn Elector) -> Result<bool, Error> {
    let before = elector.leader().await?;
    let held = elector.campaign(&candidate("first")).await?;
    let during = elector.leader().await?;
    held.resign().await;
    let after = elector.leader().await?;
    Ok(before.is_none() && during == Some(candidate("first")) && after.is_none())
}

/// Who waits is let in by a resignation, each in turn, and never two at a time.
pub async fn candidates_lead_one_after_the_other(
    elector: &dyn Elector,
    _: &dyn Elector,
) -> Result<bool, Error> {
    let holders = std::sync::atomic::AtomicUsize::new(0);
    let lead = |number: usize| {
        let holders = &holders;
        async move {
            use std::sync::atomic::Ordering::SeqCst;
            let held = elector.campaign(&candidate(&number.to_string())).await?;
            let was_free = holders.fetch_add(1, SeqCst) == 0;
            let known = elector.leader().await?;
            let term = held.term();
            holders.fetch_sub(1, SeqCst);
            held.resign().await;
            let is_known = known.is_some_and(|leader| leader.name == number.to_string());
            Ok::<_, Error>((was_free && is_known, term))
        }
    };
    let mut led = Vec::new();
    for ended in all((0..CANDIDATES).map(lead).collect()).await {
        led.push(ended?);
    }
    let mut terms: Vec<_> = led.iter().map(|(_, term)| *term).collect();
    terms.sort_unstable();
    terms.dedup();
    Ok(led.iter().all(|(alone, _)| *alone) && terms.len() == CANDIDATES)
}

/// Drives all of them at the same time, on this task.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        match waiting.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    outputs
}

/// Runs every property above as a test of its own.
#[macro_export]
macro_rules! elector_suite {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;

            $crate::elector_suite!(@tests $make,
                terms_only_grow,
                one_at_a_time,
                a_dropped_tenure_is_free_again,
                the_leader_is_known,
                candidates_lead_one_after_the_other
            );
        }
    };
    (@tests $make:expr, $($property:ident),*) => {
        $(
            #[tokio::test]
            async fn $property() {
                let (elector, impatient, _guard) = $make;
                let holds = $crate::conformance::$property(&elector, &impatient).await;
                assert!(holds.unwrap());
            }
        )*
    };
}

pub use crate::elector_suite as suite;
