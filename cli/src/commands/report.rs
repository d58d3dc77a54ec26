//! `muster report`: the report of a kept run, made again from its log; of a grid's run once its
//! log was copied here.

use domain::RunId;
use proto::v1::RunLine;

use crate::archive::{self, Archive, Kept};
use crate::args::{GridArgs, ReportArgs};
use crate::client::Client;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::select::usual_grid;
use crate::{exporting, reports, wait_for};

pub(crate) fn report(args: &ReportArgs, output: &Output) -> Result<ExitCode, Error> {
    let archive = Archive::here();
    let kept = find(&archive, args, output)?;
    let summary = reports::summary(&archive, &kept);
    if args.otlp.is_some() {
        wait_for(async {
            exporting::export(&kept, args.otlp.as_deref(), output).await;
            Ok(())
        })?;
    }
    if let Some(folder) = &args.out {
        reports::write(&summary, &kept, folder)?;
        output.talk(&format!(
            "wrote the report of {} to {}",
            summary.run,
            folder.display()
        ));
        return Ok(ExitCode::Success);
    }
    output.data(&reports::render(
        &summary,
        &kept,
        args.format,
        output.data_colour(),
    )?);
    Ok(ExitCode::Success)
}

/// The run as it lies here, or as the grid has it.
fn find(archive: &Archive, args: &ReportArgs, output: &Output) -> Result<Kept, Error> {
    let wanted = args.run.as_deref();
    if let Some(ended) = wanted.and_then(|run| ended_here(archive, run)) {
        return Ok(ended);
    }
    let is_unknown = wanted.is_some_and(|run| !archive.has(run));
    let grid = match &args.grid.grid {
        Some(grid) => Some(grid.clone()),
        None if is_unknown => usual_grid(output)?,
        None => None,
    };
    let Some(place) = grid else {
        return archive.find(wanted.unwrap_or("last"));
    };
    let grid = GridArgs {
        grid: Some(place.clone()),
        ..args.grid.clone()
    };
    wait_for(async {
        let client = Client::of(&grid).await?;
        let mut client = client.ok_or_else(|| Error::Usage("which grid?".to_owned()))?;
        let line = choose(&mut client, wanted, &place).await?;
        fetch(&mut client, archive, &line, output).await
    })
}

/// A run of exactly this id that has its verdict here: nobody knows more of it.
fn ended_here(archive: &Archive, run: &str) -> Option<Kept> {
    let is_here = archive.names().iter().any(|name| name == run);
    let kept = is_here.then(|| archive.open(run).ok())??;
    kept.run.is_ended().then_some(kept)
}

/// The run of the grid that was named, or the newest.
async fn choose(client: &mut Client, wanted: Option<&str>, place: &str) -> Result<RunLine, Error> {
    let known = match wanted.filter(|run| *run != "last") {
        Some(run) => client.named(run).await?,
        None => client.list(1).await?.runs.pop().into_iter().collect(),
    };
    match (known.as_slice(), wanted) {
        ([one], _) => Ok(one.clone()),
        ([], Some(run)) => Err(Error::Usage(format!(
            "there is no run `{run}` here, and {place} knows none; `muster runs` and `muster runs \
             --grid {place}` list them"
        ))),
        ([], None) => Err(Error::Usage(format!("{place} has no run yet"))),
        (several, _) => Err(Error::Usage(format!(
            "which run? {place} has {} that begin so; write more of the id",
            several.len()
        ))),
    }
}

/// Copies a run of the grid, as far as it is.
async fn fetch(
    client: &mut Client,
    archive: &Archive,
    line: &RunLine,
    output: &Output,
) -> Result<Kept, Error> {
    if let Some(waits) = &line.waits {
        return Err(Error::NothingRan(format!(
            "run {} has not begun, so there is no report yet: it is number {} in the queue and \
             waits {waits}",
            line.run, line.place
        )));
    }
    let id = RunId::from(line.run.clone());
    if let Some(ended) = ended_here(archive, id.as_str()) {
        return Ok(ended);
    }
    let kept = archive::copy_from(client, &id, archive).await?;
    if !kept.run.is_ended() {
        let totals = kept.run.totals();
        output.talk(&format!(
            "run {id} goes on: {} of {} cases have ended, and this is what is known now",
            totals.settled(),
            totals.planned
        ));
    }
    Ok(kept)
}
