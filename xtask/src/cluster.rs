//! A whole cluster on this machine: builds it, installs the servers it stands on, and becomes the
//! program that starts and watches it.
//!
//! What it starts and says: `e2e/src/bin/local-cluster.rs`.

use std::path::Path;
use std::process::Command;

use crate::etcd;
use crate::moto;
use crate::prove::{built, end_as};
use crate::step::{cargo, run};

const PROGRAM: &str = "local-cluster";

pub(crate) fn cluster(root: &Path) -> anyhow::Result<()> {
    etcd::ensure()?;
    moto::ensure(root)?;
    let packages = ["-p", "cli", "-p", "staging", "-p", "e2e"];
    run(cargo(root).arg("build").args(packages).arg("--bins"))?;
    end_as(&mut Command::new(built()?.join(PROGRAM)))
}
