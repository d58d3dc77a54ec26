//! Which logs are meant, and their bytes: by run, by path, or in a store. Nothing is written.
//!
//! The grid log is read before the logs of runs: what it says was closed then has its verdict.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::RunId;
use domain::event::GridEvent;
use run_log::file::pack::Index;
use run_log::verify::{self, Checked};
use run_log::{Address, LogId, ObjectStore, ReadBlobs};

use crate::archive::Archive;
use crate::args::VerifyArgs;
use crate::error::Error;

const RUN_LOG: &str = "run.log";
const GRID_LOG: &str = "grid.log";

/// A log, checked as bytes, and what is needed to count it again.
#[derive(Debug)]
pub(super) struct Source {
    /// For people: which log, and where.
    pub(super) title: String,
    /// Where it lies, as in the places of its problems.
    pub(super) place: String,
    pub(super) checked: Checked,
    /// Nothing for a grid log, which counts no cases.
    pub(super) run: Option<OfRun>,
}

/// What belongs to a run's log.
#[derive(Debug)]
pub(super) struct OfRun {
    pub(super) blobs: Arc<dyn ReadBlobs>,
    /// Whether the recordings of cases are to be read too.
    pub(super) reads_records: bool,
    /// The grid log says that it is over.
    pub(super) is_closed: bool,
    /// A report to compare with.
    pub(super) report: Option<PathBuf>,
}

/// Every log that was asked for.
pub(super) fn find(args: &VerifyArgs) -> Result<Vec<Source>, Error> {
    let mut sources = Vec::new();
    if let Some(address) = &args.store {
        sources = of_store(address, args)?;
    } else if args.what.is_empty() {
        sources = of_path(&named("last")?)?;
    }
    if args.store.is_none() {
        for what in &args.what {
            let path = Path::new(what);
            let path = if path.exists() {
                path.to_owned()
            } else {
                named(what)?
            };
            sources.extend(of_path(&path)?);
        }
    }
    if let Some(report) = &args.report {
        let runs = sources.iter_mut().filter_map(|source| source.run.as_mut());
        runs.for_each(|run| run.report = Some(report.clone()));
    }
    Ok(sources)
}

/// The folder of a run that is kept here; its log is not read for that.
fn named(run: &str) -> Result<PathBuf, Error> {
    let archive = Archive::here();
    let name = archive.name(run)?;
    Ok(archive.folder(&RunId::from(name)))
}

fn of_path(path: &Path) -> Result<Vec<Source>, Error> {
    if path.is_file() {
        let folder = path.parent().unwrap_or(Path::new(""));
        return match path.file_name().is_some_and(|name| name == GRID_LOG) {
            true => Ok(vec![grid_log(path)?]),
            false => Ok(vec![run_log_of(path, folder, &closed_beside(folder)?)?]),
        };
    }
    let mut sources = Vec::new();
    let grid = path.join(GRID_LOG);
    let closed = closed_beside(path)?;
    if grid.is_file() {
        sources.push(grid_log(&grid)?);
    }
    let mut folders = vec![path.to_owned()];
    let runs = fs::read_dir(path.join("runs"))
        .into_iter()
        .flatten()
        .flatten();
    let mut below: Vec<PathBuf> = runs.map(|entry| entry.path()).collect();
    below.sort();
    folders.extend(below);
    for folder in folders {
        let log = folder.join(RUN_LOG);
        if log.is_file() {
            sources.push(run_log_of(&log, &folder, &closed)?);
        }
    }
    if sources.is_empty() {
        return Err(Error::Usage(format!(
            "there is no log in {}; name a run, a run's folder, a {RUN_LOG} or {GRID_LOG}, or a \
             coordinator's --data",
            path.display()
        )));
    }
    Ok(sources)
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| Error::disk("read", path, error))
}

fn grid_log(path: &Path) -> Result<Source, Error> {
    let place = path.display().to_string();
    Ok(Source {
        title: format!("grid log {place}"),
        checked: verify::file(&place, Some(&LogId::Grid), &read(path)?),
        place,
        run: None,
    })
}

