//! `muster init`: puts the example into a folder and overwrites nothing of the author's.
//!
//! Beside it lie the schemas of this version, and each file names its own on its first line, so
//! that editors complete and check it.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use suite::load::{FileKind, kind_of};

use super::schema;
use crate::args::InitArgs;
use crate::embedded;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::sources::name_of;

/// Where the schemas go, from the folder of the files.
const SCHEMAS: &str = ".muster/schema";

pub(crate) fn init(args: &InitArgs, output: &Output) -> Result<ExitCode, Error> {
    for (name, text) in embedded::SMOKE {
        let path = args.folder.join(name);
        let was_written = write_new(&path, &naming_its_schema(name, text))?;
        let word = if was_written { "wrote" } else { "kept " };
        output.data(&format!("{word} {}", name_of(&path)));
    }
    schema::write_all(&args.folder.join(SCHEMAS))?;
    output.data(&format!(
        "wrote {} (schemas, for editors)",
        name_of(&args.folder.join(SCHEMAS))
    ));
    output.talk("next: muster check, then muster list");
    Ok(ExitCode::Success)
}

/// The text below the line by which YAML language servers find a schema.
fn naming_its_schema(name: &str, text: &str) -> String {
    let kind = match kind_of(name, text) {
        Some(FileKind::Suite) => "suite",
        Some(FileKind::Environment) => "environment",
        _ => return text.to_owned(),
    };
    format!("# yaml-language-server: $schema={SCHEMAS}/muster-{kind}.schema.json\n{text}")
}

/// False when something is there already, which stays as it is.
fn write_new(path: &Path, text: &str) -> Result<bool, Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::disk("make", folder, error))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    match file {
        Ok(mut file) => {
            file.write_all(text.as_bytes())
                .map_err(|error| Error::disk("write", path, error))?;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Error::disk("write", path, error)),
    }
}
