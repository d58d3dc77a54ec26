//! One file: parsed as far as it could be, and what kind of file it is.

use crate::lock;
use crate::place::{Span, Text};
use crate::problem::{Problem, Problems};
use crate::raw::{self, Node};
use crate::read::Reader;
use crate::read::around::Around;
use crate::sources::Sources;
use crate::vocabulary::nearest;

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
pub(super) struct File<'s> {
    pub(super) path: &'s str,
    pub(super) text: Text,
    pub(super) root: Option<Node>,
    pub(super) kind: Option<FileKind>,
    /// Something in it says that it is a file of the language; a repository has other YAML too.
    pub(super) is_ours: bool,
    pub(super) problems: Vec<Problem>,
}

impl<'s> File<'s> {
    pub(super) fn parse(path: &'s str, source: &str) -> Self {
        let text = Text::new(source);
        let problems = Problems::new(path, &text);
        let root = raw::parse::parse(source, &problems);
        if root.is_none() && problems.is_empty() {
            problems.add(Span::default(), "this file is empty");
        }
        let is_ours = says_it_is_ours(path, source);
        let kind = kind_of_root(path, root.as_ref()).filter(|_| is_ours);
        if kind.is_none() && root.is_some() {
            tell_no_kind(root.as_ref(), &problems);
        }
        let problems = problems.into_sorted();
        Self {
            path,
            text,
            root,
            kind,
            is_ours,
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
                    is_ours: says_it_is_ours(path, &String::from_utf8_lossy(bytes)),
                    problems,
                }
            }
        }
    }

    pub(super) fn is_broken_environment(&self) -> bool {
        let is_environment = |line: u32| {
            self.text
                .line(line)
                .is_some_and(|line| line.starts_with("environment:"))
        };
        self.root.is_none() && self.is_ours && (1..=20).any(is_environment)
    }

    /// A suite, or something of ours that is too broken to tell.
    pub(super) fn is_for_run(&self, environment: &str) -> bool {
        let may_be_suite = self.kind.is_none_or(|kind| kind == FileKind::Suite);
        self.path != environment && self.is_ours && may_be_suite
    }

    pub(super) fn read<T>(
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
        own.dedup();
        all.append(&mut own);
        found
    }
}

pub(super) fn parse_all(sources: &Sources) -> Vec<File<'_>> {
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
        is_ours: true,
        problems: problems.into_iter().collect(),
    }
}

/// Whether a text claims to be of the language: a repository has other YAML too, which is passed
/// over. Broken files can claim it as well.
pub(super) fn says_it_is_ours(path: &str, source: &str) -> bool {
    let has = |key: &str| source.lines().any(|line| line.starts_with(key));
    is_lock(path) || is_settings(path) || has("muster:") || has("suite:")
}

fn is_settings(path: &str) -> bool {
    matches!(path.rsplit('/').next(), Some("muster.yaml" | "muster.yml"))
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

pub(super) fn kind_of_root(path: &str, root: Option<&Node>) -> Option<FileKind> {
    if is_lock(path) {
        return Some(FileKind::Lock);
    }
    if is_settings(path) {
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
