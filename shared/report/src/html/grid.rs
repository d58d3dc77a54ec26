//! The environment as each region met it, and the grid's own health: workers, leases, results that
//! were kept and not counted.

use domain::record::{Preflight, Probe};

use super::first_page::revision;
use super::page::{Page, Tone};
use super::{ROWS, VALUE, limited, more};
use crate::escape::clip;
use crate::figures::{count, duration, moment, server_spans};
use crate::summary::{AsideLine, Summary, WorkerLine};

/// Probes up to which green ones stand open too.
const OPEN: usize = 6;
/// Lost leases of a worker told in full.
const LOSSES: usize = 5;

pub(super) fn environment(page: &mut Page, summary: &Summary) {
    page.section("environment", "Environment and preflight");
    page.raw("<dl class=\"facts\">\n<div><dt>environment</dt><dd>")
        .text(&summary.environment);
    page.raw("</dd></div>\n<div><dt>planned</dt><dd>")
        .text(&moment(summary.created_at_ms))
        .raw("</dd></div>\n");
    for (region, seen) in &summary.preflights {
        page.within("<div><dt>", region.as_str(), "</dt><dd>");
        match seen.green {
            true => page.badge(Tone::Good, "answered"),
            false => page.badge(Tone::Bad, "did not answer"),
        };
        page.raw(" revision ");
        revision(page, &seen.fingerprint);
        page.raw("</dd></div>\n");
    }
    page.raw("</dl>\n");
    if summary.preflights.is_empty() {
        page.raw("<p>No region was probed.</p>\n");
    }
    for change in &summary.environment_changes {
        page.raw("<p>").badge(Tone::Bad, "changed under the run");
        page.text(&format!(
            " seen from {}: {} became {}",
            change.region,
            crate::first_screen::fingerprint(&change.from),
            crate::first_screen::fingerprint(&change.to)
        ));
        page.raw("</p>\n");
    }
    probes(page, summary);
    page.raw("</section>\n");
}

fn probes(page: &mut Page, summary: &Summary) {
    let of = |seen: &'_ Preflight| seen.probes.clone();
    let probes: Vec<(String, Probe)> = summary
        .preflights
        .iter()
        .flat_map(|(region, seen)| {
            let probes = of(seen).into_iter();
            probes.map(|probe| (region.to_string(), probe))
        })
        .collect();
    if probes.is_empty() {
        page.raw("<p class=\"dim\">No suite requires anything of the environment.</p>\n");
        return;
    }
    let is_green = probes.iter().all(|(_, probe)| probe.error.is_empty());
    let is_open = !is_green || probes.len() <= OPEN;
    page.raw(if is_open {
        "<details open><summary>"
    } else {
        "<details><summary>"
    });
    let number = u64::try_from(probes.len()).unwrap_or(u64::MAX);
    page.text(&count(number, "probe"));
    page.raw(if is_green { ", all green" } else { "" })
        .raw("</summary>\n");
    page.table(
        "Preflight",
        &["probe", "from", "status", "latency", "attempts", "suite"],
    );
    let left_out = limited(page, &probes, ROWS, |page, (region, probe)| {
        page.raw("<tr><th scope=\"row\">").code(&probe.url);
        page.raw("<br><span class=\"dim\">")
            .text(&probe.address)
            .raw("</span>");
        if !probe.error.is_empty() {
            page.raw("<br>").badge(Tone::Bad, "red").raw(" ");
            page.text(&clip(&probe.error, VALUE));
        }
        page.within("</th><td>", region, "</td><td class=\"num\">");
        let status = probe.status.map(|status| status.to_string());
        page.text(&status.unwrap_or_else(|| "none".to_owned()));
        page.within("</td><td class=\"num\">", &duration(probe.latency), "</td>");
        page.raw("<td class=\"num\">").show(probe.attempts);
        page.within("</td><td>", &probe.suite, "</td></tr>\n");
    });
    page.end_table();
    more(page, left_out);
    page.raw("</details>\n");
}

pub(super) fn workers(page: &mut Page, summary: &Summary) {
    page.section("workers", "Workers and leases");
    let leases = summary.fleet.leases;
    page.raw("<p class=\"equation\">").text(&format!(
        "{} leases granted = {} ended + {} lost + {} open",
        leases.granted, leases.ended, leases.lost, leases.open
    ));
    page.raw("</p>\n<p class=\"dim\">").show(leases.reattached);
    page.raw(" taken up again after a takeover or a reconnect. ")
        .text(&server_spans(summary))
        .raw("</p>\n");
    for line in notes(summary) {
        page.within("<p>", &line, "</p>\n");
    }
    page.table(
        "Workers",
        &["worker", "cases", "leases", "lost", "again", "slots"],
    );
    let left_out = limited(page, &summary.fleet.workers, ROWS, |page, worker| {
        page.within("<tr><th scope=\"row\">", worker.worker.as_str(), " ");
        page.within("<span class=\"dim\">in ", worker.region.as_str(), ", busy ");
        page.within("", &duration(worker.busy), "</span><br>");
        state(page, worker);
        page.raw("</th>");
        let numbers = [
            worker.cases,
            worker.leases,
            worker.leases_lost,
            worker.reattached,
            u64::from(worker.slots),
        ];
        for number in numbers {
            page.raw("<td class=\"num\">").show(number).raw("</td>");
        }
        page.raw("</tr>\n");
    });
    page.end_table();
    more(page, left_out);
    aside(page, "Results kept and not counted", &summary.fleet.kept);
    aside(page, "Results rejected", &summary.fleet.rejected);
    aside(page, "Results that came late", &summary.fleet.late);
    page.raw("</section>\n");
}

/// Whether it stayed, and why leases of it were lost.
fn state(page: &mut Page, worker: &WorkerLine) {
    match &worker.left {
        Some(why) => page
            .badge(Tone::Doubtful, "left")
            .raw(" ")
            .text(&clip(why, VALUE)),
        None => page.badge(Tone::Good, "stayed"),
    };
    let left_out = limited(page, &worker.losses, LOSSES, |page, why| {
        page.raw("<br>").badge(Tone::Doubtful, "lost").raw(" ");
        page.text(&clip(why, VALUE));
    });
    more(page, left_out);
}

/// What stopped the run or held cases back.
fn notes(summary: &Summary) -> Vec<String> {
    let stop = summary.stop.iter();
    let stopped = stop.map(|stop| format!("Stopped by {}: {}.", stop.cause.word(), stop.why));
    let closed = summary.gates_closed.iter();
    let closed =
        closed.map(|gate| format!("Held back: {}.", crate::conclusions::closed_gate(gate)));
    stopped.chain(closed).collect()
}

fn aside(page: &mut Page, title: &'static str, lines: &[AsideLine]) {
    if lines.is_empty() {
        return;
    }
    page.raw("<h3>").raw(title).raw("</h3>\n");
    page.table(title, &["case", "outcome", "attempt", "worker", "why"]);
    let left_out = limited(page, lines, ROWS, |page, line| {
        page.raw("<tr><th scope=\"row\">").code(line.case.as_str());
        page.raw("</th><td>")
            .badge(Tone::of(Some(line.outcome)), line.outcome.word());
        page.raw("</td><td class=\"num\">").show(line.attempt);
        page.within("</td><td>", line.worker.as_str(), "</td>");
        page.within("<td>", &clip(&line.why, VALUE), "</td></tr>\n");
    });
    page.end_table();
    more(page, left_out);
}
