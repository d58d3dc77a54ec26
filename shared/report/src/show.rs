//! One case in full: what was sent and received, each check with its actual values, what was
//! saved, and on request the trace and a line for curl. Everything shown is the redacted copy.

use domain::outcome::Outcome;
use domain::record::{
    CaseRecord, Check, Exchange, ExchangeKind, Payload, TryRecord, is_of_environment,
};

use crate::conclusions::tries;
use crate::escape::clip;
use crate::figures::{count, duration, millis, moment};
use crate::page::{Page, Style};
use crate::summary::{CaseLine, actual};
use crate::{terminal, waterfall};

mod curl;

pub use curl::curl;

/// What to show beside the exchanges and checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Show {
    /// A line for curl below each HTTP request.
    pub curl: bool,
    /// The waterfall of each try.
    pub trace: bool,
    /// Bodies as long as they were kept, instead of their beginnings.
    pub whole_bodies: bool,
    pub colour: bool,
}

/// The files that lines of steps are lines of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Files<'a> {
    /// Where logins and refreshes are written; every other line is the suite's.
    pub environment: &'a str,
}

impl<'a> Files<'a> {
    fn of(case: &'a CaseLine) -> Self {
        Self {
            environment: &case.environment_file,
        }
    }
}

/// Letters of a body, and of a value, before they are cut.
const BODY: usize = 2_000;
const VALUE: usize = 1_000;

/// The case as text. `record` is `None` when nothing was recorded or the record is gone.
pub fn render(case: &CaseLine, record: Option<&CaseRecord>, show: Show) -> String {
    let mut page = Page::new(show.colour);
    draw_head(&mut page, case);
    let Some(record) = record else {
        page.end().row("Nothing was recorded of this case.");
        return page.finish();
    };
    for (place, tried) in record.tries.iter().enumerate() {
        page.heading(&format!("Try {} of {}", place + 1, record.tries.len()));
        draw_try(&mut page, Files::of(case), tried, show);
    }
    page.finish()
}

/// A piece of a try: its exchanges with their checks, what it saved, how it ended if it did.
pub fn piece(files: Files<'_>, piece: &TryRecord, show: Show) -> String {
    let mut page = Page::new(show.colour);
    draw_try(&mut page, files, piece, show);
    page.finish()
}

fn draw_head(page: &mut Page, case: &CaseLine) {
    let outcome = case.outcome.map_or("open", Outcome::word);
    page.styled(
        case.outcome.map_or(Style::Doubtful, terminal::style),
        outcome,
    );
    page.put(" ").styled(Style::Strong, case.id.as_str()).end();
    let fields = [
        ("title", case.title.clone()),
        ("reason", case.reason.clone()),
        ("written", format!("{}:{}", case.file, case.line)),
        ("ran", ran(case)),
        ("evidence", evidence(case)),
        ("trace", case.trace_id.clone()),
        ("lost before", case.losses.join("; ")),
        ("kept", case.kept.join("; ")),
    ];
    for (label, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        page.field(2, label, &value);
    }
    if case.is_flaky {
        page.field(2, "flaky", "its results differ");
    }
}

fn ran(case: &CaseLine) -> String {
    let Some(worker) = &case.worker else {
        return format!("not executed (planned in {})", case.planned_region);
    };
    let carried = if case.is_carried {
        ", in the run that this one completes"
    } else {
        ""
    };
    let (at, took) = (moment(case.started_at_ms), duration(case.duration));
    format!(
        "in {} on worker {worker}, {at}, {took}, {}{carried}",
        case.place(),
        tries(case.tries)
    )
}

fn evidence(case: &CaseLine) -> String {
    let seen = case.evidence;
    format!(
        "{}, {} bytes sent, {} received; {} on what was received",
        count(seen.exchanges, "exchange"),
        seen.bytes_sent,
        seen.bytes_received,
        count(seen.checks, "check")
    )
}

/// Exchanges in order, each with the checks of its step behind the last exchange of that step.
fn draw_try(page: &mut Page, files: Files<'_>, tried: &TryRecord, show: Show) {
    for (place, exchange) in tried.exchanges.iter().enumerate() {
        draw_exchange(page, files, exchange, show);
        checks_behind(tried, place)
            .into_iter()
            .for_each(|check| draw_check(page, files, check));
    }
    checks_alone(tried)
        .into_iter()
        .for_each(|check| draw_check(page, files, check));
    if !tried.saved.is_empty() {
        page.styled(Style::Strong, "saved").end();
        for (name, value) in &tried.saved {
            page.row(&format!("  {name} = {}", clip(value, VALUE)));
        }
    }
    if let Some(failure) = &tried.failure {
        page.styled(Style::Bad, "ended").row(&format!(
            " at {} ({}): {}",
            failure.step,
            place(files, &failure.step, failure.line),
            failure.message
        ));
        let fields = [("expected", &failure.expected), ("actual", &failure.actual)];
        for (label, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            page.field(2, label, &clip(value, VALUE));
        }
    }
    if show.trace {
        waterfall::draw(page, tried);
    }
}

