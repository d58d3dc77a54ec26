//! What processes have cost, as proc(5) tells it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// Milliseconds of a tick: 100 of them are a second on Linux.
const TICK_MS: f64 = 10.0;

/// User and system time of a process so far.
///
/// # Errors
/// When there is no such process.
pub fn cpu_ms(process: u32) -> Result<f64> {
    ticks(&process.to_string(), [11, 12])
}

/// User and system time of all children that this process has waited for.
///
/// # Errors
/// When proc(5) is not there.
pub fn waited_children_ms() -> Result<f64> {
    ticks("self", [13, 14])
}

/// The wall clock.
///
/// # Errors
/// When it stands before 1970.
pub fn now_ms() -> Result<f64> {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(since.as_secs_f64() * 1_000.0)
}

/// The sum of two fields of /proc/PROCESS/stat, counted from the one after the name.
fn ticks(process: &str, fields: [usize; 2]) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("a name in brackets")?;
    let all: Vec<&str> = after_name.split_whitespace().collect();
    let [user, system] = fields.map(|field| all.get(field).copied().unwrap_or_default());
    Ok((user.parse::<f64>()? + system.parse::<f64>()?) * TICK_MS)
}

/// Memory of a process that lies in RAM now, in MiB.
///
/// # Errors
/// When there is no such process.
pub fn memory_mib(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    Ok(kib.context("a line VmRSS")?.parse::<f64>()? / 1024.0)
}

/// What all processes of the machine have cost so far, waiting for disks left out.
///
/// # Errors
/// When proc(5) is not there.
pub fn machine_ms() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let all: Vec<f64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|field| field.parse().ok())
        .collect();
    // user nice system (idle iowait) irq softirq steal
    let busy = [0, 1, 2, 5, 6, 7].map(|at| all.get(at).copied().unwrap_or_default());
    Ok(busy.iter().sum::<f64>() * TICK_MS)
}
