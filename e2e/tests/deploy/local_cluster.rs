//! The cluster that anyone can start by one command: it comes up, survives its leader, and leaves
//! nothing behind.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::process::Process;
use e2e::{Muster, follow};
use rustix::process::{Pid, Signal, kill_process};

/// Longer than election, lease, guard and the cases that follow.
const RUN_ENDS_WITHIN: Duration = Duration::from_secs(300);
/// Longer than every grace of what it started.
const ENDS_WITHIN: Duration = Duration::from_secs(180);
const TESTS: u64 = 35;

/// The program, and what it said when it was up.
struct Local {
    process: Process,
    /// Name → pid of everything it started.
    pids: BTreeMap<String, Pid>,
    leader: String,
    /// Name → `HOST:PORT` of the coordinators.
    addresses: BTreeMap<String, String>,
    folder: String,
    /// The words after `muster` of the run that it proposes.
    run: Vec<String>,
}

impl Local {
    fn start() -> Result<Self> {
        let process = Process::start(
            "local-cluster",
            &mut Command::new(env!("CARGO_BIN_EXE_local-cluster")),
        )?
        .with_descendants();
        process.wait_for(|line| line.contains("Ctrl-C ends everything").then_some(()))?;
        let said = process.output();
        let mut local = Self {
            process,
            pids: BTreeMap::new(),
            leader: String::new(),
            addresses: BTreeMap::new(),
            folder: String::new(),
            run: Vec::new(),
        };
        for line in said.lines() {
            local.read(line)?;
        }
        ensure!(!local.leader.is_empty(), "nobody leads: {said}");
        Ok(local)
    }

    fn read(&mut self, line: &str) -> Result<()> {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let [name, place, "pid", pid, note @ ..] = words.as_slice() {
            let pid = Pid::from_raw(pid.parse()?).context("a pid is not 0")?;
            self.pids.insert((*name).to_owned(), pid);
            if name.starts_with("coordinator-") {
                self.addresses
                    .insert((*name).to_owned(), (*place).to_owned());
            }
            if note == ["leads"] {
                self.leader = (*name).to_owned();
            }
        }
        if let Some(folder) = line.strip_prefix("starting a cluster in ") {
            self.folder = folder.to_owned();
        }
        if let Some((_, words)) = line.split_once("muster run ") {
            let words = words.split_whitespace().map(str::to_owned);
            self.run = std::iter::once("run".to_owned()).chain(words).collect();
        }
        Ok(())
    }

    fn tell(&self, name: &str, signal: Signal) -> Result<()> {
        let pid = self.pids.get(name).with_context(|| format!("no {name}"))?;
        Ok(kill_process(*pid, signal)?)
    }

    /// The new pid of what was killed, once it is said.
    fn started_again(&mut self, name: &str) -> Result<()> {
        let again = format!("{name} ended");
        let pid = self.process.wait_for(|line| {
            let (_, pid) = line
                .strip_prefix(&again)?
                .split_once("started again: pid ")?;
            Pid::from_raw(pid.parse().ok()?)
        })?;
        self.pids.insert(name.to_owned(), pid);
        Ok(())
    }
}

#[tokio::test]
async fn the_local_cluster_survives_its_leader_and_leaves_nothing_behind() -> Result<()> {
    let mut local = Local::start()?;
    let words: Vec<&str> = local.pids.keys().map(String::as_str).collect();
    assert_eq!(words.len(), 3 + 2 + 6, "{words:?}");

    let muster = Muster::new()?;
    let run: Vec<&str> = local.run.iter().map(String::as_str).collect();
    let mut run = muster.start(&run)?;
    let leader = local.leader.clone();
    let address = &local.addresses[&leader];
    follow::until(address, |seen| seen.settled > 0 && seen.holder().is_some())
        .await
        .with_context(|| format!("{}\n{}", run.output(), local.process.output()))?;
    local.tell(&leader, Signal::KILL)?;
    local.started_again(&leader)?;
    // The one that stood by, or the one that was started again: whoever is first.
    local
        .process
        .wait_for(|line| line.contains(" leads now: pid ").then_some(()))?;
    let status = run.ended(RUN_ENDS_WITHIN)?;
    let said = format!("{}\n{}", run.output(), local.process.output());
    assert_eq!(status.code(), Some(0), "{said}");
    let report = muster.report("muster-report")?;
    assert_eq!(report.verdict(), "GO", "{}\n{said}", report.reasons());
    assert_eq!(report.imbalances(), Vec::<String>::new());
    assert_eq!(report.not_passed(), Vec::<String>::new());
    assert_eq!(report.0["totals"]["planned"], report.cases().len() as u64);
    let tests: std::collections::BTreeSet<String> = report
        .cases()
        .iter()
        .map(|case| case["test"].to_string())
        .collect();
    assert_eq!(tests.len() as u64, TESTS);

    // Nobody is a child of the test: each is gone from the system when the program has ended.
    let id = Pid::from_raw(i32::try_from(local.process.id())?).context("a pid is not 0")?;
    kill_process(id, Signal::INT)?;
    let status = local.process.ended(ENDS_WITHIN)?;
    let said = local.process.output();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.contains("ended; nothing is left"), "{said}");
    for (name, pid) in &local.pids {
        let is_there = rustix::process::test_kill_process(*pid).is_ok();
        assert!(!is_there, "{name} is still there: {said}");
    }
    assert!(!Path::new(&local.folder).exists(), "{}", local.folder);
    Ok(())
}

/// A test that fails half-way drops what it started.
#[test]
fn a_program_that_is_dropped_takes_what_it_started_along() -> Result<()> {
    // One below the other, and the lower one in a session of its own.
    let script = "sh -c 'setsid sleep 86400 & echo below: $!; wait' & echo above: $!; wait";
    let program = Process::start("program", Command::new("sh").args(["-c", script]))?;
    let program = program.with_descendants();
    let mut pids = Vec::new();
    for name in ["above: ", "below: "] {
        let said = || program.output();
        let pid = loop {
            let found = said()
                .lines()
                .find_map(|line| Some(line.strip_prefix(name)?.parse()));
            match found {
                Some(pid) => break pid?,
                None => std::thread::yield_now(),
            }
        };
        pids.push(Pid::from_raw(pid).context("a pid is not 0")?);
    }
    drop(program);
    let begun = Instant::now();
    while pids.iter().any(|pid| is_alive(*pid)) {
        ensure!(begun.elapsed() < ENDS_WITHIN, "{pids:?} are still there");
        std::thread::yield_now();
    }
    Ok(())
}

/// Not waited for by anybody, it may stay as a zombie for as long as nobody takes it in.
fn is_alive(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}
