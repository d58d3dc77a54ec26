//! `muster worker`: serves one region of a grid until it is asked to end.

use domain::{Region, WorkerId};
use worker::dial::DialError;
use worker::{Config, Failure, StartError};

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
        ..Config::new(&args.grid, name, region, &args.data)
    };
    let running = worker::start(config, interrupt.stop().clone())
        .await
        .map_err(refused)?;
    output.data(&format!(
        "worker {} of {} dials {} with {} slots",
        args.name, args.region, args.grid, args.slots
    ));
    let ended = running.ended().await;
    match ended {
        Ok(()) => Ok(ExitCode::Success),
        Err(error @ Failure::Refused(_)) => Err(Error::NothingRan(error.to_string())),
        Err(error) => Err(Error::Unexpected(error.to_string())),
    }
}

/// A configuration that can't work is told apart from a spool that is in use.
pub(crate) fn refused(error: StartError) -> Error {
    match error {
        StartError::Dial(error) => not_dialled(&error),
        _ => Error::NothingRan(error.to_string()),
    }
}

/// An address or certificates with which no coordinator can be reached.
pub(crate) fn not_dialled(error: &DialError) -> Error {
    match error {
        DialError::Address { .. } | DialError::Plaintext { .. } => Error::Usage(error.to_string()),
        DialError::File { .. } | DialError::Tls(_) => Error::Invalid(error.to_string()),
    }
}
