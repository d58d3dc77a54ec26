//! What each format looks like.

use report::show::Show;
use report::{json, junit, markdown, show, terminal, waterfall};

use crate::{records, scenarios};

fn green() -> report::Summary {
    scenarios::all_green().summary(None)
}

fn of_each() -> report::Summary {
    scenarios::one_of_each().summary(None)
}

#[test]
fn a_go_on_a_terminal() {
    insta::assert_snapshot!(terminal::render(&green(), false));
}

#[test]
fn one_of_each_on_a_terminal() {
    insta::assert_snapshot!(terminal::render(&of_each(), false));
}

#[test]
fn a_go_as_markdown() {
    insta::assert_snapshot!(markdown::render(&green()));
}

#[test]
fn one_of_each_as_markdown() {
    insta::assert_snapshot!(markdown::render(&of_each()));
}

#[test]
fn one_of_each_as_json() {
    insta::assert_snapshot!(json::render(&of_each()).unwrap());
}

#[test]
fn one_of_each_as_junit() {
    insta::assert_snapshot!(junit::render(&of_each()).unwrap());
}

#[test]
fn a_failed_case_in_full() {
    let summary = of_each();
    let case = summary.find("test_016@us").unwrap();
    let options = Show {
        curl: true,
        trace: true,
        ..Show::default()
    };
    insta::assert_snapshot!(show::render(case, Some(&records::check_failed()), options));
}

#[test]
fn a_login_is_shown_where_the_environment_writes_it() {
    let summary = of_each();
    let case = summary.find("test_032@europe-west1").unwrap();
    let shown = show::render(case, Some(&records::login_failed()), Show::default());
    let ended = "ended at login[member].login[0] (staging.yaml:14): login answered 500";
    assert!(shown.contains(ended), "{shown}");
}

#[test]
fn a_case_that_was_never_executed() {
    let summary = of_each();
    let case = summary.find("test_020@us").unwrap();
    insta::assert_snapshot!(show::render(case, None, Show::default()));
}

#[test]
fn a_try_as_a_waterfall() {
    let flaky = records::flaky();
    insta::assert_snapshot!(waterfall::render(&flaky.tries[1], false));
}
