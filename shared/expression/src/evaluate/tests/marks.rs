//! Marks: what is computed from a secret is secret, and what stands beside one is not.

use super::*;

#[track_caller]
fn marks(source: &str) -> Marks {
    match run(source) {
        Ok(evaluated) => evaluated.value.marks(),
        Err(error) => panic!("{source}: {error}"),
    }
}

#[test]
fn what_is_computed_from_a_secret_is_secret() {
    for source in [
        "body.token",
        "body",
        "body.token + \"x\"",
        "size(body.token)",
        "body.token == \"x\"",
        "body.token.contains(\"x\")",
        "body.token.matches(\"x\")",
        "sha256(body.token)",
        "base64(\"user:\" + body.token)",
        "body.token.split(\"-\")[0]",
        "[body.token, \"x\"].map(t, t + \"y\")[0]",
        "join([\"a\", body.token])",
        "body.token.startsWith(\"s\") ? 1 : 2",
        "[\"a\"].exists(x, x == body.token)",
        "[\"a\"].all(x, x != body.token)",
        "body.token in [\"a\"]",
        "{\"a\": 1}[body.token.size() == 12 ? \"a\" : \"b\"]",
        "{body.token: 1}",
        "[1, 2][body.token.size() - 12]",
        "max([body.token, \"a\"])",
        "!(body.token == \"x\")",
        "status == 200 && body.token != \"\"",
        "[1, 2].filter(x, body.token != \"\")",
        "to_json(body)",
        "hmac_sha256(body.token, \"x\")",
        "string(body.token)",
        "body.token.substring(1)",
        "body.token.replace(\"s\", \"t\")",
        "lower(body.token)",
        "[body.token].distinct()[0]",
        "flatten([[body.token]])[0]",
        "[1].map(x, body.token)",
        "[body.token].filter(x, x != \"\")[0]",
    ] {
        assert!(marks(source).tainted, "{source}");
    }
}

#[test]
fn what_stands_beside_a_secret_is_not_secret() {
    for source in [
        "body.id",
        "body.messages",
        "body.size()",
        "has(body.token)",
        "\"token\" in body",
        "[body.token, \"open\"][1]",
        "[body.token, \"open\"].size()",
        "{\"a\": body.token, \"b\": 1}.b",
        "[body].map(b, b.id)[0]",
        "[body].filter(b, b.id == 7)[0].name",
        "[body.token, \"open\"].map(x, [x, 1])[1][0]",
        "zip([body.token], [1])[0][1]",
        "flatten([[body.token], [1]])[1]",
        "body.id == 7 ? \"a\" : body.token",
        "status == 200 || body.token == \"x\"",
    ] {
        assert!(!marks(source).tainted, "{source}");
    }
}

#[test]
fn what_is_computed_from_what_was_received_counts_as_received() {
    for source in [
        "status",
        "status == 200",
        "body.messages.size() > 2",
        "!has(body.absent)",
        "body.messages.all(m, m.id > 0)",
        "int(headers[\"retry-after\"]) > 0",
        "[status].map(s, s)[0]",
        "status == 200 ? 1 : 2",
        "sum(body.messages.map(m, m.id))",
    ] {
        assert!(marks(source).received, "{source}");
        assert!(
            run(source).is_ok_and(|evaluated| evaluated.read_received),
            "{source}"
        );
    }
    for source in [
        "vars.limit == 20",
        "vars.limit > 1 || status == 200",
        "range(vars.limit).size()",
    ] {
        assert!(!marks(source).received, "{source}");
        assert!(
            run(source).is_ok_and(|evaluated| !evaluated.read_received),
            "{source}"
        );
    }
}

#[test]
fn messages_never_show_a_secret() {
    for source in [
        "int(body.token)",
        "json(body.token)",
        "body[body.token]",
        "double(body.token)",
        "bool(body.token)",
        "{\"a\": 1}[body.token]",
        "body.token.x",
    ] {
        let error = run(source).expect_err(source);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("s3cret"), "{source}: {shown}");
    }
}
