//! What is secret never reaches a record or a result, in no form it may take.

use base64::Engine as _;
use domain::Outcome;

use crate::support::{Target, assert_ended, run};

/// All forms in which a secret may travel.
fn forms(secret: &str) -> Vec<String> {
    let standard = base64::engine::general_purpose::STANDARD_NO_PAD.encode(secret);
    let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(secret);
    let escaped = serde_json::to_string(secret)
        .unwrap()
        .trim_matches('"')
        .to_owned();
    let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.to_owned(),
        standard,
        url,
        escaped,
        encoded,
        hex::encode(secret),
    ]
}

#[tokio::test]
async fn a_received_token_is_nowhere_in_record_and_result() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: POST /echo
    query: { t: "${user.token}" }
    headers:
      x-copy: "${user.token}"
      x-basic: "${base64(user.token)}"
    json:
      note: "it is ${user.token}"
      encoded: "${hex(user.token)}"
    save:
      copied: body.json.note
      session_token: body.headers["x-copy"]
    check:
      - body.method == "POST"
  - websocket: /ws
  - send: socket
    json:
      type: ping
      nonce: "${user.token}"
  - receive: socket
    check:
      - message.token == user.token
  - http: GET /echo
    soft: true
    check:
      - body.headers.authorization == "Bearer nobody"
      - user.token == "tok"
  - http: GET /status/404
    check:
      - body.error == user.token
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Failed, "check_failed: ");
    let kept = format!("{:?} {:?}", ended.result, ended.record);
    let token = format!("tok-0-{}", "Zx+/9\"q".repeat(6));
    for form in forms(&token).into_iter().chain(forms("cookie-0-abcdef")) {
        assert!(!kept.contains(&form), "{form} in {kept}");
        assert!(
            !kept.contains(&format!("{form:?}").trim_matches('"').to_owned()),
            "{form:?} as Debug in {kept}"
        );
    }
    let sent = target.seen("POST /echo")[0].clone();
    assert!(
        sent.headers["x-copy"] == token && sent.body.contains("it is tok-0-"),
        "what is sent is the secret itself"
    );
    assert!(
        kept.contains("‹token:") || kept.contains("‹access_token:"),
        "{kept}"
    );
    let password: serde_json::Value =
        serde_json::from_str(&target.seen("POST /accounts")[0].body).unwrap();
    assert!(!kept.contains(password["password"].as_str().unwrap()));
}
