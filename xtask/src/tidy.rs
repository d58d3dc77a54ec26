//! Rules of this tree that no other tool knows, one per file; `check` runs them all.
//!
//! A rule is a pure function of what was read: the crates, and the tracked and new files with
//! their text. It returns findings, each with its place and what to do about it.

mod arrows;
mod code_map;
mod headers;
mod licences;
mod links;
mod names;
mod size;
mod unused;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::workspace::{self, Package};

/// A text file of the tree.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All that the rules look at.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    pub(crate) files: Vec<Source>,
    pub(crate) packages: Vec<Package>,
}

impl Tree {
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        walk(root, root, &mut files)?;
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self {
            root: root.to_owned(),
            files,
            packages: workspace::packages(root)?,
        })
    }

    pub(crate) fn with_extension(&self, extension: &str) -> impl Iterator<Item = &Source> {
        let ending = format!(".{extension}");
        self.files
            .iter()
            .filter(move |file| file.path.ends_with(&ending))
    }

    /// The workspace's own crates.
    pub(crate) fn crates(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|one| one.source.is_none())
    }
}

/// Runs every rule; fails with the number of findings after printing each.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let tree = Tree::read(root)?;
    let findings: Vec<String> = [
        arrows::findings(&tree),
        headers::findings(&tree),
        names::findings(&tree),
        words::findings(&tree),
        code_map::findings(&tree),
        links::findings(&tree),
        unused::findings(&tree),
        licences::findings(&tree)?,
    ]
    .concat();
    for line in size::remarks(&tree) {
        eprintln!("   note: {line}");
    }
    for finding in &findings {
        eprintln!("   {finding}");
    }
    if !findings.is_empty() {
        bail!("{} findings", findings.len());
    }
    Ok(())
}

/// Reads every text file below `folder`, leaving out what is built and what is hidden.
fn walk(root: &Path, folder: &Path, files: &mut Vec<Source>) -> anyhow::Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if matches!(&*name, "target" | ".git" | ".muster" | "muster-report") {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, files)?;
            continue;
        }
        let Ok(text) = fs::read_to_string(&path) else {
            continue; // not text: a picture, a certificate in DER
        };
        let from_root = path.strip_prefix(root).unwrap_or(&path);
        files.push(Source {
            path: from_root.to_string_lossy().replace('\\', "/"),
            text,
        });
    }
    Ok(())
}
