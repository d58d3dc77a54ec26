//! `muster.yaml` at the root of a repository: what a command line needn't say.

use std::time::Duration;

use crate::load::read_one;
use crate::problem::Problem;
use crate::raw::Node;
use crate::read::Reader;
use crate::vocabulary::files::SETTINGS;

/// As written; what is absent has its default where it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Files and folders, relative to the file.
    pub suites: Vec<String>,
    /// Name or path.
    pub environment: Option<String>,
    pub gate: Option<String>,
    pub value: Option<String>,
    pub out: Option<String>,
    /// `HOST:PORT` of a coordinator.
    pub grid: Option<String>,
    pub regions: Vec<String>,
    pub workers: Option<u32>,
    pub deadline: Option<Duration>,
    pub max_fail: Option<u32>,
    /// Values as written, read like those of `--var`.
    pub vars: Vec<(String, String)>,
}

/// Reads the settings; `path` is for messages.
///
/// # Errors
/// Every problem of the file.
pub fn parse(path: &str, text: &str) -> Result<Settings, Vec<Problem>> {
    read_one(path, text, read)
}

pub(crate) fn read(reader: Reader<'_>, root: &Node) -> Option<Settings> {
    let fields = reader.fields(root, &SETTINGS)?;
    reader.version(fields.get("muster"));
    let text = |key: &str| fields.get(key).and_then(|node| reader.text(node, "text"));
    let texts = |key: &str| {
        fields
            .get(key)
            .map_or_else(Vec::new, |node| reader.texts(node, "text"))
    };
    let count = |key: &str| {
        fields
            .get(key)
            .and_then(|node| reader.integer(node, 1, 100_000))
    };
    let vars = fields
        .get("vars")
        .map_or(&[][..], |node| reader.entries(node, "values by name"));
    let vars = vars.iter().filter_map(|entry| {
        reader.identifier(&entry.key, entry.key_span);
        Some((
            entry.key.clone(),
            reader.text(&entry.value, "a single value")?,
        ))
    });
    Some(Settings {
        suites: texts("suites"),
        environment: text("environment"),
        gate: text("gate"),
        value: text("value"),
        out: text("out"),
        grid: text("grid"),
        regions: texts("regions"),
        workers: count("workers"),
        deadline: fields
            .get("deadline")
            .and_then(|node| reader.duration(node)),
        max_fail: count("max_fail"),
        vars: vars.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_whole() {
        let text = "muster: v1\nsuites: [suites]\nenvironment: envs/local.yaml\ngate: release\nout: out\n\
            grid: 127.0.0.1:7070\nregions: [eu, us]\nworkers: 2\ndeadline: 10m\nvars: { limit: 5 }\n";
        let settings = parse("muster.yaml", text).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert_eq!(settings.suites, ["suites"]);
        assert_eq!(settings.workers, Some(2));
        assert_eq!(settings.deadline, Some(Duration::from_secs(600)));
        assert_eq!(settings.vars, [("limit".to_owned(), "5".to_owned())]);
        assert_eq!(
            parse("muster.yaml", "muster: v1\n"),
            Ok(Settings::default())
        );
    }

    #[test]
    fn a_misspelt_setting_is_told() {
        let problems = parse("muster.yaml", "muster: v1\ndeadlin: 5\nworkers: 0\n")
            .err()
            .unwrap_or_default();
        let told: Vec<_> = problems
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(
            told,
            [
                "unknown key `deadlin`",
                "0 is not a whole number from 1 to 100000"
            ]
        );
    }
}
