//! `muster init`: puts the example into a folder and overwrites nothing.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use crate::args::InitArgs;
use crate::embedded;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::sources::name_of;

pub(crate) fn init(args: &InitArgs, output: &Output) -> Result<ExitCode, Error> {
    for (name, text) in embedded::SMOKE {
        let path = args.folder.join(name);
        let was_written = write_new(&path, text)?;
        let word = if was_written { "wrote" } else { "kept " };
        output.data(&format!("{word} {}", name_of(&path)));
    }
    output.talk("next: muster check, then muster list");
    Ok(ExitCode::Success)
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
