//! What a coordinator tells an orchestrator of itself.
//!
//! A standby is ready: it shows everybody the way to the leader, and takes over. One that waits for
//! etcd or the store to answer at its start lives and is not ready. Whoever should
//! reach the leader alone asks `/leadz`. What others do wrong, as an etcd that is away, is no reason
//! to kill a coordinator.

use std::time::Duration;

use async_trait::async_trait;
use health::{Answer, Health};
use lifecycle::Stop;

use crate::seat::{Seat, Standing};
use crate::shell::Handle;

/// Far longer than the loop needs for a turn, or etcd for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

const LEADS: Answer = Answer::yes("leads");
const STANDS_BY: &str = "stands by";
const ENDS: &str = "is asked to end";
const STUCK: Answer = Answer::no("leads, and its loop does not turn");
const WAITS: Answer = Answer::no("waits for etcd or the store to answer");
const BLIND: Answer = Answer::no("stands by, and etcd does not answer");

/// Who answers the probes.
#[derive(Debug)]
pub(crate) struct Probes {
    pub(crate) seat: Seat,
    pub(crate) stop: Stop,
}

impl Probes {
    async fn standing(&self) -> Standing {
        let asked = tokio::time::timeout(PATIENCE, self.seat.standing()).await;
        asked.unwrap_or(Standing::Blind)
    }
}

#[async_trait]
impl Health for Probes {
    async fn live(&self) -> Answer {
        if self.stop.is_cancelled() {
            // How long that may take is the orchestrator's to say.
            return Answer::yes(ENDS);
        }
        match self.seat.leading() {
            Some(handle) => turns(&handle).await,
            None => Answer::yes(STANDS_BY),
        }
    }

    async fn ready(&self) -> Answer {
        if self.stop.is_cancelled() {
            return Answer::no(ENDS);
        }
        match self.standing().await {
            Standing::Leads(handle) => turns(&handle).await,
            Standing::StandsBy => Answer::yes(STANDS_BY),
            Standing::Waits => WAITS,
            Standing::Blind => BLIND,
        }
    }

    async fn leads(&self) -> Option<Answer> {
        let leading = self.seat.leading().filter(|_| !self.stop.is_cancelled());
        Some(match leading {
            Some(handle) => turns(&handle).await,
            None => Answer::no(STANDS_BY),
        })
    }
}

/// A loop that has ended takes its process with it, which needs no help.
async fn turns(handle: &Handle) -> Answer {
    match tokio::time::timeout(PATIENCE, handle.connected()).await {
        Ok(Ok(_)) => LEADS,
        Ok(Err(_)) => Answer::yes(ENDS),
        Err(_) => STUCK,
    }
}
