//! Text from outside that tries to be more than text.

use domain::ids::TestId;
use domain::outcome::Outcome;
use domain::plan::Tier;
use report::show::Show;
use report::{Summary, html, json, junit, markdown, show, terminal, waterfall};

use crate::records;
use crate::synthetic::{REGIONS, Synthetic, cases, plan, suite};

const EVIL: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}\u{9b}31m<img src=x onerror=alert(1)>|`x``|\n# [l](u) & \u{0}\u{8}]]> ‹token:3f›";

/// A failed case in which every text that can come from outside is hostile.
fn hostile() -> (Summary, domain::record::CaseRecord) {
    let mut planned = cases("p1", Tier::P1, "test_1", None, 3);
    for case in &mut planned {
        case.title = EVIL.to_owned();
        case.file = EVIL.to_owned();
        case.test = TestId::from(EVIL);
    }
    let ids: Vec<_> = planned.iter().map(|case| case.id.to_string()).collect();
    let mut plan = plan(None, vec![suite("p1", Tier::P1)], planned);
    plan.environment = EVIL.to_owned();
    plan.made_by = EVIL.to_owned();
    let mut synthetic = Synthetic::new(plan);
    let mut record = records::check_failed();
    let tried = &mut record.tries[0];
    let exchange = &mut tried.exchanges[0];
    exchange.url = EVIL.to_owned();
    exchange.error = Some(EVIL.to_owned());
    exchange.response_body.text = EVIL.to_owned();
    exchange.request_headers = vec![(EVIL.to_owned(), EVIL.to_owned())];
    tried.checks[0].expression = EVIL.to_owned();
    tried.checks[0].actual = vec![(EVIL.to_owned(), EVIL.to_owned())];
    tried.saved = vec![(EVIL.to_owned(), EVIL.to_owned())];
    tried.spans[0].name = EVIL.to_owned();
    if let Some(failure) = &mut tried.failure {
        failure.message = EVIL.to_owned();
        failure.actual = EVIL.to_owned();
        failure.step = EVIL.to_owned();
    }
    synthetic.lease(1, "eu-1", REGIONS[0], &[&ids[0]]);
    synthetic.settle(1, &ids[0], Outcome::Failed, EVIL, record.clone());
    synthetic.close(&ids[1], Outcome::Cancelled, EVIL);
    synthetic.end();
    (synthetic.summary(None), record)
}

#[track_caller]
fn check_harmless(text: &str) {
    let is_allowed = |letter: char| {
        letter == '\n' || !(letter.is_control() || ('\u{202a}'..='\u{202e}').contains(&letter))
    };
    let found = text.chars().find(|letter| !is_allowed(*letter));
    assert_eq!(found, None, "{text}");
    assert!(!text.contains("owned"), "a terminal's title was kept");
}

#[test]
fn no_format_prints_control_characters() {
    let (summary, record) = hostile();
    let options = Show {
        curl: true,
        trace: true,
        whole_bodies: true,
        colour: false,
    };
    check_harmless(&terminal::render(&summary, false));
    check_harmless(&markdown::render(&summary));
    check_harmless(&html::render(&summary, &|_| Some(record.clone())));
    check_harmless(&json::render(&summary).unwrap());
    check_harmless(&junit::render(&summary).unwrap());
    check_harmless(&show::render(&summary.cases[0], Some(&record), options));
    check_harmless(&waterfall::render(&record.tries[0], false));
}

#[test]
fn markdown_keeps_text_as_text_and_cells_in_their_table() {
    let (summary, _) = hostile();
    let page = markdown::render(&summary);
    let mut columns = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            columns = None;
            continue;
        }
        let bars = bars(line);
        assert_eq!(*columns.get_or_insert(bars), bars, "{line}");
    }
    for line in page.lines() {
        let outside_code: String = line.split('`').step_by(2).collect();
        assert!(
            !outside_code.contains("<img") || line.contains("``"),
            "{line}"
        );
    }
    assert!(
        page.lines()
            .filter(|line| line.starts_with('#'))
            .all(|line| !line.contains("[l](u)") || line.contains('`'))
    );
}

/// Bars of a line that GFM takes for the end of a cell: those without a backslash of their own.
fn bars(line: &str) -> usize {
    let mut is_escaping = false;
    let mut count = 0;
    for letter in line.chars() {
        count += usize::from(letter == '|' && !is_escaping);
        is_escaping = letter == '\\' && !is_escaping;
    }
    count
}

#[test]
fn html_keeps_text_as_text() {
    let (summary, record) = hostile();
    let page = html::render(&summary, &|_| Some(record.clone()));
    assert!(!page.contains("<img"), "a target's markup is in the page");
    let seen = crate::html::text(&page);
    assert!(
        seen.contains("<img src=x onerror=alert(1)>|`x``|"),
        "{seen}"
    );
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap();
        assert!(!tag.contains("onerror") && !tag.contains("alert"), "{tag}");
    }
}

#[test]
fn junit_stays_well_formed() {
    let (summary, _) = hostile();
    let xml = junit::render(&summary).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (2, 1, 1));
}
