//! From files to checked suites and environment, or to every problem in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::environment::Environment;
use crate::model::Suite;
use crate::place::{Span, Text};
use crate::problem::{Problem, Problems};
use crate::raw::{self, Node};
use crate::read::Reader;
use crate::read::around::Around;
use crate::sources::{Sources, beside};
use crate::vocabulary::nearest;
use crate::{gate_file, lock, settings, value_file};

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

/// What a file is, told by its name and its top keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Suite,
    Environment,
    Gate,
    Value,
    Settings,
    Lock,
}

/// A file as far as it could be parsed.
pub(crate) struct File<'s> {
    path: &'s str,
    text: Text,
    root: Option<Node>,
    kind: Option<FileKind>,
    problems: Vec<Problem>,
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

/// Every problem of every file that is one of the language's, whatever its kind.
pub fn check(sources: &Sources) -> Vec<Problem> {
    let files = parse_all(sources);
    let is_environment = |file: &&File<'_>| file.kind == Some(FileKind::Environment);
    let environments: Vec<&Node> = files
        .iter()
        .filter(is_environment)
        .filter_map(|file| file.root.as_ref())
        .collect();
    let has_broken = files.iter().any(|file| file.root.is_none());
    // What a broken file would have offered is not known, so nothing is called unknown.
    let around = if environments.is_empty() && has_broken {
        Around::default()
    } else {
        Around::of(environments)
    };
    let mut problems = Vec::new();
    let mut suites = Vec::new();
    for file in &files {
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

/// What the file is; `None` when its keys don't tell.
pub fn kind_of(path: &str, text: &str) -> Option<FileKind> {
    let whole = Text::new(text);
    let problems = Problems::new(path, &whole);
    let root = raw::parse::parse(text, &problems);
    kind_of_root(path, root.as_ref())
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

impl<'s> File<'s> {
    fn parse(path: &'s str, source: &str) -> Self {
        let text = Text::new(source);
        let problems = Problems::new(path, &text);
        let root = raw::parse::parse(source, &problems);
        if root.is_none() && problems.is_empty() {
            problems.add(Span::default(), "this file is empty");
        }
        let kind = kind_of_root(path, root.as_ref());
        if kind.is_none() && root.is_some() {
            tell_no_kind(root.as_ref(), &problems);
        }
        let problems = problems.into_sorted();
        Self {
            path,
            text,
            root,
            kind,
            problems,
        }
    }

    fn of_bytes(path: &'s str, bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(path, text),
            Err(bad) => {
                let before = bytes.get(..bad.valid_up_to()).unwrap_or_default();
                let text = Text::new(&String::from_utf8_lossy(before));
                let problems = Problems::new(path, &text);
                let at = text.chars().len();
                problems.fix(
                    Span::new(at, at + 1),
                    "this is not UTF-8",
                    "save the file as UTF-8",
                );
                let problems = problems.into_sorted();
                Self {
                    path,
                    text,
                    root: None,
                    kind: None,
                    problems,
                }
            }
        }
    }

    /// A suite, or something so broken that it may be one.
    fn is_for_run(&self, environment: &str) -> bool {
        let is_unreadable = self.root.is_none() && !self.problems.is_empty();
        self.path != environment && (self.kind == Some(FileKind::Suite) || is_unreadable)
    }

    fn read<T>(
        &self,
        around: &Around,
        all: &mut Vec<Problem>,
        read: impl FnOnce(Reader<'_>, &Node) -> Option<T>,
    ) -> Option<T> {
        let problems = Problems::new(self.path, &self.text);
        let found = self.root.as_ref().and_then(|root| {
            read(
                Reader {
                    problems: &problems,
                    around,
                },
                root,
            )
        });
        let mut own = problems.into_sorted();
        own.extend(self.problems.iter().cloned());
        own.sort_by_key(|problem| (problem.line, problem.column));
        all.append(&mut own);
        found
    }
}

fn parse_all(sources: &Sources) -> Vec<File<'_>> {
    let files = sources
        .paths()
        .filter_map(|path| Some((path, sources.bytes(path)?)));
    files
        .filter_map(|(path, bytes)| {
            if is_lock(path) {
                return Some(lock_file(path, bytes));
            }
            is_yaml(path).then(|| File::of_bytes(path, bytes))
        })
        .collect()
}

fn lock_file<'s>(path: &'s str, bytes: &[u8]) -> File<'s> {
    let source = String::from_utf8_lossy(bytes);
    let problems = lock::Lock::parse(path, &source).err();
    File {
        path,
        text: Text::new(&source),
        root: None,
        kind: Some(FileKind::Lock),
        problems: problems.into_iter().collect(),
    }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

fn is_lock(path: &str) -> bool {
    path.ends_with("muster.lock")
}

/// Top keys that only one kind of file has, the most telling first.
const TELLING: &[(&str, FileKind)] = &[
    ("suite", FileKind::Suite),
    ("tests", FileKind::Suite),
    ("gate", FileKind::Gate),
    ("tiers", FileKind::Gate),
    ("currency", FileKind::Value),
    ("services", FileKind::Environment),
    ("allow", FileKind::Environment),
    ("environment", FileKind::Environment),
    ("value", FileKind::Value),
];

fn kind_of_root(path: &str, root: Option<&Node>) -> Option<FileKind> {
    if is_lock(path) {
        return Some(FileKind::Lock);
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    if matches!(name, "muster.yaml" | "muster.yml") {
        return Some(FileKind::Settings);
    }
    let map = root?.as_map()?;
    TELLING
        .iter()
        .find(|(key, _)| map.get(key).is_some())
        .map(|(_, kind)| *kind)
}

fn tell_no_kind(root: Option<&Node>, problems: &Problems<'_>) {
    let entries = root
        .and_then(Node::as_map)
        .map_or(&[][..], |map| &map.entries);
    let telling = || TELLING.iter().map(|(key, _)| *key);
    let near = entries
        .iter()
        .find_map(|entry| Some((entry, nearest(&entry.key, telling())?)));
    match near {
        Some((entry, near)) => {
            let message = format!("unknown key `{}`", entry.key);
            problems.fix(entry.key_span, message, format!("did you mean `{near}`?"));
        }
        None => {
            let span = entries
                .first()
                .map_or(Span::new(0, 1), |entry| entry.key_span);
            let fix =
                "begin with `muster: v1` and one of `suite:`, `environment:`, `gate:`, `value:`";
            problems.fix(span, "nothing tells what kind of file this is", fix);
        }
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
            let message = format!("the suite `{}` is also in {other}", suite.name);
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
