//! How long a grid goes without new leases when its leader is killed, and when it is asked to end.
//!
//! `cargo build --release --bins && cargo run --release -p e2e --example failover -- 50` ends the
//! leader 50 times in each way, one after the other, and prints a table in Markdown;
//! docs/performance.md holds the last one. Nothing here judges.

use std::time::Duration;

use anyhow::Result;
use e2e::measure::Spread;
use e2e::measure::failover::{End, Gap, Pair, Setup};

const TRIES: usize = 50;

#[tokio::main]
async fn main() -> Result<()> {
    let tries = std::env::args().nth(1);
    let tries: usize = tries.map_or(Ok(TRIES), |text| text.parse())?;
    let mut pair = Pair::start(Setup {
        cases: 100_000,
        settled: 30_000,
        events: 200_000,
        workers: 20,
        slots: 4,
        case_takes: Duration::from_secs(2),
        put_latency: Duration::from_millis(80),
    })
    .await?;
    let (n_events, n_segments) = (pair.n_events, pair.n_segments);
    println!("run log at the start: {n_events} events in {n_segments} segments\n");
    println!("| seconds from the signal | tries | least | median | nine of ten | worst |");
    println!("|---|---|---|---|---|---|");
    for (end, name) in [(End::Killed, "SIGKILL"), (End::Asked, "SIGTERM")] {
        let mut gaps = Vec::new();
        for number in 1..=tries {
            let gap = pair.end_leader(end).await?;
            eprintln!("{name} {number}: {gap:?}");
            gaps.push(gap);
        }
        let column = |pick: fn(&Gap) -> f64| Spread::of(gaps.iter().map(pick));
        let first = column(|gap| gap.to_first_lease);
        println!("| {name}: to the first new lease | {tries} | {first} |");
        let regained = column(|gap| gap.to_regained);
        println!("| {name}: to 90 % of the slots that were busy | {tries} | {regained} |");
        let lost = column(|gap| gap.work_lost);
        println!("| {name}: work not done, seconds of all workers | {tries} | {lost} |");
        let busy = column(|gap| gap.busy_cores);
        println!("| {name}: cores busy meanwhile, all programs | {tries} | {busy} |");
    }
    Ok(())
}
