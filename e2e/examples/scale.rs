//! What one coordinator costs with 10, 100 and 1,000 workers, each of which beats, holds leases and
//! returns a result a second; and how many results it takes in at most.
//!
//! `cargo build --release --bins && cargo run --release -p e2e --example scale -- 3` prints tables in
//! Markdown, of three tries each; `3 workers` or `3 results` only one of the two. docs/performance.md
//! holds the last ones. Nothing here judges.

use std::time::Duration;

use anyhow::Result;
use e2e::measure::Spread;
use e2e::measure::scale::{Cost, Logs, Setup, measure};

const WORKERS: [usize; 3] = [10, 100, 1_000];
/// Bytes of a record: what a case of one request leaves.
const RECORD: usize = 2_064;
const TRIES: usize = 3;

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let tries = args.next();
    let tries: usize = tries.map_or(Ok(TRIES), |text| text.parse())?;
    let only = args.next();
    let is_wanted = |what: &str| only.as_deref().is_none_or(|only| only == what);
    if is_wanted("workers") {
        by_workers(tries).await?;
    }
    if is_wanted("results") {
        by_results(tries).await?;
    }
    Ok(())
}

async fn by_workers(tries: usize) -> Result<()> {
    println!("| each worker a result a second | tries | least | median | nine of ten | worst |");
    println!("|---|---|---|---|---|---|");
    for workers in WORKERS {
        let setup = Setup {
            workers,
            slots: 1,
            case_takes: Duration::from_secs(1),
            record_bytes: RECORD,
            logs: Logs::Files,
            settles: Duration::from_secs(5),
            lasts: Duration::from_secs(20),
        };
        print(&format!("{workers} workers"), &of(setup, tries).await?);
    }
    Ok(())
}

async fn by_results(tries: usize) -> Result<()> {
    println!(
        "| as fast as it goes, 20 workers of 64 slots | tries | least | median | nine of ten | worst |"
    );
    println!("|---|---|---|---|---|---|");
    let far = Logs::Objects {
        put_latency: Duration::from_millis(80),
    };
    for (logs, place) in [
        (Logs::Files, "synced files"),
        (far, "an object store at 80 ms"),
    ] {
        for record_bytes in [0, RECORD] {
            let setup = Setup {
                workers: 20,
                slots: 64,
                case_takes: Duration::ZERO,
                record_bytes,
                logs,
                settles: Duration::ZERO,
                lasts: Duration::from_secs(5),
            };
            let name = format!("{place}, records of {record_bytes} bytes");
            print(&name, &of(setup, tries).await?);
        }
    }
    Ok(())
}

async fn of(setup: Setup, tries: usize) -> Result<Vec<Cost>> {
    let mut costs = Vec::new();
    for number in 1..=tries {
        let cost = measure(setup).await?;
        eprintln!("{number}: {setup:?} {cost:?}");
        costs.push(cost);
    }
    Ok(costs)
}

fn print(name: &str, costs: &[Cost]) {
    let line = |what: &str, pick: fn(&Cost) -> f64| {
        let spread = Spread::of(costs.iter().map(pick));
        println!("| {name}: {what} | {} | {spread} |", costs.len());
    };
    line("CPU of the coordinator, ms a second", |cost| {
        cost.cpu_ms_per_s
    });
    line("memory of the coordinator, MiB", |cost| cost.memory_mib);
    line("durable results a second", |cost| cost.results_per_s);
    line("CPU of the coordinator for a result, ms", |cost| {
        cost.cpu_ms_per_result
    });
    line("durable results for a second of a core", |cost| {
        1_000.0 / cost.cpu_ms_per_result
    });
    line("cores busy meanwhile, all programs", |cost| cost.busy_cores);
}
