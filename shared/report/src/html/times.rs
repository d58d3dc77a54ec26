//! How it went: response times, the slowest cases, and those whose tries differ.

use super::page::{Page, Tone};
use super::{ROWS, VALUE, limited, more, targets};
use crate::escape::clip;
use crate::figures::{duration, grouped, millis};
use crate::summary::Summary;

/// Slow cases named.
const SLOWEST: usize = 10;

pub(super) fn flaky(page: &mut Page, summary: &Summary) {
    let flaky = summary.flaky();
    if flaky.is_empty() {
        return;
    }
    page.section("flaky", "Flaky");
    page.table("Flaky cases", &["case", "counted as", "results"]);
    let left_out = limited(page, &flaky, ROWS, |page, case| {
        page.raw("<tr><th scope=\"row\">").code(case.id.as_str());
        page.raw("</th><td>");
        let word = case.outcome.map_or("open", |outcome| outcome.word());
        page.badge(Tone::of(case.outcome), word).raw("</td><td>");
        for (place, ending) in case.endings().iter().enumerate() {
            page.raw(if place == 0 { "" } else { "<br>" })
                .text(&clip(ending, VALUE));
        }
        page.raw("</td></tr>\n");
    });
    page.end_table();
    more(page, left_out);
    page.raw("</section>\n");
}

pub(super) fn response_times(page: &mut Page, summary: &Summary) {
    page.section("times", "Response times");
    let count: u64 = summary
        .response_times
        .iter()
        .map(|line| line.times.count)
        .sum();
    if count == 0 {
        page.raw("<p>Not measured: no exchange was answered.</p>\n</section>\n");
        return;
    }
    page.raw("<p class=\"dim\">Over ").text(&grouped(count));
    page.raw(
        " answered exchanges of functional cases, all kept: exact, by nearest rank. From the first \
         byte sent to the last received, of handshakes and streams to the first received; \
         connecting is not in it.</p>\n<h3>By priority and region</h3>\n",
    );
    page.table(
        "Response times by priority and region",
        &["where", "P50", "P95", "P99", "longest"],
    );
    let longest = summary
        .response_times
        .iter()
        .map(|line| line.times.p99)
        .fold(f64::MIN_POSITIVE, f64::max);
    let left_out = limited(page, &summary.response_times, ROWS, |page, line| {
        page.raw("<tr class=\"first\"><th scope=\"row\">")
            .show(line.tier)
            .raw(" ")
            .text(line.region.as_str());
        let times = line.times;
        let exchanges = crate::figures::count(times.count, "exchange");
        page.within(" <span class=\"dim\">", &exchanges, "</span></th>");
        for ms in [times.p50, times.p95, times.p99, times.max] {
            page.within("<td class=\"num\">", &millis(ms), "</td>");
        }
        page.raw("</tr>\n");
        page.raw(
            "<tr class=\"second\" aria-hidden=\"true\"><td colspan=\"5\"><div class=\"range\">",
        );
        for (class, ms) in [("p99", times.p99), ("p95", times.p95), ("p50", times.p50)] {
            page.raw("<i class=\"").raw(class).raw("\" style=\"width:");
            page.percent(ms / longest).raw("\"></i>");
        }
        page.raw("</div></td></tr>\n");
    });
    page.end_table();
    page.raw("<p class=\"dim\">The bars end at P50, P95 and P99, from dark to light.</p>\n");
    more(page, left_out);
    targets::by_test(page, summary);
    page.raw("</section>\n");
}

pub(super) fn slowest(page: &mut Page, summary: &Summary) {
    let slowest = summary.slowest(SLOWEST);
    if slowest.is_empty() {
        return;
    }
    page.section("slowest", "Slowest cases");
    page.table("Slowest cases", &["case", "time", "worker"]);
    for case in slowest {
        page.raw("<tr><th scope=\"row\">").code(case.id.as_str());
        page.within("</th><td class=\"num\">", &duration(case.duration), "</td>");
        let worker = case.worker.as_ref().map(|worker| worker.as_str());
        page.within("<td>", worker.unwrap_or_default(), "</td></tr>\n");
    }
    page.end_table();
    page.raw("</section>\n");
}
