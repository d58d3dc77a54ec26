//! The limit: exactly so many, then none, then again.

use std::time::Duration;

use staging::Config;

use crate::lab::{Lab, soon};

#[tokio::test]
async fn exactly_the_limit_passes_and_it_recovers_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path().join("data"));
    config.limit = 3;
    config.limit_window = Duration::from_millis(1500);
    let lab = Lab::with(config, dir).await;
    let (alice, bob) = (lab.user("alice").await, lab.user("bob").await);
    let mut remaining = Vec::new();
    for _ in 0..3 {
        let hit = lab.get("/api/limited", Some(&alice)).await;
        assert_eq!(hit.status, 200);
        remaining.push(
            hit.headers["x-ratelimit-remaining"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(remaining, ["2", "1", "0"]);
    let refused = lab.get("/api/limited", Some(&alice)).await;
    assert_eq!(
        (refused.status, &refused.headers["x-ratelimit-limit"]),
        (429, &"3".parse().unwrap())
    );
    let wait: u64 = refused.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(lab.get("/api/limited", Some(&bob)).await.status, 200);
    let again = async {
        while lab.get("/api/limited", Some(&alice)).await.status == 429 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    soon("the next window", again).await;
    lab.finish().await;
}
