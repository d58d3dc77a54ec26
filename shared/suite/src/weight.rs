//! How many checks a test has, as written: the lines, and the expectations that count as checks.

use crate::model::{Branches, ExpectedStatus, Step, StepKind, Test};

/// `check` and `expect` lines, written `status:` and `refused:`, grammars, silences, and matches of `receive` and
/// `collect`; steps inside blocks count once, however often they run.
pub fn checks(test: &Test) -> u64 {
    let parts = [&test.setup, &test.steps, &test.teardown, &test.after];
    let steps: u64 = parts.into_iter().map(|steps| of_steps(steps)).sum();
    steps + count(test.expect.len())
}

fn of_steps(steps: &[Step]) -> u64 {
    steps
        .iter()
        .map(|step| count(step.checks.len()) + of_kind(&step.kind))
        .sum()
}

fn of_kind(kind: &StepKind) -> u64 {
    match kind {
        StepKind::Http(request) | StepKind::Stream { request, .. } => of_status(&request.status),
        StepKind::WebSocket(handshake) => of_status(&handshake.status),
        StepKind::Receive(_) | StepKind::Silence { .. } => 1,
        StepKind::Collect(collect) => 1 + u64::from(collect.grammar.is_some()),
        StepKind::Repeat(repeat) => of_steps(&repeat.steps),
        StepKind::Poll { steps, .. } | StepKind::When { steps, .. } => of_steps(steps),
        StepKind::Parallel(parallel) => {
            let during = parallel
                .during
                .as_ref()
                .map_or(0, |during| of_steps(&during.steps));
            during
                + match &parallel.branches {
                    Branches::Count { steps, .. } => of_steps(steps),
                    Branches::Named(named) => named.iter().map(|(_, steps)| of_steps(steps)).sum(),
                }
        }
        StepKind::Send { .. }
        | StepKind::Close { .. }
        | StepKind::Abandon { .. }
        | StepKind::Wait { .. }
        | StepKind::Barrier { .. }
        | StepKind::CheckOnly => 0,
    }
}

fn of_status(status: &ExpectedStatus) -> u64 {
    u64::from(*status != ExpectedStatus::Default)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
