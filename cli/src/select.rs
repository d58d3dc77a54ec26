//! What a command line selects: settings, suites, environment, regions, gate.
//!
//! It reads files and lets `suite` judge them; problems are printed here, all at once. What is made
//! of a selection stands in `plan`.

mod environment;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Region;
use suite::load::{FileKind, kind_of, named_by_environment};
use suite::plan::Filter;
use suite::settings::{self, Settings};
use suite::{Environment, Options, Problem, Sources, Suite, gate_file};
use wire::Bundle;

use crate::args::SuiteArgs;
use crate::error::Error;
use crate::output::Output;
use crate::sources::{self, Found};

const SETTINGS: &str = "muster.yaml";
/// Written for `--gate` when no gate is wanted although muster.yaml names one.
pub(crate) const NO_GATE: &str = "none";

/// All that the words of a command line stand for.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) settings: Settings,
    pub(crate) suites: Vec<Arc<Suite>>,
    pub(crate) environment: Arc<Environment>,
    pub(crate) regions: Vec<Region>,
    pub(crate) filter: Filter,
    pub(crate) gate: Option<domain::Gate>,
    /// What workers execute from: suites, environment, and what the environment names.
    pub(crate) bundle: Bundle,
    /// The folder of the suites, where muster.lock and value.yaml lie.
    pub(crate) beside: PathBuf,
}

/// Reads and checks everything that `args` name.
pub(crate) fn select(args: &SuiteArgs, output: &Output) -> Result<Selection, Error> {
    let settings = read_settings(output)?;
    let paths = paths(&args.paths, &settings);
    let files = sources::find(&paths)?;
    let environment = environment::find(args, &settings, &files, &paths)?;
    selected(args, settings, (&paths, &files), environment, output)
}

/// As `select`, for whom any environment will do that knows what the suites mention: the first
/// such when none is named.
pub(crate) fn select_on_any(args: &SuiteArgs, output: &Output) -> Result<Selection, Error> {
    let settings = read_settings(output)?;
    let paths = paths(&args.paths, &settings);
    let files = sources::find(&paths)?;
    let candidates = environment::find_any(args, &settings, &files, &paths)?;
    let vars = vars(args, &settings)?;
    let fits = |one: &&Found| {
        let options = Options {
            environment: one.name.clone(),
            vars: vars.clone(),
        };
        read(&files, one).is_ok_and(|sources| suite::load(&sources, &options).is_ok())
    };
    let fitting = candidates.iter().find(fits).or(candidates.first());
    let Some(environment) = fitting.cloned() else {
        return Err(Error::Invalid("no environment was found".to_owned()));
    };
    if candidates.len() > 1 {
        output.talk(&format!(
            "checked against {}; --env names another",
            environment.name
        ));
    }
    selected(args, settings, (&paths, &files), environment, output)
}

fn selected(
    args: &SuiteArgs,
    settings: Settings,
    (paths, files): (&[PathBuf], &[Found]),
    environment: Found,
    output: &Output,
) -> Result<Selection, Error> {
    let vars = vars(args, &settings)?;
    let sources = read(files, &environment)?;
    let loaded = load(&sources, &environment, &vars, output)?;
    if loaded.suites.is_empty() {
        return Err(Error::NothingRan(
            "no suite was found; name files or folders that hold some (a suite has the key `suite:`)"
                .to_owned(),
        ));
    }
    let regions = regions(args, &settings, &loaded.environment);
    Ok(Selection {
        filter: filter(args)?,
        gate: gate(args, &settings, paths, output)?,
        suites: loaded.suites,
        environment: loaded.environment,
        regions,
        bundle: bundle(&sources, environment, vars),
        beside: beside(paths),
        settings,
    })
}

/// As `select`, for a suite that is no file: `write` makes its text, knowing the environment.
pub(crate) fn select_text(
    args: &SuiteArgs,
    name: &str,
    write: &dyn Fn(&Environment) -> Result<String, Error>,
    output: &Output,
) -> Result<Selection, Error> {
    let settings = read_settings(output)?;
    let paths = paths(&args.paths, &settings);
    let files = sources::find(&paths)?;
    let environment = environment::find(args, &settings, &files, &paths)?;
    let vars = vars(args, &settings)?;
    let mut sources = read(&[], &environment)?;
    let alone = load(&sources, &environment, &vars, output)?;
    sources.insert(name, write(&alone.environment)?);
    let loaded = load(&sources, &environment, &vars, output)?;
    Ok(Selection {
        filter: Filter::all(),
        gate: None,
        suites: loaded.suites,
        regions: regions(args, &settings, &loaded.environment),
        environment: loaded.environment,
        bundle: bundle(&sources, environment, vars),
        beside: beside(&paths),
        settings,
    })
}

fn bundle(sources: &Sources, environment: Found, vars: Vec<(String, String)>) -> Bundle {
    Bundle {
        files: sources
            .paths()
            .filter_map(|path| Some((path.to_owned(), sources.bytes(path)?.to_vec())))
            .collect(),
        environment: environment.name,
        vars,
    }
}

fn read_settings(output: &Output) -> Result<Settings, Error> {
    if !Path::new(SETTINGS).is_file() {
        return Ok(Settings::default());
    }
    let text = text(&Found::named(SETTINGS))?;
    settings::parse(SETTINGS, &text).map_err(|problems| tell(&problems, SETTINGS, &text, output))
}

/// The grid that muster.yaml names, if it does.
pub(crate) fn usual_grid(output: &Output) -> Result<Option<String>, Error> {
    Ok(read_settings(output)?.grid)
}

