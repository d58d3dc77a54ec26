//! Files on this machine → what the suite language reads: names and contents, in a stable order.
//!
//! It finds files and never looks into them; what a file is, `suite` tells by its keys. Only what is
//! a file is read (a pipe or device would never end), and only so much of it.

use std::fmt::Display;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Folders that hold no suites.
const PASSED_OVER: [&str; 3] = ["target", "node_modules", "muster-report"];

/// Bytes of one file; `suite` asks for fewer.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

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
            walk(path, &mut Vec::new(), &mut found)?;
        } else if path.exists() {
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
        let path = self.path.display();
        let wrong = |why: &dyn Display| Error::Invalid(format!("could not read {path}: {why}"));
        let about = fs::metadata(&self.path).map_err(|error| wrong(&error))?;
        if !about.is_file() {
            return Err(wrong(
                &"it is no file, but a folder, pipe, socket or device",
            ));
        }
        let file = fs::File::open(&self.path).map_err(|error| wrong(&error))?;
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| wrong(&error))?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(wrong(&format!("it has more than {MOST_BYTES} bytes")));
        }
        Ok(bytes)
    }
}

/// The path below the current folder, else as it was typed.
pub(crate) fn name_of(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let inside = path.strip_prefix(&here).unwrap_or(path);
    let plain = inside.strip_prefix(".").unwrap_or(inside);
    plain.to_string_lossy().replace('\\', "/")
}

/// `above`: the folders that the walk has come through, as they really are.
fn walk(folder: &Path, above: &mut Vec<PathBuf>, found: &mut Vec<Found>) -> Result<(), Error> {
    let real = fs::canonicalize(folder).map_err(|error| Error::disk("read", folder, error))?;
    if above.contains(&real) {
        return Err(Error::Invalid(format!(
            "{}: this link leads back to a folder above it; remove it, or name the folders to read",
            folder.display()
        )));
    }
    let entries = fs::read_dir(folder).map_err(|error| Error::disk("read", folder, error))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::disk("read", folder, error))?;
    paths.sort();
    above.push(real);
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || PASSED_OVER.contains(&&*name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, above, found)?;
        } else if is_ours(&path) {
            found.push(Found::at(&path));
        }
    }
    above.pop();
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    fn told<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
        outcome.expect_err("refused").to_string()
    }

    #[test]
    fn what_is_no_file_is_never_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("socket.yaml");
        let _listener = UnixListener::bind(&socket).expect("a socket");
        symlink("/dev/zero", folder.path().join("zero.yaml")).expect("a link");
        let found = find(&[folder.path().to_owned()]).expect("found");
        assert_eq!(found.len(), 2);
        for one in &found {
            assert!(
                told(one.read()).contains("it is no file, but a folder, pipe, socket or device")
            );
        }
        let pipe = Found::at(Path::new("/dev/null"));
        assert!(told(pipe.read()).contains("it is no file"));
    }

    #[test]
    fn a_link_in_a_circle_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("inner")).expect("a folder");
        symlink("..", folder.path().join("inner/again")).expect("a link");
        let why = told(find(&[folder.path().to_owned()]));
        assert!(why.contains("leads back to a folder above it"), "{why}");
    }

    #[test]
    fn a_link_to_a_file_is_read_and_a_huge_file_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.txt"), "muster: v1").expect("a file");
        symlink("a.txt", folder.path().join("a.yaml")).expect("a link");
        let huge = fs::File::create(folder.path().join("huge.yaml")).expect("a file");
        huge.set_len(MOST_BYTES + 1).expect("a size");
        let found = find(&[folder.path().to_owned()]).expect("found");
        assert_eq!(found[0].read().expect("read"), b"muster: v1");
        assert!(told(found[1].read()).contains("more than 16777216 bytes"));
    }
}
