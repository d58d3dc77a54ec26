//! `muster run`: freeze a plan, have it executed, here or on a grid, and judge.
//!
//! `--watch` (`run::watch`) does so again and again, with the plans of what changed.

mod files;
mod watch;

use std::path::{Path, PathBuf};

use domain::RunId;
use domain::event::StopCause;

use crate::archive::{self, Archive, Kept};
use crate::args::{GridArgs, RunArgs};
use crate::client::{Client, Wish};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::{Interrupt, follow};
use crate::local::{self, LocalGrid};
use crate::output::{Output, count};
use crate::plan::{self, Frozen};
use crate::select::NO_GATE;
use crate::view::View;
use crate::{exporting, reports, wait_for};

pub(crate) fn run(args: &RunArgs, output: &Output) -> Result<ExitCode, Error> {
    refuse_gate(args)?;
    if args.watch {
        return wait_for(watch::watch(args, output));
    }
    let archive = Archive::here();
    let frozen = plan::freeze(args, &archive, output)?;
    if args.detach {
        return wait_for(detached(args, &frozen, output));
    }
    wait_for(async {
        let interrupt = Interrupt::listen();
        let (_, code) = once(args, &frozen, &archive, &interrupt, output).await?;
        Ok(code)
    })
}

/// Who names a gate wants its word as the exit code, and these two don't end with it.
fn refuse_gate(args: &RunArgs) -> Result<(), Error> {
    let (flag, why) = match (args.detach, args.watch) {
        (true, _) => (
            "--detach",
            "leaves when the run is submitted, before any verdict",
        ),
        (_, true) => (
            "--watch",
            "ends with the code of its last run, often of a few tests",
        ),
        _ => return Ok(()),
    };
    match args.suites.gate.as_deref() {
        None | Some(NO_GATE) => Ok(()),
        Some(gate) => Err(Error::Usage(format!(
            "{flag} can't be judged by --gate {gate}: it {why}; leave out {flag} to end with the \
             gate's verdict, or leave out --gate"
        ))),
    }
}

