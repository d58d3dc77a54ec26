//! What a process has started, and what that has started: found in /proc, and killed with it.
//!
//! Whoever leaves its process group, as the parts of a cluster do, is found too.

use std::collections::BTreeMap;
use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// SIGKILL to a process and to all below it. It is stopped first, so that it starts nobody meanwhile.
pub(super) fn kill(top: Pid) {
    // Whoever is gone needs no signal.
    let _ = kill_process(top, Signal::STOP);
    for pid in below(top) {
        let _ = kill_process(pid, Signal::KILL);
    }
    let _ = kill_process(top, Signal::KILL);
}

fn below(top: Pid) -> Vec<Pid> {
    let mut children = BTreeMap::<i32, Vec<Pid>>::new();
    for (pid, parent) in processes() {
        children.entry(parent.as_raw_pid()).or_default().push(pid);
    }
    let mut found = vec![top];
    let mut next = 0;
    while let Some(parent) = found.get(next) {
        let started = children.remove(&parent.as_raw_pid());
        found.extend(started.unwrap_or_default());
        next += 1;
    }
    found.split_off(1)
}

/// Every process with its parent.
fn processes() -> Vec<(Pid, Pid)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| with_parent(&name)).collect()
}

/// `PID (NAME) STATE PPID …`, where the name may hold anything.
fn with_parent(name: &str) -> Option<(Pid, Pid)> {
    let pid = Pid::from_raw(name.parse().ok()?)?;
    let stat = fs::read_to_string(format!("/proc/{name}/stat")).ok()?;
    let (_, behind) = stat.rsplit_once(')')?;
    let parent = behind.split_whitespace().nth(1)?.parse().ok()?;
    Some((pid, Pid::from_raw(parent)?))
}
