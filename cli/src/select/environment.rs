//! Which environment a run is for: a file, a name, or the only one there is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use suite::load::{FileKind, kind_of};
use suite::settings::Settings;

use crate::args::SuiteArgs;
use crate::error::Error;
use crate::sources::{self, Found};

/// Finds the environment's file. `files` are those of the suites, `paths` where they were found.
pub(super) fn find(
    args: &SuiteArgs,
    settings: &Settings,
    files: &[Found],
    paths: &[PathBuf],
) -> Result<Found, Error> {
    let wanted = args.env.as_deref().or(settings.environment.as_deref());
    match wanted {
        Some(wanted) => named(wanted, &super::beside(paths)),
        None => only(files, &super::beside(paths)),
    }
}

fn named(wanted: &str, beside: &Path) -> Result<Found, Error> {
    let typed = Path::new(wanted);
    if typed.is_file() {
        return Ok(Found::at(typed));
    }
    let file = format!("{wanted}.yaml");
    let places = [
        Path::new("environments").join(&file),
        beside.join(&file),
        beside.join("environments").join(&file),
        beside.join("../environments").join(&file),
    ];
    if let Some(found) = places.iter().find(|path| path.is_file()) {
        return Ok(Found::at(found));
    }
    let looked: Vec<String> = places[..2]
        .iter()
        .map(|path| sources::name_of(path))
        .collect();
    Err(Error::Invalid(format!(
        "there is no environment `{wanted}`: no such file, and no {}",
        looked.join(" or ")
    )))
}

/// For whom any environment will do: all that could be meant, at least one.
pub(super) fn find_any(
    args: &SuiteArgs,
    settings: &Settings,
    files: &[Found],
    paths: &[PathBuf],
) -> Result<Vec<Found>, Error> {
    if args.env.is_some() || settings.environment.is_some() {
        return Ok(vec![find(args, settings, files, paths)?]);
    }
    let candidates = candidates(files, &super::beside(paths))?;
    if candidates.is_empty() {
        return Err(Error::Invalid(
            "suites are read together with an environment, which says what services and users \
             there are, and none was found beside them or in environments/; say which: --env FILE"
                .to_owned(),
        ));
    }
    Ok(candidates)
}

/// Every environment among the suites, in environments/ and beside them.
fn candidates(files: &[Found], beside: &Path) -> Result<Vec<Found>, Error> {
    let mut candidates: Vec<Found> = files.to_vec();
    let folders = [
        PathBuf::from("environments"),
        beside.join("environments"),
        beside.join("../environments"),
    ];
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        candidates.extend(sources::find(std::slice::from_ref(folder))?);
    }
    candidates.retain(is_environment);
    let mut seen = BTreeSet::new();
    candidates.retain(|one| {
        let real = std::fs::canonicalize(&one.path);
        seen.insert(real.unwrap_or_else(|_| one.path.clone()))
    });
    Ok(candidates)
}

/// Without a word about it: the only environment among the suites and in environments/.
fn only(files: &[Found], beside: &Path) -> Result<Found, Error> {
    let candidates = candidates(files, beside)?;
    match candidates.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Error::Invalid(
            "no environment was named and none was found; say which: --env NAME or --env FILE"
                .to_owned(),
        )),
        several => Err(Error::Invalid(format!(
            "which environment? Say --env with one of {}",
            several
                .iter()
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

fn is_environment(file: &Found) -> bool {
    let bytes = file.read().unwrap_or_default();
    kind_of(&file.name, &String::from_utf8_lossy(&bytes)) == Some(FileKind::Environment)
}