/// The checks of a step, behind the last exchange of that step and behind no other.
pub(crate) fn checks_behind(tried: &TryRecord, place: usize) -> Vec<&Check> {
    let Some(exchange) = tried.exchanges.get(place) else {
        return Vec::new();
    };
    let mut later = tried.exchanges.iter().skip(place + 1);
    if later.any(|later| later.step == exchange.step) {
        return Vec::new();
    }
    let checks = tried.checks.iter();
    checks.filter(|check| check.step == exchange.step).collect()
}

/// Checks of steps that exchanged nothing.
pub(crate) fn checks_alone(tried: &TryRecord) -> Vec<&Check> {
    let has_exchange = |check: &&Check| {
        let mut exchanges = tried.exchanges.iter();
        exchanges.any(|exchange| exchange.step == check.step)
    };
    let checks = tried.checks.iter();
    checks.filter(|check| !has_exchange(check)).collect()
}

fn draw_exchange(page: &mut Page, files: Files<'_>, exchange: &Exchange, show: Show) {
    page.styled(Style::Strong, &what(exchange));
    let place = place(files, &exchange.step, exchange.line);
    page.row(&format!("  {} ({place})", exchange.step));
    let user = if exchange.user.is_empty() {
        String::new()
    } else {
        format!(" as {}", exchange.user)
    };
    let peer = if exchange.peer.is_empty() {
        String::new()
    } else {
        format!(", peer {}", exchange.peer)
    };
    page.field(2, "at", &format!("{}{user}{peer}", millis(exchange.at_ms)));
    if exchange.phases.total_ms() > 0.0 {
        page.field(2, "took", &phases(exchange));
    }
    draw_part(
        page,
        '>',
        &exchange.request_headers,
        &exchange.request_body,
        show,
    );
    draw_part(
        page,
        '<',
        &exchange.response_headers,
        &exchange.response_body,
        show,
    );
    if let Some(error) = &exchange.error {
        page.put("  ")
            .styled(Style::Bad, &format!("no answer: {error}"))
            .end();
    }
    if show.curl
        && let Some(line) = curl(exchange)
    {
        page.indented(2, &line);
    }
}

/// `POST https://api/threads → 201`, `received`, `sent`.
pub(crate) fn what(exchange: &Exchange) -> String {
    let status = exchange
        .status
        .map(|status| format!(" → {status}"))
        .unwrap_or_default();
    match exchange.kind {
        ExchangeKind::Http => format!("{} {}{status}", exchange.method, exchange.url),
        ExchangeKind::WebSocket => format!("websocket {}{status}", exchange.url),
        ExchangeKind::Stream => format!("stream {} {}{status}", exchange.method, exchange.url),
        ExchangeKind::Sent => format!("sent to {}{status}", exchange.url),
        ExchangeKind::Received => format!("received from {}{status}", exchange.url),
    }
}

pub(crate) fn phases(exchange: &Exchange) -> String {
    let phases = exchange.phases;
    let parts = [
        ("dns", phases.dns_ms),
        ("connect", phases.connect_ms),
        ("tls", phases.tls_ms),
        ("send", phases.send_ms),
        ("wait", phases.waiting_ms),
        ("receive", phases.receive_ms),
    ];
    let spent = parts.into_iter().filter(|(_, ms)| *ms > 0.0);
    let shown: Vec<_> = spent
        .map(|(name, ms)| format!("{name} {}", millis(ms)))
        .collect();
    format!("{} = {}", millis(phases.total_ms()), shown.join(" + "))
}

fn draw_part(
    page: &mut Page,
    mark: char,
    headers: &[(String, String)],
    body: &Payload,
    show: Show,
) {
    for (name, value) in headers {
        page.put("  ")
            .styled(Style::Faint, &format!("{mark} {name}: "))
            .row(&clip(value, VALUE));
    }
    if body.text.is_empty() {
        if body.bytes > 0 {
            page.row(&format!(
                "  {mark} ({} bytes, not kept as text)",
                body.bytes
            ));
        }
        return;
    }
    let shown = if show.whole_bodies {
        body.text.clone()
    } else {
        clip(&body.text, BODY)
    };
    for line in crate::escape::block(&shown).lines() {
        page.row(&format!("  {mark} {line}"));
    }
    if body.is_cut || shown.len() < body.text.len() {
        page.row(&format!(
            "  {mark} (cut; the body has {} bytes)",
            body.bytes
        ));
    }
}

/// The line of a step; with its file where that is not the suite's.
fn place(files: Files<'_>, step: &str, line: u32) -> String {
    match is_of_environment(step) && !files.environment.is_empty() {
        true => format!("{}:{line}", files.environment),
        false => format!("line {line}"),
    }
}

fn draw_check(page: &mut Page, files: Files<'_>, check: &Check) {
    let place = place(files, &check.step, check.line);
    let (style, mark) = if check.held {
        (Style::Good, "✓")
    } else {
        (Style::Bad, "✗")
    };
    page.put("  ")
        .styled(style, mark)
        .row(&format!(" {}  ({place})", check.expression));
    let actual = actual(check);
    if !actual.is_empty() {
        page.field(4, "actual", &clip(&actual, VALUE));
    }
    if !check.held && !check.expected.is_empty() {
        page.field(4, "expected", &clip(&check.expected, VALUE));
    }
    if check.soft && !check.held {
        page.field(4, "soft", "the steps behind it went on");
    }
    if !check.is_evidence {
        page.field(
            4,
            "no evidence",
            "it read nothing that was received in this case",
        );
    }
}
