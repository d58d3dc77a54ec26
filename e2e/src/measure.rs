//! What the figures of docs/performance.md are measured with: whole grids of real processes with
//! light workers. The programs are in `examples`; the tests run the same at a small size.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::light::{Crew, Look};

pub mod cost;
pub mod failover;
pub mod restart;
pub mod scale;

/// Where measured workers stand.
pub const REGION: &str = "here";
/// How often is looked what became of something.
const EACH: Duration = Duration::from_millis(5);

/// Several measurements of the same thing.
#[derive(Clone, Debug, Default)]
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value below which this share of all lie; NaN without values.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let place = (share * last as f64).round() as usize;
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }
}

/// Least, median, nine of ten, worst: cells of a table.
impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [least, median, most, worst] = [0.0, 0.5, 0.9, 1.0].map(|share| self.at(share));
        write!(out, "{least:.2} | {median:.2} | {most:.2} | {worst:.2}")
    }
}

/// Waits until what the crew sees is as wanted.
///
/// # Errors
/// When it is not within this time, or a worker was refused.
async fn until(
    crew: &Crew,
    within: Duration,
    what: &str,
    mut is_wanted: impl FnMut(Look) -> bool,
) -> Result<Instant> {
    let deadline = Instant::now() + within;
    let mut pace = tokio::time::interval(EACH);
    loop {
        let (look, now) = (crew.seen().look(), Instant::now());
        if is_wanted(look) {
            return Ok(now);
        }
        let refusals = crew.seen().refusals();
        if now >= deadline || !refusals.is_empty() {
            bail!("{what} was not seen within {within:?}: {look:?} {refusals:?}");
        }
        pace.tick().await;
    }
}
