//! `muster run --watch`: what runs again after which change, and how it ends.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::muster::Muster;
use crate::platform::Target;

fn suite(name: &str, want: &str) -> String {
    format!(
        "muster: v1\nsuite: {name}\npriority: P1\ntests:\n  - id: one\n    steps:\n      - http: GET /health\n        as: nobody\n        check:\n          - body.status == \"{want}\"\n  - id: two\n    steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n"
    )
}

struct Watch {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Watch {
    fn start(muster: &Muster, target: &Target) -> Self {
        let mut child = muster
            .command()
            .args([
                "run",
                "suites",
                "--env",
                &target.environment,
                "--regions",
                "here",
                "--watch",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("muster starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, stderr }
    }

    /// All that is said until it waits for the next change.
    fn until_it_waits(&mut self) -> String {
        let mut said = String::new();
        loop {
            let from = said.len();
            let read = self.stderr.read_line(&mut said).expect("a line");
            assert!(read > 0, "it ended: {said}");
            if said[from..].starts_with("watching ") {
                return said;
            }
        }
    }

    fn end(mut self) -> Option<i32> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process"), Signal::INT).expect("the signal is sent");
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // An error says that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ran<'s>(said: &'s str, outcome: &str) -> Vec<&'s str> {
    let lines = said.lines().filter(|line| line.starts_with(outcome));
    let mut cases: Vec<_> = lines
        .filter_map(|line| line[outcome.len()..].trim().split([' ', ':']).next())
        .collect();
    cases.sort_unstable();
    cases
}

#[test]
fn a_change_runs_what_it_is_about_and_what_failed_comes_first() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/a.yaml", &suite("a", "healthy"));
    muster.write("suites/b.yaml", &suite("b", "healthy"));
    let mut watch = Watch::start(&muster, &target);
    let first = watch.until_it_waits();
    assert_eq!(first.matches("passed    ").count(), 4, "{first}");

    muster.write("suites/a.yaml", &suite("a", "perfect"));
    let red = watch.until_it_waits();
    assert!(red.contains("changed: suites/a.yaml"), "{red}");
    assert!(red.contains("failed    a::one"), "{red}");
    assert!(
        red.contains("passed    a::two") && !red.contains(" b::"),
        "{red}"
    );

    muster.write(
        "suites/b.yaml",
        &(suite("b", "healthy") + "    timeout: 50s\n"),
    );
    let still = watch.until_it_waits();
    assert_eq!(ran(&still, "failed"), ["a"], "only what failed: {still}");
    assert!(!still.contains("passed"), "{still}");

    muster.write(
        "suites/a.yaml",
        "muster: v1\nsuite: a\npriority: P1\ntests:\n  - id: [\n",
    );
    let broken = watch.until_it_waits();
    assert!(
        broken.contains("have mistakes") && !broken.contains("run 2"),
        "{broken}"
    );

    muster.write("suites/a.yaml", &suite("a", "healthy"));
    let green = watch.until_it_waits();
    let mended = green.find("passed    a::one").expect("what failed");
    for later in ["passed    a::two", "passed    b::one", "passed    b::two"] {
        assert!(green.find(later).expect(later) > mended, "{green}");
    }
    assert_eq!(watch.end(), Some(0), "Ctrl-C while it waits");
    let runs = muster.call(&["runs"]);
    assert_eq!(
        runs.stdout.lines().count(),
        5,
        "no run is cleared away: {}",
        runs.stdout
    );
}

#[test]
fn the_watch_ends_with_the_code_of_the_last_run_and_mistakes_do_not_end_it() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write(
        "suites/a.yaml",
        "muster: v1\nsuite: a\npriority: P1\nteests: []\n",
    );
    let mut watch = Watch::start(&muster, &target);
    let first = watch.until_it_waits();
    assert!(first.contains("have mistakes"), "{first}");
    muster.write("suites/a.yaml", &suite("a", "perfect"));
    let red = watch.until_it_waits();
    assert!(red.contains("failed    a::one"), "{red}");
    assert_eq!(watch.end(), Some(100));
}
