//! Ending a run of a grid: by `muster cancel`, and by Ctrl-C where it is followed.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::muster::Muster;
use crate::platform::Target;
use crate::separate::{coordinator, worker};

const SLOW: &str = "muster: v1\nsuite: slow\npriority: P1\ntests:\n  - id: waits\n    steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n      - wait: 50s\n";

struct Following {
    child: Child,
    stderr: BufReader<ChildStderr>,
}

impl Following {
    fn start(muster: &Muster, target: &Target, grid: &str) -> Self {
        let mut child = muster
            .command()
            .args([
                "run",
                "suites",
                "--env",
                &target.environment,
                "--regions",
                "here",
                "--grid",
                grid,
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("muster starts");
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, stderr }
    }

    fn until(&mut self, words: &str) -> String {
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            let read = self.stderr.read_line(&mut line).expect("a line");
            assert!(read > 0, "it ended before `{words}`");
        }
        line
    }

    fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(id.expect("a process"), Signal::INT).expect("the signal is sent");
    }

    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).expect("talk");
        (self.child.wait().expect("an end").code(), rest)
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // An error says that it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_only_open_run_is_cancelled_and_its_follower_hears_of_it() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/slow.yaml", SLOW);
    let (_coordinator, address) = coordinator(&muster, &[]);
    let _worker = worker(&muster, &address, &[]);
    let idle = muster.call(&["cancel", "--grid", &address]);
    assert_eq!(idle.code, 4, "no run is open: {}", idle.all());
    let mut following = Following::start(&muster, &target, &address);
    let first = following.until("run ");
    let id = first
        .trim_start_matches("run ")
        .split(':')
        .next()
        .expect("an id")
        .to_owned();
    following.until("takes part");
    let unknown = muster.call(&["cancel", "no-such-run", "--grid", &address]);
    assert_eq!(unknown.code, 2, "{}", unknown.all());
    let said = muster.call(&["cancel", "--grid", &address, "--why", "staging is needed"]);
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(
        said.stdout.contains(&format!("run {id} is ending")),
        "{}",
        said.all()
    );
    let (code, rest) = following.end();
    assert_eq!(code, Some(105), "{rest}");
    assert!(rest.contains("staging is needed"), "{rest}");
    let again = muster.call(&["cancel", &id, "--grid", &address]);
    assert_eq!(again.code, 0, "{}", again.all());
    assert!(
        again.stderr.contains("had ended already"),
        "{}",
        again.all()
    );
}

#[test]
fn ctrl_c_ends_the_run_on_the_grid_and_says_so() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/slow.yaml", SLOW);
    let (_coordinator, address) = coordinator(&muster, &[]);
    let _worker = worker(&muster, &address, &[]);
    let mut following = Following::start(&muster, &target, &address);
    following.until("takes part");
    following.interrupt();
    following.until("the run is ending, for everybody who follows it");
    let (code, rest) = following.end();
    assert_eq!(code, Some(105), "{rest}");
}

#[test]
fn a_second_ctrl_c_says_whether_the_run_goes_on() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/slow.yaml", SLOW);
    let (leading, address) = coordinator(&muster, &[]);
    let _worker = worker(&muster, &address, &[]);
    let mut following = Following::start(&muster, &target, &address);
    following.until("takes part");
    drop(leading);
    following.until("the coordinator is away");
    following.interrupt();
    following.until("it can't be asked to end the run");
    following.interrupt();
    let (code, rest) = following.end();
    assert_eq!(code, Some(105), "{rest}");
    assert!(rest.contains("goes on: `muster cancel"), "{rest}");
}
