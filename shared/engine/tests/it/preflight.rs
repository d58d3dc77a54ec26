//! What `requires` meets, with evidence, and what the environment says of itself.

use std::sync::Arc;

use domain::record::Preflight;
use engine::{Engine, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::support::{Target, config, environment, suite};

async fn preflight(target: &Target, requires: &str) -> Preflight {
    let suite = suite("steps:\n  - http: GET /health\n    as: nobody\n    status: 200\n")
        .replace("tests:\n", &format!("requires:\n{requires}tests:\n"));
    let engine = Engine::new(config(&environment(target), &suite)).unwrap();
    engine
        .preflight(Arc::new(OpenGate), CancellationToken::new())
        .await
}

#[tokio::test]
async fn a_platform_that_answers_is_green_and_has_a_fingerprint() {
    let target = Target::start().await;
    let green = preflight(
        &target,
        "  - http: GET /health\n    check:\n      - body.status == \"ok\"\n",
    )
    .await;
    assert!(green.green, "{green:?}");
    let probe = &green.probes[0];
    assert_eq!(
        (
            probe.suite.as_str(),
            probe.status,
            probe.attempts,
            probe.error.as_str()
        ),
        ("s", Some(200), 1, "")
    );
    assert_eq!(
        probe.url,
        format!("http://127.0.0.1:{}/health", target.port)
    );
    assert_eq!(probe.address, format!("127.0.0.1:{}", target.port));
    assert_eq!(green.fingerprint.len(), 64);
    let again = preflight(&target, "  - http: GET /health\n").await;
    assert_eq!(again.fingerprint, green.fingerprint);
}

#[tokio::test]
async fn a_platform_that_comes_late_is_tried_again_and_one_that_is_down_is_red() {
    let target = Target::start().await;
    let late = preflight(&target, "  - http: GET /flip/1\n").await;
    assert!(late.green && late.probes.len() == 2, "{late:?}");
    assert!(late.probes[0].error.starts_with("status: ") && late.probes[1].error.is_empty());
    assert_eq!(late.fingerprint, "");
    let red = preflight(&target, "  - http: GET /status/500\n").await;
    assert!(
        !red.green
            && red.probes.len() == 3
            && red.probes.iter().all(|probe| !probe.error.is_empty())
    );
    let port = crate::support::unused_port();
    let environment =
        crate::support::environment_with(port, &format!("  - \"127.0.0.1:{port}\"\n"), "");
    let suite = suite("steps:\n  - wait: 1ms\n")
        .replace("tests:\n", "requires:\n  - http: GET /health\ntests:\n");
    let engine = Engine::new(config(&environment, &suite)).unwrap();
    let down = engine
        .preflight(Arc::new(OpenGate), CancellationToken::new())
        .await;
    assert!(
        !down.green
            && down
                .probes
                .iter()
                .all(|probe| probe.error.starts_with("refused: ")),
        "{down:?}"
    );
}

#[tokio::test]
async fn replicas_of_one_deployment_have_one_fingerprint() {
    let (one, other) = (Target::start().await, Target::start().await);
    let requires = "  - http: GET /health\n    check:\n      - body.instance.size() > 0\n";
    let (one, other) = (
        preflight(&one, requires).await,
        preflight(&other, requires).await,
    );
    assert!(one.green && other.green && one.fingerprint.len() == 64);
    assert_eq!(one.fingerprint, other.fingerprint);
}
