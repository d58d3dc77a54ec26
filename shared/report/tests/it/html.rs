//! The page: it says what the other formats say, loads nothing, and stays usable when it is huge.

use domain::outcome::Outcome;
use domain::plan::Tier;
use domain::record::CaseRecord;
use report::first_screen::FirstScreen;
use report::{Summary, html, markdown};

use crate::synthetic::{REGIONS, Synthetic, cases, plan, suite};
use crate::{records, scenarios};

pub(crate) fn page(synthetic: &Synthetic, summary: &Summary) -> String {
    html::render(summary, &|digest| synthetic.records.get(digest).cloned())
}

/// The text that a reader sees: no markup, entities as their letters.
pub(crate) fn text(page: &str) -> String {
    let body = page.split_once("</head>").map_or(page, |(_, body)| body);
    let mut text = String::new();
    let mut is_markup = false;
    for letter in body.chars() {
        match letter {
            '<' => is_markup = true,
            '>' if is_markup => is_markup = false,
            letter if !is_markup => text.push(letter),
            _ => {}
        }
    }
    let letters = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    letters
        .iter()
        .fold(text, |text, (from, to)| text.replace(from, to))
}

/// Every start tag with its attributes.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .filter(|tag| !tag.starts_with(['/', '!']))
        .filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag))
        .collect()
}

#[test]
fn the_page_says_the_first_screen_and_the_whole_of_each_failure() {
    for synthetic in [scenarios::one_of_each(), scenarios::troubled()] {
        let summary = synthetic.summary(None);
        let text = text(&page(&synthetic, &summary));
        let screen = FirstScreen::of(&summary);
        let facts = screen.facts.iter().flat_map(|(_, lines)| lines);
        for line in facts.chain(&screen.reasons) {
            assert!(text.contains(line.as_str()), "{line}");
        }
        assert!(text.contains(summary.word()) && text.contains(screen.reason()));
        for signature in &summary.signatures {
            assert!(text.contains(&signature.reason), "{}", signature.reason);
            for case in &signature.cases {
                assert!(text.contains(case.as_str()), "{case}");
            }
        }
    }
}

#[test]
fn a_failure_shows_what_was_sent_what_came_back_and_what_was_expected() {
    let synthetic = scenarios::one_of_each();
    let text = text(&page(&synthetic, &synthetic.summary(None)));
    for words in [
        "GET https://api.staging.example/api/threads/th_1 → 200",
        "Bearer ‹token:3f9a12›",
        r#"{"id": "th_1", "title": "private"}"#,
        "status == 403",
        "status = 200",
        "another user's thread was shown",
        "GET /api/threads/th_1 → 200",
        "login answered 500",
        "Try 2 of 2",
    ] {
        let is_in_evidence = text.contains(words);
        // A flaky case passed in the end, so that its tries are told and not shown.
        assert_eq!(is_in_evidence, words != "Try 2 of 2", "{words}");
    }
}

