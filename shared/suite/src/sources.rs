//! The files that a check or a run is made of, by path: whoever calls has read them already.
//!
//! Paths are as the user gave them, with `/` between parts; they are what messages show.

use std::collections::BTreeMap;

/// Paths and contents, in the order they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    order: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
}

impl Sources {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; a second one of the same path replaces the first.
    pub fn insert(&mut self, path: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let path = normal(&path.into());
        if self.files.insert(path.clone(), bytes.into()).is_none() {
            self.order.push(path);
        }
    }

    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(&normal(path)).map(Vec::as_slice)
    }

    /// A file's text, if it is there and is UTF-8.
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.bytes(path)?).ok()
    }

    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.order.iter().map(String::as_str)
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for Sources {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let mut sources = Self::new();
        for (path, bytes) in files {
            sources.insert(path, bytes);
        }
        sources
    }
}

/// The path of a file that another names, relative to that other one.
pub(crate) fn beside(file: &str, named: &str) -> String {
    if named.starts_with('/') {
        return normal(named);
    }
    match normal(file).rsplit_once('/') {
        Some((folder, _)) => normal(&format!("{folder}/{named}")),
        None => normal(named),
    }
}

/// Without `.`, `..` behind a name, and doubled slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_named_by_another_is_found_beside_it() {
        assert_eq!(
            beside("envs/staging.yaml", "certs/ca.pem"),
            "envs/certs/ca.pem"
        );
        assert_eq!(beside("./envs/staging.yaml", "../ca.pem"), "ca.pem");
        assert_eq!(beside("staging.yaml", "./ca.pem"), "ca.pem");
        assert_eq!(beside("a/b.yaml", "/etc/ca.pem"), "/etc/ca.pem");
        assert_eq!(beside("a.yaml", "../../ca.pem"), "../../ca.pem");
    }
}
