//! Secrets that an environment refers to: read where the engine is made, and never shown.

use std::path::Path;
use std::sync::Arc;

use domain::Outcome;
use engine::{Ended, Engine, EngineError, OpenGate};
use tokio_util::sync::CancellationToken;

use crate::support::{Target, assert_ended, config, environment, job, suite};

const BODY: &str = r#"
steps:
  - http: POST /echo
    as: nobody
    headers: { x-key: "${env.secrets.key}" }
    json: { note: "${env.tokens.old}" }
    check:
      - body.headers["x-key"] == env.secrets.key
      - body.json.note == "nothing"
"#;

/// A folder of this test's own, which goes when it does.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("muster-references-{name}-{}", std::process::id()));
        std::fs::create_dir_all(path.join("inner")).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn engine(target: &Target, folder: Option<&Path>, key: &str) -> Result<Engine, EngineError> {
    let references = format!("secrets:\n  key: {key}\ntokens:\n  old: {{ file: old }}\nregions:");
    let environment = environment(target).replace("regions:", &references);
    let mut config = config(&environment, &suite(BODY));
    config.secrets = folder.map(Path::to_owned);
    Engine::new(config)
}

async fn run(engine: &Engine) -> Ended {
    engine
        .run_case(job(None), Arc::new(OpenGate), CancellationToken::new())
        .await
}

#[tokio::test]
async fn a_secret_is_read_from_the_workers_folder_sent_and_never_shown() {
    let (target, folder) = (Target::start().await, Folder::new("read"));
    std::fs::write(folder.0.join("inner/key"), "the key of the lab\n").unwrap();
    std::fs::write(folder.0.join("old"), "an-old-token-of-the-lab").unwrap();
    let engine = engine(&target, Some(&folder.0), "{ file: inner/key }").unwrap();
    let ended = run(&engine).await;
    assert_ended(&ended, Outcome::Failed, "check_failed: body.json.note");
    let sent = target.seen("POST /echo")[0].clone();
    assert_eq!(sent.headers["x-key"], "the key of the lab");
    assert!(sent.body.contains("an-old-token-of-the-lab"));
    let kept = format!("{:?} {:?}", ended.result, ended.record);
    for secret in ["the key of the lab", "an-old-token-of-the-lab"] {
        assert!(!kept.contains(secret), "{kept}");
    }
    assert!(ended.record.tries[0].checks[0].held);
}

#[tokio::test]
async fn a_secret_that_is_not_there_or_lies_outside_makes_no_engine() {
    let (target, folder) = (Target::start().await, Folder::new("outside"));
    std::fs::write(folder.0.join("old"), "old").unwrap();
    std::fs::write(folder.0.join("inner/empty"), "\n").unwrap();
    let inner = folder.0.join("inner");
    std::fs::write(inner.join("old"), "old-token").unwrap();
    std::fs::write(inner.join("short"), "k3y").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../old", inner.join("link")).unwrap();
    for (key, why) in [
        ("{ file: missing }", "`--secrets DIR`"),
        ("{ file: empty }", "it is empty"),
        ("{ file: short }", "it has 3 bytes"),
        ("{ file: link }", "leads out of"),
        (
            "{ env: MUSTER_TEST_NO_SUCH_VARIABLE }",
            "`MUSTER_TEST_NO_SUCH_VARIABLE` can't be read",
        ),
    ] {
        let error = engine(&target, Some(&inner), key).unwrap_err().to_string();
        assert!(
            error.contains("`key` (env.yaml:") && error.contains(why),
            "{error}"
        );
    }
}
