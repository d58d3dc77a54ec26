//! `muster runs`: the runs that lie here, or those that a coordinator knows.

use domain::queue::Priority;
use proto::v1;

use crate::archive::{Archive, Kept};
use crate::args::RunsArgs;
use crate::client::Client;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::wait_for;

pub(crate) fn runs(args: &RunsArgs, output: &Output) -> Result<ExitCode, Error> {
    if args.grid.grid.is_some() {
        return wait_for(of_grid(args, output));
    }
    let archive = Archive::here();
    let names = archive.names();
    if names.is_empty() {
        output.talk("there is no run here yet; `muster run` makes one");
    }
    let n_older = names.len().saturating_sub(limit(args));
    for name in names.into_iter().take(limit(args)) {
        match archive.open(&name) {
            Ok(kept) => output.data(&line(&kept)),
            Err(error) => output.talk(&format!("{name}: {error}")),
        }
    }
    tell_older(n_older as u64, output);
    Ok(ExitCode::Success)
}

fn limit(args: &RunsArgs) -> usize {
    match args.all {
        true => usize::MAX,
        false => usize::try_from(args.limit).unwrap_or(usize::MAX),
    }
}

fn tell_older(n_older: u64, output: &Output) {
    if n_older > 0 {
        output.talk(&format!("and {n_older} older; --all lists them"));
    }
}

fn line(kept: &Kept) -> String {
    let plan = kept.plan();
    let totals = kept.run.totals();
    let verdict = kept
        .run
        .verdict()
        .map_or("not ended", |verdict| verdict.word.word());
    format!(
        "{}  {verdict:12}  {}: {} of {} passed, {} failed{}",
        plan.run,
        plan.environment,
        totals.passed,
        totals.planned,
        totals.failed,
        plan.gate
            .as_ref()
            .map(|gate| format!(", gate {}", gate.name))
            .unwrap_or_default(),
    )
}

async fn of_grid(args: &RunsArgs, output: &Output) -> Result<ExitCode, Error> {
    let Some(mut client) = Client::of(&args.grid).await? else {
        return Ok(ExitCode::Success);
    };
    let limit = u32::try_from(limit(args)).unwrap_or(u32::MAX);
    let reply = client.list(limit).await?;
    tell_older(reply.left_out, output);
    for run in &reply.runs {
        output.data(&queue_line(run));
    }
    for worker in reply.workers {
        output.data(&format!(
            "worker {}  {}  {} slots",
            worker.worker, worker.region, worker.slots
        ));
    }
    if let Some(limits) = reply.limits {
        output.talk(&format!(
            "taken in: {} active, {} waiting, {} cases and {} MiB a plan",
            limits.active,
            limits.waiting,
            limits.cases,
            limits.plan_bytes / (1024 * 1024)
        ));
    }
    Ok(ExitCode::Success)
}

/// A run of a grid: its verdict or what it does, on what, and what it holds or waits for.
fn queue_line(run: &v1::RunLine) -> String {
    let verdict = match (&run.verdict, &run.waits, run.is_open) {
        (Some(word), ..) => word.as_str(),
        (None, Some(_), _) => "waiting",
        (None, None, true) => "running",
        (None, None, false) => "not ended",
    };
    let mut line = format!(
        "{}  {verdict:12}  {} of {} cases ended",
        run.run, run.settled, run.planned
    );
    if let Some(waits) = &run.waits {
        let priority = Priority::of(run.priority).unwrap_or_default();
        line += &format!(
            "  number {} in the queue, priority {priority}, waits {waits}",
            run.place
        );
    }
    for lock in &run.locks {
        let how = if lock.exclusive { "alone" } else { "shared" };
        line += &format!("  holds {} ({how})", lock.name);
    }
    line
}
