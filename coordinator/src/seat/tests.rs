//! Who asks while nobody leads waits a moment, and is told of whoever leads then.

use std::sync::Mutex;

use async_trait::async_trait;
use coordination::{Error, Tenure};

use super::*;

/// Says who leads, as it was told last.
#[derive(Debug, Default)]
struct Told(Mutex<Option<Leader>>);

#[async_trait]
impl Elector for Told {
    async fn campaign(&self, _me: &Leader) -> Result<Box<dyn Tenure>, Error> {
        std::future::pending().await
    }

    async fn leader(&self) -> Result<Option<Leader>, Error> {
        Ok(self.0.lock().unwrap().clone())
    }
}

fn leader(name: &str) -> Leader {
    Leader {
        name: name.to_owned(),
        address: format!("{name}:7400"),
    }
}

fn standing_by(told: &Arc<Told>) -> (Taker, Seat) {
    let (taker, seat) = waiting(told.clone());
    taker.stand_by(told.clone(), "me");
    (taker, seat)
}

#[tokio::test(start_paused = true)]
async fn who_asks_while_nobody_leads_hears_of_the_next_leader() {
    let told = Arc::new(Told::default());
    let (_taker, seat) = standing_by(&told);
    let mut asked = Box::pin(seat.handle());
    let early = tokio::time::timeout(VACANCY / 2, &mut asked).await;
    assert!(early.is_err(), "nobody is known yet");
    *told.0.lock().unwrap() = Some(leader("another"));
    let elsewhere = asked.await.map(|_| ()).unwrap_err();
    assert_eq!(elsewhere.leader.as_deref(), Some("another:7400"));
}

#[tokio::test(start_paused = true)]
async fn nobody_is_sent_to_the_one_that_he_asks() {
    let told = Arc::new(Told(Mutex::new(Some(leader("me")))));
    let (_taker, seat) = standing_by(&told);
    let elsewhere = seat.handle().await.map(|_| ()).unwrap_err();
    assert_eq!(elsewhere.leader, None, "elected, and not leading for long");
}

#[tokio::test(start_paused = true)]
async fn a_vacancy_that_lasts_is_said() {
    let told = Arc::new(Told::default());
    let (_taker, seat) = standing_by(&told);
    let elsewhere = seat.handle().await.map(|_| ()).unwrap_err();
    assert_eq!(elsewhere.leader, None);
}
