//! Clients: they submit and cancel, and ask again until they are answered.

use accounting::coordinator::{Answer, Blob, ClientId, Input, Request};

use domain::queue::Priority;

use crate::oracle::{Broken, Invariant};
use crate::planned;
use crate::world::{Happening, SECOND, World};

/// Asks until it is answered.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) request: Request,
    pub(crate) is_answered: bool,
}

impl World {
    pub(super) fn add_run(&mut self, number: u64) {
        let plan = planned::plan(&mut self.chance, number, &self.shape);
        let priorities = [Priority::LOW, Priority::NORMAL, Priority::HIGH];
        let priority = self.chance.pick(&priorities).unwrap_or_default();
        let exclusive = self.chance.percent(25);
        let bytes = wire::plan::encode(&plan);
        let blob = |bytes: Vec<u8>| Blob {
            digest: accounting::digest::of(&bytes),
            bytes,
        };
        let submit = Request::Submit {
            client_request_id: format!("request-{number}"),
            priority,
            exclusive,
            plan: Box::new(plan.clone()),
            plan_blob: blob(bytes),
            bundle_blob: blob(planned::BUNDLE.to_vec()),
        };
        self.oracle.planned(plan.clone(), exclusive, priority);
        let run = plan.run.clone();
        self.plans.insert(run.clone(), plan);
        let at = self.chance.within(0..3 * SECOND);
        self.add_client(at, submit);
        if self.chance.percent(10) {
            let at = self.chance.within(5 * SECOND..60 * SECOND);
            let why = "enough".to_owned();
            self.add_client(at, Request::Cancel { run, why });
        }
    }

    fn add_client(&mut self, at: u64, request: Request) {
        self.clients.push(Client {
            request,
            is_answered: false,
        });
        let client = self.clients.len() - 1;
        self.schedule(at, Happening::Ask { client });
    }

    /// A client speaks to the newest leader, and again when no answer comes.
    pub(super) fn ask(&mut self, client: usize) {
        if self.clients[client].is_answered {
            return;
        }
        let node = self.nodes.len().saturating_sub(1);
        if self
            .nodes
            .get(node)
            .is_some_and(|node| node.machine.is_some())
        {
            let at = self.now + self.delay();
            let request = self.clients[client].request.clone();
            let client = ClientId(client as u64);
            let input = Input::FromClient { client, request };
            self.schedule(at, Happening::ToNode { node, input });
        }
        self.schedule(self.now + 3 * SECOND, Happening::Ask { client });
    }

    pub(crate) fn answered(&mut self, client: ClientId, answer: &Answer) -> Result<(), Broken> {
        let place = usize::try_from(client.0).unwrap_or_default();
        let request = &self.clients[place].request;
        self.oracle.answered(request, answer)?;
        match (answer, request) {
            (Answer::Submitted { .. } | Answer::Cancelling { .. }, _) => {
                if self.clients[place].is_answered {
                    self.count("request repeated and answered alike");
                }
                self.clients[place].is_answered = true;
                Ok(())
            }
            // The run to cancel may not be submitted yet, and a leader may lead no more.
            (Answer::Refused { why }, Request::Submit { .. }) if !why.contains("lead") => {
                let what = format!("a good plan is refused: {why}");
                Err(Invariant::EndsInTime.broken(what))
            }
            _ => Ok(()),
        }
    }
}
