//! The `ip` by which the tests cut a network: found on the path, or installed where that is one
//! command.

use std::process::{Command, Stdio};

use anyhow::bail;

use crate::browser;

/// Makes sure that there is one; installs Debian's where this program may.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if is_there() {
        return Ok(());
    }
    if !browser::may_install()? {
        bail!(
            "the tests join network namespaces; install ip, on Debian: apt-get install -y iproute2"
        );
    }
    browser::install("iproute2")
}

fn is_there() -> bool {
    let mut version = Command::new("ip");
    version.arg("-Version");
    let said = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}