/// Where the suites of a command line lie, as far as can be told without reading them.
pub(crate) fn places(args: &SuiteArgs) -> Vec<PathBuf> {
    let text = text(&Found::named(SETTINGS)).unwrap_or_default();
    let settings = settings::parse(SETTINGS, &text).unwrap_or_default();
    paths(&args.paths, &settings)
}

/// As typed, else as muster.yaml says, else `suites/`, else this folder.
fn paths(typed: &[PathBuf], settings: &Settings) -> Vec<PathBuf> {
    if !typed.is_empty() {
        return typed.to_vec();
    }
    if !settings.suites.is_empty() {
        return settings.suites.iter().map(PathBuf::from).collect();
    }
    let usual = if Path::new("suites").is_dir() {
        "suites"
    } else {
        "."
    };
    vec![PathBuf::from(usual)]
}

/// The folder that the paths share as their home: the first one's.
pub(crate) fn beside(paths: &[PathBuf]) -> PathBuf {
    let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
    if first.is_dir() {
        first.to_owned()
    } else {
        first.parent().unwrap_or(Path::new(".")).to_owned()
    }
}

/// Suites and environment, checked; every problem is printed.
fn load(
    sources: &Sources,
    environment: &Found,
    vars: &[(String, String)],
    output: &Output,
) -> Result<suite::Loaded, Error> {
    let options = Options {
        environment: environment.name.clone(),
        vars: vars.to_vec(),
    };
    suite::load(sources, &options).map_err(|problems| {
        output.talk(&suite::render_all(&problems, sources, output.talk_colour()));
        Error::Invalid("these files have mistakes".to_owned())
    })
}

/// The suites among the files, the environment, and what the environment names.
fn read(files: &[Found], environment: &Found) -> Result<Sources, Error> {
    let mut sources = Sources::new();
    for file in files {
        let bytes = file.read()?;
        let kind = kind_of(&file.name, &String::from_utf8_lossy(&bytes));
        // What is too broken to tell its kind may be a suite, so it is not left out in silence.
        if matches!(kind, Some(FileKind::Suite) | None) {
            sources.insert(file.name.clone(), bytes);
        }
    }
    let bytes = environment.read()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    sources.insert(environment.name.clone(), bytes);
    for named in named_by_environment(&environment.name, &text) {
        // One that is missing is a problem of the environment, told by `load`.
        if let Ok(bytes) = Found::named(&named).read() {
            sources.insert(named, bytes);
        }
    }
    Ok(sources)
}

fn vars(args: &SuiteArgs, settings: &Settings) -> Result<Vec<(String, String)>, Error> {
    let mut vars = settings.vars.clone();
    for typed in &args.vars {
        let (name, value) = typed.split_once('=').ok_or_else(|| {
            Error::Usage(format!(
                "--var {typed} sets nothing; write --var NAME=VALUE"
            ))
        })?;
        vars.retain(|(known, _)| known != name);
        vars.push((name.to_owned(), value.to_owned()));
    }
    Ok(vars)
}

fn filter(args: &SuiteArgs) -> Result<Filter, Error> {
    match &args.filter {
        None => Ok(Filter::all()),
        Some(text) => text
            .parse()
            .map_err(|error: suite::plan::BadFilter| Error::Usage(error.to_string())),
    }
}

/// As typed, else by muster.yaml, else by the environment, else one called `local`.
fn regions(args: &SuiteArgs, settings: &Settings, environment: &Environment) -> Vec<Region> {
    let named = [&args.regions, &settings.regions, &environment.regions];
    let chosen = named.into_iter().find(|list| !list.is_empty());
    let mut regions: Vec<Region> = chosen
        .into_iter()
        .flatten()
        .map(|name| Region::new(name.trim()))
        .collect();
    if regions.is_empty() {
        regions.push(Region::from("local"));
    }
    let mut seen = std::collections::BTreeSet::new();
    regions.retain(|region| seen.insert(region.clone()));
    regions
}

fn gate(
    args: &SuiteArgs,
    settings: &Settings,
    paths: &[PathBuf],
    output: &Output,
) -> Result<Option<domain::Gate>, Error> {
    let name = args.gate.as_deref().or(settings.gate.as_deref());
    match name {
        None | Some(NO_GATE) => Ok(None),
        Some(name) => {
            let (path, text) = gate_text(name, &beside(paths))?;
            gate_file::parse(&path, &text)
                .map(Some)
                .map_err(|problems| tell(&problems, &path, &text, output))
        }
    }
}

/// A gate's file and text: the built-in one, or gates/NAME.yaml here or beside the suites.
pub(crate) fn gate_text(name: &str, beside: &Path) -> Result<(String, String), Error> {
    if name == gate_file::RELEASE_NAME {
        let path = format!("{name} (built in)");
        return Ok((path, gate_file::RELEASE.to_owned()));
    }
    let file = format!("{name}.yaml");
    let places = [
        Path::new("gates").join(&file),
        beside.join("gates").join(&file),
        beside.join("../gates").join(&file),
    ];
    let found = places.iter().find(|path| path.is_file()).ok_or_else(|| {
        Error::Invalid(format!(
            "there is no gate `{name}`: no file {}; `release` is built in (`muster gate show`)",
            places[0].display()
        ))
    })?;
    let found = Found::at(found);
    let text = text(&found)?;
    Ok((found.name, text))
}

fn text(found: &Found) -> Result<String, Error> {
    Ok(String::from_utf8_lossy(&found.read()?).into_owned())
}

/// Prints the problems of one file; the error that follows ends the command.
pub(crate) fn tell(problems: &[Problem], path: &str, text: &str, output: &Output) -> Error {
    let sources = Sources::from_iter([(path, text)]);
    output.talk(&suite::render_all(problems, &sources, output.talk_colour()));
    Error::Invalid(format!("{path} has mistakes"))
}