fn run_log_of(log: &Path, folder: &Path, closed: &BTreeSet<RunId>) -> Result<Source, Error> {
    let place = log.display().to_string();
    let checked = verify::file(&place, None, &read(log)?);
    let name = checked.log.clone().unwrap_or_else(|| "?".to_owned());
    let unreadable = |error| Error::unexpected("read the blobs of the run", error);
    let report = Some(folder.join("report.json")).filter(|path| path.is_file());
    Ok(Source {
        title: format!("run {name} ({place})"),
        place,
        checked,
        run: Some(OfRun {
            blobs: Arc::new(Index::open(&blobs_of(folder)).map_err(unreadable)?),
            reads_records: true,
            is_closed: closed.contains(&RunId::from(name)),
            report,
        }),
    })
}

/// A run's own, or those of the grid whose `runs` it lies in.
fn blobs_of(folder: &Path) -> PathBuf {
    let own = folder.join("blobs");
    let of_grid = folder.join("../../blobs");
    if own.is_dir() || !of_grid.is_dir() {
        return own;
    }
    of_grid
}

/// The runs that the grid log closed, in this folder or in that of the grid it lies in.
fn closed_beside(folder: &Path) -> Result<BTreeSet<RunId>, Error> {
    let places = [folder.join(GRID_LOG), folder.join("../..").join(GRID_LOG)];
    let Some(path) = places.iter().find(|path| path.is_file()) else {
        return Ok(BTreeSet::new());
    };
    let checked = verify::file("", Some(&LogId::Grid), &read(path)?);
    Ok(grid_events(&checked).closed)
}

/// What a grid log says of its runs.
#[derive(Debug, Default)]
struct Runs {
    /// In the order of submission.
    submitted: Vec<RunId>,
    closed: BTreeSet<RunId>,
}

fn grid_events(grid: &Checked) -> Runs {
    let mut runs = Runs::default();
    for (_, bytes) in grid.events() {
        match wire::event::decode_grid(bytes) {
            Ok(GridEvent::RunSubmitted { run, .. }) => runs.submitted.push(run),
            Ok(GridEvent::RunClosed { run }) => {
                runs.closed.insert(run);
            }
            _ => {}
        }
    }
    runs
}

fn of_store(address: &Address, args: &VerifyArgs) -> Result<Vec<Source>, Error> {
    let failed = |error| Error::unexpected("read the store", error);
    if let Address::Directory(path) = address
        && !path.is_dir()
    {
        return Err(Error::Usage(format!("{} is no directory", path.display())));
    }
    let store = ObjectStore::open(address).map_err(failed)?;
    let grid = verify::objects(&LogId::Grid, store.at_rest(&LogId::Grid).map_err(failed)?);
    let known = grid_events(&grid);
    let mut sources = Vec::new();
    let wanted = if args.what.is_empty() {
        sources.push(Source {
            title: format!("grid log ({address})"),
            place: format!("{address}/grid"),
            checked: grid,
            run: None,
        });
        known.submitted.clone()
    } else {
        let each = args.what.iter();
        each.map(|what| pick(&known.submitted, what, address))
            .collect::<Result<_, _>>()?
    };
    for run in wanted {
        let id = LogId::Run(run.clone());
        let objects = store.at_rest(&id).map_err(failed)?;
        // A run that waits has no log yet.
        if objects.is_empty() && !known.closed.contains(&run) {
            continue;
        }
        sources.push(Source {
            title: format!("run {run} ({address})"),
            place: format!("{address}/runs/{run}"),
            checked: verify::objects(&id, objects),
            run: Some(OfRun {
                blobs: store.blobs_at_rest(),
                reads_records: args.records,
                is_closed: known.closed.contains(&run),
                report: None,
            }),
        });
    }
    Ok(sources)
}

/// A run of the store by its id, or the beginning of one that is unique.
fn pick(known: &[RunId], wanted: &str, address: &Address) -> Result<RunId, Error> {
    if known.iter().any(|run| run.as_str() == wanted) {
        return Ok(RunId::from(wanted));
    }
    let fitting: Vec<&RunId> = known
        .iter()
        .filter(|run| run.as_str().starts_with(wanted))
        .collect();
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Error::Usage(format!(
            "the grid log in {address} knows no run `{wanted}`; without a name all are verified"
        ))),
        several => Err(Error::Usage(format!(
            "`{wanted}` fits {} runs of {address}; write more of the id",
            several.len()
        ))),
    }
}
