//! The exchanges of a try in their order, each with the checks of its step: what was sent, what
//! came back, and what the checks made of it. All of it is the redacted copy.

use domain::record::{Check, Exchange, Payload, TryRecord};

use super::VALUE;
use super::page::{Page, Tone};
use crate::escape::clip;
use crate::figures::millis;
use crate::show::{self, checks_alone, checks_behind};
use crate::summary::actual;

/// Letters of a body.
const BODY: usize = 4_000;
/// Exchanges of a row shown from its start and from its end, where most failures are.
const FIRST: usize = 10;
const LAST: usize = 40;
/// Exchanges that went well, up to which they are listed and not folded.
const UNFOLDED: usize = 2;
/// Headers of a message.
const HEADERS: usize = 60;

/// What went wrong stands open; a longer row of exchanges around it folds into one line.
pub(super) fn list(page: &mut Page, tried: &TryRecord) {
    let marked = marked(tried);
    let places: Vec<usize> = (0..tried.exchanges.len()).collect();
    let is_marked = |place: &usize| marked.contains(place);
    for row in places.chunk_by(|one, next| is_marked(one) == is_marked(next)) {
        let is_open = row.first().is_some_and(is_marked);
        let is_folded = !is_open && row.len() > UNFOLDED;
        if is_folded {
            page.raw("<details><summary>").show(row.len());
            page.raw(" exchanges in which nothing went wrong</summary>\n");
        }
        self::row(page, tried, row, is_open);
        page.raw(if is_folded { "</details>\n" } else { "" });
    }
    checks(page, &checks_alone(tried));
    if let Some(failure) = &tried.failure {
        page.raw("<p>").badge(Tone::Bad, "ended").raw(" at ");
        page.code(&failure.step);
        page.text(&format!(", line {}: {}", failure.line, failure.message))
            .raw("</p>\n");
    }
}

/// Its first and its last exchanges, when it is long.
fn row(page: &mut Page, tried: &TryRecord, places: &[usize], is_open: bool) {
    let left_out = places.len().saturating_sub(FIRST + LAST);
    page.raw("<ol class=\"exchanges\">\n");
    for (position, place) in places.iter().enumerate() {
        if left_out > 0 && position == FIRST {
            page.raw("<li class=\"more\">").show(left_out);
            page.raw(" exchanges left out here; <code>muster show</code> has them</li>\n");
        }
        let is_shown = left_out == 0 || position < FIRST || position >= FIRST + left_out;
        if let Some(exchange) = tried.exchanges.get(*place).filter(|_| is_shown) {
            item(page, exchange, &checks_behind(tried, *place), is_open);
        }
    }
    page.raw("</ol>\n");
}

/// Exchanges to look at: unanswered ones and those of a step that went wrong, else the last one.
fn marked(tried: &TryRecord) -> Vec<usize> {
    let is_wrong = |exchange: &Exchange| {
        let is_false = |check: &Check| !check.held && check.step == exchange.step;
        let is_end = tried
            .failure
            .as_ref()
            .is_some_and(|failure| failure.step == exchange.step);
        exchange.error.is_some() || is_end || tried.checks.iter().any(is_false)
    };
    let places: Vec<_> = tried
        .exchanges
        .iter()
        .enumerate()
        .filter(|(_, exchange)| is_wrong(exchange))
        .map(|(place, _)| place)
        .collect();
    match places.is_empty() {
        true => tried.exchanges.len().checked_sub(1).into_iter().collect(),
        false => places,
    }
}

fn item(page: &mut Page, exchange: &Exchange, behind: &[&Check], is_open: bool) {
    let is_false = behind.iter().any(|check| !check.held);
    page.raw(if is_open {
        "<li><details open><summary>"
    } else {
        "<li><details><summary>"
    });
    page.code(&clip(&show::what(exchange), VALUE)).raw(" ");
    if is_false {
        page.badge(Tone::Bad, "a check is false").raw(" ");
    } else if exchange.error.is_some() {
        page.badge(Tone::Bad, "no answer").raw(" ");
    }
    page.within(
        "<span class=\"dim\">",
        &place(exchange),
        "</span></summary>\n",
    );
    if exchange.phases.total_ms() > 0.0 {
        phases(page, exchange);
    }
    if !exchange.peer.is_empty() {
        page.within("<p class=\"dim\">connected to ", &exchange.peer, "</p>\n");
    }
    if let Some(error) = &exchange.error {
        page.raw("<p>").badge(Tone::Bad, "no answer").raw(" ");
        page.text(&clip(error, VALUE)).raw("</p>\n");
    }
    page.raw("<div class=\"sides\">\n");
    side(
        page,
        "Request",
        &exchange.request_headers,
        &exchange.request_body,
    );
    side(
        page,
        "Response",
        &exchange.response_headers,
        &exchange.response_body,
    );
    page.raw("</div>\n");
    checks(page, behind);
    page.raw("</details></li>\n");
}

