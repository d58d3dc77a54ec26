//! Submit, cancel, list: what clients ask for, and who is admitted out of the queue of runs.
//!
//! Blobs are stored before the event that names them; an answer waits for the log.

use std::collections::BTreeSet;

use domain::event::{GridEvent, RunEvent, StopCause};
use domain::queue::{Ask, Look};
use domain::{Digest, Plan, RunId};

use crate::coordinator::input::{Blob, ClientId, Request};
use crate::coordinator::judge::short;
use crate::coordinator::output::{Answer, Output, QueueLook};
use crate::coordinator::{Coordinator, Urgency};

/// A submission whose blobs are on their way into the store.
#[derive(Debug)]
pub(crate) struct PendingSubmit {
    run: RunId,
    plan: Digest,
    bundle: Digest,
    ask: Ask,
    missing: BTreeSet<Digest>,
    clients: Vec<ClientId>,
}

impl Coordinator {
    pub(super) fn hear_client(&mut self, client: ClientId, request: Request) {
        match request {
            Request::Submit {
                client_request_id,
                priority,
                exclusive,
                plan,
                plan_blob,
                bundle_blob,
            } => {
                let ask = Ask::of(&plan, priority, exclusive);
                let blobs = [plan_blob, bundle_blob];
                self.submit(client, client_request_id, (&plan, ask), blobs);
            }
            Request::Cancel { run, why } => self.cancel(client, &run, &why),
            Request::List => {
                let look = QueueLook {
                    runs: self.grid.runs().to_vec(),
                    waiting: self.look().waiting,
                };
                let after = self.grid_mark();
                self.reply(client, Answer::Runs(look), after);
            }
        }
    }

    fn submit(
        &mut self,
        client: ClientId,
        request_id: String,
        (plan, ask): (&Plan, Ask),
        blobs: [Blob; 2],
    ) {
        if let Some(run) = self.grid.requested(&request_id) {
            let answer = Answer::Submitted { run: run.clone() };
            let after = self.grid_mark();
            return self.reply(client, answer, after);
        }
        if let Some(pending) = self.submits.get_mut(&request_id) {
            return pending.clients.push(client);
        }
        if let Some(why) = self.refusal(plan, &blobs) {
            return self.reply(client, Answer::Refused { why }, Vec::new());
        }
        let [plan_blob, bundle_blob] = &blobs;
        let pending = PendingSubmit {
            run: plan.run.clone(),
            plan: plan_blob.digest.clone(),
            bundle: bundle_blob.digest.clone(),
            ask,
            missing: blobs.iter().map(|blob| blob.digest.clone()).collect(),
            clients: vec![client],
        };
        self.submits.insert(request_id, pending);
        for Blob { digest, bytes } in blobs {
            self.out.push(Output::PutBlob { digest, bytes });
        }
    }

    /// Why a plan can't become a run; `None` when it can.
    fn refusal(&self, plan: &Plan, blobs: &[Blob; 2]) -> Option<String> {
        let limit = self.config.max_cases;
        let is_pending = self.submits.values().any(|pending| pending.run == plan.run);
        if plan.cases.is_empty() {
            return Some("the plan is empty: select at least one case".to_owned());
        }
        if plan.cases.len() > limit {
            let n_cases = plan.cases.len();
            return Some(format!(
                "the plan has {n_cases} cases, this grid takes {limit}: split it"
            ));
        }
        let n_bytes = blobs.iter().map(|blob| blob.bytes.len()).sum::<usize>();
        if n_bytes > self.config.max_plan_bytes {
            let most = self.config.max_plan_bytes;
            return Some(format!(
                "the plan and its files have {n_bytes} bytes, this grid takes {most}: split it"
            ));
        }
        let n_waiting = self.grid.n_waiting() + self.submits.len();
        if n_waiting >= self.config.max_queued {
            let active = self.config.max_active;
            return Some(format!(
                "{n_waiting} runs wait here already, {active} may be active: submit again when some have ended"
            ));
        }
        if let Some(case) = plan.repeated_ids().first() {
            return Some(format!(
                "case {case} is planned twice: make its rows differ"
            ));
        }
        if is_pending || self.grid.run(&plan.run).is_some() {
            return Some(format!("run {} exists already: make a new plan", plan.run));
        }
        if plan.bundle != blobs[1].digest {
            return Some(
                "the bundle is not the one that the plan names: send both again".to_owned(),
            );
        }
        let broken = blobs
            .iter()
            .find(|blob| crate::digest::of(&blob.bytes) != blob.digest);
        broken.map(|blob| {
            format!(
                "the bytes of blob {} have another digest: send it again",
                blob.digest
            )
        })
    }

    pub(super) fn submit_blob_stored(&mut self, digest: &Digest) {
        for pending in self.submits.values_mut() {
            pending.missing.remove(digest);
        }
        let is_complete = |pending: &PendingSubmit| pending.missing.is_empty();
        let complete: Vec<String> = self
            .submits
            .iter()
            .filter(|(_, pending)| is_complete(pending))
            .map(|(request_id, _)| request_id.clone())
            .collect();
        for client_request_id in complete {
            if let Some(pending) = self.submits.remove(&client_request_id) {
                self.submitted(client_request_id, pending);
            }
        }
    }

