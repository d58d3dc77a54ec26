//! The grid's own cost: CPU per case, time to the first request, size of the log per case.
//!
//! `cargo build --release --bins && cargo run --release -p e2e --example figures` prints a table
//! in Markdown; docs/performance.md holds the last one. Nothing here judges.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use e2e::{Grid, Muster, Platform};

const CASES: usize = 2_000;
const RUNS: usize = 5;

#[tokio::main]
async fn main() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let mut rows = Vec::new();
    for _ in 0..RUNS {
        rows.push(many_small_cases(&platform)?);
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
    wall_ms: f64,
    ledger_bytes: f64,
    blob_bytes: f64,
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

/// User and system time of a process so far; the fields of proc(5), at 100 ticks a second.
fn cpu_ms(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a name in brackets")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks * 10.0)
}

fn now_ms() -> Result<f64> {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(since.as_secs_f64() * 1_000.0)
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