#[test]
fn counts_of_every_group_stand_as_equations() {
    let synthetic = scenarios::one_of_each();
    let summary = synthetic.summary(None);
    let text = text(&page(&synthetic, &summary));
    let lists = [
        &summary.tiers,
        &summary.suites,
        &summary.groups,
        &summary.by_region,
    ];
    for group in lists.into_iter().flatten() {
        let equation = report::figures::equation(&group.totals, 0);
        assert!(text.contains(&equation), "{}: {equation}", group.name);
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let synthetic = scenarios::one_of_each();
    let page = page(&synthetic, &synthetic.summary(None));
    assert!(page.contains("default-src 'none'"));
    for tag in tags(&page) {
        let name = tag.split([' ', '\n']).next().unwrap();
        assert!(
            !["script", "img", "iframe", "object", "base"].contains(&name),
            "{tag}"
        );
        assert!(!tag.contains(" on"), "{tag}");
        for (attribute, allowed) in [("href", &["#", "data:image/", "report.", "junit."][..])] {
            if let Some((_, value)) = tag.split_once(&format!("{attribute}=\"")) {
                assert!(
                    allowed.iter().any(|start| value.starts_with(start)),
                    "{tag}"
                );
            }
        }
        assert!(!tag.contains("src="), "{tag}");
    }
    let style = page.split_once("<style>").unwrap().1;
    let style = style.split_once("</style>").unwrap().0;
    assert!(!style.contains("url(") && !style.contains("@import"));
}

/// Every element that needs an end has one, in order.
#[test]
fn elements_are_closed_in_order() {
    let runs = [
        scenarios::all_green(),
        scenarios::one_of_each(),
        scenarios::troubled(),
    ];
    for synthetic in runs {
        let page = page(&synthetic, &synthetic.summary(None));
        let (_, markup) = page.split_once("<html").unwrap();
        let style = markup.find("<style>").unwrap()..markup.find("</style>").unwrap();
        let mut open = vec!["html"];
        for (place, tag) in markup.match_indices('<') {
            if style.contains(&place) && place != style.start {
                continue;
            }
            let tag = markup[place + tag.len()..].split_once('>').unwrap().0;
            match tag.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name), "{}", &markup[..place]),
                None => {
                    let name = tag.split(' ').next().unwrap();
                    if !["meta", "link", "br"].contains(&name) {
                        open.push(name);
                    }
                }
            }
        }
        assert_eq!(open, Vec::<&str>::new());
    }
}

#[test]
fn headings_go_down_one_level_at_a_time_and_links_have_their_targets() {
    let synthetic = scenarios::one_of_each();
    let page = page(&synthetic, &synthetic.summary(None));
    let levels: Vec<u32> = tags(&page)
        .into_iter()
        .filter_map(|tag| tag.strip_prefix('h')?.chars().next()?.to_digit(10))
        .collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    for pair in levels.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "h{} behind h{}", pair[1], pair[0]);
    }
    for tag in tags(&page) {
        if let Some((_, target)) = tag.split_once("href=\"#") {
            let target = target.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{target}\"")), "{target}");
        }
    }
}

#[test]
fn a_huge_run_gives_a_page_that_browsers_open() {
    let mut planned = Vec::new();
    for test in 0..400 {
        planned.extend(cases("p1", Tier::P1, &format!("test_{test:04}"), None, 3));
    }
    let ids: Vec<_> = planned
        .iter()
        .map(|case| (case.id.to_string(), case.region.to_string()))
        .collect();
    let mut synthetic = Synthetic::new(plan(None, vec![suite("p1", Tier::P1)], planned));
    for (attempt, region) in [(1, REGIONS[0]), (2, REGIONS[1])] {
        let worker = if attempt == 1 { "eu-1" } else { "us-1" };
        let there: Vec<_> = ids
            .iter()
            .filter(|(_, place)| place == region)
            .map(|(id, _)| id.as_str())
            .collect();
        synthetic.lease(attempt, worker, region, &there);
        for id in there {
            synthetic.settle(attempt, id, Outcome::Failed, "check_failed", big_record());
        }
    }
    synthetic.end();
    let summary = synthetic.summary(None);
    assert_eq!(summary.signatures.len(), 400);
    let page = page(&synthetic, &summary);
    assert!(page.len() < 8_000_000, "{} bytes", page.len());
    let text = text(&page);
    assert!(text.contains("and 300 more, in report.json"));
    assert!(text.contains("exchanges left out here"));
    assert!(text.contains("cut; the body has 20000 bytes"));
    let summary = markdown::render(&summary);
    // What a step's summary may hold on GitHub.
    assert!(summary.len() <= 1_048_576, "{} bytes", summary.len());
    assert!(summary.contains("lines of this section are left out"));
    assert!(summary.contains("\n## Conclusion\n"));
}

/// Many exchanges with bodies far longer than a page should hold.
fn big_record() -> CaseRecord {
    let mut record = records::check_failed();
    let tried = &mut record.tries[0];
    let mut exchange = tried.exchanges[0].clone();
    exchange.response_body.text = "x".repeat(20_000);
    exchange.response_body.bytes = 20_000;
    tried.exchanges = vec![exchange; 70];
    tried.checks[0].expression = "x".repeat(15_000);
    record
}
