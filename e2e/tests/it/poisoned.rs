//! A case that takes its worker with it each time that it is executed: it is lost, with the reason,
//! and no other case suffers from it.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::process::Process;
use e2e::watch::Watch;
use e2e::{Grid, Muster, Platform, grid};

use crate::counted::Counted;
use crate::receipts::Receipts;

/// Longer than any of it takes on a busy machine.
const AT_MOST: Duration = Duration::from_secs(600);
const POISON: &str = "ill::poison@any";
const OTHERS: usize = 40;
/// With others, then again, then alone.
const LOSSES: usize = 3;

/// Its worker gets SIGKILL as soon as the platform has heard of the case, and is started again over
/// its spool, as a supervisor does after an out-of-memory kill. Losses before the last may have been
/// another case's doing, so the last is shown alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_kills_its_worker_each_time_is_lost_alone_and_nothing_else_is() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let mut grid = Grid::start(2)?;
    let muster = Muster::new()?;
    let mut run = hand_in(&muster, &platform, &grid)?;
    let killed = tokio::time::timeout(AT_MOST, kill_holders(&platform, &mut grid, &mut run));
    let killed = killed.await.context("it did not end").flatten();
    let said = format!("{}\n{}", run.output(), grid.output());
    let killed = killed.with_context(|| said.clone())?;
    ensure!(killed.len() == LOSSES, "killed under {killed:?}\n{said}");

    let report = muster.report("out")?;
    ensure!(report.imbalances().is_empty(), "{:?}", report.imbalances());
    let not_passed = report.not_passed();
    let poisoned = format!("{POISON} lost: poisoned: lost {LOSSES} times, at last alone on ");
    ensure!(
        matches!(&not_passed[..], [one] if one.starts_with(&poisoned)),
        "{not_passed:?}\n{said}"
    );
    ensure!(report.cases().len() == OTHERS + 1);
    ensure!(report.verdict() == "INCOMPLETE", "{}", report.verdict());
    ensure!(report.reasons().contains("lost (poisoned)"), "{said}");
    let status = run.ended(AT_MOST)?;
    ensure!(status.code() == Some(106), "{status}\n{said}");

    let counted = Counted::read(muster.dir.path())?;
    let closed: Vec<&String> = counted.closed.keys().collect();
    ensure!(closed == [POISON], "{:?}", counted.closed);
    let outcomes = report.outcomes();
    counted.are_counted_once(outcomes.keys().filter(|case| *case != POISON))?;
    Receipts::fetch(&platform)
        .await?
        .agree_with(&counted, |_| 1)?;
    let leased = counted.leased.iter();
    let leased = leased.filter(|(_, cases)| cases.contains(POISON));
    let leases: Vec<(u64, usize)> = leased.map(|(id, cases)| (*id, cases.len())).collect();
    println!("leased with as many cases: {leases:?}");
    let of_poison: BTreeSet<u64> = leases.iter().map(|(attempt, _)| *attempt).collect();
    ensure!(of_poison == killed, "{leases:?}, killed under {killed:?}");
    ensure!(of_poison.is_subset(&counted.lost), "{:?}", counted.lost);
    ensure!(matches!(leases.last(), Some((_, 1))), "{leases:?}");
    Ok(())
}

/// Until the run has ended: whoever executes the poison dies. Gives the attempts under which.
async fn kill_holders(
    platform: &Platform,
    grid: &mut Grid,
    run: &mut Process,
) -> Result<BTreeSet<u64>> {
    let watch = Watch::start(&grid.address);
    let mut killed = BTreeSet::new();
    let mut pace = tokio::time::interval(Duration::from_millis(50));
    while run.has_ended()?.is_none() {
        pace.tick().await;
        let holder = watch.view().holder_of(POISON).map(owned);
        let Some((attempt, worker)) = holder.filter(|(attempt, _)| !killed.contains(attempt))
        else {
            continue;
        };
        let heard = Receipts::fetch(platform).await?;
        let is_at_it = heard
            .0
            .get(POISON)
            .is_some_and(|of| of.contains_key(&attempt));
        if is_at_it {
            grid.restart_worker(&worker)?;
            killed.insert(attempt);
        }
    }
    Ok(killed)
}

fn owned((attempt, worker): (u64, &str)) -> (u64, String) {
    (attempt, worker.to_owned())
}

/// The poison asks once and then goes on for much longer than it lives.
fn hand_in(muster: &Muster, platform: &Platform, grid: &Grid) -> Result<Process> {
    let host = platform.api().trim_start_matches("https://");
    let (api, regions) = (platform.api(), grid::REGIONS.join(", "));
    muster.write("ca.pem", &std::fs::read_to_string(platform.authority())?)?;
    muster.write(
        "ill.yaml",
        &format!(
            "muster: v1\nenvironment: ill\nservices:\n  api: \"{api}\"\nallow:\n  - \"{host}\"\ntls:\n  \
             ca: ca.pem\nregions: [{regions}]\n"
        ),
    )?;
    let steps = "    steps:\n      - http: GET /health\n        as: nobody\n        within: 60s\n        \
                 status: 200\n        check:\n          - body.status == \"healthy\"\n";
    let rows: String = (0..OTHERS)
        .map(|row| format!("      r{row}: {{ n: {row} }}\n"))
        .collect();
    let test = |id: &str, rows: &str, wait: &str| {
        format!(
            "  - id: {id}\n    regions: any\n    timeout: 600s\n{rows}{steps}      - wait: {wait}\n"
        )
    };
    let poison = test("poison", "", "590s");
    let others = test("well", &format!("    rows:\n{rows}"), "300ms");
    let suite = format!("muster: v1\nsuite: ill\npriority: P1\ntests:\n{poison}{others}");
    muster.write("suite.yaml", &suite)?;
    let words = ["run", "suite.yaml", "--env", "ill.yaml", "--out", "out"];
    muster.start(&[&words[..], &["--grid", &grid.address]].concat())
}
