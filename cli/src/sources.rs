//! Files on this machine → what the suite language reads: names and contents, in a stable order.
//!
//! It finds files and never looks into them; what a file is, `suite` tells by its keys.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Folders that hold no suites.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "muster-report"];

/// A file as found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// As people will read it: below the current folder where possible, with `/`.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Every YAML file of these files and folders, each once, sorted within its folder.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found)?;
        } else if path.is_file() {
            found.push(Found::at(path));
        } else {
            return Err(Error::Invalid(format!(
                "{}: there is no such file or folder",
                path.display()
            )));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|one| seen.insert(one.name.clone()));
    Ok(found)
}

impl Found {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            name: name_of(path),
            path: path.to_owned(),
        }
    }

    /// A file by the name that another file gives it.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: PathBuf::from(name),
        }
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, Error> {
        fs::read(&self.path).map_err(|error| {
            Error::Invalid(format!("could not read {}: {error}", self.path.display()))
        })
    }
}

/// The path below the current folder, else as it was typed.
pub(crate) fn name_of(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let inside = path.strip_prefix(&here).unwrap_or(path);
    let plain = inside.strip_prefix(".").unwrap_or(inside);
    plain.to_string_lossy().replace('\\', "/")
}

fn walk(folder: &Path, found: &mut Vec<Found>) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(|error| Error::disk("read", folder, error))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::disk("read", folder, error))?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || PASSED_OVER.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, found)?;
        } else if is_ours(&path) {
            found.push(Found::at(&path));
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let is_yaml = path
        .extension()
        .is_some_and(|ending| ending == "yaml" || ending == "yml");
    is_yaml || path.file_name().is_some_and(|name| name == "muster.lock")
}

/// For messages: the paths as typed.
pub(crate) fn names(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
}
