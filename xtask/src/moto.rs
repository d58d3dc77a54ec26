//! The S3 server that the tests start beside their own: PyPI's moto, in a folder below `target/`.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::python;
use crate::step::run;

/// The release that the tests were made with.
const PACKAGE: &str = "moto[server]==5.2.5";

/// Makes sure that it is there.
pub(crate) fn ensure(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target").join("moto");
    if folder.join("bin").join("moto_server").is_file() {
        return Ok(());
    }
    python::venv(&folder)?;
    let pip = folder.join("bin").join("pip");
    run(Command::new(pip).args(["install", "--quiet", PACKAGE]))
        .context("moto could not be installed; the tests of S3 need it")
}
