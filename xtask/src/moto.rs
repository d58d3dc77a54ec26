//! The S3 server that the tests start beside their own: PyPI's moto, in a folder below `target/`.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use crate::browser;
use crate::step::run;

/// The release that the tests were made with.
const PACKAGE: &str = "moto[server]==5.2.5";

/// Makes sure that it is there.
pub(crate) fn ensure(root: &Path) -> anyhow::Result<()> {
    let folder = root.join("target").join("moto");
    if folder.join("bin").join("moto_server").is_file() {
        return Ok(());
    }
    let make = || run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
    if make().is_err() && browser::may_install()? {
        browser::install("python3-venv")?;
        make()?;
    }
    let pip = folder.join("bin").join("pip");
    run(Command::new(pip).args(["install", "--quiet", PACKAGE]))
        .context("moto could not be installed; the tests of S3 need it")
}
