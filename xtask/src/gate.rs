//! The steps of the gate, in the order that finds a mistake soonest.
//!
//! Every part is also a command of its own (see `main`). Advisories are not looked at: their
//! database needs a network, and the gate runs without one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::browser;
use crate::chart;
use crate::etcd;
use crate::iproute;
use crate::moto;
use crate::python;
use crate::step::{Progress, cargo, run};
use crate::tidy as rules;

pub(crate) fn all(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(13);
    progress.step("browser", browser::ensure)?;
    progress.step("python", python::ensure)?;
    progress.step("etcd", etcd::ensure)?;
    progress.step("ip", iproute::ensure)?;
    progress.step("moto", || moto::ensure(root))?;
    progress.step("helm", || chart::ensure(root))?;
    progress.step("format", || format(root))?;
    progress.step("tidy", || rules::check(root))?;
    progress.step("chart", || chart::check(root))?;
    progress.step("clippy", || clippy(root))?;
    progress.step("docs", || document(root))?;
    progress.step("tests", || tests(root, &[]))?;
    progress.step("planted bugs", || planted(root))?;
    progress.finish();
    Ok(())
}

pub(crate) fn tidy(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(1);
    progress.step("tidy", || rules::check(root))
}

pub(crate) fn chart(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(2);
    progress.step("helm", || chart::ensure(root))?;
    progress.step("chart", || chart::check(root))
}

pub(crate) fn lint(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(2);
    progress.step("format", || format(root))?;
    progress.step("clippy", || clippy(root))
}

pub(crate) fn docs(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(1);
    progress.step("docs", || document(root))
}

/// All tests; `filter` goes to the test binaries as typed.
///
/// The binaries are built first, because the tests of the CLI start them as a user would.
pub(crate) fn tests(root: &Path, filter: &[String]) -> anyhow::Result<()> {
    browser::ensure()?;
    python::ensure()?;
    etcd::ensure()?;
    iproute::ensure()?;
    moto::ensure(root)?;
    chart::ensure(root)?;
    run(cargo(root).args(["build", "--workspace", "--bins"]))?;
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast"]);
    if !filter.is_empty() {
        command.arg("--").args(filter);
    }
    run(&mut command)
}

/// The simulation again, with bugs planted one by one: it must see each of them.
fn planted(root: &Path) -> anyhow::Result<()> {
    run(cargo(root).args([
        "test",
        "-p",
        "accounting",
        "--features",
        "planted",
        "--test",
        "it",
        "planted",
    ]))
}

/// The same rules as in `tidy`, judged by cargo-deny.
pub(crate) fn deny(root: &Path) -> anyhow::Result<()> {
    let mut progress = Progress::new(2);
    let mut tool = PathBuf::new();
    progress.step("cargo-deny", || {
        tool = cargo_deny(root)?;
        Ok(())
    })?;
    progress.step("licences, bans, sources", || {
        run(std::process::Command::new(&tool).current_dir(root).args([
            "--offline",
            "check",
            "licenses",
            "bans",
            "sources",
        ]))
    })
}

fn format(root: &Path) -> anyhow::Result<()> {
    run(cargo(root).args(["fmt", "--all", "--check"]))
}

fn clippy(root: &Path) -> anyhow::Result<()> {
    run(cargo(root).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))
}

fn document(root: &Path) -> anyhow::Result<()> {
    run(cargo(root)
        .args(["doc", "--workspace", "--no-deps"])
        .env("RUSTDOCFLAGS", "--deny warnings"))
}

/// Where cargo-deny is, after making sure that it is somewhere.
fn cargo_deny(root: &Path) -> anyhow::Result<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .map(|path| std::env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter()
        .map(|folder| folder.join("cargo-deny"))
        .find(|file| file.is_file());
    if let Some(file) = on_path {
        return Ok(file);
    }
    let tools = root.join("target").join("tools");
    let file = tools.join("bin").join("cargo-deny");
    if !file.is_file() {
        run(cargo(root)
            .args(["install", "--locked", "cargo-deny", "--root"])
            .arg(&tools))
        .context("cargo-deny could not be installed; the rest of the gate does not need it")?;
    }
    Ok(file)
}
