//! The sections on the grid and the environment: workers, leases, results aside, preflight.

use super::inline::{code, text};
use super::table::Table;
use super::{heading, limited};
use crate::conclusions;
use crate::escape;
use crate::figures::{duration, server_spans};
use crate::first_screen::fingerprint;
use crate::summary::{AsideLine, Summary};

pub(super) fn sections(out: &mut String, summary: &Summary) {
    workers(out, summary);
    aside(out, "Results kept and not counted", &summary.fleet.kept);
    aside(out, "Results rejected", &summary.fleet.rejected);
    aside(out, "Results that came late", &summary.fleet.late);
    preflight(out, summary);
}

fn workers(out: &mut String, summary: &Summary) {
    heading(out, "Grid health");
    let table = Table::new(&[
        "worker",
        "region",
        "slots",
        "leases",
        "lost",
        "taken up again",
        "cases",
        "busy",
        "left",
    ]);
    limited(out, &summary.fleet.workers, table, |table, worker| {
        table.row([
            text(worker.worker.as_str()),
            text(worker.region.as_str()),
            worker.slots.to_string(),
            worker.leases.to_string(),
            worker.leases_lost.to_string(),
            worker.reattached.to_string(),
            worker.cases.to_string(),
            duration(worker.busy),
            worker.left.as_deref().map(text).unwrap_or_default(),
        ]);
    });
    let leases = summary.fleet.leases;
    out.push_str(&format!(
        "\nLeases: {} granted = {} ended + {} lost + {} open; {} taken up again.\n",
        leases.granted, leases.ended, leases.lost, leases.open, leases.reattached
    ));
    out.push_str(&format!("\n{}\n", server_spans(summary)));
    for worker in &summary.fleet.workers {
        for why in &worker.losses {
            let (name, why) = (
                worker.worker.as_str(),
                text(&escape::clip(why, super::VALUE)),
            );
            out.push_str(&format!("\n{} lost {why}\n", text(name)));
        }
    }
    let stopped = summary
        .stop
        .as_ref()
        .map(|stop| format!("stopped by {}: {}", stop.cause.word(), stop.why));
    let closed = summary.gates_closed.iter().map(conclusions::closed_gate);
    for line in stopped.into_iter().chain(closed) {
        out.push_str(&format!("\n{}\n", text(&line)));
    }
}

fn aside(out: &mut String, title: &str, lines: &[AsideLine]) {
    if lines.is_empty() {
        return;
    }
    heading(out, title);
    limited(
        out,
        lines,
        Table::new(&["case", "attempt", "worker", "outcome", "why"]),
        |table, line| {
            table.row([
                code(line.case.as_str()),
                line.attempt.to_string(),
                text(line.worker.as_str()),
                line.outcome.to_string(),
                text(&line.why),
            ]);
        },
    );
}

fn preflight(out: &mut String, summary: &Summary) {
    heading(out, "Preflight");
    if summary.preflights.is_empty() {
        out.push_str("No region was probed.\n");
        return;
    }
    let head = [
        "region", "suite", "URL", "address", "status", "latency", "attempts", "revision", "error",
    ];
    let probes: Vec<_> = summary
        .preflights
        .iter()
        .flat_map(|(region, seen)| seen.probes.iter().map(move |probe| (region, seen, probe)))
        .collect();
    limited(
        out,
        &probes,
        Table::new(&head),
        |table, (region, seen, probe)| {
            table.row([
                text(region.as_str()),
                text(&probe.suite),
                code(&probe.url),
                code(&probe.address),
                probe
                    .status
                    .map(|status| status.to_string())
                    .unwrap_or_default(),
                duration(probe.latency),
                probe.attempts.to_string(),
                code(&fingerprint(&seen.fingerprint)),
                text(&escape::clip(&probe.error, super::VALUE)),
            ]);
        },
    );
    let unprobed = summary
        .preflights
        .iter()
        .filter(|(_, seen)| seen.probes.is_empty());
    for (region, seen) in unprobed {
        let state = if seen.green {
            "green: no suite requires anything"
        } else {
            "red, without a probe"
        };
        out.push_str(&format!("\n{}: {state}\n", text(region.as_str())));
    }
}
