//! What `.muster/runs` holds: one folder per run, with its log and blobs, read through the fold.
//!
//! Nothing is remembered beside the log: outcomes, verdict and plan are read from it each time.
//! Runs of a grid are copied here byte for byte (`archive::copy`).

mod copy;
mod spans;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use domain::event::RunEvent;
use domain::record::CaseRecord;
use domain::run::Run;
use domain::{Digest, Plan, RunId};
use run_log::{ReadLog as _, RunFolder, Stored};

pub(crate) use copy::{copy_from, named_by};
use spans::ServerSpans;
pub(crate) use spans::fetch as fetch_spans;

use crate::error::Error;

/// The folder of all runs of a working directory.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    root: PathBuf,
}

/// One run as it lies in its folder.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) run: Run,
    pub(crate) path: PathBuf,
    folder: RunFolder,
    spans: OnceLock<ServerSpans>,
}

impl Archive {
    /// That of the current directory.
    pub(crate) fn here() -> Self {
        Self {
            root: Path::new(".muster").join("runs"),
        }
    }

    pub(crate) fn folder(&self, run: &RunId) -> PathBuf {
        self.root.join(run.as_str())
    }

    /// Names of the runs, the newest first: an id begins with its time.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join("run.log").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort_by(|left, right| right.cmp(left));
        names
    }

    /// The run called `wanted`: `last`, an id, or the beginning of one that is unique.
    pub(crate) fn find(&self, wanted: &str) -> Result<Kept, Error> {
        self.open(&self.name(wanted)?)
    }

    /// As `find`, without reading the run.
    pub(crate) fn name(&self, wanted: &str) -> Result<String, Error> {
        let names = self.names();
        if wanted == "last" {
            return names.into_iter().next().ok_or_else(|| self.empty());
        }
        if names.iter().any(|name| name == wanted) {
            return Ok(wanted.to_owned());
        }
        let fitting: Vec<&String> = names
            .iter()
            .filter(|name| name.starts_with(wanted))
            .collect();
        match fitting.as_slice() {
            [one] => Ok((*one).clone()),
            [] => Err(Error::Usage(format!(
                "there is no run `{wanted}` in {}; `muster runs` lists them, and `muster report RUN \
                 --grid ADDR` fetches one of a grid",
                self.root.display()
            ))),
            several => Err(Error::Usage(format!(
                "`{wanted}` fits {} runs; write more of the id (`muster runs` lists them)",
                several.len()
            ))),
        }
    }

    /// Whether `wanted` names runs rather than something else.
    pub(crate) fn has(&self, wanted: &str) -> bool {
        wanted == "last" || self.names().iter().any(|name| name.starts_with(wanted))
    }

    /// Reads a run from its folder.
    pub(crate) fn open(&self, name: &str) -> Result<Kept, Error> {
        Kept::open(&self.root.join(name))
    }

    fn empty(&self) -> Error {
        Error::Usage(format!(
            "there is no run in {} yet; `muster run` makes one",
            self.root.display()
        ))
    }
}

impl Kept {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let broken = |why: String| Error::Invalid(format!("{}: {why}", path.display()));
        let folder = RunFolder::open(path).map_err(|error| broken(error.to_string()))?;
        let stored = folder
            .segments(0)
            .map_err(|error| broken(error.to_string()))?;
        let run = fold(&folder, &stored).map_err(broken)?;
        Ok(Self {
            run,
            path: path.to_owned(),
            folder,
            spans: OnceLock::new(),
        })
    }

    pub(crate) fn plan(&self) -> &Plan {
        self.run.plan()
    }

    /// What was kept of the environment's own spans.
    pub(crate) fn server_spans(&self) -> &ServerSpans {
        self.spans.get_or_init(|| ServerSpans::read(&self.path))
    }

    /// What a worker kept of a case, with the environment's own spans below what caused them; of a
    /// case taken over, it lies with the run that had it.
    pub(crate) fn record(&self, digest: &Digest) -> Option<CaseRecord> {
        if let Some(bytes) = self.folder.blob(digest).ok().flatten() {
            let mut record = wire::record::decode(&bytes).ok()?;
            self.server_spans().join(&mut record);
            return Some(record);
        }
        let earlier = self.plan().completes.as_ref()?;
        let beside = self.path.parent()?.join(earlier.as_str());
        Self::open(&beside).ok()?.record(digest)
    }

    /// The suites, the environment and the variables that the run was made of.
    pub(crate) fn bundle(&self) -> Result<Vec<u8>, Error> {
        let digest = &self.plan().bundle;
        match self.folder.blob(digest) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Error::Invalid(format!(
                "{}: the run's bundle {digest} is not there",
                self.path.display()
            ))),
            Err(error) => Err(Error::Invalid(format!("{}: {error}", self.path.display()))),
        }
    }
}

/// The plan by the log's first event, then every event over it.
fn fold(folder: &RunFolder, stored: &[Stored]) -> Result<Run, String> {
    let segments = stored
        .iter()
        .map(|stored| wire::segment::decode_run_segment(&stored.segment))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("an event can't be read: {error}"))?;
    let opened = segments.iter().flat_map(|one| &one.events).next();
    let Some(RunEvent::RunOpened { plan: digest, .. }) = opened else {
        return Err("the log does not begin with a plan".to_owned());
    };
    let bytes = folder
        .blob(digest)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| format!("the run's plan {digest} is not there"))?;
    let plan = wire::plan::decode(&bytes).map_err(|error| error.to_string())?;
    let mut run = Run::new(plan);
    for segment in &segments {
        run.apply_segment(segment)
            .map_err(|error| format!("the log is broken: {error}"))?;
    }
    Ok(run)
}
