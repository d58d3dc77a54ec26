//! Runs in a queue, with real processes: two at once on one environment, a third that wants it
//! alone, and a coordinator that dies meanwhile. A small server judges by what it received.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::process::Process;
use e2e::{Grid, Muster};
use proto::v1::control_service_client::ControlServiceClient;
use proto::v1::{FollowRequest, ListRequest, RunEvent, RunLine, run_event::Event};
use tokio_stream::StreamExt;

use crate::target::Target;

const RPS: usize = 15;
const N_CASES: usize = 45;
const SPAN: Duration = Duration::from_secs(2);
/// What comes in the span at the cap, and what each part may be ahead when it begins or goes from
/// one run to the other. Two runs with caps of their own would come to twice the cap.
const IN_SPAN: usize = 2 * RPS + 10;
/// Longer than any of it takes on a busy machine; who waits so long has failed.
const AT_MOST: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_share_an_environment_and_a_third_waits_to_have_it_alone() -> Result<()> {
    three_runs(false).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_coordinator_changes_nothing_of_it() -> Result<()> {
    three_runs(true).await
}

async fn three_runs(kills_coordinator: bool) -> Result<()> {
    let mut target = Target::holding().await;
    let mut grid = Grid::start(1)?;
    let (first, second, alone) = (caller(&target)?, caller(&target)?, caller(&target)?);
    see_workers(&grid.address, 3).await?;
    let mut runs = vec![hand_in(&first, &grid, &[])?];
    let names = [
        newest(&grid.address, 1).await?,
        {
            runs.push(hand_in(&second, &grid, &[])?);
            newest(&grid.address, 2).await?
        },
        {
            runs.push(hand_in(
                &alone,
                &grid,
                &["--exclusive", "--priority", "high"],
            )?);
            newest(&grid.address, 3).await?
        },
    ];
    target.asked(1).await;
    is_listed(&first, &grid, &names)?;
    runs[2].wait_for(|line| line.contains("waits, number 1 in the queue").then_some(()))?;
    target.release();
    if kills_coordinator {
        leases(&grid.address, &names[1]).await?;
        grid.restart_coordinator()?;
    }
    for mut run in runs {
        let status = run.ended(AT_MOST)?;
        let both = format!("{}\n{}", run.output(), grid.output());
        assert_eq!(status.code(), Some(0), "{both}");
    }
    for caller in [&first, &second, &alone] {
        let report = caller.report("out")?;
        assert_eq!(report.verdict(), "PASSED", "{}", report.reasons());
        assert_eq!(report.outcomes().len(), N_CASES);
    }
    let most = target.most_within(SPAN);
    assert!(most <= IN_SPAN, "{most} requests came within {SPAN:?}");
    assert!(target.n_asked() >= 3 * N_CASES);
    in_order(&grid, &names).await
}

/// Two are active and hold the lock together, the third waits for it.
fn is_listed(first: &Muster, grid: &Grid, names: &[String; 3]) -> Result<()> {
    let said = first.call(["runs", "--grid", &grid.address])?;
    let lines: Vec<&str> = said.stdout.lines().collect();
    let line_of = |name: &String| lines.iter().find(|line| line.starts_with(name.as_str()));
    let waiting = line_of(&names[2]).context("the third is listed")?;
    assert!(
        waiting.contains("number 1 in the queue, priority high, waits for the lock small: run"),
        "{}",
        said.all()
    );
    for name in &names[..2] {
        let line = line_of(name).context("an active run is listed")?;
        assert!(line.contains("holds small (shared)"), "{}", said.all());
    }
    Ok(())
}

/// By their logs, two runs were at work at once, and the third after both.
async fn in_order(grid: &Grid, names: &[String; 3]) -> Result<()> {
    let mut times = Vec::new();
    for name in names {
        times.push(Times::of(&grid.address, name).await?);
    }
    let [first, second, third] = &times[..] else {
        anyhow::bail!("three runs have three logs");
    };
    let overlap = first.leased < second.ended && second.leased < first.ended;
    assert!(overlap, "two runs at once: {times:?}");
    let is_last = third.leased >= first.ended.max(second.ended);
    assert!(is_last, "the third alone: {times:?}");
    Ok(())
}

/// A folder with a suite of small tests, on the same environment in each.
fn caller(target: &Target) -> Result<Muster> {
    let muster = Muster::new()?;
    let address = target.address;
    let regions = e2e::grid::REGIONS.join(", ");
    muster.write(
        "small.yaml",
        &format!(
            "muster: v1\nenvironment: small\nservices:\n  api: \"http://{address}\"\nallow:\n  - \
             \"{address}\"\nregions: [{regions}]\ncaps: {{ rps: {RPS} }}\n"
        ),
    )?;
    let mut suite = "muster: v1\nsuite: health\npriority: P1\ntests:\n".to_owned();
    for number in 0..N_CASES {
        suite += &format!(
            "  - id: t{number}\n    timeout: 200s\n    steps:\n      - http: GET \
             /health?n={number}\n        as: nobody\n        within: 180s\n        status: 200\n        \
             check:\n          - body.status == \"healthy\"\n"
        );
    }
    muster.write("suites/health.yaml", &suite)?;
    Ok(muster)
}

fn hand_in(muster: &Muster, grid: &Grid, more: &[&str]) -> Result<Process> {
    let words = ["run", "suites", "--env", "small.yaml", "--out", "out"];
    let grid = ["--grid", &grid.address];
    muster.start(&[&words[..], &grid[..], more].concat())
}

async fn list(address: &str) -> Result<(Vec<RunLine>, usize)> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let reply = client.list(ListRequest::default()).await?.into_inner();
    Ok((reply.runs, reply.workers.len()))
}

