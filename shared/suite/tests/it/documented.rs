//! Every example of the authors' page is valid as it stands.

use std::path::Path;

use suite::Sources;

use crate::{CA, ENVIRONMENT, ENVIRONMENT_PATH};

/// What the page's lists of steps take as given.
const BEFORE: &str = "muster: v1\nsuite: page\npriority: P1\ntests:\n  - id: t\n    steps:\n      - websocket: /ws\n        socket: chat\n";

/// The fenced blocks of the page that are YAML.
pub(crate) fn examples(page: &str) -> Vec<String> {
    let blocks = page.split("```yaml\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_example_of_the_page_is_valid() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/suite-format.md");
    let examples = examples(&std::fs::read_to_string(page).unwrap());
    assert!(examples.len() > 12);
    for example in examples {
        let is_steps = example.starts_with("- ");
        let indented: String = example
            .lines()
            .map(|line| format!("      {line}\n"))
            .collect();
        let text = if is_steps {
            format!("{BEFORE}{indented}")
        } else {
            example.clone()
        };
        let name = if example.starts_with("# muster.yaml") {
            "muster.yaml"
        } else {
            "page.yaml"
        };
        let mut sources = Sources::from_iter([(name, text)]);
        if !example.contains("environment:") {
            sources.insert(ENVIRONMENT_PATH, ENVIRONMENT);
            sources.insert("envs/certs/ca.pem", CA);
        }
        let problems = suite::check(&sources);
        assert!(
            problems.is_empty(),
            "{}",
            suite::render_all(&problems, &sources, false)
        );
    }
}
