//! What a worker tells an orchestrator of itself: ready while a coordinator counts on it.
//!
//! Answered on the runtime that holds the leases: where that does not turn, nothing is answered. A
//! worker without a coordinator lives, keeps its results and dials; killing it would help nobody.

use async_trait::async_trait;
use health::{Answer, Health};
use tokio::sync::watch;

/// Where a worker stands with its coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It dials, or waits to be welcomed.
    Apart,
    Welcome,
    /// It finishes what it has, and takes nothing more.
    Leaving,
}

/// Where the loop says how it stands.
#[derive(Debug)]
pub(crate) struct Teller(watch::Sender<Standing>);

/// Who answers the probes.
#[derive(Debug)]
pub(crate) struct Probes(watch::Receiver<Standing>);

pub(crate) fn make() -> (Teller, Probes) {
    let (teller, probes) = watch::channel(Standing::Apart);
    (Teller(teller), Probes(probes))
}

impl Teller {
    /// Who leaves does not come back.
    pub(crate) fn tell(&self, standing: Standing) {
        self.0.send_if_modified(|held| {
            let is_news = *held != Standing::Leaving && *held != standing;
            if is_news {
                *held = standing;
            }
            is_news
        });
    }
}

#[async_trait]
impl Health for Probes {
    async fn live(&self) -> Answer {
        Answer::yes("holds its leases")
    }

    async fn ready(&self) -> Answer {
        match *self.0.borrow() {
            Standing::Apart => Answer::no("no coordinator has welcomed it"),
            Standing::Welcome => Answer::yes("is welcome"),
            Standing::Leaving => Answer::no("leaves: it takes no new lease"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_is_ready_from_its_welcome_until_it_leaves() {
        let (teller, probes) = make();
        assert!(!probes.ready().await.is_yes);
        teller.tell(Standing::Welcome);
        assert!(probes.ready().await.is_yes);
        teller.tell(Standing::Apart);
        assert!(!probes.ready().await.is_yes);
        teller.tell(Standing::Leaving);
        teller.tell(Standing::Welcome);
        let ready = probes.ready().await;
        assert_eq!(ready, Answer::no("leaves: it takes no new lease"));
        assert!(probes.live().await.is_yes);
    }
}
