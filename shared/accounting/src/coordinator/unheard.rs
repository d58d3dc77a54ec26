//! For how long nobody can have renewed an attempt, as a log proves: so long its worker need not be
//! waited for again.
//!
//! A leader renews only what it leased itself or what was taken up again under it; both stand in
//! the log before it does. So the first TermStarted behind them ends all renewals, and the time that
//! later leaders are seen to have led, each by its own clock, has been waited. The time between two
//! leaders is on nobody's clock and does not count. What is left is `takeover`'s to wait.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use domain::event::{RunEvent, Segment};
use domain::{AttemptId, Term, WorkerId};

use crate::coordinator::Coordinator;

/// What a worker that lives gets in any case to find its new leader and take up what it holds.
const TO_COME_BACK: Duration = Duration::from_secs(5);

/// What the segments of earlier leaders say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unheard {
    /// The term under which an attempt was leased or last taken up.
    held_in: BTreeMap<AttemptId, Term>,
    /// The run's elapsed time at the first append that began behind a durable TermStarted, and at
    /// the last of that term.
    led: BTreeMap<Term, (Duration, Duration)>,
}

impl Unheard {
    pub(crate) fn read(&mut self, segment: &Segment<RunEvent>) {
        let mut starts = false;
        for event in &segment.events {
            match event {
                RunEvent::TermStarted { .. } => starts = true,
                RunEvent::ShardLeased { attempt, .. }
                | RunEvent::AttemptReattached { attempt, .. } => {
                    self.held_in.insert(*attempt, segment.term);
                }
                RunEvent::LegsLeased { legs, .. } => {
                    let legs = legs.iter().map(|leg| (leg.attempt, segment.term));
                    self.held_in.extend(legs);
                }
                RunEvent::AttemptEnded { attempt, .. } | RunEvent::AttemptLost { attempt, .. } => {
                    self.held_in.remove(attempt);
                }
                _ => {}
            }
        }
        if !starts {
            let at = segment.elapsed;
            let led = self.led.entry(segment.term).or_insert((at, at));
            led.1 = led.1.max(at);
        }
    }

    fn of(&self, attempt: AttemptId) -> Duration {
        let Some(&held_in) = self.held_in.get(&attempt) else {
            return Duration::ZERO;
        };
        let since = (Bound::Excluded(held_in), Bound::Unbounded);
        let led = self.led.range(since).map(|(_, (from, to))| *to - *from);
        led.sum()
    }
}

impl Coordinator {
    /// All runs are led, and workers are heard from now on. Those whose attempts of earlier terms
    /// nobody can have renewed for a while are waited for only as much longer.
    pub(super) fn count_unheard(&mut self) {
        let mut waited = BTreeMap::<WorkerId, Duration>::new();
        for lead in self.runs.values_mut() {
            let unheard = std::mem::take(&mut lead.log_end.unheard);
            for attempt in lead.run.open_attempts() {
                let own = unheard.of(attempt.id);
                let least = waited.entry(attempt.worker.clone()).or_insert(own);
                *least = own.min(*least);
            }
        }
        let most = self.config.silence().saturating_sub(TO_COME_BACK);
        waited.retain(|_, waited| !waited.is_zero());
        if let Some(longest) = waited.values().max() {
            let (n_workers, seconds) = (waited.len(), longest.as_secs_f64());
            self.note(format!(
                "earlier leaders have waited for {n_workers} workers, up to {seconds:.1} s"
            ));
        }
        for (worker, waited) in waited {
            let known = self.workers.get_mut(&worker);
            if let Some(known) = known.filter(|known| known.stream.is_none()) {
                let floor = known.heard.min(self.now - most);
                known.heard = floor.max(known.heard - waited);
                let expires = known.expires(self.config.silence());
                self.watch_from(expires);
            }
        }
    }
}
