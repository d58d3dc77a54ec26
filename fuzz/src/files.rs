//! Files that people write: whatever they hold, they are answered with places that exist.
//!
//! A file that is taken is used further: planned, locked, and the lock read back.

use suite::{Filter, Options, Problem, Sources};

const ENVIRONMENT: &str = r#"muster: v1
environment: loop
services:
  api: "http://127.0.0.1:80"
allow:
  - "127.0.0.1:80"
regions: [here, there]
users:
  member: {}
"#;

const SUITE: &str = r#"muster: v1
suite: s
priority: P1
tests:
  - id: t
    steps:
      - http: GET /health
        check:
          - status == 200
"#;

/// A suite, checked with an environment that is right.
pub(crate) fn suite(data: &[u8]) {
    answered("s.yaml", data, ENVIRONMENT.as_bytes(), data);
}

/// An environment, with a suite that is right.
pub(crate) fn environment(data: &[u8]) {
    answered("env.yaml", data, data, SUITE.as_bytes());
}

fn answered(foreign: &str, data: &[u8], environment: &[u8], suite: &[u8]) {
    let mut sources = Sources::new();
    sources.insert("env.yaml", environment);
    sources.insert("s.yaml", suite);
    let options = Options {
        environment: "env.yaml".to_owned(),
        vars: Vec::new(),
    };
    match suite::load(&sources, &options) {
        Ok(loaded) => used(&loaded),
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            shown(&problems, &sources, foreign, data);
        }
    }
}

/// What is done with files that are right.
fn used(loaded: &suite::Loaded) {
    let regions: Vec<_> = loaded
        .environment
        .regions
        .iter()
        .map(|region| domain::Region::new(region.as_str()))
        .collect();
    let cases = suite::plan::cases(&loaded.suites, &regions, &Filter::default());
    let planned = suite::plan::suites(&loaded.suites);
    assert_eq!(planned.len(), loaded.suites.len());
    let lock = suite::lock::Lock::of(&loaded.suites);
    let read = suite::lock::Lock::parse("muster.lock", &lock.text());
    assert_eq!(read.as_ref(), Ok(&lock), "a lock is read as it was written");
    assert_eq!(lock.compare(&loaded.suites), []);
    for case in &cases {
        assert!(!case.id.as_str().is_empty() && !case.legs.is_empty());
    }
}

fn shown(problems: &[Problem], sources: &Sources, foreign: &str, data: &[u8]) {
    let lines = String::from_utf8_lossy(data).lines().count().max(1);
    for problem in problems {
        assert!(!problem.message.is_empty());
        assert!(problem.line >= 1 && problem.column >= 1 && problem.width >= 1);
        if problem.file == foreign {
            // The line behind the last one stands for the end of the file.
            assert!(
                problem.line as usize <= lines + 1,
                "{problem:?} of {lines} lines"
            );
        }
    }
    let text = suite::render_all(problems, sources, false);
    assert!(!text.is_empty());
}

/// The smaller files: gate, value, settings, inventory, each chosen by the first byte.
pub(crate) fn other(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let problems = match kind % 4 {
        0 => suite::gate_file::parse("gates/g.yaml", text).err(),
        1 => suite::value_file::parse("value.yaml", text).err(),
        2 => suite::settings::parse("muster.yaml", text).err(),
        _ => suite::lock::Lock::parse("muster.lock", text)
            .err()
            .map(|one| vec![one]),
    };
    for problem in problems.into_iter().flatten() {
        assert!(!problem.message.is_empty() && problem.line >= 1);
    }
    let sources = Sources::from_iter([("a.yaml", text)]);
    shown(&suite::check(&sources), &sources, "a.yaml", rest);
}
