//! What lies beside the suites: the lock that a gated run is held to, and the value file.

use std::path::{Path, PathBuf};

use domain::plan::PlannedCase;
use suite::lock::{Difference, Lock};
use suite::value_file::{self, ValueFile};

use crate::error::Error;
use crate::output::Output;
use crate::select::{Selection, tell};
use crate::sources::{Found, name_of};

pub(crate) const LOCK: &str = "muster.lock";
const VALUE: &str = "value.yaml";

/// What the lock says about a plan; nothing when there is no gate.
#[derive(Debug, Default)]
pub(super) struct Locked {
    /// Stand-ins for tests of the lock that the plan has no case of.
    pub(super) not_selected: Vec<PlannedCase>,
    pub(super) problems: Vec<String>,
}

/// Compares the suites with the lock beside them.
pub(super) fn locked(
    selection: &Selection,
    cases: &[PlannedCase],
    output: &Output,
) -> Result<Locked, Error> {
    if selection.gate.is_none() {
        return Ok(Locked::default());
    }
    let path = selection.beside.join(LOCK);
    let Some(lock) = read_lock(&path, output)? else {
        let problem = format!(
            "there is no {}; write it with `muster lock`",
            name_of(&path)
        );
        return Ok(Locked {
            problems: vec![problem],
            ..Locked::default()
        });
    };
    let problems = lock
        .compare(&selection.suites)
        .into_iter()
        // A test that is in no suite of this run stands in the plan as not selected.
        .filter(|difference| !matches!(difference, Difference::Missing { .. }))
        .map(|difference| difference.to_string())
        .collect();
    Ok(Locked {
        not_selected: lock.not_selected(cases),
        problems,
    })
}

/// The inventory as written, if there is one.
pub(crate) fn read_lock(path: &Path, output: &Output) -> Result<Option<Lock>, Error> {
    let Some((name, text)) = read(path)? else {
        return Ok(None);
    };
    Lock::parse(&name, &text)
        .map(Some)
        .map_err(|problem| tell(&[problem], &name, &text, output))
}

/// The value file, if there is one.
pub(super) fn value(selection: &Selection, output: &Output) -> Result<Option<ValueFile>, Error> {
    let named = selection.settings.value.as_ref().map(PathBuf::from);
    let path = named
        .clone()
        .unwrap_or_else(|| selection.beside.join(VALUE));
    let Some((name, text)) = read(&path)? else {
        return match named {
            None => Ok(None),
            Some(path) => Err(Error::Invalid(format!(
                "muster.yaml names the value file {}, and there is no such file",
                path.display()
            ))),
        };
    };
    value_file::parse(&name, &text)
        .map(Some)
        .map_err(|problems| tell(&problems, &name, &text, output))
}

fn read(path: &Path) -> Result<Option<(String, String)>, Error> {
    if !path.is_file() {
        return Ok(None);
    }
    let found = Found::at(path);
    let text = String::from_utf8_lossy(&found.read()?).into_owned();
    Ok(Some((found.name, text)))
}
