//! `muster worker`: serves one region of a grid until it is asked to end.

use std::time::Duration;

use domain::{Region, WorkerId};
use worker::{Config, ExitError, StartError};

use crate::args::WorkerArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::Interrupt;
use crate::output::Output;
use crate::wait_for;

pub(crate) fn worker(args: &WorkerArgs, output: &Output) -> Result<ExitCode, Error> {
    wait_for(serve(args, output))
}

async fn serve(args: &WorkerArgs, output: &Output) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen();
    let name = WorkerId::new(&args.name);
    let region = Region::new(&args.region);
    let config = Config {
        slots: args.slots,
        tls: args.tls.for_dialling(),
        secrets: args.secrets.clone(),
        grace: Duration::from_secs(args.grace),
        health: args.health,
        ..Config::new(name, region, &args.grid, &args.data)
    };
    let mut running = worker::start(config).await.map_err(refused)?;
    output.data(&format!(
        "worker {} of {} dials {} with {} slots",
        args.name, args.region, args.grid, args.slots
    ));
    if let Some(address) = running.health() {
        output.data(&format!("probes answered at {address}"));
    }
    let ended = tokio::select! {
        ended = running.wait() => ended,
        () = interrupt.stop().cancelled() => running.stop().await,
    };
    match ended {
        Ok(()) => Ok(ExitCode::Success),
        Err(error @ ExitError::Refused(_)) => Err(Error::NothingRan(error.to_string())),
        Err(error) => Err(Error::Unexpected(error.to_string())),
    }
}

/// A configuration that can't work is told apart from a spool that is in use.
pub(crate) fn refused(error: StartError) -> Error {
    let text = error.to_string();
    match error {
        StartError::Dial(error) => error.into(),
        _ => Error::NothingRan(text),
    }
}
