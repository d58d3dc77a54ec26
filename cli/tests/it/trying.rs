//! `muster try`: what is sent, what is shown, how it ends, and that nothing is counted.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::muster::{Muster, Said};
use crate::platform::Target;

const SUITE: &str = r#"muster: v1
suite: tried
priority: P1
tests:
  - id: thread_is_kept
    steps:
      - http: POST /api/threads
        json:
          title: "tried ${test.nonce}"
        status: 201
        save:
          thread: body.id
      - http: GET /api/threads/${thread}
        check:
          - body.title == "tried " + test.nonce
          - body.message_count == 7
  - id: rows_differ
    rows:
      good: { want: healthy }
      bad: { want: perfect }
    steps:
      - http: GET /health
        as: nobody
        check:
          - body.status == row.want
  - id: waits
    steps:
      - http: GET /health
        as: nobody
        status: 200
      - wait: 50s
"#;

/// The second answer tells that the first one's title holds a secret.
const LATE: &str = r#"muster: v1
suite: late
priority: P1
tests:
  - id: late
    steps:
      - http: POST /api/threads
        json:
          title: "x late-0815-4711"
        status: 201
        check:
          - body.title.startsWith("x ")
      - http: POST /api/threads
        json:
          title: other
          metadata:
            late_token: "late-0815-4711"
        status: 201
        check:
          - body.metadata.late_token != ""
"#;

fn trying(target: &Target, words: &[&str]) -> Said {
    let muster = Muster::new();
    muster.write("suites/tried.yaml", SUITE);
    let words = [&["try"], words, &["--env", &target.environment]].concat();
    let said = muster.call(&words);
    assert!(
        !muster.path(".muster/runs").exists(),
        "a try makes no run: {}",
        said.all()
    );
    assert!(!said.all().contains('\u{1b}'), "a pipe gets plain text");
    said
}

fn holds(said: &Said, words: &[&str]) {
    for words in words {
        assert!(said.stdout.contains(words), "{words}: {}", said.all());
    }
}

#[test]
fn a_request_shows_its_exchange_and_checks_and_counts_nothing() {
    let target = Target::start(&[]);
    let said = trying(
        &target,
        &["GET", "/health", "--check", "body.status == \"healthy\""],
    );
    assert_eq!(said.code, 0, "{}", said.all());
    holds(
        &said,
        &[
            "GET https://",
            "→ 200",
            "✓ body.status == \"healthy\"",
            "actual",
            "passed",
        ],
    );
    assert!(said.stderr.contains("counted nowhere"), "{}", said.stderr);
    let bare = trying(&target, &["get", "/health"]);
    assert_eq!(bare.code, 0, "{}", bare.all());
    holds(&bare, &["answered"]);
    let wrong = trying(&target, &["GET", "/api/threads"]);
    assert_eq!(wrong.code, 100, "{}", wrong.all());
    holds(&wrong, &["→ 403", "failed: status"]);
    let expected = trying(
        &target,
        &["GET", "/api/threads", "--status", "401,403", "--curl"],
    );
    assert_eq!(expected.code, 0, "{}", expected.all());
    holds(&expected, &["curl -i -X 'GET'", "passed"]);
}

#[test]
fn a_request_of_a_user_shows_no_secret() {
    let target = Target::start(&[]);
    let words = [
        "POST",
        "/api/threads",
        "--as",
        "user",
        "--json",
        r#"{"title": "x: ${test.nonce}", "metadata": {"list": [1, null]}}"#,
        "--status",
        "201",
        "-H",
        "x-one: a # b",
        "--check",
        "body.title.startsWith(\"x: \")",
    ];
    let said = trying(&target, &words);
    assert_eq!(said.code, 0, "{}", said.all());
    holds(&said, &["→ 201", "x-one: a # b", "authorization: Bearer ‹"]);
    assert!(
        !said.stdout.contains("/auth/login"),
        "its login is not what is looked at: {}",
        said.stdout
    );
    let other = trying(&target, &["GET", "auth:/auth/me", "--as", "member"]);
    assert_eq!(other.code, 0, "{}", other.all());
}

