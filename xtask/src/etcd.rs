//! The etcd that the tests start: found on the path, or installed where that is one command.

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
            "the tests start etcd; install etcd 3.4 or newer, on Debian: apt-get install -y etcd-server"
        );
    }
    browser::install("etcd-server")
}

fn is_there() -> bool {
    let mut version = Command::new("etcd");
    version.arg("--version");
    let said = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    said.is_ok_and(|status| status.success())
}
