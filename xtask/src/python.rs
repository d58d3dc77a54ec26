//! The Python in which the tests compute a report's numbers again: found on the path, or installed
//! where that is one command. Which routine that is stands in `shared/report/tests/recompute`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::bail;

use crate::browser;
use crate::step::run;

/// Makes sure that there is one; installs Debian's where this program may.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    if !browser::may_install()? {
        bail!(
            "the tests compute reports again in Python; install Python 3 as `python3`, on Debian: apt-get install -y python3"
        );
    }
    browser::install("python3")
}

/// A folder for packages of PyPI, with a Python of its own.
pub(crate) fn venv(folder: &Path) -> anyhow::Result<()> {
    let make = || run(Command::new("python3").args(["-m", "venv"]).arg(folder));
    if make().is_err() && browser::may_install()? {
        browser::install("python3-venv")?;
        make()?;
    }
    Ok(())
}

fn is_there() -> bool {
    let mut version = Command::new("python3");
    version.args(["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]);
    let said = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}
