//! The browser that the tests open report.html in: found on the path, or installed where that is
//! one command. The tests look for the same names; see `e2e/src/browser.rs`.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use crate::step::run;

/// Programs that are a Chromium.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Makes sure that there is one; installs Debian's where this program may.
pub(crate) fn ensure() -> anyhow::Result<()> {
    if std::env::var_os("MUSTER_BROWSER").is_some() || is_on_path() {
        return Ok(());
    }
    if !Path::new("/etc/debian_version").is_file() {
        bail!(
            "the tests open report.html in a browser, and no Chromium is on the path; install one, \
             or name one: MUSTER_BROWSER=/path/to/it cargo xtask test"
        );
    }
    if !is_root()? {
        bail!(
            "the tests open report.html in a browser, and no Chromium is on the path; run: \
             sudo apt-get install -y chromium"
        );
    }
    install("chromium")
}

/// Whether this program may install packages of Debian.
pub(crate) fn may_install() -> anyhow::Result<bool> {
    Ok(Path::new("/etc/debian_version").is_file() && is_root()?)
}

/// Installs one of Debian's packages.
pub(crate) fn install(package: &str) -> anyhow::Result<()> {
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command
    };
    run(apt().args(["update", "-qq"]))?;
    run(apt().args(["install", "-y", "-qq", package])).with_context(|| {
        format!("{package} could not be installed; install it by hand, the tests need it")
    })
}

fn is_on_path() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| NAMES.iter().any(|name| folder.join(name).is_file()))
}

fn is_root() -> anyhow::Result<bool> {
    let said = Command::new("id")
        .arg("-u")
        .stderr(Stdio::inherit())
        .output()
        .context("could not ask `id -u` who runs this")?;
    Ok(said.stdout.trim_ascii() == b"0")
}
