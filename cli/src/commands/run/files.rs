//! The files that a run is made of, and which of them changed: asked again and again, because
//! that works on every disk, in containers and over networks.
//!
//! What counts is what a file says: one that was only touched did not change.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use domain::Digest;

use crate::sources::{self, Found};

const EVERY: Duration = Duration::from_millis(200);

/// What is watched, as it was when it was last looked at.
#[derive(Debug)]
pub(super) struct Files {
    places: Vec<PathBuf>,
    /// Files that lie elsewhere: the environment, and what it names.
    named: BTreeSet<String>,
    seen: BTreeMap<String, Seen>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    stamp: (u64, Option<SystemTime>),
    says: Digest,
}

impl Files {
    pub(super) fn new(places: Vec<PathBuf>) -> Self {
        let mut files = Self {
            places,
            named: BTreeSet::from(["muster.yaml".to_owned()]),
            seen: BTreeMap::new(),
        };
        files.changed();
        files
    }

    /// Also these, from now on.
    pub(super) fn also(&mut self, names: impl IntoIterator<Item = String>) {
        let new: Vec<String> = names
            .into_iter()
            .filter(|name| !self.seen.contains_key(name))
            .collect();
        for name in &new {
            if let Some(seen) = look(Path::new(name), None) {
                self.seen.insert(name.clone(), seen);
            }
        }
        self.named.extend(new);
    }

    pub(super) fn count(&self) -> usize {
        self.seen.len()
    }

    /// Waits for a change, and then until nothing changes any more.
    pub(super) async fn next_change(&mut self) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        loop {
            tokio::time::sleep(EVERY).await;
            let changed = self.changed();
            if changed.is_empty() && !all.is_empty() {
                return all;
            }
            all.extend(changed);
        }
    }

    /// What came, went or says something else since this was last asked.
    fn changed(&mut self) -> BTreeSet<String> {
        let mut now = BTreeMap::new();
        for Found { name, path } in self.there() {
            let before = self.seen.get(&name);
            if let Some(seen) = look(&path, before) {
                now.insert(name, seen);
            }
        }
        let names: BTreeSet<&String> = now.keys().chain(self.seen.keys()).collect();
        let says = |files: &BTreeMap<String, Seen>, name: &str| {
            files.get(name).map(|seen| seen.says.clone())
        };
        let changed = names
            .into_iter()
            .filter(|name| says(&now, name) != says(&self.seen, name))
            .cloned()
            .collect();
        self.seen = now;
        changed
    }

    fn there(&self) -> Vec<Found> {
        let mut found = Vec::new();
        for place in &self.places {
            // A place that is gone for a moment has no files for a moment.
            found.extend(sources::find(std::slice::from_ref(place)).unwrap_or_default());
        }
        found.extend(self.named.iter().map(|name| Found::named(name)));
        found
    }
}

/// A file as it is now; read only when its stamp is another.
fn look(path: &Path, before: Option<&Seen>) -> Option<Seen> {
    let facts = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let stamp = (facts.len(), facts.modified().ok());
    if let Some(before) = before.filter(|before| before.stamp == stamp) {
        return Some(before.clone());
    }
    let says = wire::digest::of(&fs::read(path).ok()?);
    Some(Seen { stamp, says })
}
