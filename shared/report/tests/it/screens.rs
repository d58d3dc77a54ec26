//! The first screen: short, and the same words everywhere.

use report::first_screen::{FirstScreen, LINES};
use report::{Previous, html, json, markdown, terminal};

use crate::{scenarios, synthetic};

/// Text without what each format dresses it in.
fn undressed(text: &str) -> String {
    let text = text
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    text.chars()
        .filter(|letter| !"\\|*`#".contains(*letter))
        .collect::<String>()
}

#[test]
fn it_fits_and_says_the_same_in_terminal_and_markdown() {
    for synthetic in [scenarios::all_green(), scenarios::one_of_each()] {
        let summary = synthetic.summary(None);
        let screen = FirstScreen::of(&summary);
        assert!(screen.lines() <= LINES, "{} lines", screen.lines());
        let (text, page) = (
            terminal::render(&summary, false),
            markdown::render(&summary),
        );
        let first: String = text
            .lines()
            .take(screen.lines())
            .collect::<Vec<_>>()
            .join("\n");
        let facts = screen.facts.iter().flat_map(|(_, lines)| lines);
        for line in facts.chain(&screen.reasons).chain([&screen.headline]) {
            assert!(first.contains(line), "{line} is missing in:\n{first}");
            assert!(
                undressed(&page).contains(&undressed(line)),
                "{line} is missing in:\n{page}"
            );
        }
    }
}

#[test]
fn how_many_checks_can_fail_stands_on_every_first_page() {
    let synthetic = scenarios::too_few_can_fail();
    let summary = synthetic.summary(None);
    let line = "1 of 2 checks can fail (50 %), at least 95 % are asked";
    assert_eq!(summary.word(), "INCONCLUSIVE");
    let screen = FirstScreen::of(&summary);
    assert!(screen.lines() <= LINES && screen.headline.contains(line));
    let records = |_: &_| None;
    for text in [
        terminal::render(&summary, false),
        undressed(&markdown::render(&summary)),
        html::render(&summary, &records),
    ] {
        // In the headline, and as a fact of its own.
        assert!(text.matches(line).count() >= 2, "{text}");
    }
    let change = "write 1 check so that an answer can make it false; to see what was tried: muster prove --verbose";
    assert!(terminal::render(&summary, false).contains(change));
    let silent = terminal::render(&scenarios::all_green().summary(None), false);
    assert!(!silent.contains("can fail"), "{silent}");
}

#[test]
fn a_run_that_goes_on_says_so() {
    let plan = scenarios::one_of_each().run.plan().clone();
    let summary = synthetic::Synthetic::new((*plan).clone()).summary(None);
    let text = terminal::render(&summary, false);
    assert!(
        text.starts_with("undecided: the run goes on, 12 cases open\n"),
        "{text}"
    );
    assert!(text.contains("12 planned = 0 passed + 0 failed"), "{text}");
    assert!(text.contains("+ 12 open"), "{text}");
}

#[test]
fn new_failures_are_told_against_an_earlier_gated_run() {
    let earlier = json::render(&scenarios::all_green().summary(None)).unwrap();
    let previous = Previous::read(&earlier).unwrap();
    assert!(previous.is_gated);
    let summary = scenarios::one_of_each().summary(Some(&previous));
    assert!(
        terminal::render(&summary, false)
            .contains("new failures    test_016 (p1), since run run-7")
    );
    let same = json::render(&summary).unwrap();
    let summary = scenarios::one_of_each().summary(Some(&Previous::read(&same).unwrap()));
    assert!(terminal::render(&summary, false).contains("new failures    none since run run-7"));
}

#[test]
fn a_report_of_another_format_is_refused() {
    let error = Previous::read(r#"{"format": 99}"#).unwrap_err().to_string();
    assert!(error.contains("format 99"), "{error}");
    assert!(Previous::read("no json").is_err());
}

#[test]
fn colour_adds_nothing_but_colour() {
    let summary = scenarios::one_of_each().summary(None);
    let (coloured, plain) = (
        terminal::render(&summary, true),
        terminal::render(&summary, false),
    );
    assert_ne!(coloured, plain);
    assert_eq!(report::escape::block(&coloured), plain);
}

#[test]
fn what_is_typed_finds_its_case() {
    let summary = scenarios::one_of_each().summary(None);
    let find = |typed: &str| {
        summary
            .find(typed)
            .map(|case| case.id.to_string())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        find("p1::test_018@us-central1"),
        Ok("p1::test_018@us-central1".to_owned())
    );
    assert_eq!(
        find("test_018@eu"),
        Ok("p1::test_018@europe-west1".to_owned())
    );
    assert_eq!(find("test_031"), Ok("p2::test_031@europe-west1".to_owned()));
    assert!(
        find("test_016")
            .unwrap_err()
            .contains("2 cases of run run-7")
    );
    assert!(
        find("test_999")
            .unwrap_err()
            .contains("no case of run run-7")
    );
}
