//! The live table: one line per region and tier, redrawn as outcomes come in.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::plan::{PlannedCase, PlannedRegion, Tier};
use domain::run::Run;
use domain::{Instant, Outcome, Plan, Totals};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

type Key = (PlannedRegion, Tier);

/// Counting goes over all cases, so it is not done for each event of a big run.
const REDRAW: Duration = Duration::from_millis(100);

const COLOURED: &str = "{prefix} {bar:30.green/black.bright} {pos:>4}/{len:<4} {msg}";
const PLAIN: &str = "{prefix} {bar:30} {pos:>4}/{len:<4} {msg}";

/// The table on the screen.
#[derive(Debug)]
pub(super) struct Live {
    screen: MultiProgress,
    lines: BTreeMap<Key, ProgressBar>,
    drawn: Option<Instant>,
}

impl Live {
    pub(super) fn new(plan: &Plan, is_coloured: bool) -> Self {
        let mut planned: BTreeMap<Key, u64> = BTreeMap::new();
        for case in &plan.cases {
            *planned.entry(key(case)).or_default() += 1;
        }
        let width = planned
            .keys()
            .map(|(region, _)| region.to_string().len())
            .max()
            .unwrap_or_default();
        let screen = MultiProgress::new();
        let template = if is_coloured { COLOURED } else { PLAIN };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let lines = planned
            .into_iter()
            .map(|((region, tier), count)| {
                let line = screen.add(ProgressBar::new(count));
                line.set_style(style.clone());
                line.set_prefix(format!("{:width$} {tier:4}", region.to_string()));
                ((region, tier), line)
            })
            .collect();
        Self {
            screen,
            lines,
            drawn: None,
        }
    }

    /// Draws the counts, unless that was just done.
    pub(super) fn show(&mut self, run: &Run, now: Instant) {
        let is_fresh = self.drawn.is_some_and(|drawn| now.since(drawn) < REDRAW);
        if is_fresh && !run.is_ended() {
            return;
        }
        self.drawn = Some(now);
        for (key, totals) in run.totals_by(key) {
            if let Some(line) = self.lines.get(&key) {
                line.set_position(totals.settled());
                line.set_message(not_passed(&totals));
            }
        }
    }

    /// A line above the table. A screen that is gone shows nothing.
    pub(super) fn note(&self, text: &str) {
        let _ = self.screen.println(text);
    }

    pub(super) fn end(self) {
        for line in self.lines.values() {
            line.finish_and_clear();
        }
        let _ = self.screen.clear();
    }
}

fn key(case: &PlannedCase) -> Key {
    (case.region.clone(), case.tier)
}

/// `1 failed, 2 skipped`; empty when all that ended passed.
fn not_passed(totals: &Totals) -> String {
    Outcome::ALL
        .into_iter()
        .filter(|outcome| *outcome != Outcome::Passed && totals.of(*outcome) > 0)
        .map(|outcome| format!("{} {outcome}", totals.of(outcome)))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_did_not_pass_is_named_beside_the_bar() {
        let mut totals = Totals::default();
        totals.count(Outcome::Passed);
        assert_eq!(not_passed(&totals), "");
        totals.count(Outcome::Failed);
        totals.count(Outcome::Lost);
        totals.count(Outcome::Lost);
        assert_eq!(not_passed(&totals), "1 failed, 2 lost");
    }
}
