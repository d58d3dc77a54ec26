//! Results come in: each is checked, waits for its blob, becomes one event, and is acknowledged
//! once that event is durable.
//!
//! Order of the checks: session, attempt, sequence, blob; then, with the attempt open, whether the
//! case still waits for a result. A case's first committed outcome is final.

use domain::event::RunEvent;
use domain::message::ToWorkerBody;
use domain::record::CaseResult;
use domain::{AttemptId, CaseId, Digest, RunId, SessionId, WorkerId};

use crate::coordinator::input::StreamId;
use crate::coordinator::judge::rejected;
use crate::coordinator::lead::{Staged, StagedResult};
use crate::coordinator::output::{Mark, Output};
use crate::coordinator::{Coordinator, Urgency};

impl Coordinator {
    pub(super) fn result(
        &mut self,
        worker: &WorkerId,
        (run, attempt, session, seq): (RunId, AttemptId, SessionId, u64),
        result: CaseResult,
        record: Vec<u8>,
    ) {
        let Some(stream) = self.admitted(worker, &run, attempt, session) else {
            return;
        };
        let Some(lead) = self.runs.get(&run) else {
            return;
        };
        let taken = lead.taken_through(attempt);
        let acked = lead.run.attempt(attempt).map_or(0, |held| held.acked);
        #[cfg(feature = "planted")]
        if lead.forgets_watermarks {
            return self.acknowledge(stream, &run, attempt, seq);
        }
        if seq <= acked {
            return self.acknowledge(stream, &run, attempt, acked);
        }
        if seq <= taken {
            return;
        }
        if seq > taken + 1 {
            return self.expect(stream, &run, attempt);
        }
        let bytes = crate::weight(&result, &record);
        if !self.has_credit((worker, stream), (&run, attempt, seq), bytes) {
            return;
        }
        self.progressed(worker);
        self.stage(&run, attempt, seq, result, record);
        self.unstage(&run, attempt);
    }

    /// The stream of a worker that may speak about this attempt under this session.
    fn admitted(
        &mut self,
        worker: &WorkerId,
        run: &RunId,
        attempt: AttemptId,
        session: SessionId,
    ) -> Option<StreamId> {
        let known = self.workers.get(worker)?;
        let (stream, current) = (known.stream?, known.session);
        let lead = self.runs.get(run);
        let Some(held) = lead.and_then(|lead| lead.run.attempt(attempt)) else {
            self.forget_attempt(stream, run.clone(), attempt);
            return None;
        };
        let is_its_own = held.worker == *worker && session == current;
        let is_token = !held.is_open() || held.session == session || self.has_ended(run);
        #[cfg(feature = "planted")]
        let (is_its_own, is_token) = match self.has_planted(crate::planted::Planted::NoTokenCheck) {
            true => (true, true),
            false => (is_its_own, is_token),
        };
        if is_its_own && is_token {
            return Some(stream);
        }
        self.note(format!(
            "worker {worker} spoke of attempt {attempt} of run {run} under session {session}, which does not hold it"
        ));
        None
    }

    fn has_ended(&self, run: &RunId) -> bool {
        self.runs.get(run).is_some_and(|lead| lead.run.is_ended())
    }

    fn acknowledge(&mut self, stream: StreamId, run: &RunId, attempt: AttemptId, through: u64) {
        let after = self.ack_mark(run);
        let run = run.clone();
        self.send(
            stream,
            ToWorkerBody::Ack {
                run,
                attempt,
                through,
            },
            after,
        );
    }

    fn ack_mark(&self, run: &RunId) -> Vec<Mark> {
        #[cfg(feature = "planted")]
        if self.has_planted(crate::planted::Planted::AckBeforeDurable) {
            return Vec::new();
        }
        self.run_mark(run)
    }

    fn expect(&mut self, stream: StreamId, run: &RunId, attempt: AttemptId) {
        let held = self
            .runs
            .get(run)
            .and_then(|lead| lead.run.attempt(attempt));
        let seq = held.map_or(0, |held| held.acked) + 1;
        let after = self.run_mark(run);
        let run = run.clone();
        self.send(stream, ToWorkerBody::Expect { run, attempt, seq }, after);
    }

    /// Queues the result behind its blob.
    fn stage(
        &mut self,
        run: &RunId,
        attempt: AttemptId,
        seq: u64,
        result: CaseResult,
        record: Vec<u8>,
    ) {
        let refused = match (&result.record, record.is_empty()) {
            (None, true) => None,
            (Some(digest), false) if crate::digest::of(&record) == *digest => None,
            (Some(_), _) => Some("its record is not the one it names".to_owned()),
            (None, false) => Some("it names no record and brings one".to_owned()),
        };
        let blob = result.record.clone().filter(|_| refused.is_none());
        if let Some(digest) = blob.clone() {
            self.put(run, attempt, digest, record);
        }
        if let Some(lead) = self.runs.get_mut(run) {
            let staged: &mut Staged = lead.staged.entry(attempt).or_default();
            staged.results.push_back(StagedResult {
                seq,
                result,
                blob,
                refused,
            });
        }
    }

