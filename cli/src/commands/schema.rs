//! `muster schema`: the schemas of the files, as this version of the program knows them.

use std::fs;
use std::path::Path;

use crate::args::SchemaArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count};
use crate::sources::name_of;

pub(crate) fn schema(args: &SchemaArgs, output: &Output) -> Result<ExitCode, Error> {
    if let Some(folder) = &args.out {
        let n_written = write_all(folder)?;
        output.data(&format!(
            "wrote {} to {}",
            count(n_written, "schema"),
            name_of(folder)
        ));
        return Ok(ExitCode::Success);
    }
    let wanted = args.kind.as_deref().unwrap_or_default();
    let all = suite::schema::all();
    let found = all.iter().find(|(name, _)| kind(name) == wanted);
    let Some((_, schema)) = found else {
        let kinds: Vec<&str> = all.iter().map(|(name, _)| kind(name)).collect();
        return Err(Error::Usage(format!(
            "there is no schema of `{wanted}`; there is one of each {}",
            kinds.join(", ")
        )));
    };
    output.data(&suite::schema::text(schema));
    Ok(ExitCode::Success)
}

/// Writes every schema, over older ones; how many there are.
pub(super) fn write_all(folder: &Path) -> Result<usize, Error> {
    fs::create_dir_all(folder).map_err(|error| Error::disk("make", folder, error))?;
    let all = suite::schema::all();
    for (name, schema) in &all {
        let path = folder.join(name);
        fs::write(&path, suite::schema::text(schema))
            .map_err(|error| Error::disk("write", &path, error))?;
    }
    Ok(all.len())
}

/// `suite` of `muster-suite.schema.json`.
fn kind(name: &str) -> &str {
    let name = name.strip_prefix("muster-").unwrap_or(name);
    name.strip_suffix(".schema.json").unwrap_or(name)
}
