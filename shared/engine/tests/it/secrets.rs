//! What is secret never reaches a record or a result, in no form it may take.

use base64::Engine as _;
use domain::Outcome;

use crate::support::{Target, assert_ended, environment_with, run, run_in};

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

#[tokio::test]
async fn a_short_secret_under_a_secret_name_is_nowhere_in_record_and_result() {
    let target = Target::start().await;
    let ended = run(
        &target,
        r#"
steps:
  - http: POST /echo
    query: { api_token: q1w2e, page: two }
    headers:
      x-auth-token: xt0k3
      cookie: "sid=c00k; lang=l4ng"
      x-note: "see /login?token=n0te5&page=3"
    json:
      password: hunter2
      pin_token: 493817
      old_tokens: [t1st, { a: t2nd }]
      empty_token: ""
      note: '{"password":"hunter2","said":"hello"}'
      depth: { "passw\u006frd": "hunter2" }
    save:
      kept: text
      echoed: body.json.note
    check:
      - body.json.note.contains("hello")
  - http: GET /echo
    soft: true
    query: { "p%61ssword": hunter2 }
    check:
      - body.headers.host == text
  - http: POST /echo
    form: { otp_token: "493817", user: ann, password: hunter2 }
    soft: true
    check:
      - text == "otp"
  - http: POST /echo
    text: |
      data: {"password":"hunter2","n":1}

      password=hunter2&x=1
      broken {"otp_token": 493817, "password": "hunter2
    soft: true
    check:
      - body.text == "x"
  - http: GET /redirect?to=http://[/?password=hunter2
    as: nobody
    follow_redirects: true
    soft: true
  - websocket: /ws
  - send: socket
    json: { type: ping, nonce: '{"otp_token":"493817"}', password: hunter2 }
  - receive: socket
    check:
      - message.nonce == "x"
"#,
    )
    .await;
    assert_ended(&ended, Outcome::Failed, "check_failed: ");
    assert!(
        target.seen("POST /echo?")[0].body.contains("hunter2"),
        "what is sent is the secret itself"
    );
    let last = &ended.record.tries[0];
    let kept = format!("{:?} {last:?}", ended.result);
    for secret in [
        "hunter2", "493817", "q1w2e", "xt0k3", "c00k", "l4ng", "n0te5", "t1st", "t2nd",
    ] {
        let at = kept
            .find(secret)
            .map(|at| kept[..at].chars().rev().take(300).collect::<String>());
        let before = at.map(|before| before.chars().rev().collect::<String>());
        assert_eq!(before, None, "{secret}");
    }
    let first = last
        .exchanges
        .iter()
        .find(|exchange| exchange.url.contains("page=two"))
        .unwrap();
    for shown in ["\"said\":\"hello\"", "\"empty_token\":\"\""] {
        let found = first.request_body.text.replace("\\\"", "\"");
        assert!(found.contains(shown), "{shown} in {found}");
    }
    assert!(
        first
            .request_body
            .text
            .contains("\"password\":\"‹password:"),
        "{first:?}"
    );
}

#[tokio::test]
async fn what_belongs_to_one_origin_is_left_behind_by_a_redirect_to_another() {
    let (target, other) = (Target::start().await, Target::start().await);
    let allow = format!(
        "  - \"127.0.0.1:{}\"\n  - \"127.0.0.1:{}\"\n",
        target.port, other.port
    );
    let environment = environment_with(target.port, &allow, "").replace(
        "        authorization:",
        "        x-member: ann\n        authorization:",
    );
    let to = format!("http://127.0.0.1:{}", other.port);
    let headers = "    headers:\n      x-auth-token: abc\n      x-copy: \"is ${user.token}\"\n      x-plain: plain\n";
    let get = format!(
        "steps:\n  - http: GET /redirect?to={to}/health\n    follow_redirects: true\n    status: 200\n{headers}"
    );
    assert_ended(&run_in(&environment, &get).await, Outcome::Passed, "");
    let arrived = other.seen("GET /health")[0].headers.clone();
    assert_eq!(arrived.get("x-plain").map(String::as_str), Some("plain"));
    for name in ["x-auth-token", "x-copy", "x-member", "authorization"] {
        assert_eq!(arrived.get(name), None, "{name}");
    }
    for (method, status) in [("POST", 307), ("POST", 308), ("PUT", 302), ("PATCH", 301)] {
        let body = format!(
            "steps:\n  - http: {method} /redirect/{status}?to={to}/echo\n    follow_redirects: true\n    json: {{ note: hello }}\n    status: 200\n"
        );
        let ended = run_in(&environment, &body).await;
        assert_ended(&ended, Outcome::Failed, "redirect: ");
        assert!(
            ended.result.reason.contains("another origin"),
            "{}",
            ended.result.reason
        );
        assert_eq!(other.seen(&format!("{method} /echo")).len(), 0);
        let home = body.replace(&to, "");
        assert_ended(&run_in(&environment, &home).await, Outcome::Passed, "");
    }
}
