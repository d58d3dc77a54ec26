//! One pass over the events of a run, with sets of names: which case ended how, and what in the
//! log contradicts the rules of counting.

mod legs;

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use proto::v1::hex_text::Form;
use proto::v1::run_event::Event;
use proto::v1::{CaseResult, HexText, Outcome, Plan, RunEvent, Segment};
use sha2::{Digest, Sha256};

use crate::Rechecked;
use crate::marks::Marks;
use legs::Legs;

/// All that the pass remembers.
#[derive(Default)]
struct Pass {
    planned: BTreeSet<String>,
    /// Of cases with several legs: in how many they are planned.
    gangs: BTreeMap<String, usize>,
    carried: BTreeMap<String, CaseResult>,
    ended: BTreeMap<String, String>,
    /// Cases out under attempts that are open, and every attempt ever leased with its shard.
    out: BTreeMap<String, u64>,
    legs: BTreeMap<String, Legs>,
    shards: BTreeMap<u64, BTreeSet<String>>,
    over: BTreeSet<u64>,
    seqs: BTreeMap<u64, u64>,
    term: u64,
    is_opened: bool,
    is_draining: bool,
    has_verdict: bool,
    marks: Marks,
    problems: Vec<String>,
}

pub(crate) fn over(
    plan: &Plan,
    digest: &str,
    segments: &[Vec<u8>],
    up_to: Option<u64>,
) -> Rechecked {
    let mut pass = Pass::default();
    for case in &plan.cases {
        if !pass.planned.insert(case.id.clone()) {
            pass.say(format!("case {} is planned twice", case.id));
        }
        if case.legs.len() > 1 {
            pass.gangs.insert(case.id.clone(), case.legs.len());
        }
    }
    for result in &plan.carried {
        pass.carried.insert(result.case.clone(), result.clone());
    }
    let n_events = pass.segments(plan, digest, segments, up_to);
    let missing: Vec<_> = pass
        .planned
        .iter()
        .filter(|case| !pass.ended.contains_key(*case))
        .cloned()
        .collect();
    for case in missing {
        pass.say(format!("case {case} is planned and has no outcome"));
    }
    Rechecked {
        hash: crate::hash(&pass.ended),
        table: pass.ended,
        marks: pass.marks.finish(),
        problems: pass.problems,
        n_events,
    }
}

impl Pass {
    fn say(&mut self, problem: String) {
        self.problems.push(problem);
    }

    fn segments(
        &mut self,
        plan: &Plan,
        digest: &str,
        segments: &[Vec<u8>],
        up_to: Option<u64>,
    ) -> u64 {
        let mut n_events = 0;
        let mut previous = Vec::new();
        let limit = up_to.map_or(usize::MAX, |end| usize::try_from(end).unwrap_or(usize::MAX));
        for (number, bytes) in segments.iter().enumerate().take(limit) {
            let Ok(segment) = Segment::decode(bytes.as_slice()) else {
                self.say(format!("segment {number} can't be read"));
                break;
            };
            if segment.number != number as u64 || segment.position != n_events {
                self.say(format!("segment {number} stands out of its place"));
            }
            if segment.previous != previous {
                self.say(format!(
                    "segment {number} names another predecessor than the one before it"
                ));
            }
            if segment.log != plan.run {
                self.say(format!(
                    "segment {number} is of log {}, not of run {}",
                    segment.log, plan.run
                ));
            }
            for event in &segment.events {
                n_events += 1;
                match RunEvent::decode(event.as_slice()) {
                    Ok(RunEvent { event: Some(event) }) => self.event(plan, digest, event),
                    _ => self.say(format!("event {n_events} is of no known kind")),
                }
            }
            if segment.term != self.term {
                self.say(format!(
                    "segment {number} is of term {}, term {} leads",
                    segment.term, self.term
                ));
            }
            previous = Sha256::digest(bytes).to_vec();
        }
        let n_segments = segments.len() as u64;
        if up_to.is_some_and(|end| n_segments < end) {
            self.say(format!(
                "the log holds {n_segments} segments, fewer than were said to be durable"
            ));
        }
        n_events
    }

