//! What docs/performance.md is measured with, at a small size: that it works, never how long it
//! takes.

use std::time::Duration;

use anyhow::Result;
use e2e::measure::failover::{End, Pair, Setup as Failover};
use e2e::measure::restart::Wreck;
use e2e::measure::scale::{Logs, Setup as Scale, measure};

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_leases_on_after_its_leader_was_killed_and_after_one_was_asked_to_end()
-> Result<()> {
    let mut pair = Pair::start(Failover {
        cases: 2_000,
        settled: 100,
        events: 2_000,
        workers: 4,
        slots: 2,
        case_takes: Duration::from_millis(500),
        put_latency: Duration::from_millis(10),
    })
    .await?;
    assert!(pair.n_events >= 2_000);
    assert!(pair.n_segments >= 80);
    for end in [End::Killed, End::Asked] {
        let gap = pair.end_leader(end).await?;
        assert!(gap.to_first_lease > 0.0, "{gap:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coordinator_leases_on_at_once_where_every_holder_is_known_to_be_dead() -> Result<()> {
    let wreck = Wreck::of(500, 3)?;
    assert!(wreck.n_events > 500 / 16);
    wreck.all_start_again().await?;
    wreck.of_one_process().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn light_workers_are_given_work_and_their_results_are_durable() -> Result<()> {
    let far = Logs::Objects {
        put_latency: Duration::from_millis(10),
    };
    for (logs, record_bytes) in [(Logs::Files, 500), (far, 0)] {
        let cost = measure(Scale {
            workers: 5,
            slots: 2,
            case_takes: Duration::from_millis(100),
            record_bytes,
            logs,
            settles: Duration::ZERO,
            lasts: Duration::from_secs(1),
        })
        .await?;
        assert!(cost.memory_mib > 0.0, "{cost:?}");
    }
    Ok(())
}
