//! The sections on how it went: flaky tests, the slowest, response times, and value.

use super::inline::{code, text};
use super::table::Table;
use super::{heading, limited};
use crate::escape;
use crate::figures::{duration, grouped, millis, money};
use crate::summary::Summary;

/// Slow cases named.
const SLOWEST: usize = 10;

pub(super) fn sections(out: &mut String, summary: &Summary) {
    flaky(out, summary);
    slowest(out, summary);
    response_times(out, summary);
    value(out, summary);
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
    let count: u64 = summary.response_times.iter().map(|line| line.count).sum();
    if count == 0 {
        out.push_str("Not measured: no exchange was answered.\n");
        return;
    }
    out.push_str(&format!(
        "Over {} answered exchanges of functional cases, all kept: exact, by nearest rank. From the first byte sent \
         to the last received, of handshakes and streams to the first received; connecting is not in it.\n\n",
        grouped(count)
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
        let times = [line.p50, line.p95, line.p99, line.max].map(millis);
        table.row([name, line.count.to_string()].into_iter().chain(times));
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
