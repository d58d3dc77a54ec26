//! The inventory: what came, went or changed is told, whatever else the run says.

use domain::plan::DeclaredSkip;
use suite::lock::{Difference, Lock};

use crate::load;

const SUITE: &str = "muster: v1\nsuite: s\npriority: P1\ntests:
  - id: one
    steps:
      - http: GET /
        status: 200
        check:
          - body.a == 1
  - id: two
    steps:
      - http: GET /two
";

fn suites(text: &str) -> Vec<std::sync::Arc<suite::Suite>> {
    load(text)
        .unwrap_or_else(|problems| panic!("{problems:#?}"))
        .suites
}

#[test]
fn an_inventory_reads_what_it_wrote() {
    let lock = Lock::of(&suites(SUITE));
    let text = lock.text();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(Lock::parse("muster.lock", &text), Ok(lock.clone()));
    assert_eq!(Lock::of(&suites(SUITE)).text(), text);
    assert_eq!(lock.entries[0].checks, 2);
    assert!(lock.compare(&suites(SUITE)).is_empty());
}

#[test]
fn layout_does_not_change_a_test_and_content_does() {
    let relaid = SUITE
        .replace("status: 200", "status:   200 # as always")
        .replace("  - id: one\n", "  # first\n  - id: \"one\"\n");
    assert!(
        Lock::of(&suites(SUITE))
            .compare(&suites(&relaid))
            .is_empty()
    );
    for (from, to, what) in [
        ("body.a == 1", "body.a == 2", "its steps changed"),
        ("        status: 200\n", "", "2 checks became 1"),
        ("priority: P1", "priority: P2", "tier P1 became P2"),
    ] {
        let differences = Lock::of(&suites(SUITE)).compare(&suites(&SUITE.replace(from, to)));
        let told = differences
            .first()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(told.contains(what), "{told}");
    }
}

#[test]
fn what_went_and_what_came_is_told() {
    let lock = Lock::of(&suites(SUITE));
    let renamed = suites(&SUITE.replace("id: two", "id: three"));
    let (suite, two, three) = ("s".into(), "two".into(), "three".into());
    let missing = Difference::Missing { suite, test: two };
    let unknown = Difference::Unknown {
        suite: "s".into(),
        test: three,
    };
    assert_eq!(lock.compare(&renamed), [missing, unknown]);
    let planned = suite::plan::cases(&renamed, &[], &suite::Filter::all());
    let stand_ins = lock.not_selected(&planned);
    assert_eq!(stand_ins.len(), 1);
    assert_eq!(stand_ins[0].id.as_str(), "s::two@any");
    assert_eq!(stand_ins[0].declared_skip, Some(DeclaredSkip::NotSelected));
}

#[test]
fn a_used_block_belongs_to_the_test() {
    let text = |path: &str| {
        format!(
            "muster: v1\nsuite: s\npriority: P1\ndefine:\n  a:\n    steps:\n      - http: GET {path}\ntests:\n  - id: t\n    steps:\n      - use: a\n"
        )
    };
    let lock = Lock::of(&suites(&text("/a")));
    assert_eq!(lock.compare(&suites(&text("/b"))).len(), 1);
}

#[test]
fn a_damaged_inventory_says_where() {
    let text = format!("{}nonsense\n", Lock::of(&suites(SUITE)).text());
    let bad = Lock::parse("muster.lock", &text).err();
    assert_eq!(
        bad.map(|problem| (problem.line, problem.file)),
        Some((4, "muster.lock".into()))
    );
}
