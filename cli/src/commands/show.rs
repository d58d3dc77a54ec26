//! `muster show [RUN] [CASE]`: one case of a kept run, as it was recorded, secrets redacted; or
//! all of its cases in a line each.

use domain::Outcome;
use report::Summary;
use report::page::{Page, Style};
use report::show::Show;
use report::summary::CaseLine;

use crate::archive::Archive;
use crate::args::ShowArgs;
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::Output;
use crate::reports;

pub(crate) fn show(args: &ShowArgs, output: &Output) -> Result<ExitCode, Error> {
    let archive = Archive::here();
    let (run, case) = match args.what.as_slice() {
        [run, case, ..] => (run.as_str(), Some(case.as_str())),
        [run] if archive.has(run) => (run.as_str(), None),
        [case] => ("last", Some(case.as_str())),
        [] => ("last", None),
    };
    let kept = archive.find(run)?;
    let summary = reports::summary(&archive, &kept);
    let Some(case) = case else {
        output.data(&list(&summary, output.data_colour()));
        return Ok(ExitCode::Success);
    };
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

/// Letters of a reason in a list.
const REASON: usize = 100;

/// What went wrong first, then what was not proven, then the rest.
const ORDER: [Option<Outcome>; 8] = [
    Some(Outcome::Failed),
    Some(Outcome::Errored),
    Some(Outcome::Lost),
    Some(Outcome::Unproven),
    None,
    Some(Outcome::Cancelled),
    Some(Outcome::Skipped),
    Some(Outcome::Passed),
];

fn list(summary: &Summary, colour: bool) -> String {
    let mut page = Page::new(colour);
    page.row(&format!(
        "{} on {}: {}",
        summary.run,
        summary.environment,
        summary.word()
    ));
    for outcome in ORDER {
        let of_it = summary.cases.iter().filter(|case| case.outcome == outcome);
        of_it.for_each(|case| draw(&mut page, case));
    }
    if let Some(first) = summary.cases.iter().find(|case| case.went_wrong()) {
        page.end()
            .row(&report::change::look(summary, first.id.as_str()));
    }
    page.finish()
}

fn draw(page: &mut Page, case: &CaseLine) {
    let word = case.outcome.map_or("open", Outcome::word);
    if let Some(outcome) = case.outcome {
        page.styled(style(outcome), &format!("{word:9}"));
    } else {
        page.put(&format!("{word:9}"));
    }
    let flaky = if case.is_flaky { " (flaky)" } else { "" };
    page.put(&format!(" {}{flaky}", case.id));
    if !case.reason.is_empty() {
        page.put(&format!("  {}", report::escape::clip(&case.reason, REASON)));
    }
    page.end();
}

fn style(outcome: Outcome) -> Style {
    match outcome {
        Outcome::Passed => Style::Good,
        Outcome::Failed => Style::Bad,
        _ => Style::Doubtful,
    }
}
