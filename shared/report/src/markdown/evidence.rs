//! The sections on how it went: flaky tests, the slowest, response times, and value.

use domain::proven::ProvenTest;

use super::inline::{code, text};
use super::table::Table;
use super::{heading, limited};
use crate::escape;
use crate::figures::{count, duration, grouped, limit, millis, money, touched};
use crate::summary::{Summary, Target, TestTimes, Times};

/// Slow cases named.
const SLOWEST: usize = 10;

pub(super) fn sections(out: &mut String, summary: &Summary) {
    heading(out, "Evidence");
    out.push_str(&format!("{}\n", touched(summary)));
    proven(out, summary);
    flaky(out, summary);
    slowest(out, summary);
    response_times(out, summary);
    value(out, summary);
}

/// Of which checks nothing made a failure, where the gate asks.
fn proven(out: &mut String, summary: &Summary) {
    let Some(proven) = &summary.proven else {
        return;
    };
    heading(out, "Checks that can fail");
    out.push_str(&format!("{}\n\n", text(&proven.sentence())));
    let is_doubtful = |test: &&ProvenTest| !test.survivors.is_empty() || test.unknown.is_some();
    let doubtful: Vec<_> = proven.tests.iter().filter(is_doubtful).collect();
    let table = Table::new(&["test", "can fail", "nothing made false"]);
    limited(out, &doubtful, table, |table, test| {
        let survivor = |(line, expression): &(u32, String)| {
            format!(
                "{}:{line} {}",
                text(&test.file),
                code(&escape::clip(expression, super::VALUE))
            )
        };
        let survivors = test.survivors.iter().map(survivor);
        let unknown = test.unknown.iter().map(|why| text(why));
        table.row([
            code(test.test.as_str()),
            format!("{} of {}", test.can_fail, test.checks),
            survivors.chain(unknown).collect::<Vec<_>>().join("<br>"),
        ]);
    });
}

fn flaky(out: &mut String, summary: &Summary) {
    let flaky = summary.flaky();
    if flaky.is_empty() {
        return;
    }
    heading(out, "Flaky");
    limited(
        out,
        &flaky,
        Table::new(&["case", "counted as", "results"]),
        |table, case| {
            let endings = case.endings();
            let endings = endings
                .iter()
                .map(|ending| text(&escape::clip(ending, super::VALUE)));
            let outcome = case.outcome.map_or("open", |outcome| outcome.word());
            table.row([
                code(case.id.as_str()),
                outcome.to_owned(),
                endings.collect::<Vec<_>>().join("<br>"),
            ]);
        },
    );
}

fn slowest(out: &mut String, summary: &Summary) {
    heading(out, "Slowest");
    let table = Table::new(&["case", "worker", "time"]);
    limited(out, &summary.slowest(SLOWEST), table, |table, case| {
        let worker = case
            .worker
            .as_ref()
            .map(|worker| text(worker.as_str()))
            .unwrap_or_default();
        table.row([code(case.id.as_str()), worker, duration(case.duration)]);
    });
}

fn response_times(out: &mut String, summary: &Summary) {
    heading(out, "Response times");
    let exchanges: u64 = summary
        .response_times
        .iter()
        .map(|line| line.times.count)
        .sum();
    if exchanges == 0 {
        out.push_str("Not measured: no exchange was answered.\n");
        return;
    }
    out.push_str(&format!(
        "Over {} answered exchanges of functional cases, all kept: exact, by nearest rank. From the first byte sent \
         to the last received, of handshakes and streams to the first received; connecting is not in it.\n\n",
        grouped(exchanges)
    ));
    let table = Table::counts(&[
        "tier and region",
        "exchanges",
        "P50",
        "P95",
        "P99",
        "longest",
    ]);
    limited(out, &summary.response_times, table, |table, line| {
        let name = format!("{} {}", line.tier, text(line.region.as_str()));
        table.row([name].into_iter().chain(cells(&line.times)));
    });
    targets(out, summary);
}

fn cells(times: &Times) -> [String; 5] {
    let [p50, p95, p99, max] = [times.p50, times.p95, times.p99, times.max].map(millis);
    [times.count.to_string(), p50, p95, p99, max]
}

/// Tests with a target stand open, the others fold.
fn targets(out: &mut String, summary: &Summary) {
    out.push_str("\n### Against targets\n\n");
    let lines = summary.test_times.iter();
    let (with, without): (Vec<_>, Vec<_>) = lines.partition(|line| line.is_met().is_some());
    match with.is_empty() {
        true => out.push_str("No target: no check of an executed test allows a time at most.\n"),
        false => tests(out, &with),
    }
    if !without.is_empty() {
        let number = count(u64::try_from(without.len()).unwrap_or(u64::MAX), "line");
        out.push_str(&format!(
            "\n<details><summary>No target: {number} of tests and regions</summary>\n\n"
        ));
        tests(out, &without);
        out.push_str("\n</details>\n");
    }
}

fn tests(out: &mut String, lines: &[&TestTimes]) {
    let head = [
        "test",
        "region",
        "exchanges",
        "P50",
        "P95",
        "P99",
        "longest",
        "target",
    ];
    limited(out, lines, Table::new(&head), |table, line| {
        let target = |target: &Target| {
            let mark = if target.held == target.evaluated {
                "met"
            } else {
                "**missed**"
            };
            format!("{mark} {} {}", limit(target), code(&target.expression))
        };
        let targets: Vec<_> = line.targets.iter().map(target).collect();
        let name = [code(line.test.as_str()), text(line.region.as_str())];
        let target = match targets.is_empty() {
            true => "no target".to_owned(),
            false => targets.join("<br>"),
        };
        let cells = name.into_iter().chain(cells(&line.times)).chain([target]);
        table.row(cells);
    });
}

fn value(out: &mut String, summary: &Summary) {
    if summary.value.lines.is_empty() {
        return;
    }
    heading(out, "Value");
    out.push_str("Monthly recurring revenue, and the tests that stand behind it. It has no part in the verdict.\n\n");
    let table = Table::new(&["line", "a month", "state", "why", "tests"]);
    limited(out, &summary.value.lines, table, |table, line| {
        let tests: Vec<_> = line
            .tests
            .iter()
            .take(20)
            .map(|test| code(test.as_str()))
            .collect();
        let more = line.tests.len().saturating_sub(20);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let tests = format!("{}{more}", tests.join(", "));
        table.row([
            text(&line.name),
            text(&money(line.mrr, &summary.value.currency)),
            line.state.word().to_owned(),
            text(&line.why),
            tests,
        ]);
    });
}
