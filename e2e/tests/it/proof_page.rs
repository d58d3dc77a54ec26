//! docs/proof.md speaks of the tests and defects that there are now, each with its check. Whether it
//! is true in every line is what `cargo xtask prove --check` looks at.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use e2e::matrix;

const PAGE: &str = include_str!("../../../docs/proof.md");
const AGAIN: &str = "docs/proof.md is out of date; `cargo xtask prove` writes it again";

/// What stands in the first `…` of a line, behind its beginning.
fn named<'page>(line: &'page str, beginning: &str) -> Option<&'page str> {
    let rest = line.strip_prefix(beginning)?.strip_prefix('`')?;
    rest.split('`').next()
}

/// Of each test that the page has a section for: its defects, each with the lines below it.
fn sections(page: &str) -> BTreeMap<String, BTreeMap<String, Vec<String>>> {
    let mut sections: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    let (mut test, mut defect) = (String::new(), String::new());
    for line in page.lines() {
        if line.starts_with('#') {
            test = named(line, "### ").unwrap_or_default().to_owned();
        } else if let Some(name) = named(line, "- ") {
            defect = name.to_owned();
            let of_test = sections.entry(test.clone()).or_default();
            of_test.entry(defect.clone()).or_default();
        } else if let Some(below) = line.strip_prefix("  - ") {
            let of_test = sections.entry(test.clone()).or_default();
            of_test
                .entry(defect.clone())
                .or_default()
                .push(below.to_owned());
        }
    }
    sections
}

/// The check of a line: `file:line`, then its text.
fn check(line: &str) -> Option<(String, String)> {
    let place = named(line, "")?;
    let text = line.strip_prefix(&format!("`{place}` "))?;
    let (file, number) = place.rsplit_once(':')?;
    number.parse::<u32>().ok()?;
    Some((file.to_owned(), text.trim_matches(['`', ' ']).to_owned()))
}

/// Whether a suite has this check. What is no line of `check` is said in words of muster's own, and
/// begins with its key: `status: 401 or 403`.
fn holds(suite: &str, check: &str) -> bool {
    const KEYS: [&str; 6] = [
        "status", "grammar", "receive", "collect", "silence", "refused",
    ];
    let key = check.split([':', ' ']).next().unwrap_or_default();
    suite.contains(check) || (KEYS.contains(&key) && suite.contains(&format!("{key}:")))
}

#[test]
fn every_test_stands_in_it_with_a_check_that_is_in_its_file() -> Result<()> {
    let sections = sections(PAGE);
    for test in matrix::tests()? {
        let defects = sections.get(&test);
        let lines = defects.into_iter().flat_map(BTreeMap::values).flatten();
        let checks: Vec<_> = lines.filter_map(|line| check(line)).collect();
        assert!(!checks.is_empty(), "{AGAIN}: nothing is said of {test}");
        for (file, text) in checks {
            let is_there = matrix::suite_text(&file).is_ok_and(|suite| holds(&suite, &text));
            assert!(is_there, "{AGAIN}: {test}: {file} has no check `{text}`");
        }
    }
    let tests: BTreeSet<String> = matrix::tests()?;
    let foreign = sections.keys().filter(|name| name.starts_with("test_"));
    for name in foreign {
        assert!(tests.contains(name), "{AGAIN}: no test is called {name}");
    }
    Ok(())
}

#[tokio::test]
async fn every_defect_stands_in_it_below_its_test_with_a_check() -> Result<()> {
    let sections = sections(PAGE);
    let defects = matrix::defects().await?;
    for defect in &defects {
        let place = if defect.is_for_a_test() {
            defect.test.as_str()
        } else {
            ""
        };
        let lines = sections.get(place).and_then(|test| test.get(&defect.name));
        let is_proven = lines.is_some_and(|lines| !lines.is_empty());
        assert!(is_proven, "{AGAIN}: nothing is said of {}", defect.name);
        let says = PAGE.contains(&format!(
            "- `{}`: no longer holds: {}\n",
            defect.name, defect.breaks
        ));
        assert!(says, "{AGAIN}: {} breaks something else now", defect.name);
    }
    assert!(
        PAGE.contains(&format!("| defects | {} |", defects.len())),
        "{AGAIN}"
    );
    Ok(())
}

#[test]
fn a_page_that_leaves_something_out_is_noticed() {
    let page = "### `test_001`\n\n- `late`: no longer holds: x\n  - `suites/a.yaml:4` `body.ok`\n";
    let sections = sections(page);
    let lines = &sections["test_001"]["late"];
    let expected = ("suites/a.yaml".to_owned(), "body.ok".to_owned());
    assert_eq!(check(&lines[0]), Some(expected));
    assert_eq!(check("also red: `test_002` by `suites/a.yaml:4` `x`"), None);
    assert!(!sections.contains_key("test_002"));
}
