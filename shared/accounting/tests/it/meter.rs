//! What steps cost, for the long form of one large world: CPU of this thread, by what was heard.
//!
//! Nothing in a world depends on it; without it no clock is read.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use accounting::coordinator::{Input, LogId};
use domain::message::FromWorker;
use rustix::time::{ClockId, clock_gettime};

/// How often something was heard, and the CPU that its steps took.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    n_steps: u32,
    time: Duration,
    longest: Duration,
}

/// The steps of coordinators, and all else that the world takes.
#[derive(Debug)]
pub(crate) struct Meter {
    begun: Duration,
    spent: BTreeMap<&'static str, Spent>,
}

impl Meter {
    pub(crate) fn start() -> Self {
        Self {
            begun: cpu(),
            spent: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, heard: &'static str, since: Duration) {
        let spent = self.spent.entry(heard).or_default();
        let took = cpu().saturating_sub(since);
        spent.n_steps += 1;
        spent.time += took;
        spent.longest = spent.longest.max(took);
    }
}

/// CPU that this thread has had.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The row in which the step of a coordinator is counted.
pub(crate) fn row(input: &Input) -> &'static str {
    match input {
        Input::FromWorker { message, .. } => match message {
            FromWorker::Hello(_) => "hello",
            FromWorker::Beat { .. } => "beat",
            FromWorker::Result { .. } => "result",
            FromWorker::AttemptEnd { .. } => "end of an attempt",
            _ => "other message of a worker",
        },
        Input::Durable { log, .. } => match log {
            LogId::Grid => "grid log durable",
            LogId::Run(_) => "run log durable",
        },
        Input::BlobStored { .. } => "blob stored",
        Input::Disconnected { .. } => "disconnect",
        Input::Wake => "wake",
        _ => "other",
    }
}

impl fmt::Display for Meter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self
            .spent
            .values()
            .map(|spent| spent.time)
            .sum::<Duration>();
        let n_results = self.spent.get("result").map_or(0, |spent| spent.n_steps);
        let whole = cpu().saturating_sub(self.begun);
        writeln!(
            out,
            "| heard by the coordinator | steps | CPU of all, ms | of one, µs | longest, ms |"
        )?;
        writeln!(out, "|---|---|---|---|---|")?;
        for (heard, spent) in &self.spent {
            let of_one = spent.time.as_secs_f64() * 1e6 / f64::from(spent.n_steps.max(1));
            writeln!(
                out,
                "| {heard} | {} | {} | {of_one:.0} | {:.1} |",
                spent.n_steps,
                spent.time.as_millis(),
                spent.longest.as_secs_f64() * 1e3,
            )?;
        }
        write!(
            out,
            "CPU: {:.2} s of coordinators, {:.2} ms for each result; {:.2} s of all else in the world",
            all.as_secs_f64(),
            all.as_secs_f64() * 1e3 / f64::from(n_results.max(1)),
            whole.saturating_sub(all).as_secs_f64(),
        )
    }
}
