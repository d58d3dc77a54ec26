//! Every defect of the reference platform against all suites, and the page that says what came of
//! it. `cargo xtask prove` builds what it needs and starts it.
//!
//! `matrix PAGE [--check] [--at-once N] [--only WORD]`. Ctrl-C ends it and all that it started.

mod args;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use e2e::matrix::{self, Defect, Inventory, Proof, Scope, Tried, page};
use futures_util::{StreamExt as _, stream};
use tokio::signal::unix::{SignalKind, signal};

use args::Args;

#[tokio::main]
async fn main() -> ExitCode {
    // What is dropped here ends what it started.
    let ended = tokio::select! {
        ended = whole() => ended,
        why = stopped() => why.and_then(|why| bail!("{why}: nothing was written")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// What told this program to stop.
async fn stopped() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        told = tokio::signal::ctrl_c() => told.map(|()| "interrupted").map_err(Into::into),
        _ = terminate.recv() => Ok("terminated"),
    }
}

async fn whole() -> Result<()> {
    let args = Args::parse(std::env::args().skip(1))?;
    let mut defects = matrix::defects().await?;
    if let Some(word) = &args.only {
        defects.retain(|defect| defect.name.contains(word) || defect.test.contains(word));
    }
    let tried = all(&defects, args.at_once).await?;
    if args.only.is_some() {
        let problems: Vec<String> = tried.iter().flat_map(Tried::problems).collect();
        return without(&problems);
    }
    eprintln!("muster prove: each check against altered answers");
    let inventory = Inventory::take().await?;
    let proof = Proof { inventory, tried };
    without(&proof.problems())?;
    settle(&args, &page::render(&proof))
}

/// Each defect once, a few at a time; in the order given.
async fn all(defects: &[Defect], at_once: usize) -> Result<Vec<Tried>> {
    let begun = Instant::now();
    let attempts = defects.iter().enumerate().map(|(at, defect)| async move {
        let tried = matrix::attempt(defect, Scope::AllSuites).await;
        tried.map(|tried| (at, tried))
    });
    let mut attempts = stream::iter(attempts).buffer_unordered(at_once);
    let mut found = BTreeMap::new();
    while let Some(ended) = attempts.next().await {
        let (at, tried) = ended?;
        let (done, of, seconds) = (found.len() + 1, defects.len(), begun.elapsed().as_secs());
        eprintln!("{done:>3}/{of} {} ({seconds} s)", told(&tried));
        found.insert(at, tried);
    }
    Ok(found.into_values().collect())
}

fn told(tried: &Tried) -> String {
    let name = &tried.defect.name;
    let others: Vec<&str> = tried.others().map(|red| red.test.as_str()).collect();
    let also = match others.is_empty() {
        true => String::new(),
        false => format!(", also {}", others.join(", ")),
    };
    match (tried.own(), &tried.outage) {
        (Some(own), _) => format!("{name}: {} is red{also}", own.test),
        (None, Some(_)) => format!("{name}: hides an outage"),
        (None, None) => format!("{name}: {} is GREEN{also}", tried.defect.test),
    }
}

fn without(problems: &[String]) -> Result<()> {
    match problems {
        [] => Ok(()),
        some => bail!("this proves too little:\n  {}", some.join("\n  ")),
    }
}

/// Writes the page, or compares it with the one that is there.
fn settle(args: &Args, page: &str) -> Result<()> {
    if !args.check {
        std::fs::write(&args.page, page)
            .with_context(|| format!("write {}", args.page.display()))?;
        eprintln!("{} is written", args.page.display());
        return Ok(());
    }
    let before = std::fs::read_to_string(&args.page)
        .with_context(|| format!("read {}", args.page.display()))?;
    match difference(&before, page) {
        None => Ok(()),
        Some(difference) => bail!(
            "{} is out of date; `cargo xtask prove` writes it again\n{difference}",
            shown(&args.page)
        ),
    }
}

fn shown(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// The lines that only one of two pages has, the first few.
fn difference(before: &str, after: &str) -> Option<String> {
    const SHOWN: usize = 20;
    if before == after {
        return None;
    }
    let gone = before
        .lines()
        .filter(|line| !after.lines().any(|other| other == *line));
    let new = after
        .lines()
        .filter(|line| !before.lines().any(|other| other == *line));
    let gone = gone.map(|line| format!("- {line}"));
    let lines: Vec<String> = gone.chain(new.map(|line| format!("+ {line}"))).collect();
    let more = lines.len().saturating_sub(SHOWN);
    let first = lines[..lines.len() - more].join("\n");
    Some(match (lines.is_empty(), more) {
        (true, _) => "the same lines stand in another order".to_owned(),
        (false, 0) => first,
        (false, more) => format!("{first}\n… and {more} lines more"),
    })
}