    fn submitted(&mut self, client_request_id: String, pending: PendingSubmit) {
        let run = pending.run.clone();
        self.decide_grid(GridEvent::RunSubmitted {
            client_request_id,
            run: pending.run,
            plan: pending.plan,
            bundle: pending.bundle,
            ask: pending.ask,
        });
        self.is_dirty = true;
        self.admit();
        let after = self.grid_mark();
        for client in pending.clients {
            let answer = Answer::Submitted { run: run.clone() };
            self.reply(client, answer, after.clone());
        }
    }

    fn look(&self) -> Look {
        let is_aside = |run: &RunId| self.unreadable.contains_key(run);
        self.grid.look(self.config.max_active, is_aside)
    }

    /// Admits runs by priority and then in the order they were submitted, as far as there is room
    /// and their environment is free for them.
    pub(super) fn admit(&mut self) {
        // How caps are divided may stand in the log of an active run only, and has to be read first.
        if self.grid.n_waiting() == 0 || !self.is_leading() {
            return;
        }
        for run in self.look().admit {
            let Some(line) = self.grid.run(&run) else {
                continue;
            };
            let (locks, stop) = (line.ask.locks(), None);
            self.decide_grid(GridEvent::RunAdmitted { run, locks, stop });
        }
    }

    /// A run log counts only once the grid log admits it: opened when that is durable.
    pub(super) fn open_admitted(&mut self) {
        if !self.grid_log.is_quiet() {
            return;
        }
        let is_new = |run: &RunId| {
            !self.opening.contains_key(run)
                && !self.runs.contains_key(run)
                && !self.unreadable.contains_key(run)
        };
        let lines = self.grid.runs().iter();
        let admitted: Vec<RunId> = lines
            .filter(|line| line.is_admitted && !line.is_closed && is_new(&line.run))
            .map(|line| line.run.clone())
            .collect();
        for run in admitted {
            self.open_run(run, false);
        }
    }

    /// A run that waits is admitted at once, holds nothing and is only ended: its cases get their
    /// outcome in its log.
    fn cancel(&mut self, client: ClientId, run: &RunId, why: &str) {
        let why = short(why);
        let Some(line) = self.grid.run(run) else {
            let why = format!("there is no run {run}: `muster runs` lists them");
            return self.reply(client, Answer::Refused { why }, Vec::new());
        };
        let (is_admitted, is_closed) = (line.is_admitted, line.is_closed);
        if is_closed {
            let answer = Answer::Cancelling { run: run.clone() };
            return self.reply(client, answer, Vec::new());
        }
        if let Some((why, _)) = self.unreadable.get(run) {
            let why = format!("run {run} can't be read: {why}");
            return self.reply(client, Answer::Refused { why }, Vec::new());
        }
        if !is_admitted {
            self.decide_grid(GridEvent::RunAdmitted {
                run: run.clone(),
                locks: Vec::new(),
                stop: Some(why.clone()),
            });
        }
        self.stops_wanted
            .entry(run.clone())
            .or_insert_with(|| (why, Vec::new()))
            .1
            .push(client);
        self.is_dirty = true;
    }

    /// Turns a wanted stop into a decision, once the run's log is led.
    pub(super) fn stop_as_wanted(&mut self, id: &RunId) {
        self.drain_as_stopped(id);
        let of_log = self.grid.run(id).and_then(|line| line.stop.clone());
        let of_log = of_log.map(|why| (why, Vec::new()));
        let Some((why, clients)) = self.stops_wanted.remove(id).or(of_log) else {
            return;
        };
        self.stop(id, StopCause::Client, why);
        self.answer_cancels(id, clients);
    }

    /// Whoever wanted to end a run that has its verdict is answered as for one that is closed.
    pub(super) fn has_ended_as_wanted(&mut self, id: &RunId) {
        if let Some((_, clients)) = self.stops_wanted.remove(id) {
            self.answer_cancels(id, clients);
        }
    }

    fn answer_cancels(&mut self, id: &RunId, clients: Vec<ClientId>) {
        let after = self.run_mark(id);
        for client in clients {
            let answer = Answer::Cancelling { run: id.clone() };
            self.reply(client, answer, after.clone());
        }
    }

    /// A predecessor's stop may be in the log and what follows from it not: the segment between was
    /// never written.
    fn drain_as_stopped(&mut self, id: &RunId) {
        let run = self.runs.get(id).map(|lead| &lead.run);
        let run = run.filter(|run| run.draining().is_none() && !run.is_ended());
        if let Some(stop) = run.and_then(|run| run.stop()) {
            let text = format!("{}: {}", stop.cause.word(), stop.why);
            self.drain(id, text);
        }
    }

    pub(super) fn stop(&mut self, id: &RunId, cause: StopCause, why: String) {
        let can_stop = self.runs.get(id).is_some_and(|lead| {
            lead.run.stop().is_none() && lead.run.draining().is_none() && !lead.run.is_ended()
        });
        if can_stop {
            let text = format!("{}: {why}", cause.word());
            self.decide(id, RunEvent::StopRequested { cause, why }, Urgency::Awaited);
            self.drain(id, text);
        }
    }
}