/// One run, from its plan to its report.
async fn once(
    args: &RunArgs,
    frozen: &Frozen,
    archive: &Archive,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<(Kept, ExitCode), Error> {
    let (grid, wish) = (grid_of(args, frozen), wish_of(args));
    let kept = match Client::of(&grid).await? {
        Some(client) => on_grid((client, wish), &grid, frozen, archive, interrupt, output).await?,
        None => alone(args, frozen, archive, interrupt, output).await?,
    };
    let code = finish(args, frozen, archive, &kept, output)?;
    exporting::export(&kept, args.otlp.as_deref(), output).await;
    Ok((kept, code))
}

/// On a grid that is started for this run and ends with it.
async fn alone(
    args: &RunArgs,
    frozen: &Frozen,
    archive: &Archive,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<Kept, Error> {
    let mut grid = LocalGrid::start(&local::Config {
        folder: archive.folder(&frozen.plan.run),
        regions: frozen.plan.regions.clone(),
        workers: frozen.workers,
        slots: local::SLOTS,
        listen: args.listen,
    })
    .await?;
    let mut kept = here(&mut grid, frozen, archive, interrupt, output).await;
    if let (Some(_), Ok(kept)) = (args.listen, &mut kept) {
        late_spans(&grid, kept).await;
    }
    grid.stop().await;
    kept
}

fn grid_of(args: &RunArgs, frozen: &Frozen) -> GridArgs {
    GridArgs {
        grid: args
            .grid
            .grid
            .clone()
            .or_else(|| frozen.settings.grid.clone()),
        ..args.grid.clone()
    }
}

fn wish_of(args: &RunArgs) -> Wish {
    Wish {
        priority: args.priority,
        exclusive: args.exclusive,
    }
}

/// On a grid of other processes; its log is copied here afterwards.
async fn on_grid(
    (mut client, wish): (Client, Wish),
    grid: &GridArgs,
    frozen: &Frozen,
    archive: &Archive,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<Kept, Error> {
    let stays = std::future::pending();
    let place = grid.grid.as_deref().unwrap_or_default();
    interrupt.leaves_behind(&frozen.plan.run, place);
    execute((&mut client, wish), frozen, interrupt, output, stays).await?;
    interrupt.leaves_nothing();
    archive::copy_from(&mut client, &frozen.plan.run, archive).await
}

/// On the grid of this process, whose folder is the run's own.
pub(super) async fn here(
    grid: &mut LocalGrid,
    frozen: &Frozen,
    archive: &Archive,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<Kept, Error> {
    let mut client = grid.client().await?;
    let run = &frozen.plan.run;
    let gone = async { gone(&grid.gone().await, run, &archive.folder(run)) };
    let client = (&mut client, Wish::default());
    execute(client, frozen, interrupt, output, gone).await?;
    archive.open(frozen.plan.run.as_str())
}

/// A coordinator in this process does not come back.
fn gone(why: &str, run: &RunId, folder: &Path) -> Error {
    Error::NotProven(format!(
        "the coordinator in this process is gone ({why}), so run {run} has no verdict; what was \
         counted until then lies in {}; mend the cause and run again",
        folder.display()
    ))
}

/// Servers were asked to send their spans here, and send them in batches.
async fn late_spans(grid: &LocalGrid, kept: &mut Kept) {
    let fetched = match grid.client().await {
        Ok(mut client) => archive::fetch_spans(&mut client, kept, true).await,
        Err(error) => Err(error),
    };
    if let Err(error) = fetched {
        tracing::warn!(%error, "the last server spans are not shown");
    }
}

/// Hands the run in and follows it to its end, or until whoever leads it is gone for good.
async fn execute(
    (client, wish): (&mut Client, Wish),
    frozen: &Frozen,
    interrupt: &Interrupt,
    output: &Output,
    gone: impl Future<Output = Error>,
) -> Result<(), Error> {
    let plan = &frozen.plan;
    hand_in(client, frozen, wish, output).await?;
    let mut view = View::new(*output, plan);
    let followed = tokio::select! {
        biased;
        followed = follow(client, plan.clone(), &mut view, interrupt) => followed,
        error = gone => Err(error),
    };
    view.end();
    followed
}

async fn hand_in(
    client: &mut Client,
    frozen: &Frozen,
    wish: Wish,
    output: &Output,
) -> Result<(), Error> {
    let plan = &frozen.plan;
    output.talk(&format!(
        "run {}: {} on {} in {}",
        plan.run,
        count(plan.cases.len(), "case"),
        plan.environment,
        plan.regions
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    ));
    let request = plan.run.as_str();
    let bundle = frozen.bundle.clone();
    client.submit(request, plan, bundle, wish).await?;
    Ok(())
}

/// Hands the run in and leaves; its name is all that is printed, and success is no verdict.
async fn detached(args: &RunArgs, frozen: &Frozen, output: &Output) -> Result<ExitCode, Error> {
    let grid = grid_of(args, frozen);
    let Some(mut client) = Client::of(&grid).await? else {
        return Err(Error::Usage(
            "--detach needs a grid that goes on without this process: add --grid HOST:PORT"
                .to_owned(),
        ));
    };
    let wish = wish_of(args);
    hand_in(&mut client, frozen, wish, output).await?;
    output.data(frozen.plan.run.as_str());
    output.talk(&format!(
        "it goes on without this process: `muster report {} --grid {}` fetches its report",
        frozen.plan.run,
        grid.grid.as_deref().unwrap_or_default()
    ));
    Ok(ExitCode::Success)
}

/// Prints and writes the report; the exit code is the verdict's.
pub(super) fn finish(
    args: &RunArgs,
    frozen: &Frozen,
    archive: &Archive,
    kept: &Kept,
    output: &Output,
) -> Result<ExitCode, Error> {
    let summary = reports::summary(archive, kept);
    output.talk("");
    output.data(&report::terminal::render(&summary, output.data_colour()));
    if args.trace {
        reports::waterfalls(kept, output);
    }
    reports::tell_server_spans(kept, output);
    let out = args.out.clone();
    if let Some(folder) = out.or_else(|| frozen.settings.out.as_ref().map(PathBuf::from)) {
        reports::write(&summary, kept, &folder)?;
        output.talk(&format!(
            "report.html, report.md, report.json, junit.xml: {}",
            folder.display()
        ));
    }
    let was_aborted = kept
        .run
        .stop()
        .is_some_and(|stop| stop.cause == StopCause::Client);
    Ok(kept.run.verdict().map_or(ExitCode::NotProven, |verdict| {
        ExitCode::of_verdict(verdict.word, was_aborted)
    }))
}
