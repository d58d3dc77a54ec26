//! The end of a run: the final table, the second routine, the verdict in one append, and the
//! run's end in the grid log once no lease can live any more.

use std::collections::BTreeSet;

use domain::event::{GridEvent, RunEvent};
use domain::gate::Verdict;
use domain::message::ToWorkerBody;
use domain::run;
use domain::verdict::{Findings, Integrity, judge};
use domain::{Digest, Instant, RunId};

use crate::coordinator::lead::Lead;
use crate::coordinator::output::Output;
use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    /// Every case has its outcome: the second routine is to read the raw log.
    pub(super) fn want_recheck(&mut self, id: &RunId) {
        let Some(lead) = self.runs.get_mut(id) else {
            return;
        };
        let is_asked = lead.recheck_asked.is_some();
        lead.is_recheck_due = lead.run.n_open() == 0 && !is_asked && !lead.run.is_ended();
    }

    /// Asks for the rechecks that are due, of logs in which nothing waits: what is decided later
    /// would lie in the same segment as what waits, and only the second routine would read it.
    pub(super) fn ask_rechecks(&mut self) {
        let is_due = |lead: &&mut Lead| lead.is_recheck_due && !lead.writer.has_pending();
        for lead in self.runs.values_mut().filter(is_due) {
            lead.is_recheck_due = false;
            lead.recheck_asked = Some(run::marks(&lead.run));
            let after = lead.mark();
            let recheck = Output::Recheck {
                run: lead.id.clone(),
                plan: lead.plan.clone(),
                up_to: after.iter().map(|mark| mark.to).max().unwrap_or_default(),
            };
            self.held.push(after, recheck);
        }
    }

    pub(super) fn rechecked(
        &mut self,
        id: &RunId,
        hash: &Digest,
        marks: &BTreeSet<String>,
        problems: Vec<String>,
    ) {
        let Some(lead) = self.runs.get(id) else {
            return;
        };
        let Some(own_marks) = &lead.recheck_asked else {
            return;
        };
        let own = crate::digest::of(&run::canonical(&run::table(&lead.run)));
        let mut findings = Findings::of(&lead.run);
        let broken = lead.run.broken_conservation().into_iter();
        let broken = broken.map(|why| Integrity::ConservationBroken { why });
        let disagrees = |why| Integrity::RecheckDisagrees { why };
        let problems = problems.into_iter().chain(differing(own_marks, marks));
        let disagreements = problems.map(disagrees);
        findings.integrity.extend(broken.chain(disagreements));
        if own != *hash {
            let why = format!("the table's hash is {own}, the second routine says {hash}");
            findings.integrity.push(Integrity::RecheckDisagrees { why });
        }
        #[cfg(feature = "planted")]
        let own = match self.config.planted {
            Some(crate::planted::Planted::SealWithoutHash) => Digest::from(""),
            _ => own,
        };
        let (word, reasons) = judge(lead.run.plan(), &findings);
        let verdict = Verdict {
            word,
            reasons,
            table_hash: own,
        };
        let elapsed = lead.elapsed(self.now);
        if self.decide(
            id,
            RunEvent::RunEnded { verdict, elapsed },
            Urgency::Awaited,
        ) && let Some(lead) = self.runs.get_mut(id)
        {
            lead.ended_at = Some(self.now);
        }
    }

    /// The planted bug: counts results that came in instead of cases that ended.
    #[cfg(feature = "planted")]
    pub(super) fn end_by_sum(&mut self, id: &RunId) {
        let now = self.now;
        let Some(lead) = self.runs.get_mut(id).filter(|lead| lead.ended_at.is_none()) else {
            return;
        };
        let results =
            |facts: &run::CaseFacts| facts.kept.len() + usize::from(facts.outcome().is_some());
        let sum: usize = lead.run.cases().map(|(_, facts)| results(facts)).sum();
        if sum >= lead.run.plan().cases.len() {
            let verdict = Verdict {
                word: domain::VerdictWord::Passed,
                reasons: Vec::new(),
                table_hash: crate::digest::of(&run::canonical(&run::table(&lead.run))),
            };
            let elapsed = lead.elapsed(now);
            lead.writer
                .push(RunEvent::RunEnded { verdict, elapsed }, now);
            lead.ended_at = Some(now);
        }
    }

    /// After the verdict: dismisses the workers, and closes the run when no lease is left.
    pub(super) fn close_run(&mut self, id: &RunId) {
        self.dismiss(id);
        let Some(lead) = self.runs.get(id).filter(|lead| !lead.is_closed) else {
            return;
        };
        let is_clear = self.leases_end(lead).is_none_or(|at| at <= self.now);
        if !lead.writer.is_quiet() || !is_clear {
            return;
        }
        if let Some(lead) = self.runs.get_mut(id) {
            lead.is_closed = true;
        }
        self.decide_grid(GridEvent::RunClosed { run: id.clone() });
        self.remembered.push_back(id.clone());
        self.forget();
        self.admit();
    }

    /// Forgets the oldest closed runs beyond those that are kept.
    ///
    /// A late result may still be on its way into the log of one: it stays until that is durable,
    /// because what waits for a log that nobody leads any more would leave at once. So it does while
    /// one waits for its record: its worker would wait for the answer.
    fn forget(&mut self) {
        let excess = self
            .remembered
            .len()
            .saturating_sub(self.config.keep_closed);
        let candidates: Vec<RunId> = self.remembered.iter().take(excess).cloned().collect();
        let is_quiet = |run: &RunId| {
            let lead = self.runs.get(run);
            lead.is_none_or(|lead| lead.writer.is_quiet() && !lead.has_staged())
        };
        let (leaving, staying): (Vec<RunId>, Vec<RunId>) =
            candidates.into_iter().partition(is_quiet);
        self.remembered.drain(..excess);
        for run in staying.into_iter().rev() {
            self.remembered.push_front(run);
        }
        for run in leaving {
            self.runs.remove(&run);
            for known in self.workers.values_mut() {
                known.forget(&run);
            }
            self.out.push(Output::Forgotten { run });
        }
    }

    /// When nothing of an ended run can touch its environment any more, by every clock; nothing when
    /// nothing can now.
    pub(super) fn leases_end(&self, lead: &Lead) -> Option<Instant> {
        let ended = lead.ended_at?;
        let has_lease = lead.run.open_attempts().next().is_some();
        let leases = has_lease.then(|| ended + self.config.silence());
        let probes = (!lead.probing.is_empty()).then(|| self.clear_after(ended));
        let strays = lead.stray_probes.iter().map(|(_, ends)| *ends);
        strays.chain(leases).chain(probes).max()
    }

    /// Tells holders of leases that the run has ended, once that is durable.
    fn dismiss(&mut self, id: &RunId) {
        let after = self.run_mark(id);
        let Some(lead) = self.runs.get_mut(id).filter(|lead| !lead.is_dismissed) else {
            return;
        };
        lead.is_dismissed = true;
        let open: Vec<_> = lead
            .run
            .open_attempts()
            .map(|attempt| (attempt.id, attempt.worker.clone()))
            .collect();
        for (attempt, worker) in open {
            let cancel = ToWorkerBody::Cancel {
                run: id.clone(),
                attempt,
                why: "the run has ended".to_owned(),
            };
            self.send_to(&worker, cancel, after.clone());
        }
    }
}

/// Marks that only one of the two routines reads, one sentence for each.
fn differing(own: &BTreeSet<String>, second: &BTreeSet<String>) -> Vec<String> {
    let missed = own.difference(second);
    let missed = missed.map(|mark| format!("it does not read `{mark}`"));
    let more = second.difference(own);
    let more = more.map(|mark| format!("it alone reads `{mark}`"));
    missed.chain(more).collect()
}
