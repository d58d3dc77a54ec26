//! The grid's own cost: CPU per case, time to the first request, size of the log per case; and
//! what a well-known load generator costs for the same requests in the same rounds.
//!
//! `cargo build --release --bins && cargo run --release -p e2e --example figures` prints a table
//! in Markdown; docs/performance.md holds the last one. Nothing here judges.

mod peer;

use std::path::Path;

use anyhow::{Result, ensure};
use e2e::measure::cost::{cpu_ms, now_ms, waited_children_ms};
use e2e::{Grid, Muster, Platform};

use peer::K6;

const CASES: usize = 2_000;
const RUNS: usize = 5;
/// What a worker runs at once unless it is told otherwise, and so the users of the peer.
const SLOTS: usize = 4;

#[tokio::main]
async fn main() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let k6 = K6::ensure()?;
    let mut rows = Vec::new();
    for _ in 0..RUNS {
        let mut round = many_small_cases(&platform)?;
        round.k6_ms = k6.cpu_ms(&platform, CASES, SLOTS)?;
        rows.push(round);
    }
    let mut first = Vec::new();
    for _ in 0..RUNS {
        first.push(time_to_first_request(&platform)?);
    }
    println!("| figure ({RUNS} runs) | min | median | max |\n|---|---|---|---|");
    let column = |pick: fn(&Cost) -> f64| rows.iter().map(pick).collect::<Vec<_>>();
    print(
        "CPU per case, coordinator, ms",
        column(|cost| cost.coordinator_ms),
    );
    print("CPU per case, worker, ms", column(|cost| cost.worker_ms));
    print(
        "CPU per case, both, ms",
        column(|cost| cost.coordinator_ms + cost.worker_ms),
    );
    print(
        "CPU per case, `muster run` and its reports, ms",
        column(|cost| cost.client_ms),
    );
    print(
        "CPU per request, k6 1.1.0 with one check, ms",
        column(|cost| cost.k6_ms),
    );
    print(
        "all of the grid ÷ k6, of the same round",
        column(Cost::over_k6),
    );
    print(
        "wall time of the run per case, ms",
        column(|cost| cost.wall_ms),
    );
    print("ledger per case, bytes", column(|cost| cost.ledger_bytes));
    print("blobs per case, bytes", column(|cost| cost.blob_bytes));
    print("`muster run` to the first case's start, ms", first);
    Ok(())
}

/// All per case.
struct Cost {
    coordinator_ms: f64,
    worker_ms: f64,
    client_ms: f64,
    k6_ms: f64,
    wall_ms: f64,
    ledger_bytes: f64,
    blob_bytes: f64,
}

impl Cost {
    fn over_k6(&self) -> f64 {
        (self.coordinator_ms + self.worker_ms + self.client_ms) / self.k6_ms
    }
}

/// A fresh coordinator and one worker over 2,000 cases of one request each.
fn many_small_cases(platform: &Platform) -> Result<Cost> {
    let muster = Muster::new()?;
    let rows: String = (0..CASES)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    muster.write("many.yaml", &suite(&format!("    rows:\n{rows}")))?;
    let mut grid = Grid::start(0)?;
    grid.start_worker("only", e2e::grid::REGIONS[0])?;
    let (coordinator, worker) = (grid.coordinator_id(), grid.worker_ids()[0]);
    let before = (cpu_ms(coordinator)?, cpu_ms(worker)?, now_ms()?);
    let others = waited_children_ms()?;
    run(
        &muster,
        platform,
        "many.yaml",
        &["--grid", &grid.address, "--regions", REGION],
    )?;
    let per_case = |amount: f64| amount / CASES as f64;
    let logs = size(&grid.data(), &|name| name.ends_with(".log"))?;
    let all = size(&grid.data(), &|_| true)?;
    Ok(Cost {
        coordinator_ms: per_case(cpu_ms(coordinator)? - before.0),
        worker_ms: per_case(cpu_ms(worker)? - before.1),
        client_ms: per_case(waited_children_ms()? - others),
        k6_ms: f64::NAN,
        wall_ms: per_case(now_ms()? - before.2),
        ledger_bytes: per_case(logs),
        blob_bytes: per_case(all - logs),
    })
}

const REGION: &str = e2e::grid::REGIONS[0];

/// From the start of the process to the start of the only case, by the machine's wall clock.
fn time_to_first_request(platform: &Platform) -> Result<f64> {
    let muster = Muster::new()?;
    muster.write("one.yaml", &suite(""))?;
    let began = now_ms()?;
    run(&muster, platform, "one.yaml", &["--regions", REGION])?;
    let report = muster.report("out")?;
    let started = report
        .cases()
        .iter()
        .filter_map(|case| case["started_at_ms"].as_f64());
    Ok(started.fold(f64::INFINITY, f64::min) - began)
}

fn suite(rows: &str) -> String {
    format!(
        "muster: v1\nsuite: many\npriority: P6\ntests:\n  - id: alive\n{rows}    steps:\n      \
         - http: GET /health/live\n        as: nobody\n        status: 200\n"
    )
}

fn run(muster: &Muster, platform: &Platform, suite: &str, more: &[&str]) -> Result<()> {
    let environment = platform.environment();
    let environment = environment.to_string_lossy();
    let words = ["run", suite, "--env", &environment, "--out", "out"];
    let said = muster.call(words.iter().chain(more))?;
    ensure!(said.code == 0, "{}", said.all());
    Ok(())
}

fn size(dir: &Path, counts: &dyn Fn(&str) -> bool) -> Result<f64> {
    let mut total = 0.0;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            total += size(&entry.path(), counts)?;
        } else if counts(&entry.file_name().to_string_lossy()) {
            total += entry.metadata()?.len() as f64;
        }
    }
    Ok(total)
}

fn print(what: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let middle = values[values.len() / 2];
    let (least, most) = (values[0], values[values.len() - 1]);
    println!("| {what} | {least:.2} | {middle:.2} | {most:.2} |");
}
