//! Two coordinators over etcd and a store: whoever dies, each case is counted once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::cluster::Cluster;
use e2e::{Muster, Platform, Report, follow, muster};
use proto::v1::{RunEvent, Segment, run_event::Event};
use run_log::{ReadLog, RunFolder};

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
        assert_counted_once(&only_run(muster.dir.path())?, &report)?;
    }
    Ok(())
}

fn undisturbed(platform: &Platform) -> Result<BTreeMap<String, String>> {
    let cluster = Cluster::start(2)?;
    let muster = Muster::new()?;
    let said = muster.call(arguments(platform, &cluster))?;
    assert_eq!(said.code, 0, "{}\n{}", said.all(), cluster.output());
    Ok(muster.report("out")?.outcomes())
}

/// The log of two leaders, read by the second routine: nothing is wrong with it, two terms wrote
/// it, and each case of the report was settled once.
fn assert_counted_once(folder: &RunFolder, report: &Report) -> Result<()> {
    let stored = folder.segments(0)?;
    let terms: std::collections::BTreeSet<u64> =
        stored.iter().map(|one| one.segment.term).collect();
    assert_eq!(terms.len(), 2, "terms {terms:?}");
    let mut settled: BTreeMap<String, usize> = BTreeMap::new();
    let mut plan = None;
    for one in &stored {
        for event in events(&one.segment)? {
            match event {
                Event::CaseSettled(case) => {
                    let result = case.result.context("a settled case has a result")?;
                    *settled.entry(result.case).or_default() += 1;
                }
                Event::RunOpened(opened) => plan = opened.plan,
                _ => {}
            }
        }
    }
    let twice: Vec<_> = settled.iter().filter(|(_, count)| **count != 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    assert_eq!(settled.len(), report.cases().len());
    let digest = wire::digest::decode("plan", plan)?;
    let plan = folder.blob(&digest)?.context("the plan is kept")?;
    let raw: Vec<Vec<u8>> = stored.into_iter().map(|one| one.bytes).collect();
    let rechecked = recheck::recheck(&plan, &raw, None);
    assert_eq!(rechecked.problems, Vec::<String>::new());
    Ok(())
}

fn events(segment: &Segment) -> Result<Vec<Event>> {
    let decoded = segment.events.iter().map(|bytes| {
        let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
        event.event.context("an event of a known kind")
    });
    decoded.collect()
}

/// The copy of its only run that `muster` made where it was called.
fn only_run(dir: &Path) -> Result<RunFolder> {
    let runs = fs::read_dir(dir.join(".muster/runs"))?;
    let folders: Vec<_> = runs.collect::<Result<_, _>>()?;
    let with_log = folders.iter().map(fs::DirEntry::path);
    let with_log = with_log.filter(|path| path.join("run.log").is_file());
    let found: Vec<_> = with_log.collect();
    ensure!(found.len() == 1, "one run: {found:?}");
    Ok(RunFolder::open(&found[0])?)
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
