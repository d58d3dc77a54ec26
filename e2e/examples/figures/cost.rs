//! What processes have cost, as proc(5) tells it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

/// Milliseconds of a tick: 100 of them are a second on Linux.
const TICK_MS: f64 = 10.0;

/// User and system time of a process so far.
pub(crate) fn cpu_ms(process: u32) -> Result<f64> {
    ticks(&process.to_string(), [11, 12])
}

/// User and system time of all children that this process has waited for.
pub(crate) fn waited_children_ms() -> Result<f64> {
    ticks("self", [13, 14])
}

/// The wall clock.
pub(crate) fn now_ms() -> Result<f64> {
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
