//! What would change the verdict, each with the command that does it.

use domain::outcome::Outcome;
use domain::plan::DeclaredSkip;
use domain::proven::ProvenChecks;

use crate::escape::shell;
use crate::figures::count;
use crate::summary::{CaseLine, Gap, Summary};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub what: String,
    /// What to type; `None` where it is an edit.
    pub command: Option<String>,
}

/// Most weighty first; empty when every case is proven and nothing else keeps a GO away.
pub fn changes(summary: &Summary) -> Vec<Change> {
    let mut changes = Vec::new();
    if summary.open > 0 {
        let what = format!(
            "wait: {} still open, the run goes on",
            count(summary.open, "case")
        );
        changes.push(with(
            what,
            format!("muster report {}", shell(summary.run.as_str())),
        ));
    }
    if summary.tests.failed > 0 {
        let failed = summary.tests.failed;
        let what = format!(
            "mend {} and run all again; to try {} alone",
            count(failed, "failed test"),
            if failed == 1 { "it" } else { "them" }
        );
        changes.push(with(what, again_failed(summary)));
    }
    changes.extend(summary.gaps.iter().map(|gap| close(summary, gap)));
    changes.extend(distrust(summary));
    changes.extend(summary.proven.as_ref().and_then(unshown));
    changes
}

/// What to do about checks of which too few can fail, or nothing is known.
fn unshown(proven: &ProvenChecks) -> Option<Change> {
    let survivors = proven.checks() - proven.can_fail();
    let what = match survivors {
        0 => "run again: of some test it is not known whether its checks can fail; to see why"
            .to_owned(),
        some => format!(
            "write {} so that an answer can make {} false; to see what was tried",
            count(some, "check"),
            if some == 1 { "it" } else { "them" }
        ),
    };
    let command = "muster prove --verbose".to_owned();
    (!proven.is_enough()).then(|| with(what, command))
}

/// The command that runs this run's failed cases again.
pub fn again_failed(summary: &Summary) -> String {
    format!("muster run --failed={}", shell(summary.run.as_str()))
}

/// The command that executes only what this run did not prove.
pub fn complete(summary: &Summary) -> String {
    format!("muster run --complete {}", shell(summary.run.as_str()))
}

/// The command that shows a case.
pub fn look(summary: &Summary, case: &str) -> String {
    format!(
        "muster show {} {}",
        shell(summary.run.as_str()),
        shell(case)
    )
}

/// The command that executes one test of a signature again.
pub fn again(summary: &Summary, outcome: Outcome, test: &str) -> String {
    match outcome {
        Outcome::Failed => format!(
            "{} -k {}",
            again_failed(summary),
            shell(&format!("id:{test}"))
        ),
        _ => complete(summary),
    }
}

fn with(what: String, command: String) -> Change {
    Change {
        what,
        command: Some(command),
    }
}

fn edit(what: String) -> Change {
    Change {
        what,
        command: None,
    }
}

fn close(summary: &Summary, gap: &Gap) -> Change {
    let cases = count(gap.cases, "case");
    let tests = count(u64::try_from(gap.tests.len()).unwrap_or(u64::MAX), "test");
    match (gap.outcome, gap.reason.as_str()) {
        (Outcome::Skipped, "env_unreachable") => with(
            format!("bring the environment up ({cases} skipped, as it did not answer), then"),
            complete(summary),
        ),
        (Outcome::Skipped, "tier_gate") => with(
            format!("make the red tier green ({cases} held back by it), then"),
            complete(summary),
        ),
        (Outcome::Skipped, reason) if reason == DeclaredSkip::NotSelected.word() => edit(format!(
            "run without a filter: {tests} of the lock not selected"
        )),
        (Outcome::Skipped, reason) if reason == DeclaredSkip::Quarantined.word() => edit(format!(
            "{tests} quarantined: lift it, or let the gate's file accept each with owner and date"
        )),
        (Outcome::Errored, "no_capacity") => with(
            format!("start workers where {cases} found none, then"),
            complete(summary),
        ),
        (Outcome::Lost, _) => with(
            format!("{cases} lost{}", with_workers(summary, gap)),
            complete(summary),
        ),
        (Outcome::Cancelled, reason) => {
            with(format!("{cases} cancelled ({reason})"), complete(summary))
        }
        (outcome, reason) => {
            let example = summary.cases.iter().find(|case| is_of(case, gap));
            let id = example.map(|case| case.id.as_str()).unwrap_or_default();
            with(
                format!("mend {cases} {outcome} ({reason}) and run again; to see why"),
                look(summary, id),
            )
        }
    }
}

fn is_of(case: &CaseLine, gap: &Gap) -> bool {
    case.is(gap.outcome) && case.reason_word() == gap.reason
}

/// ` with worker eu-2`: whose leases the cases of a gap were lost with.
fn with_workers(summary: &Summary, gap: &Gap) -> String {
    let lost = summary.cases.iter().filter(|case| is_of(case, gap));
    let mut workers: Vec<_> = lost
        .flat_map(|case| &case.lost_with)
        .map(|worker| worker.as_str())
        .collect();
    workers.sort_unstable();
    workers.dedup();
    match workers.as_slice() {
        [] => String::new(),
        [worker] => format!(" with worker {worker}"),
        workers => format!(" with workers {}", workers.join(", ")),
    }
}

/// What no outcome shows and still keeps a claim away.
fn distrust(summary: &Summary) -> Vec<Change> {
    let mut changes = Vec::new();
    if !summary.lock_problems.is_empty() {
        let what = "the lock is out of date; review what changed, then write it anew".to_owned();
        changes.push(with(what, "muster lock".to_owned()));
    }
    if !summary.ungated_tiers.is_empty() {
        let tiers: Vec<_> = summary
            .ungated_tiers
            .iter()
            .map(|tier| tier.word())
            .collect();
        let gate = summary.gate.as_deref().unwrap_or_default();
        changes.push(edit(format!(
            "write {} into the gate `{gate}`",
            tiers.join(", ")
        )));
    }
    if !summary.environment_changes.is_empty() {
        changes.push(edit(
            "the environment changed under the run: run again while it is left alone".to_owned(),
        ));
    }
    if !summary.fleet.rejected.is_empty() {
        changes.push(edit("results contradict each other: run again".to_owned()));
    }
    let flaky = summary.flaky();
    if let Some(case) = flaky.first() {
        let what = format!(
            "find out why tries differ in {}; the first",
            count(u64::try_from(flaky.len()).unwrap_or(u64::MAX), "flaky case")
        );
        changes.push(with(what, look(summary, case.id.as_str())));
    }
    changes
}
