//! `muster report`: the report of a kept run, made again from its log.

use crate::archive::Archive;
use crate::args::ReportArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::{exporting, reports, wait_for};

pub(crate) fn report(args: &ReportArgs, output: &Output) -> Result<ExitCode, Error> {
    let archive = Archive::here();
    let kept = archive.find(args.run.as_deref().unwrap_or("last"))?;
    let summary = reports::summary(&archive, &kept);
    if args.otlp.is_some() {
        wait_for(async {
            exporting::export(&kept, args.otlp.as_deref(), output).await;
            Ok(())
        })?;
    }
    if let Some(folder) = &args.out {
        reports::write(&summary, &kept, folder)?;
        output.talk(&format!(
            "wrote the report of {} to {}",
            summary.run,
            folder.display()
        ));
        return Ok(ExitCode::Success);
    }
    output.data(&reports::render(
        &summary,
        &kept,
        args.format,
        output.data_colour(),
    )?);
    Ok(ExitCode::Success)
}
