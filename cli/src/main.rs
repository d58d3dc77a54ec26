//! `muster`: suites in, a grid at work, one report and an exit code out.
//!
//! This file starts the chosen verb and turns its end into an exit code; it decides nothing.
//! Reading order: `args` (what can be typed), `commands` (one verb per file), `select` and `plan`
//! (files → frozen plan), `follow` (events → live view), `archive` (what `.muster` holds).

mod archive;
mod args;
mod client;
mod commands;
mod embedded;
mod error;
mod exit_code;
mod exporting;
mod follow;
mod local;
mod near;
mod output;
mod plan;
mod reports;
mod select;
mod sources;
mod uncounted;
mod view;

use std::future::Future;

use anyhow::Context as _;
use clap::Parser as _;
use lifecycle::telemetry::{Control, Telemetry};

use args::{Cli, Verb};
use error::Error;
use exit_code::ExitCode;
use output::Output;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.color);
    let prepared = prepare(&cli.verb);
    let code = prepared
        .map_err(|error| Error::Unexpected(format!("{error:#}")))
        .and_then(|control| {
            let code = run(cli.verb, &output);
            control.finish();
            code
        })
        .unwrap_or_else(|error| {
            output.error(&error.to_string());
            error.exit_code()
        });
    code.into()
}

/// What every verb needs of the process: one TLS provider, and log lines on stderr.
fn prepare(verb: &Verb) -> anyhow::Result<Control> {
    // An error says that it is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let default = match verb {
        Verb::Coordinator(_) | Verb::Worker(_) => "info",
        _ => "error",
    };
    let mut telemetry = Telemetry::from_variables(default, |name| std::env::var(name).ok());
    let has_grid = matches!(
        verb,
        Verb::Coordinator(_) | Verb::Worker(_) | Verb::Run(_) | Verb::Demo(_)
    );
    telemetry.otlp = telemetry.otlp.filter(|_| has_grid);
    telemetry.start().context("could not start log lines")
}

fn run(verb: Verb, output: &Output) -> Result<ExitCode, Error> {
    use commands::{
        cancel, check, completions, coordinator, demo, diff, fmt, gate, init, list, lock, log,
        prove, report, run, runs, schema, show, trying, worker,
    };
    match verb {
        Verb::Init(args) => init::init(&args, output),
        Verb::Check(args) => check::check(&args, output),
        Verb::Fmt(args) => fmt::fmt(&args, output),
        Verb::List(args) => list::list(&args, output),
        Verb::Run(args) => run::run(&args, output),
        Verb::Try(args) => trying::try_it(&args, output),
        Verb::Prove(args) => prove::prove(&args, output),
        Verb::Show(args) => show::show(&args, output),
        Verb::Lock(args) => lock::lock(&args, output),
        Verb::Gate(args) => gate::gate(&args, output),
        Verb::Report(args) => report::report(&args, output),
        Verb::Diff(args) => diff::diff(&args, output),
        Verb::Cancel(args) => cancel::cancel(&args, output),
        Verb::Runs(args) => runs::runs(&args, output),
        Verb::Log(args) => log::log(&args, output),
        Verb::Coordinator(args) => coordinator::coordinator(&args, output),
        Verb::Worker(args) => worker::worker(&args, output),
        Verb::Demo(args) => demo::demo(&args, output),
        Verb::Schema(args) => schema::schema(&args, output),
        Verb::Completions(args) => completions::completions(&args, output),
    }
}

/// Runs a verb that talks to others.
fn wait_for<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::unexpected("start the runtime", error))?
        .block_on(work)
}