fn place(exchange: &Exchange) -> String {
    let with = |before: &str, text: &str| match text {
        "" => String::new(),
        text => format!(", {before} {text}"),
    };
    format!(
        "{}, line {}{}, at {}",
        exchange.step,
        exchange.line,
        with("as", &exchange.user),
        millis(exchange.at_ms)
    )
}

fn phases(page: &mut Page, exchange: &Exchange) {
    let (spent, total) = (exchange.phases, exchange.phases.total_ms());
    page.raw("<div class=\"phases\" aria-hidden=\"true\">");
    let parts = [
        ("p1", spent.dns_ms),
        ("p2", spent.connect_ms),
        ("p3", spent.tls_ms),
        ("p4", spent.send_ms),
        ("p5", spent.waiting_ms),
        ("p6", spent.receive_ms),
    ];
    for (class, ms) in parts.into_iter().filter(|(_, ms)| *ms > 0.0) {
        page.raw("<i class=\"").raw(class).raw("\" style=\"width:");
        page.percent(ms / total).raw("\"></i>");
    }
    page.raw("</div>\n");
    page.within("<p class=\"dim\">", &show::phases(exchange), "</p>\n");
}

fn side(page: &mut Page, title: &'static str, headers: &[(String, String)], body: &Payload) {
    if headers.is_empty() && body.text.is_empty() && body.bytes == 0 {
        return;
    }
    page.raw("<div><h5>").raw(title).raw("</h5>\n");
    if !headers.is_empty() {
        page.raw("<dl class=\"pairs\">\n");
        let left_out = super::limited(page, headers, HEADERS, |page, (name, value)| {
            page.within("<div><dt>", name, "</dt><dd>");
            page.text(&clip(value, VALUE)).raw("</dd></div>\n");
        });
        page.raw("</dl>\n");
        super::more(page, left_out);
    }
    payload(page, body);
    page.raw("</div>\n");
}

fn payload(page: &mut Page, body: &Payload) {
    if body.text.is_empty() {
        if body.bytes > 0 {
            page.raw("<p class=\"dim\">").show(body.bytes);
            page.raw(" bytes, not kept as text</p>\n");
        }
        return;
    }
    let shown = clip(&body.text, BODY);
    page.raw("<pre>").block(&shown).raw("</pre>\n");
    if body.is_cut || shown.len() < body.text.len() {
        page.raw("<p class=\"dim\">cut; the body has ")
            .show(body.bytes);
        page.raw(" bytes</p>\n");
    }
}

fn checks(page: &mut Page, checks: &[&Check]) {
    if checks.is_empty() {
        return;
    }
    page.raw("<ul class=\"checks\">\n");
    let left_out = super::limited(page, checks, super::ROWS, |page, check| one(page, check));
    page.raw("</ul>\n");
    super::more(page, left_out);
}

fn one(page: &mut Page, check: &Check) {
    let (tone, word) = match check.held {
        true => (Tone::Good, "held"),
        false => (Tone::Bad, "false"),
    };
    page.raw("<li>").badge(tone, word).raw(" ");
    page.code(&check.expression);
    page.raw(" <span class=\"dim\">line ").show(check.line);
    page.raw("</span>");
    let actual = actual(check);
    if !actual.is_empty() {
        page.raw("<br><span class=\"dim\">it was</span> ");
        page.code(&clip(&actual, VALUE));
    }
    if !check.held && !check.expected.is_empty() {
        page.raw("<br><span class=\"dim\">expected</span> ");
        page.code(&clip(&check.expected, VALUE));
    }
    if check.soft && !check.held {
        page.raw("<br><span class=\"dim\">soft: the steps behind it went on</span>");
    }
    if !check.is_evidence {
        page.raw("<br><span class=\"dim\">no evidence: it read nothing that was received in this case</span>");
    }
    page.raw("</li>\n");
}
