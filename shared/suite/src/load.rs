//! From files to checked suites and environment, or to every problem in them.
//!
//! How a file is taken for a suite or something else is in `load::file`.

mod file;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use file::FileKind;
use file::{File, kind_of_root, parse_all, says_it_is_ours};

use crate::environment::Environment;
use crate::model::Suite;
use crate::place::Text;
use crate::problem::{Problem, Problems};
use crate::raw::{self, Node};
use crate::read::Reader;
use crate::read::around::Around;
use crate::sources::{Sources, beside};
use crate::{gate_file, settings, value_file};

/// What to load with.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Path of the environment file in the sources.
    pub environment: String,
    /// `--var NAME=VALUE`, values read as YAML scalars; each must be named in the environment.
    pub vars: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub struct Loaded {
    pub environment: Arc<Environment>,
    /// In the order of the sources.
    pub suites: Vec<Arc<Suite>>,
}

/// Reads the environment and every suite of the sources.
///
/// # Errors
/// Every problem of these files, sorted by file and line.
pub fn load(sources: &Sources, options: &Options) -> Result<Loaded, Vec<Problem>> {
    let files = parse_all(sources);
    let chosen = files
        .iter()
        .find(|file| file.path == beside("", &options.environment));
    let Some(chosen) = chosen else {
        let fix = Some("give the path of an environment file".to_owned());
        let message = "there is no such environment file";
        return Err(vec![Problem::of_file(&options.environment, message, fix)]);
    };
    let around = chosen
        .root
        .iter()
        .map(Around::of_one)
        .next()
        .unwrap_or_default();
    let mut problems = Vec::new();
    let environment = chosen.read(&around, &mut problems, |reader, root| {
        reader.environment(root, sources, &options.vars)
    });
    let mut suites = Vec::new();
    for file in files.iter().filter(|file| file.is_for_run(chosen.path)) {
        suites.extend(file.read(&around, &mut problems, |reader, root| reader.suite(root)));
    }
    problems.extend(twice_named(&suites, &files));
    match environment {
        Some(environment) if problems.is_empty() => Ok(Loaded {
            environment: Arc::new(environment),
            suites: suites.into_iter().map(Arc::new).collect(),
        }),
        _ => Err(problems),
    }
}

/// Every problem of every file that is one of the language's, whatever its kind. YAML of something
/// else is passed over, unless there is nothing but that.
pub fn check(sources: &Sources) -> Vec<Problem> {
    let files = parse_all(sources);
    let is_environment = |file: &&File<'_>| file.kind == Some(FileKind::Environment);
    let environments: Vec<&Node> = files
        .iter()
        .filter(is_environment)
        .filter_map(|file| file.root.as_ref())
        .collect();
    // What a broken environment would have offered is not known, so nothing is called unknown.
    let around = if files.iter().any(File::is_broken_environment) {
        Around::default()
    } else {
        Around::of(environments)
    };
    let mut problems = Vec::new();
    let mut suites = Vec::new();
    let has_ours = files.iter().any(|file| file.is_ours);
    for file in files.iter().filter(|file| file.is_ours || !has_ours) {
        match file.kind {
            Some(FileKind::Suite) => {
                suites.extend(file.read(&around, &mut problems, |reader, root| reader.suite(root)));
            }
            Some(FileKind::Environment) => {
                file.read(&around, &mut problems, |reader, root| {
                    reader.environment(root, sources, &[])
                });
            }
            Some(FileKind::Gate) => {
                file.read(&around, &mut problems, |reader, root| {
                    gate_file::read(reader, root)
                });
            }
            Some(FileKind::Value) => {
                file.read(&around, &mut problems, |reader, root| {
                    value_file::read(reader, root)
                });
            }
            Some(FileKind::Settings) => {
                file.read(&around, &mut problems, |reader, root| {
                    settings::read(reader, root)
                });
            }
            Some(FileKind::Lock) | None => problems.extend(file.problems.iter().cloned()),
        }
    }
    problems.extend(twice_named(&suites, &files));
    problems
}

/// What the file is; `None` when it doesn't tell, or is of something else.
pub fn kind_of(path: &str, text: &str) -> Option<FileKind> {
    let whole = Text::new(text);
    let problems = Problems::new(path, &whole);
    let root = raw::parse::parse(text, &problems);
    kind_of_root(path, root.as_ref()).filter(|_| says_it_is_ours(path, text))
}

/// Files that an environment file names, as paths in the sources: they must be read along with it.
pub fn named_by_environment(path: &str, text: &str) -> Vec<String> {
    let whole = Text::new(text);
    let problems = Problems::new(path, &whole);
    let root = raw::parse::parse(text, &problems);
    let ca = root
        .as_ref()
        .and_then(|root| root.get("tls")?.get("ca")?.as_scalar());
    ca.map(|ca| beside(path, &ca.text)).into_iter().collect()
}

/// One file of a known kind, read by `read`.
pub(crate) fn read_one<T>(
    path: &str,
    text: &str,
    read: impl FnOnce(Reader<'_>, &Node) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let file = File::parse(path, text);
    let mut problems = Vec::new();
    match file.read(&Around::default(), &mut problems, read) {
        Some(read) if problems.is_empty() => Ok(read),
        _ => Err(problems),
    }
}

fn twice_named(suites: &[Suite], files: &[File<'_>]) -> Vec<Problem> {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for suite in suites {
        let Some(other) = first.insert(suite.name.as_str(), &suite.file) else {
            continue;
        };
        let file = files.iter().find(|file| file.path == suite.file);
        let named = file.and_then(|file| Some((file, file.root.as_ref()?.get("suite")?)));
        if let Some((file, node)) = named {
            let told = Problems::new(file.path, &file.text);
            let line = line_of_name(files, other);
            let message = format!("the suite `{}` is also in {other}:{line}", suite.name);
            told.fix(
                node.span,
                message,
                "names of suites are unique; choose another",
            );
            problems.extend(told.into_sorted());
        }
    }
    problems
}

/// The line on which a suite is named.
fn line_of_name(files: &[File<'_>], path: &str) -> u32 {
    let file = files.iter().find(|file| file.path == path);
    let place = file.and_then(|file| {
        let node = file.root.as_ref()?.get("suite")?;
        Some(file.text.position(node.span.start).0)
    });
    place.unwrap_or(1)
}