    /// One write per digest is under way; others wait for the same.
    fn put(&mut self, run: &RunId, attempt: AttemptId, digest: Digest, bytes: Vec<u8>) {
        let waiting = self.blobs.entry(digest.clone()).or_default();
        waiting.push((run.clone(), attempt));
        if waiting.len() == 1 {
            self.out.push(Output::PutBlob { digest, bytes });
        }
    }

    pub(super) fn blob_stored(&mut self, digest: &Digest) {
        self.submit_blob_stored(digest);
        for (run, attempt) in self.blobs.remove(digest).unwrap_or_default() {
            let staged = self
                .runs
                .get_mut(&run)
                .and_then(|lead| lead.staged.get_mut(&attempt));
            for held in staged.into_iter().flat_map(|staged| &mut staged.results) {
                if held.blob.as_ref() == Some(digest) {
                    held.blob = None;
                }
            }
            self.unstage(&run, attempt);
        }
    }

    /// Decides on all results whose turn has come, and then on the end of the attempt.
    fn unstage(&mut self, run: &RunId, attempt: AttemptId) {
        while let Some(next) = self.next_staged(run, attempt) {
            self.count(run, attempt, next);
        }
        let Some(lead) = self.runs.get_mut(run) else {
            return;
        };
        let staged = lead.staged.get_mut(&attempt);
        let end = staged
            .filter(|staged| staged.results.is_empty())
            .map(|staged| staged.end.take());
        if let Some(end) = end {
            lead.staged.remove(&attempt);
            if let Some((_, released)) = end {
                self.end(run, attempt, released);
            }
        }
    }

    fn next_staged(&mut self, run: &RunId, attempt: AttemptId) -> Option<StagedResult> {
        let staged = self.runs.get_mut(run)?.staged.get_mut(&attempt)?;
        match staged.results.front()?.blob {
            None => staged.results.pop_front(),
            Some(_) => None,
        }
    }

    fn count(&mut self, run: &RunId, attempt: AttemptId, staged: StagedResult) {
        let seq = staged.seq;
        let result = staged.result.clone();
        let case = result.case.clone();
        let Some(event) = self.judge_result(run, attempt, staged) else {
            return;
        };
        let is_leg = matches!(event, RunEvent::LegSettled { .. });
        let changed = self.environment_change(run, &event);
        if !self.decide(run, event, Urgency::Gathered) {
            // No rule says what to make of it: it is kept, and the run can't be GO.
            let event = rejected(attempt, seq)(result, "the run's own rules refuse it");
            if !self.decide(run, event, Urgency::Gathered) {
                return self.ask_again(run, attempt);
            }
        }
        if let Some(changed) = changed {
            self.decide(run, changed, Urgency::Gathered);
        }
        if is_leg {
            self.judge_losses(run, &case);
        }
        let worker = self
            .runs
            .get(run)
            .and_then(|lead| lead.run.attempt(attempt));
        let worker = worker.map(|attempt| attempt.worker.clone());
        let known = worker.and_then(|worker| self.workers.get(&worker));
        if let Some(stream) = known.and_then(|known| known.stream) {
            self.acknowledge(stream, run, attempt, seq);
        }
    }

    /// What was taken behind a result that could not be logged is sent again, with it.
    fn ask_again(&mut self, run: &RunId, attempt: AttemptId) {
        let Some(lead) = self.runs.get_mut(run) else {
            return;
        };
        lead.staged.remove(&attempt);
        let holder = lead.run.attempt(attempt).map(|held| held.worker.clone());
        let known = holder.and_then(|worker| self.workers.get(&worker));
        if let Some(stream) = known.and_then(|known| known.stream) {
            self.expect(stream, run, attempt);
        }
    }

    pub(super) fn attempt_end(
        &mut self,
        worker: &WorkerId,
        (run, attempt, session): (RunId, AttemptId, SessionId),
        last_seq: u64,
        released: Vec<CaseId>,
    ) {
        let Some(stream) = self.admitted(worker, &run, attempt, session) else {
            return;
        };
        let Some(lead) = self.runs.get_mut(&run) else {
            return;
        };
        if lead.taken_through(attempt) < last_seq {
            return self.expect(stream, &run, attempt);
        }
        lead.staged.entry(attempt).or_default().end = Some((last_seq, released));
        self.progressed(worker);
        self.unstage(&run, attempt);
    }

    /// The worker said its last word about an attempt, and all its results are in.
    fn end(&mut self, run: &RunId, id: AttemptId, released: Vec<CaseId>) {
        let Some(attempt) = self.runs.get(run).and_then(|lead| lead.run.attempt(id)) else {
            return;
        };
        let worker = attempt.worker.clone();
        if attempt.is_open() {
            let is_its = |case: &CaseId| attempt.cases.contains(case);
            let released: Vec<CaseId> = released.into_iter().filter(is_its).collect();
            let open: Vec<CaseId> = attempt.open.iter().cloned().collect();
            let attempt = id;
            self.decide(
                run,
                RunEvent::AttemptEnded { attempt, released },
                Urgency::Gathered,
            );
            self.given_back(run, &open);
        }
        let after = self.run_mark(run);
        let over = ToWorkerBody::AttemptOver {
            run: run.clone(),
            attempt: id,
        };
        self.send_to(&worker, over, after);
    }
}
