//! `muster diff RUN RUN`: what changed from one kept run to another.
//!
//! What changed is found by `compare`, a pure function of both runs; whether a response time
//! changed or only wavered, `noise` says; `text` and `json` show it.

mod compare;
mod json;
mod noise;
mod text;

use crate::archive::{Archive, Kept};
use crate::args::DiffArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::reports;
use compare::{Difference, Side};

pub(crate) fn diff(args: &DiffArgs, output: &Output) -> Result<ExitCode, Error> {
    let archive = Archive::here();
    let after = archive.find(args.after.as_deref().unwrap_or("last"))?;
    let before = match &args.before {
        Some(run) => archive.find(run)?,
        None => earlier(&archive, &after)?,
    };
    let difference = Difference::of(&side(&archive, before)?, &side(&archive, after)?);
    if args.json {
        output.data(&format!("{:#}", json::of(&difference)));
    } else {
        output.data(&text::of(&difference, output.data_colour()));
    }
    Ok(match (args.check, difference.is_worse()) {
        (true, Some(code)) => code,
        _ => ExitCode::Success,
    })
}

fn side(archive: &Archive, kept: Kept) -> Result<Side, Error> {
    let bundle = wire::bundle::decode(&kept.bundle()?)
        .map_err(|error| Error::unexpected("read the run's bundle", error))?;
    Ok(Side {
        summary: reports::summary(archive, &kept),
        bundle,
        gate: kept.plan().gate.clone(),
    })
}

/// The run before another on the same environment.
fn earlier(archive: &Archive, after: &Kept) -> Result<Kept, Error> {
    let plan = after.plan();
    archive
        .names()
        .into_iter()
        .filter(|name| name.as_str() < plan.run.as_str())
        .filter_map(|name| archive.open(&name).ok())
        .find(|kept| kept.plan().environment == plan.environment)
        .ok_or_else(|| {
            Error::Usage(format!(
                "there is no run on {} before {}; name two: muster diff RUN RUN (`muster runs` \
                 lists them)",
                plan.environment, plan.run
            ))
        })
}
