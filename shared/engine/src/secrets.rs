//! Secrets that an environment refers to, read on the machine that runs the cases.
//!
//! A file is read from one folder alone: whoever submits a run writes the reference, and must not
//! reach what else lies on the worker. No message holds a value.

use std::path::{Path, PathBuf};

use expression::{Redactor, Value};
use suite::environment::{Environment, Reference, SecretGroup, SecretSource};

/// Largest file of a secret, in bytes.
const LARGEST: u64 = 64 * 1024;

/// A secret that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret `{name}` ({place}): {why}")]
pub struct SecretError {
    pub name: String,
    /// File and line of the reference.
    pub place: String,
    pub why: String,
}

/// The environment with every secret that it refers to. `folder`: where files of secrets lie; else
/// it is the folder of the environment's own file, if this machine has it.
///
/// # Errors
/// The first secret that is not there, is empty, or lies outside the folder.
pub fn resolve(
    environment: &Environment,
    folder: Option<&Path>,
) -> Result<Environment, SecretError> {
    let mut resolved = environment.clone();
    for reference in std::mem::take(&mut resolved.references) {
        let value = read(&reference, &environment.file, folder).map_err(|why| SecretError {
            name: reference.name.clone(),
            place: format!("{}:{}", environment.file, reference.line),
            why,
        })?;
        let group = match reference.group {
            SecretGroup::Tokens => &mut resolved.tokens,
            SecretGroup::Secrets => &mut resolved.secrets,
        };
        group.insert(reference.name, Value::text(value).tainted());
    }
    Ok(resolved)
}

fn read(reference: &Reference, environment: &str, folder: Option<&Path>) -> Result<String, String> {
    let text = match &reference.source {
        SecretSource::Variable(name) => std::env::var(name).map_err(|error| {
            format!("the variable `{name}` can't be read on this worker: {error}")
        })?,
        SecretSource::File(path) => file(path, &folder_of(environment, folder))?,
    };
    // Editors end a file with a line break that is no part of the secret.
    let secret = text.trim_end_matches(['\r', '\n']);
    let least = Redactor::MIN_BYTES;
    match secret.len() {
        0 => Err("it is empty".to_owned()),
        length if length < least => Err(format!(
            "it has {length} bytes; with fewer than {least} it could not be told from other texts, and kept out of records"
        )),
        _ => Ok(secret.to_owned()),
    }
}

fn folder_of(environment: &str, folder: Option<&Path>) -> PathBuf {
    let own = || Path::new(environment).parent().unwrap_or(Path::new(""));
    match folder.unwrap_or_else(own) {
        empty if empty.as_os_str().is_empty() => PathBuf::from("."),
        folder => folder.to_owned(),
    }
}

fn file(path: &str, folder: &Path) -> Result<String, String> {
    let missing = |error: std::io::Error| {
        format!(
            "the file `{path}` can't be read in `{}`: {error}; start the worker with `--secrets DIR`",
            folder.display()
        )
    };
    let folder_itself = folder.canonicalize().map_err(missing)?;
    let found = folder.join(path).canonicalize().map_err(missing)?;
    if !found.starts_with(&folder_itself) {
        return Err(format!(
            "the file `{path}` leads out of `{}`",
            folder.display()
        ));
    }
    let about = found.metadata().map_err(missing)?;
    if !about.is_file() || about.len() > LARGEST {
        return Err(format!("`{path}` is not a file of at most {LARGEST} bytes"));
    }
    std::fs::read_to_string(&found).map_err(missing)
}
