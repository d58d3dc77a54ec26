//! What became of an append: what it carried is durable, or this process leads no longer.

use crate::coordinator::input::{AppendError, LogId};
use crate::coordinator::output::{Exit, Output};
use crate::coordinator::{Coordinator, Phase};

impl Coordinator {
    pub(super) fn durable(&mut self, log: &LogId, to: u64) {
        let finished = match log {
            LogId::Grid => self.grid_log.finish(to),
            LogId::Run(run) => self
                .runs
                .get_mut(run)
                .and_then(|lead| lead.writer.finish(to)),
        };
        if let Some(finished) = finished {
            self.prove(log, finished.n_stamps);
        }
        match log {
            LogId::Grid if self.phase == Phase::Starting => self.grid_started(),
            LogId::Grid => self.open_admitted(),
            LogId::Run(run) => {
                if self.runs.get(run).is_some_and(|lead| !lead.is_ready) {
                    self.run_started(run);
                }
                let (run, up_to) = (run.clone(), to);
                self.out.push(Output::Published { run, up_to });
            }
        }
        self.is_dirty = true;
    }

    pub(super) fn append_failed(&mut self, log: &LogId, why: &AppendError) {
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::ConflictIsSuccess) {
            let at = match log {
                LogId::Grid => self.grid_log.mark(),
                LogId::Run(run) => self.runs.get(run).map_or(0, |lead| lead.writer.mark()),
            };
            return self.durable(log, at);
        }
        match (why, log) {
            (AppendError::Io(text), _) => self.exit(Exit::Store(text.clone())),
            (AppendError::Conflict, LogId::Grid) if self.phase == Phase::Starting => {
                self.phase = Phase::Reading;
                let from = self.grid.tail();
                self.out.push(Output::ReadGrid { from });
            }
            (AppendError::Conflict, LogId::Run(run)) => match self.runs.get(run) {
                Some(lead) if !lead.is_ready => {
                    let (plan, from) = (lead.plan.clone(), lead.log_end.tail);
                    let run = run.clone();
                    self.out.push(Output::ReadRun { run, plan, from });
                }
                _ => self.exit(Exit::Deposed(format!("the log of run {run}"))),
            },
            (AppendError::Conflict, LogId::Grid) => {
                self.exit(Exit::Deposed("the grid log".to_owned()));
            }
        }
    }
}
