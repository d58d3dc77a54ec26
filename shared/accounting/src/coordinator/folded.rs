//! A run's log folded before the run is led: by whoever reads the log, where it holds nobody up.
//!
//! What is checked here is what any reader of the log checks; nothing is decided. `takeover` makes
//! a led run of it, and folds what came since by the same rules.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::Plan;
use domain::event::{RunEvent, Segment};
use domain::run::Run;
use domain::schedule::Order;

use crate::coordinator::config::FORMAT;
use crate::coordinator::unheard::Unheard;

/// A run as far as its log was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    pub(crate) run: Run,
    pub(crate) order: Order,
    pub(crate) log_end: LogEnd,
}

/// Where a log that was read ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogEnd {
    /// Position after the last segment.
    pub(crate) tail: u64,
    /// The run's elapsed time and the wall clock, in milliseconds, of the last segment.
    pub(crate) times: Option<(Duration, u64)>,
    /// What earlier leaders' segments say of attempts that nobody renewed; empty once it is used.
    pub(crate) unheard: Unheard,
}

impl Folded {
    /// A run before the first segment of its log.
    pub fn new(plan: Plan) -> Self {
        Self {
            order: Order::new(&plan, &BTreeMap::new()),
            run: Run::new(plan),
            log_end: LogEnd::default(),
        }
    }

    /// Takes in the next segment.
    ///
    /// # Errors
    /// Says why the log can't be led by this version, or by any: a segment is missing, its format
    /// is newer, or an event must not have happened.
    pub fn fold(&mut self, segment: &Segment<RunEvent>) -> Result<(), String> {
        self.log_end.fold(&mut self.run, segment)
    }

    /// Position after the last segment that was taken in.
    pub fn tail(&self) -> u64 {
        self.log_end.tail
    }
}

impl LogEnd {
    pub(crate) fn fold(
        &mut self,
        run: &mut Run,
        segment: &Segment<RunEvent>,
    ) -> Result<(), String> {
        let position = segment.position;
        if position != self.tail {
            let tail = self.tail;
            return Err(format!(
                "segment {tail} is missing, {position} stands in its place"
            ));
        }
        let starts = segment.events.iter().find_map(|event| match event {
            RunEvent::TermStarted { format, .. } => Some(*format),
            _ => None,
        });
        if let Some(format) = starts.filter(|&format| format > FORMAT) {
            return Err(newer(format));
        }
        let folded = run.apply_segment(segment);
        folded.map_err(|illegal| format!("segment {position}: {illegal}"))?;
        self.unheard.read(segment);
        self.tail += 1;
        self.times = Some((segment.elapsed, segment.wall_ms));
        Ok(())
    }
}

/// Why a log of a newer format is not led.
pub(crate) fn newer(format: u32) -> String {
    format!("format {format} is newer than {FORMAT}")
}
