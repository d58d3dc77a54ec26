//! What clients and workers say to the rig's coordinator.

use accounting::coordinator::{Blob, ClientId, Input, Request, StreamId};
use domain::message::{FromWorker, Hello, OpenAttempt, PROTOCOL, ToWorkerBody};
use domain::record::{CaseResult, Preflight};
use domain::{AttemptId, Incarnation, Outcome, Plan, Region, RunId, SessionId, WorkerId};

use crate::rig::{Rig, result};

impl Rig {
    pub(crate) fn ask(&mut self, request: Request) {
        self.n_clients += 1;
        let client = ClientId(self.n_clients);
        self.step(Input::FromClient { client, request });
    }

    pub(crate) fn submit_as(&mut self, request_id: &str, plan: &Plan) {
        self.plans.insert(plan.run.clone(), plan.clone());
        let blob = |bytes: Vec<u8>| Blob {
            digest: accounting::digest::of(&bytes),
            bytes,
        };
        self.ask(Request::Submit {
            client_request_id: request_id.to_owned(),
            priority: self.wish.0,
            exclusive: self.wish.1,
            plan: Box::new(plan.clone()),
            plan_blob: blob(wire::plan::encode(plan)),
            bundle_blob: blob(crate::planned::BUNDLE.to_vec()),
        });
    }

    pub(crate) fn submit(&mut self, plan: &Plan) {
        self.submit_as(plan.run.as_str(), plan);
    }

    pub(crate) fn say(&mut self, stream: u64, message: FromWorker) {
        let stream = StreamId(stream);
        self.step(Input::FromWorker { stream, message });
    }

    pub(crate) fn disconnect(&mut self, stream: u64) {
        let stream = StreamId(stream);
        self.step(Input::Disconnected { stream });
    }

    /// A worker says hello; its region is its name up to the dash.
    pub(crate) fn hello(
        &mut self,
        stream: u64,
        worker: &str,
        incarnation: impl Into<Incarnation>,
        open: &[(RunId, u64)],
    ) {
        let region = worker.split('-').next().unwrap_or_default();
        let open = open.iter().map(|(run, attempt)| OpenAttempt {
            run: run.clone(),
            attempt: AttemptId(*attempt),
            next_seq: 1,
            alive: true,
        });
        let hello = Hello {
            protocol: PROTOCOL,
            worker: WorkerId::from(worker),
            region: Region::from(region),
            slots: 2,
            incarnation: incarnation.into(),
            stamp: self.now,
            version: String::new(),
            open: open.collect(),
        };
        self.say(stream, FromWorker::Hello(hello));
    }

    /// A worker joins and its region's preflight is green.
    pub(crate) fn join(&mut self, stream: u64, worker: &str) {
        self.hello(stream, worker, 1, &[]);
        self.probed(stream, worker, true);
    }

    pub(crate) fn probed(&mut self, stream: u64, worker: &str, green: bool) {
        let region = Region::from(worker.split('-').next().unwrap_or_default());
        let asked: Vec<RunId> = self
            .sent(stream)
            .into_iter()
            .filter_map(|body| match body {
                ToWorkerBody::Probe { run, .. } => Some(run),
                _ => None,
            })
            .collect();
        for run in asked {
            let preflight = Preflight {
                green,
                probes: Vec::new(),
                fingerprint: "revision 1".to_owned(),
            };
            let region = region.clone();
            self.say(
                stream,
                FromWorker::Probed {
                    run,
                    region,
                    preflight,
                },
            );
        }
    }

    pub(crate) fn beat(&mut self, stream: u64) {
        let stamp = self.now;
        self.say(
            stream,
            FromWorker::Beat {
                stamp,
                idle_slots: 0,
            },
        );
    }

    /// The holder of an attempt delivers a result.
    pub(crate) fn deliver(
        &mut self,
        stream: u64,
        plan: &Plan,
        attempt: u64,
        seq: u64,
        result: CaseResult,
    ) {
        let session = self.session(plan, attempt);
        self.deliver_under(stream, plan, (attempt, session, seq), result, Vec::new());
    }

    pub(crate) fn deliver_under(
        &mut self,
        stream: u64,
        plan: &Plan,
        (attempt, session, seq): (u64, SessionId, u64),
        result: CaseResult,
        record: Vec<u8>,
    ) {
        let result = FromWorker::Result {
            run: plan.run.clone(),
            attempt: AttemptId(attempt),
            session,
            seq,
            result: Box::new(result),
            record,
        };
        self.say(stream, result);
        self.pass(1, &[]);
    }

    pub(crate) fn end(&mut self, stream: u64, plan: &Plan, attempt: u64, last_seq: u64) {
        let session = self.session(plan, attempt);
        let end = FromWorker::AttemptEnd {
            run: plan.run.clone(),
            attempt: AttemptId(attempt),
            session,
            last_seq,
            released: Vec::new(),
        };
        self.say(stream, end);
        self.pass(1, &[]);
    }

    /// Delivers a result for everything that is leased, until nothing is.
    pub(crate) fn work_off(&mut self, plan: &Plan, streams: &[(&str, u64)], outcome: Outcome) {
        while let Some((attempt, worker, cases)) = self.open(plan).first().cloned() {
            let stream = streams.iter().find(|(name, _)| *name == worker);
            let stream = stream.expect("a stream of the holder").1;
            let acked = self
                .run(plan)
                .attempt(AttemptId(attempt))
                .expect("it")
                .acked;
            let mut seq = acked;
            for case in cases {
                seq += 1;
                self.deliver(stream, plan, attempt, seq, result(&case, &worker, outcome));
            }
            self.end(stream, plan, attempt, seq);
        }
    }
}
