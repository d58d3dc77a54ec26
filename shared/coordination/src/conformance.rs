//! What every adapter must pass: the same tests over each of them.
//!
//! An adapter's test module calls `conformance::suite!(name, { … (elector, guard) })`; the block
//! makes a fresh elector and whatever must outlive it.

use crate::port::{Elector, Error, Leader};

fn candidate(name: &str) -> Leader {
    Leader {
        name: name.to_owned(),
        address: "127.0.0.1:1".to_owned(),
    }
}

/// Each tenure's term is higher than the one before.
pub async fn terms_only_grow(elector: &dyn Elector) -> Result<bool, Error> {
    let mut last = None;
    for round in 0..5 {
        let tenure = elector
            .campaign(&candidate(&format!("leader {round}")))
            .await?;
        if last.is_some_and(|last| tenure.term() <= last) {
            return Ok(false);
        }
        last = Some(tenure.term());
    }
    Ok(true)
}

/// While one holds the tenure, an impatient other is refused; afterwards it is let in.
pub async fn one_at_a_time(elector: &dyn Elector) -> Result<bool, Error> {
    let held = elector.campaign(&candidate("first")).await?;
    let refused = elector.campaign(&candidate("second")).await.is_err();
    drop(held);
    elector.campaign(&candidate("second")).await?;
    Ok(refused)
}

/// The leader can be found while it leads, and not after.
pub async fn the_leader_is_known(elector: &dyn Elector) -> Result<bool, Error> {
    let before = elector.leader().await?;
    let held = elector.campaign(&candidate("first")).await?;
    let during = elector.leader().await?;
    drop(held);
    let after = elector.leader().await?;
    Ok(before.is_none() && during == Some(candidate("first")) && after.is_none())
}

/// Runs every property above as a test of its own.
#[macro_export]
macro_rules! elector_suite {
    ($name:ident, $make:expr) => {
        mod $name {
            use super::*;

            $crate::elector_suite!(@tests $make, terms_only_grow, one_at_a_time, the_leader_is_known);
        }
    };
    (@tests $make:expr, $($property:ident),*) => {
        $(
            #[tokio::test]
            async fn $property() {
                let (elector, _guard) = $make;
                assert!($crate::conformance::$property(&elector).await.unwrap());
            }
        )*
    };
}

pub use crate::elector_suite as suite;
