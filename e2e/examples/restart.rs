//! How long a coordinator with its own files needs from its start to its first lease, when each of
//! 100,000 cases was leased at its death.
//!
//! `cargo build --release --bins && cargo run --release -p e2e --example restart -- 20` prints a
//! table in Markdown; docs/performance.md holds the last one. Nothing here judges.

use anyhow::Result;
use e2e::measure::Spread;
use e2e::measure::restart::Wreck;

const TRIES: usize = 20;
const CASES: usize = 100_000;
const WORKERS: usize = 20;

#[tokio::main]
async fn main() -> Result<()> {
    let tries = std::env::args().nth(1);
    let tries: usize = tries.map_or(Ok(TRIES), |text| text.parse())?;
    let wreck = Wreck::of(CASES, WORKERS)?;
    println!(
        "{CASES} cases, all leased; run log of {} events\n",
        wreck.n_events
    );
    println!(
        "| seconds from the start to the first lease | tries | least | median | nine of ten | worst |"
    );
    println!("|---|---|---|---|---|---|");
    let (mut apart, mut cpu, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for number in 1..=tries {
        let (took, cpu_ms) = wreck.all_start_again().await?;
        apart.push(took.as_secs_f64());
        cpu.push(cpu_ms / 1_000.0);
        together.push(wreck.of_one_process().await?.as_secs_f64());
        eprintln!("{number}: {took:?} CPU {cpu_ms} ms, {:?}", together.last());
    }
    let spread = Spread::of(apart);
    println!("| `muster coordinator`, workers started again with it | {tries} | {spread} |");
    let spread = Spread::of(cpu);
    println!("| CPU of that coordinator meanwhile | {tries} | {spread} |");
    let spread = Spread::of(together);
    println!("| coordinator and workers in one process | {tries} | {spread} |");
    Ok(())
}
