//! What cargo knows of the workspace: its crates, their dependencies, their licences.
//!
//! Asked once from `cargo metadata`, and read into the few fields that the rules need.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::step::cargo;

/// When a dependency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Always,
    Build,
    Tests,
}

#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) when: When,
}

#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) folder: PathBuf,
    pub(crate) license: Option<String>,
    /// `None` for a crate of this workspace.
    pub(crate) source: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

/// All packages that a build on this machine uses, the workspace's own first.
pub(crate) fn packages(root: &Path) -> anyhow::Result<Vec<Package>> {
    let host = host(root)?;
    let output = cargo(root)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(["--filter-platform", &host])
        .output()
        .context("could not start `cargo metadata`")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut packages = list(&metadata["packages"])
        .map(package)
        .collect::<anyhow::Result<Vec<_>>>()?;
    packages.sort_by_key(|package| (package.source.is_some(), package.name.clone()));
    Ok(packages)
}

fn host(root: &Path) -> anyhow::Result<String> {
    let output = cargo(root)
        .args(["--version", "--verbose"])
        .output()
        .context("could not start `cargo --version`")?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("`cargo --version --verbose` names no host")
}

fn package(value: &Value) -> anyhow::Result<Package> {
    let manifest = PathBuf::from(text(&value["manifest_path"])?);
    Ok(Package {
        name: text(&value["name"])?,
        version: text(&value["version"])?,
        folder: manifest.parent().unwrap_or(Path::new("")).to_owned(),
        license: value["license"].as_str().map(str::to_owned),
        source: value["source"].as_str().map(str::to_owned),
        dependencies: list(&value["dependencies"])
            .map(dependency)
            .collect::<anyhow::Result<_>>()?,
    })
}

fn dependency(value: &Value) -> anyhow::Result<Dependency> {
    let when = match value["kind"].as_str() {
        Some("dev") => When::Tests,
        Some("build") => When::Build,
        _ => When::Always,
    };
    Ok(Dependency {
        name: text(&value["name"])?,
        when,
    })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> anyhow::Result<String> {
    value
        .as_str()
        .map(str::to_owned)
        .context("`cargo metadata` left out a field")
}