async fn see_workers(address: &str, n_workers: usize) -> Result<()> {
    let wait = async {
        while list(address).await?.1 < n_workers {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    };
    tokio::time::timeout(AT_MOST, wait).await?
}

/// The name of the run that was handed in last, once there are so many.
async fn newest(address: &str, n_runs: usize) -> Result<String> {
    let wait = async {
        loop {
            let (mut runs, _) = list(address).await?;
            if runs.len() == n_runs {
                return Ok(runs.pop().context("a run")?.run);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(AT_MOST, wait).await?
}

/// Waits until the run has leased something.
async fn leases(address: &str, run: &str) -> Result<()> {
    let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
    let (run, from) = (run.to_owned(), 0);
    let request = FollowRequest { run, from };
    let mut replies = client.follow(request).await?.into_inner();
    while let Some(reply) = replies.next().await {
        for bytes in &reply?.events {
            let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
            if matches!(event.event, Some(Event::ShardLeased(_))) {
                return Ok(());
            }
        }
    }
    anyhow::bail!("the run ended without a lease")
}

/// Unix times in milliseconds, by the coordinators' clock.
#[derive(Debug)]
struct Times {
    /// When its first lease was written.
    leased: u64,
    ended: u64,
}

impl Times {
    async fn of(address: &str, run: &str) -> Result<Self> {
        let mut client = ControlServiceClient::connect(format!("http://{address}")).await?;
        let (run, from) = (run.to_owned(), 0);
        let request = FollowRequest { run, from };
        let mut replies = client.follow(request).await?.into_inner();
        let (mut leased, mut ended) = (None, None);
        while let Some(reply) = replies.next().await {
            let reply = reply?;
            for bytes in &reply.events {
                let event: RunEvent = prost::Message::decode(bytes.as_slice())?;
                match event.event.context("an event of a known kind")? {
                    Event::ShardLeased(_) => {
                        leased.get_or_insert(reply.wall_ms);
                    }
                    Event::RunEnded(_) => ended = Some(reply.wall_ms),
                    _ => {}
                }
            }
        }
        ensure!(leased < ended, "a run leases before it ends");
        Ok(Self {
            leased: leased.context("the run leased")?,
            ended: ended.context("the run ended")?,
        })
    }
}
