//! `muster cancel [RUN]`: asks a grid to end a run. The coordinator decides what becomes of its
//! cases; here only the run is found and the wish handed over.

use domain::RunId;
use proto::v1::RunLine;

use crate::args::{CancelArgs, GridArgs};
use crate::client::Client;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::select::usual_grid;
use crate::wait_for;

pub(crate) fn cancel(args: &CancelArgs, output: &Output) -> Result<ExitCode, Error> {
    let grid = match &args.grid.grid {
        Some(grid) => Some(grid.clone()),
        None => usual_grid(output)?,
    };
    let Some(place) = grid.clone() else {
        return Err(Error::Usage(
            "which grid? Say --grid HOST:PORT, or `grid:` in muster.yaml; a run of this machine \
             ends by Ctrl-C where it was started"
                .to_owned(),
        ));
    };
    let grid = GridArgs {
        grid,
        ..args.grid.clone()
    };
    wait_for(async {
        let Some(mut client) = Client::of(&grid).await? else {
            return Err(Error::Usage("which grid? Say --grid HOST:PORT".to_owned()));
        };
        // Without a name only open runs are meant.
        let known = match &args.run {
            Some(run) => client.named(run).await?,
            None => client.list(0).await?.runs,
        };
        let line = find(&known, args.run.as_deref(), &place)?;
        let id = RunId::from(line.run.clone());
        if !line.is_open || !client.cancel(&id, &args.why).await? {
            let verdict = line.verdict.as_deref().unwrap_or("without a verdict");
            output.talk(&format!("run {id} had ended already: {verdict}"));
            return Ok(ExitCode::Success);
        }
        output.data(&format!(
            "run {id} is ending; {} of {} cases had ended before",
            line.settled, line.planned
        ));
        output.talk(&format!(
            "what runs is stopped and the rest is cancelled; `muster runs --grid {place}` shows its \
             verdict"
        ));
        Ok(ExitCode::Success)
    })
}

/// The run that was named, or the only open one.
fn find<'r>(known: &'r [RunLine], wanted: Option<&str>, grid: &str) -> Result<&'r RunLine, Error> {
    let open = || known.iter().filter(|line| line.is_open);
    let fitting: Vec<&RunLine> = match wanted {
        None => open().collect(),
        Some(wanted) => match known.iter().find(|line| line.run == wanted) {
            Some(exact) => return Ok(exact),
            None => known
                .iter()
                .filter(|line| line.run.starts_with(wanted))
                .collect(),
        },
    };
    match (fitting.as_slice(), wanted) {
        ([one], _) => Ok(one),
        ([], None) => Err(Error::NothingRan(format!("no run is open on {grid}"))),
        ([], Some(wanted)) => Err(Error::Usage(format!(
            "{grid} knows no run `{wanted}`; `muster runs --grid {grid}` lists them"
        ))),
        (several, _) => {
            let ids: Vec<&str> = several.iter().map(|line| line.run.as_str()).collect();
            Err(Error::Usage(format!(
                "which run? Say one of {}",
                ids.join(", ")
            )))
        }
    }
}