#[test]
fn what_makes_no_request_is_said_before_anything_is_sent() {
    let target = Target::start(&[]);
    for (words, code, part) in [
        (
            &["GET", "/x", "--as", "ghost"][..],
            2,
            "no users of class `ghost`",
        ),
        (&["GET", "/x", "--json", "{"], 2, "not JSON"),
        (&["GET", "/x", "-H", "nothing"], 2, "NAME:VALUE"),
        (&["GET", "/x", "--service", "apo"], 104, "apo"),
        (
            &["GET", "/x", "--check", "body.a =="],
            104,
            "your-request.yaml",
        ),
        (&["GET"], 2, "there is no test `GET`"),
        (&["GET", "https://203.0.113.7/"], 104, "your-request.yaml"),
        (&["thread_is_kpet"], 2, "did you mean `thread_is_kept`?"),
        (&["s"], 2, "fits 3 tests"),
        (&["rows_differ", "--json", "1"], 2, "taken for a test"),
    ] {
        let said = trying(&target, words);
        assert_eq!(said.code, code, "{words:?}: {}", said.all());
        assert!(said.all().contains(part), "{words:?}: {}", said.all());
    }
}

#[test]
fn a_test_is_shown_step_by_step_with_what_it_saved() {
    let target = Target::start(&[]);
    let said = trying(&target, &["thread_is_kept"]);
    assert_eq!(said.code, 100, "{}", said.all());
    holds(
        &said,
        &[
            "/auth/login",
            "POST https://",
            "thread = ",
            "✓ body.title",
            "✗ body.message_count == 7",
            "actual",
            "failed: check_failed",
        ],
    );
    assert_eq!(
        said.stdout.matches("✗ body.message_count == 7").count(),
        1,
        "told once: {}",
        said.stdout
    );
    assert!(
        !said.stdout.contains("\"password\": \"") || said.stdout.contains('‹'),
        "{}",
        said.stdout
    );
}

#[test]
fn rows_are_tried_one_after_another_or_one_alone() {
    let target = Target::start(&[]);
    let both = trying(&target, &["rows_differ"]);
    assert_eq!(both.code, 100, "{}", both.all());
    holds(
        &both,
        &["✓ body.status == row.want", "✗ body.status == row.want"],
    );
    let one = trying(&target, &["rows_differ[good]", "suites/tried.yaml"]);
    assert_eq!(one.code, 0, "{}", one.all());
}

#[test]
fn what_a_later_answer_tells_to_be_secret_is_in_no_file() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/late.yaml", LATE);
    let said = muster.call(&["try", "late", "--env", &target.environment]);
    assert_eq!(said.code, 0, "{}", said.all());
    let first = said.stdout.find("✓ body.title.startsWith");
    let second = said.stdout.find("✓ body.metadata.late_token");
    assert!(
        first.is_some() && first < second,
        "in order: {}",
        said.all()
    );
    assert!(!said.all().contains("late-0815-4711"), "{}", said.all());
}

#[test]
fn ctrl_c_ends_it_well() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/tried.yaml", SUITE);
    let mut child = muster
        .command()
        .args(["try", "waits", "--env", &target.environment])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("muster starts");
    let mut begun = String::new();
    let mut words = BufReader::new(child.stderr.take().expect("its words"));
    while !begun.contains("trying ") {
        let read = words.read_line(&mut begun).expect("a line");
        assert_ne!(read, 0, "it ended: {begun}");
    }
    let id = i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .expect("a process");
    kill_process(id, Signal::INT).expect("the signal is sent");
    let ended = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(105), "{said}");
    assert!(said.contains("cancelled"), "{said}");
}

#[test]
fn an_unknown_authority_is_told_with_the_key_and_the_file_that_name_it() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    let environment = std::fs::read_to_string(&target.environment).expect("a file");
    let (_, address) = environment.split_once("https://").expect("an address");
    let end = address.find(|letter: char| !letter.is_ascii_digit() && !".:".contains(letter));
    let address = &address[..end.expect("its end")];
    muster.write(
        "bare.yaml",
        &format!("muster: v1\nenvironment: bare\nservices: {{ api: \"https://{address}\" }}\nallow: [\"{address}\"]\n"),
    );
    let said = muster.call(&["try", "GET", "/health", "--env", "bare.yaml"]);
    assert_eq!(said.code, 100, "{}", said.all());
    assert!(
        said.stdout.contains("`tls: ca:` in bare.yaml"),
        "{}",
        said.all()
    );
}
