//! The long form of fuzzing: libFuzzer over each target of `fuzz/`, beginning with its seeds.
//!
//! A corpus grows in target/fuzz/corpus and is used again; what breaks a promise lies in
//! target/fuzz/artifacts. The short form is an ordinary test of the crate `fuzz`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::step::{Progress, cargo, run};

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds for each target.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// One target alone; all of them without.
    target: Option<String>,
}

pub(crate) fn fuzz(root: &Path, args: &Args) -> anyhow::Result<()> {
    let targets = chosen(root, args.target.as_deref())?;
    let mut progress = Progress::new(2 + u32::try_from(targets.len())?);
    let mut tools = PathBuf::new();
    progress.step("cargo-fuzz", || {
        tools = ensure(root)?;
        Ok(())
    })?;
    let seeds = root.join("target/fuzz/seeds");
    progress.step("seeds", || {
        run(cargo(root)
            .args(["run", "--quiet", "--package", "fuzz", "--"])
            .arg(&seeds))
    })?;
    for target in &targets {
        progress.step(target, || one(root, &tools, target, args.seconds))?;
    }
    Ok(())
}

fn one(root: &Path, tools: &Path, target: &str, seconds: u64) -> anyhow::Result<()> {
    let below = |folder: &str| root.join("target/fuzz").join(folder).join(target);
    let (corpus, artifacts) = (below("corpus"), below("artifacts"));
    for folder in [&corpus, &artifacts] {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(tools.to_owned()).chain(std::env::split_paths(&path));
    // No sanitizer: the workspace forbids `unsafe`, and a stable compiler has none.
    run(cargo(root)
        .env("PATH", std::env::join_paths(paths)?)
        .args(["fuzz", "run", "--sanitizer", "none"])
        .args(["--fuzz-dir", "fuzz/libfuzzer", "--target-dir"])
        .arg(root.join("target/fuzz"))
        .arg(target)
        .args([&corpus, &below("seeds")])
        .arg("--")
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg(format!("-max_total_time={seconds}"))
        .args(["-rss_limit_mb=512", "-timeout=20", "-max_len=16384"])
        .args(["-verbosity=0", "-print_final_stats=1"]))
    .with_context(|| {
        format!(
            "what broke it lies in {}; keep it as fuzz/regressions/{target}/WHAT_IT_WAS",
            artifacts.display()
        )
    })
}

/// All targets by name, or the one asked for.
fn chosen(root: &Path, asked: Option<&str>) -> anyhow::Result<Vec<String>> {
    let folder = root.join("fuzz/libfuzzer/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        names.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    match asked {
        None => Ok(names),
        Some(name) if names.iter().any(|known| known == name) => Ok(vec![name.to_owned()]),
        Some(name) => bail!(
            "there is no target `{name}`; there are {}",
            names.join(", ")
        ),
    }
}

/// The folder that cargo-fuzz is in, after making sure that it is somewhere.
fn ensure(root: &Path) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = root.join("target/tools");
    let found = std::env::split_paths(&path)
        .chain([tools.join("bin")])
        .find(|folder| folder.join("cargo-fuzz").is_file());
    if let Some(folder) = found {
        return Ok(folder);
    }
    run(cargo(root)
        .args(["install", "--locked", "cargo-fuzz", "--root"])
        .arg(&tools))
    .context("cargo-fuzz could not be installed; the gate does not need it")?;
    Ok(tools.join("bin"))
}
