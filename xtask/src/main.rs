//! The gate: everything that must hold before a change may land, the same at home and in CI.
//!
//! `cargo xtask test` runs all of it and stops at the first step that fails. It needs cargo, a C
//! compiler, a Chromium, a Python, an etcd, a server of S3 and iproute2, which it installs itself as
//! root on Debian, and a kernel that lets the tests make network namespaces. What the steps are stands in `gate`; the rules that no other tool knows stand in `tidy`,
//! one per file.

mod browser;
mod chart;
mod cluster;
mod etcd;
mod fuzz;
mod gate;
mod iproute;
mod moto;
mod prove;
mod python;
mod step;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

/// Runs the gate, or a part of it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// The whole gate; with arguments, only the tests, and the arguments go to the test binaries.
    ///
    /// `cargo xtask test` is what CI runs. `cargo xtask test -- conservation` runs the tests with
    /// that word in their name.
    Test {
        #[arg(last = true)]
        filter: Vec<String>,
    },
    /// Rules of the tree: arrows between crates, headers, names, sizes, licences.
    Tidy,
    /// The chart in deploy/helm: helm's lint, and its templates against the schemas of Kubernetes.
    Chart,
    /// Formatting and clippy, warnings denied.
    Lint,
    /// The documentation, warnings denied.
    Docs,
    /// Every defect of the reference platform against all suites; writes docs/proof.md. Takes minutes.
    ///
    /// Fails when a test has no defect of its own that turns it red, or a defect turns more than
    /// three others red. Ctrl-C ends it with all that it started.
    Prove(prove::Prove),
    /// A whole cluster on this machine: etcd, a server of S3, two coordinators, six workers, a platform.
    ///
    /// It says where each listens, how to run the suites on it and how to try a failover. Ctrl-C
    /// ends everything and leaves nothing behind.
    Cluster,
    /// libFuzzer over every parser of foreign bytes, ten minutes each; the gate replays its seeds.
    Fuzz(fuzz::Args),
    /// The full dependency audit by cargo-deny; compiles that tool into target/tools if absent.
    Deny,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> anyhow::Result<()> {
    let root = root()?;
    match args.part {
        Part::Test { filter } if filter.is_empty() => gate::all(&root),
        Part::Test { filter } => gate::tests(&root, &filter),
        Part::Tidy => gate::tidy(&root),
        Part::Chart => gate::chart(&root),
        Part::Lint => gate::lint(&root),
        Part::Docs => gate::docs(&root),
        Part::Prove(args) => prove::prove(&root, &args),
        Part::Cluster => cluster::cluster(&root),
        Part::Fuzz(args) => fuzz::fuzz(&root, &args),
        Part::Deny => gate::deny(&root),
    }
}

/// The root of the workspace: the folder above this crate's.
fn root() -> anyhow::Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = here.parent().context("xtask lies in no workspace")?;
    Ok(root.to_owned())
}
