//! Two coordinators over etcd and a store: whoever dies, each case is counted once.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::cluster::Cluster;
use e2e::{Muster, Platform, follow, muster};

use crate::counted::Counted;
use crate::times;

/// Longer than election, lease, guard and the cases that follow.
const RUN_ENDS_WITHIN: Duration = Duration::from_secs(300);

/// `MUSTER_FAILOVERS=10` for the long form.
#[tokio::test]
async fn a_run_goes_on_with_the_standby_when_the_leader_is_killed() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let undisturbed = undisturbed(&platform)?;
    for number in 0..times("MUSTER_FAILOVERS", 1) {
        let mut cluster = Cluster::start(2)?;
        let leader = cluster.leader().await?;
        let muster = Muster::new()?;
        let words = arguments(&platform, &cluster);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut run = muster.start(&words)?;
        follow::until(&leader, |seen| {
            seen.settled > number * 4 && seen.holder().is_some()
        })
        .await
        .with_context(|| format!("{}\n{}", run.output(), cluster.output()))?;
        cluster.kill(&leader)?;
        let successor = cluster.leader().await?;
        ensure!(successor != leader, "the dead one can't lead");
        let status = run.ended(RUN_ENDS_WITHIN)?;
        let said = format!("{}\n{}", run.output(), cluster.output());
        assert_eq!(status.code(), Some(0), "{said}");
        let report = muster.report("out")?;
        assert_eq!(report.imbalances(), Vec::<String>::new());
        assert_eq!(report.verdict(), "GO", "{}\n{said}", report.reasons());
        assert_eq!(report.outcomes(), undisturbed, "failover {number}\n{said}");
        let counted = Counted::read(muster.dir.path())?;
        counted.are_counted_once(report.outcomes().keys())?;
        assert_eq!(counted.terms.len(), 2, "terms {:?}", counted.terms);
    }
    Ok(())
}

/// The leader is stopped until another leads, and woken: it ends by itself, and says with its exit
/// code that nothing is wrong with it.
#[tokio::test]
async fn a_leader_that_wakes_while_another_leads_ends_with_75() -> Result<()> {
    let platform = Platform::start(&[]).await?;
    let mut cluster = Cluster::start(2)?;
    let leader = cluster.leader().await?;
    let muster = Muster::new()?;
    let words = arguments(&platform, &cluster);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut run = muster.start(&words)?;
    follow::until(&leader, |seen| seen.settled > 0 && seen.holder().is_some())
        .await
        .with_context(|| format!("{}\n{}", run.output(), cluster.output()))?;
    cluster.signal("STOP", &leader)?;
    // It may answer once more until each of its threads stands still.
    while cluster.leader().await? == leader {}
    cluster.signal("CONT", &leader)?;
    let status = cluster.ended(&leader, RUN_ENDS_WITHIN)?;
    assert_eq!(status.code(), Some(75), "{}", cluster.output());
    let said = cluster.output();
    let clear = "another coordinator leads: ";
    assert!(said.contains(&format!("error: {clear}")), "{said}");
    let status = run.ended(RUN_ENDS_WITHIN)?;
    let said = format!("{}\n{}", run.output(), cluster.output());
    assert_eq!(status.code(), Some(0), "{said}");
    let report = muster.report("out")?;
    assert_eq!(report.imbalances(), Vec::<String>::new());
    assert_eq!(report.verdict(), "GO", "{}\n{said}", report.reasons());
    let counted = Counted::read(muster.dir.path())?;
    counted.are_counted_once(report.outcomes().keys())?;
    Ok(())
}

/// As above, of a grid in which nothing happens: there is nothing to append, so no append can
/// conflict, and yet nobody must ask it for long.
#[tokio::test]
async fn a_leader_of_an_idle_grid_finds_out_too_that_another_leads() -> Result<()> {
    let mut cluster = Cluster::start(0)?;
    let leader = cluster.leader().await?;
    cluster.signal("STOP", &leader)?;
    while cluster.leader().await? == leader {}
    cluster.signal("CONT", &leader)?;
    let status = cluster.ended(&leader, RUN_ENDS_WITHIN)?;
    assert_eq!(status.code(), Some(75), "{}", cluster.output());
    assert_ne!(cluster.leader().await?, leader);
    Ok(())
}

fn undisturbed(platform: &Platform) -> Result<BTreeMap<String, String>> {
    let cluster = Cluster::start(2)?;
    let muster = Muster::new()?;
    let said = muster.call(arguments(platform, &cluster))?;
    assert_eq!(said.code, 0, "{}\n{}", said.all(), cluster.output());
    Ok(muster.report("out")?.outcomes())
}

fn arguments(platform: &Platform, cluster: &Cluster) -> Vec<String> {
    let suites = muster::suites().to_string_lossy().into_owned();
    let environment = platform.environment().to_string_lossy().into_owned();
    let addresses = cluster.addresses();
    let words = ["--grid", &addresses, "--gate", "release", "--out", "out"];
    ["run", &suites, "--env", &environment]
        .iter()
        .chain(&words)
        .map(|word| (*word).to_owned())
        .collect()
}
