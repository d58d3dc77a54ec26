//! The suites that come with the grid are valid.

use std::path::Path;

use suite::Sources;

/// All YAML files of a folder of the repository.
pub(crate) fn folder(name: &str) -> Sources {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(&path)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let yaml = files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "yaml"));
    yaml.map(|file| (file.display().to_string(), std::fs::read(file).unwrap()))
        .collect()
}

#[test]
fn the_suites_of_the_repository_have_no_problem() {
    for name in ["suites", "examples/smoke"] {
        let sources = folder(name);
        assert!(!sources.is_empty(), "{name}");
        let problems = suite::check(&sources);
        assert!(
            problems.is_empty(),
            "{}",
            suite::render_all(&problems, &sources, false)
        );
    }
}
