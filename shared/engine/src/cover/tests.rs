//! Secrets of any length, wherever a name says that they are some.

use super::*;

fn covered(text: &str) -> String {
    let (names, hints, redactor) = parts();
    let cover = Cover {
        names: &names,
        hints: &hints,
        redactor: &redactor,
    };
    cover.text(text)
}

fn parts() -> (Names, Hints, Redactor) {
    (Names::default(), Hints::new(&[]), Redactor::new([7; 32]))
}

#[test]
fn a_short_value_under_a_secret_name_is_covered_in_every_notation() {
    for text in [
        r#"{"password":"pw1","id":5}"#,
        r#"{"a":[{"password":"pw1"}]}"#,
        r#"{"tokens":{"a":["pw1"]}}"#,
        r#"{"password":"pw1","password":"‹password:000000›"}"#,
        r#"{"p\u0061ssword":"pw1"}"#,
        r#"{"n":"{\"password\":\"pw1\"}"}"#,
        r#"{"n":"{\"n\":\"{\\\"password\\\":\\\"pw1\\\"}\"}"}"#,
        r#"{"n":"user=a&password=pw1"}"#,
        r#"{"password": "pw1"#,
        r#"{"password": pw1"#,
        r#"{"password": {"a": "pw1""#,
        r#"broken {\"password\":\"pw1\"} text"#,
        r#"broken {"password":"a\"pw1"} text"#,
        "data: {\"n\":1,\"password\":\"pw1\"}\n\ndata: {\"n\":2}\n",
        "{\"n\":1}\n{\"password\":\"pw1\"}\n",
        "password=pw1",
        "a=1&password=pw1&b=2",
        "a=1&p%61ssword=pw1",
        "user[password]=pw1",
        "user%5Bpassword%5D=pw1",
        "password: pw1\n",
        "<input name=password value=x token='pw1'>",
        "authorization: Bearer pw1",
        "set-cookie: sid=pw1; Path=/",
        "‹password:pw1› password=pw1",
    ] {
        let found = covered(text);
        assert!(!found.contains("pw1"), "{text} as {found}");
        assert!(found.contains('‹'), "{text} as {found}");
        assert_eq!(covered(&found), found, "a label is no secret");
    }
}

#[test]
fn what_stands_under_other_names_stays() {
    for text in [
        r#"{"id":"pw1","note": "no password here","n":1.50}"#,
        r#"{"token":"","secret":null}"#,
        "plain text about tokens and passwords",
        "a=1&b=2",
    ] {
        assert_eq!(covered(text), text);
    }
    let label = "‹password:3f9a12›";
    assert_eq!(covered(label), label);
    let found = covered(r#"{"b":1,"password":"pw1","a":"x"}"#);
    assert!(
        found.starts_with(r#"{"b":1,"password":"‹password:"#) && found.ends_with(r#"›","a":"x"}"#)
    );
}

#[test]
fn headers_and_cookies_are_covered_whole() {
    let (names, hints, redactor) = parts();
    let cover = Cover {
        names: &names,
        hints: &hints,
        redactor: &redactor,
    };
    let shown = cover.header("Authorization", "Bearer pw1");
    assert!(shown.starts_with("Bearer ‹Authorization:"), "{shown}");
    let shown = cover.header("cookie", "a=pw1; b=pw2");
    assert!(
        shown.starts_with("a=‹a:") && shown.contains("; b=‹b:"),
        "{shown}"
    );
    let shown = cover.header("set-cookie", "a=pw1; Path=/; HttpOnly");
    assert!(
        shown.starts_with("a=‹a:") && shown.ends_with("; Path=/; HttpOnly"),
        "{shown}"
    );
    assert!(!cover.header("x-auth-token", "pw 1").contains("pw"));
    assert_eq!(cover.header("x-other", "pw1"), "pw1");
    assert!(!cover.header("location", "/a?token=pw1").contains("pw1"));
}

#[test]
fn our_own_words_are_left_alone_unless_they_quote() {
    let (names, hints, redactor) = parts();
    let cover = Cover {
        names: &names,
        hints: &hints,
        redactor: &redactor,
    };
    for said in [
        "save token: missing",
        "body.password == \"x\": body.password: missing; body was null",
    ] {
        assert_eq!(cover.said(said), said);
    }
    for said in [
        "at http://a.test/b?x=1&password=pw1: refused",
        "`location: http://[/?password=pw1` is not an address",
        r#"body was {"password": "pw1"}"#,
    ] {
        assert!(!cover.said(said).contains("pw1"), "{}", cover.said(said));
    }
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_strange(text in "(password|token|\\\\|\"|'|:|=|\\{|\\}|\\[|‹|›|é|&|;| |\n|a){0,40}") {
        let _ = covered(&text);
        let (names, hints, redactor) = parts();
        let cover = Cover { names: &names, hints: &hints, redactor: &redactor };
        let _ = cover.said(&text);
        let _ = cover.header("cookie", &text);
    }
}