    fn event(&mut self, plan: &Plan, digest: &str, event: Event) {
        if !self.is_opened && !matches!(event, Event::RunOpened(_)) {
            self.say("something stands before the run was opened".to_owned());
        }
        match event {
            Event::RunOpened(opened) => {
                if self.is_opened || opened.run != plan.run || text(opened.plan.as_ref()) != digest
                {
                    self.say(
                        "the log opens another run, or another plan, or opens twice".to_owned(),
                    );
                }
                self.is_opened = true;
            }
            Event::TermStarted(started) => {
                if started.term <= self.term {
                    self.say(format!("term {} follows term {}", started.term, self.term));
                }
                self.term = started.term;
            }
            Event::ShardLeased(leased) => self.leased(leased.attempt, leased.cases),
            Event::LegsLeased(leased) => self.legs_leased(leased),
            Event::CaseSettled(settled) => {
                self.settled(settled.attempt, settled.seq, settled.result)
            }
            Event::LegSettled(settled) => self.leg_settled(settled),
            Event::CaseCarried(carried) => self.taken_over(carried.case),
            Event::CaseClosed(closed) => self.closed(closed.case.clone(), closed.outcome()),
            Event::AttemptEnded(ended) => self.attempt_over(ended.attempt),
            Event::AttemptLost(lost) => self.attempt_over(lost.attempt),
            Event::ResultKept(kept) => {
                self.marks.kept(kept.result.as_ref());
                self.aside(kept.attempt, kept.seq, false);
            }
            Event::ResultRejected(rejected) => {
                self.marks.rejected(&rejected);
                self.aside(rejected.attempt, rejected.seq, false);
            }
            Event::RegionProbed(probed) => self.marks.probed(&probed),
            Event::EnvironmentChanged(changed) => self.marks.changed(&changed),
            Event::ResultLate(late) => self.aside(late.attempt, late.seq, true),
            Event::Draining(_) => self.is_draining = true,
            Event::RunEnded(ended) => {
                if self.has_verdict || self.ended.len() != self.planned.len() {
                    self.say("the verdict stands before every case has ended, or twice".to_owned());
                }
                self.has_verdict = true;
                let own = crate::hash(&self.ended);
                let said = ended.verdict.and_then(|verdict| verdict.table_hash);
                if text(said.as_ref()) != own {
                    self.say("the verdict names another table than the log holds".to_owned());
                }
            }
            Event::WorkerJoined(_)
            | Event::WorkerLeft(_)
            | Event::GateClosed(_)
            | Event::AttemptReattached(_)
            | Event::CapsShared(_)
            | Event::StopRequested(_) => {}
        }
    }

    fn leased(&mut self, attempt: u64, cases: Vec<String>) {
        for case in &cases {
            let is_free = self.is_free(case) && !self.gangs.contains_key(case);
            if !is_free || self.out.insert(case.clone(), attempt).is_some() {
                self.say(format!(
                    "attempt {attempt} leases case {case}, which is not free"
                ));
            }
        }
        self.opened(attempt, cases);
    }

    fn is_free(&self, case: &str) -> bool {
        let is_open = self.planned.contains(case) && !self.ended.contains_key(case);
        is_open && !self.legs.contains_key(case)
    }

    /// An attempt begins: later than all before it, and while anything may be leased.
    fn opened(&mut self, attempt: u64, cases: Vec<String>) {
        if self
            .shards
            .keys()
            .next_back()
            .is_some_and(|&last| attempt <= last)
        {
            self.say(format!("attempt {attempt} is leased after a later one"));
        }
        if self.is_draining || self.has_verdict {
            self.say(format!(
                "attempt {attempt} is leased although the run drains"
            ));
        }
        self.shards.insert(attempt, cases.into_iter().collect());
    }

