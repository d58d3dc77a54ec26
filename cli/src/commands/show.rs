//! `muster show [RUN] CASE`: one case of a kept run, as it was recorded, secrets redacted.

use report::show::Show;

use crate::archive::Archive;
use crate::args::ShowArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::reports;

pub(crate) fn show(args: &ShowArgs, output: &Output) -> Result<ExitCode, Error> {
    let (run, case) = match args.what.as_slice() {
        [run, case] => (run.as_str(), case.as_str()),
        [case] => ("last", case.as_str()),
        _ => {
            return Err(Error::Usage(
                "say which case: muster show [RUN] CASE".to_owned(),
            ));
        }
    };
    let archive = Archive::here();
    let kept = archive.find(run)?;
    let summary = reports::summary(&archive, &kept);
    let line = summary
        .find(case)
        .map_err(|error| Error::Usage(error.to_string()))?;
    let result = kept.run.case(&line.id).and_then(|facts| facts.result());
    let record = result
        .and_then(|result| result.record.as_ref())
        .and_then(|digest| kept.record(digest));
    let how = Show {
        curl: args.curl,
        trace: args.trace,
        whole_bodies: args.whole,
        colour: output.data_colour(),
    };
    output.data(&report::show::render(line, record.as_ref(), how));
    if args.trace {
        reports::tell_server_spans(&kept, output);
    }
    Ok(ExitCode::Success)
}
