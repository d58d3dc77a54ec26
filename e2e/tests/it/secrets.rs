//! A token received in a login is in no byte that a run wrote or printed, however it is escaped.

use std::path::Path;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use e2e::Muster;
use e2e::answering::{self, Answer};

/// Characters that JSON, URLs and base64 each write differently.
const TOKEN: &str = "canary/7f3a+Q9\"w\\z=k2&m4%Xp8vL";
const REFRESH: &str = "refresh-canary-51b0c6e2d94f7a38";

const ENVIRONMENT: &str = r#"muster: v1
environment: canary
services: { api: "http://ADDRESS" }
allow:
  - "ADDRESS"
regions: [here]
users:
  member:
    login:
      - http: POST /login
        json: { name: member }
        save:
          token: body.access_token
          refresh: body.refresh_token
    attach:
      headers: { authorization: "Bearer ${base64(user.token)}", x-hex: "${hex(user.token)}" }
"#;

/// Checks that fail over the token itself and over what is made of it, in a body that echoes it.
const SUITE: &str = r#"muster: v1
suite: telltale
priority: P1
tests:
  - id: tells_its_token
    steps:
      - http: POST /echo?again=${user.token}
        json: { note: "${user.token}", nested: ["${user.refresh}"] }
        save:
          copy: body.echoed
        check:
          - user.token == "nothing like it"
          - base64(user.token) == "nor this"
          - hex(user.token) == "nor that"
          - body.echoed == "nor its echo"
          - 'body.echoed.contains("nowhere")'
"#;

#[test]
fn tokens_never_reach_a_file_or_the_terminal() -> Result<()> {
    let address = answering::serve(answer)?;
    let muster = Muster::new()?;
    muster.write("canary.yaml", &ENVIRONMENT.replace("ADDRESS", &address))?;
    muster.write("suites/telltale.yaml", SUITE)?;
    let run = [
        "run",
        "suites",
        "--env",
        "canary.yaml",
        "--out",
        "out",
        "--trace",
    ];
    let said = muster.call(run)?;
    assert_eq!(said.code, 100, "{}", said.all());
    let shown = muster.call(["show", "tells_its_token"])?;
    let curl = muster.call(["show", "tells_its_token", "--curl"])?;
    assert!(
        shown.all().contains('‹'),
        "the failed check shows a digest: {}",
        shown.all()
    );

    let terminal = [said.all(), shown.all(), curl.all()].join("\n");
    assert_clean("the terminal", terminal.as_bytes());
    let files = files(muster.dir.path())?;
    assert!(
        files.len() > 4,
        "the run wrote its log and its reports: {files:?}"
    );
    for file in files {
        assert_clean(&file, &std::fs::read(&file)?);
    }
    Ok(())
}

fn assert_clean(place: &str, bytes: &[u8]) {
    for secret in [TOKEN, REFRESH] {
        for (form, needle) in forms(secret) {
            let found = bytes
                .windows(needle.len())
                .any(|window| window == needle.as_bytes());
            assert!(!found, "{place} holds a token, {form}: {needle}");
        }
    }
}

/// The secret raw and as base64 (each alignment), URL, JSON and hexadecimal write it.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let quoted = serde_json::Value::from(secret).to_string();
    let url = |keep: &str| -> String {
        let keeps = |byte: u8| byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte);
        secret
            .bytes()
            .map(|byte| {
                if keeps(byte) {
                    char::from(byte).into()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    let mut forms = vec![
        ("raw", secret.to_owned()),
        ("json", quoted.trim_matches('"').to_owned()),
        ("url", url("-._~")),
        ("url with slashes", url("-._~/")),
        (
            "hex",
            secret.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ),
    ];
    for skip in 0..3 {
        // What depends on the neighbours of the secret is cut off at both ends.
        let middle = &secret.as_bytes()[skip..];
        let whole = &middle[..middle.len() / 3 * 3];
        forms.push(("base64", STANDARD_NO_PAD.encode(whole)));
        forms.push(("base64url", URL_SAFE_NO_PAD.encode(whole)));
    }
    forms
}

fn files(dir: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path.to_string_lossy().into_owned());
        }
    }
    Ok(found)
}

/// The login's tokens, or the token echoed in body and header.
fn answer(request: &str) -> Answer {
    let body = if request.contains("/login") {
        serde_json::json!({ "access_token": TOKEN, "refresh_token": REFRESH })
    } else {
        serde_json::json!({ "echoed": format!("you said {TOKEN}"), "ok": false })
    };
    let headers = [
        ("content-type", "application/json"),
        ("set-cookie", &format!("sid={REFRESH}")),
    ];
    Answer {
        status: "200 OK".to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        body: body.to_string(),
    }
}