    fn settled(&mut self, attempt: u64, seq: u64, result: Option<CaseResult>) {
        self.next_seq(attempt, seq);
        let Some(result) = result else {
            return self.say(format!("attempt {attempt} settles a case without a result"));
        };
        if self.over.contains(&attempt) || self.out.get(&result.case) != Some(&attempt) {
            self.say(format!(
                "case {} is settled by attempt {attempt}, which does not hold it",
                result.case
            ));
        }
        self.out.remove(&result.case);
        self.marks.counted(&result, false);
        self.shown_end(&result);
    }

    fn taken_over(&mut self, case: String) {
        match self.carried.get(&case).cloned() {
            Some(result) => {
                self.marks.counted(&result, true);
                self.shown_end(&result);
            }
            None => self.say(format!(
                "case {case} is taken over and the plan carries no result of it"
            )),
        }
    }

    fn closed(&mut self, case: String, outcome: Outcome) {
        if matches!(
            outcome,
            Outcome::Passed | Outcome::Failed | Outcome::Unproven
        ) {
            self.say(format!(
                "case {case} is said to be {} without an execution",
                word(outcome)
            ));
        }
        let legs = self.legs.remove(&case);
        self.keep(&legs.iter().flat_map(Legs::results).collect::<Vec<_>>());
        let is_out = self.out.remove(&case).is_some() || legs.is_some();
        if is_out && !self.is_draining {
            self.say(format!("case {case} is closed while it is leased"));
        }
        self.end(&case, outcome);
    }

    /// An outcome that an execution gave.
    fn shown_end(&mut self, result: &CaseResult) {
        if !is_shown(result) {
            let case = &result.case;
            self.say(format!("case {case} passed and nothing shows it"));
        }
        self.end(&result.case, result.outcome());
    }

    /// Every outcome goes through here: planned, once, and before the verdict.
    fn end(&mut self, case: &str, outcome: Outcome) {
        if !self.planned.contains(case) {
            return self.say(format!("case {case} has an outcome and is not planned"));
        }
        if self.has_verdict {
            return self.say(format!("case {case} gets its outcome after the verdict"));
        }
        if self.ended.contains_key(case) {
            return self.say(format!("case {case} gets a second outcome"));
        }
        self.ended.insert(case.to_owned(), word(outcome).to_owned());
    }

    fn attempt_over(&mut self, attempt: u64) {
        if !self.shards.contains_key(&attempt) || !self.over.insert(attempt) {
            self.say(format!("attempt {attempt} is over and was not open"));
        }
        self.out.retain(|_, holder| *holder != attempt);
        let mut legs = self.legs.iter_mut();
        let of = legs.find_map(|(case, legs)| legs.ends(attempt).then(|| case.clone()));
        if let Some(case) = of {
            self.gather(&case);
        }
    }

    fn aside(&mut self, attempt: u64, seq: u64, is_late: bool) {
        self.next_seq(attempt, seq);
        if is_late != self.has_verdict {
            self.say(format!(
                "result {seq} of attempt {attempt} stands on the wrong side of the verdict"
            ));
        }
    }

    fn next_seq(&mut self, attempt: u64, seq: u64) {
        let last = self.seqs.insert(attempt, seq).unwrap_or(0);
        if seq != last + 1 {
            self.say(format!(
                "attempt {attempt} brings result {seq} after result {last}"
            ));
        }
        if !self.shards.contains_key(&attempt) {
            self.say(format!(
                "attempt {attempt} brings a result and was never leased"
            ));
        }
    }
}

/// What says passed shows an exchange and a check.
fn is_shown(result: &CaseResult) -> bool {
    let evidence = result.evidence.unwrap_or_default();
    result.outcome() != Outcome::Passed || evidence.exchanges > 0 && evidence.checks > 0
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unspecified => "unknown",
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Skipped => "skipped",
        Outcome::Unproven => "unproven",
        Outcome::Errored => "errored",
        Outcome::Lost => "lost",
        Outcome::Cancelled => "cancelled",
    }
}

pub(crate) fn text(hex_text: Option<&HexText>) -> String {
    match hex_text.and_then(|text| text.form.as_ref()) {
        Some(Form::Hex(bytes)) => hex::encode(bytes),
        Some(Form::Text(text)) => text.clone(),
        None => String::new(),
    }
}
