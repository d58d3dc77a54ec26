//! `muster coordinator`: serves a grid until it is asked to end.

use coordinator::{Config, ExitError, StartError};

use crate::args::CoordinatorArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::Interrupt;
use crate::output::Output;
use crate::wait_for;

pub(crate) fn coordinator(args: &CoordinatorArgs, output: &Output) -> Result<ExitCode, Error> {
    wait_for(serve(args, output))
}

async fn serve(args: &CoordinatorArgs, output: &Output) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen();
    let config = Config {
        tls: args.tls.for_listening(),
        cluster: args.cluster.cluster(),
        health: args.health,
        ..Config::new(args.listen, &args.data)
    };
    let mut running = coordinator::start(config).await.map_err(refused)?;
    output.data(&format!("coordinator listening at {}", running.address()));
    if let Some(address) = running.health() {
        output.data(&format!("probes answered at {address}"));
    }
    tokio::select! {
        ended = running.wait() => ended,
        () = interrupt.stop().cancelled() => running.stop().await,
    }
    .map_err(ended)?;
    Ok(ExitCode::Success)
}

fn ended(error: ExitError) -> Error {
    match error {
        ExitError::CantLead(error) => refused(error),
        ExitError::Deposed { .. } => Error::Superseded(error.to_string()),
        _ => Error::Unexpected(error.to_string()),
    }
}

/// A configuration that can't work is told apart from an address or a folder that is taken.
pub(crate) fn refused(error: StartError) -> Error {
    match error {
        StartError::Plaintext { .. }
        | StartError::NotAnAddress { .. }
        | StartError::Election(coordination::Error::BadEtcd { .. }) => {
            Error::Usage(error.to_string())
        }
        StartError::TlsFile { .. } | StartError::Tls { .. } => Error::Invalid(error.to_string()),
        _ => Error::NothingRan(error.to_string()),
    }
}
