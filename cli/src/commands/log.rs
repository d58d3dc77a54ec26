//! `muster log verify`: whether logs are whole, what is wrong where, and whether they count right.
//!
//! The bytes are judged by `run_log::verify`, the counting by `count`; here it is said.

mod beside;
mod count;
mod source;

use run_log::verify::Spot;

use crate::args::{LogArgs, LogVerb, VerifyArgs};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::output::{Output, count as counted};
use count::Counted;
use source::Source;

/// What is wrong, and where.
type Problem = (Spot, String);

pub(crate) fn log(args: &LogArgs, output: &Output) -> Result<ExitCode, Error> {
    match &args.verb {
        LogVerb::Verify(args) => verify(args, output),
    }
}

fn verify(args: &VerifyArgs, output: &Output) -> Result<ExitCode, Error> {
    let sources = source::find(args)?;
    if args.report.is_some() && sources.iter().filter(|one| one.run.is_some()).count() != 1 {
        return Err(Error::Usage(
            "--report FILE is the report of one run; name that one".to_owned(),
        ));
    }
    let mut n_damaged = 0;
    for source in &sources {
        let judged = judge(source);
        n_damaged += usize::from(!judged.problems.is_empty());
        output.data(&lines(source, &judged));
    }
    if n_damaged == 0 {
        return Ok(ExitCode::Success);
    }
    output.talk(&format!(
        "{} of {} damaged: restore each from a copy (another machine that followed the run has one \
         under .muster/runs), or give its run up; nothing was changed here",
        n_damaged,
        counted(sources.len(), "log")
    ));
    Ok(ExitCode::Damaged)
}

/// All that is known of a log.
#[derive(Debug, Default)]
struct Judged {
    problems: Vec<Problem>,
    counted: Option<Counted>,
}

fn judge(source: &Source) -> Judged {
    let findings = source.checked.findings.iter();
    let mut problems: Vec<Problem> = findings
        .map(|finding| (finding.spot.clone(), finding.fault.to_string()))
        .collect();
    let counted = source.run.as_ref().map(|run| count::count(source, run));
    if let Some(counted) = &counted {
        problems.extend(counted.problems.iter().cloned());
    }
    Judged { problems, counted }
}

fn lines(source: &Source, judged: &Judged) -> String {
    let checked = &source.checked;
    let is_ended = judged
        .counted
        .as_ref()
        .is_none_or(|one| one.verdict.is_some());
    let word = match (judged.problems.is_empty(), is_ended) {
        (false, _) => "damaged",
        (true, true) => "whole",
        (true, false) => "open",
    };
    let mut text = format!(
        "{word:8} {}: {}, {}{}",
        source.title,
        counted(checked.segments.len(), "segment"),
        counted(
            usize::try_from(checked.n_events()).unwrap_or(usize::MAX),
            "event"
        ),
        terms(checked.terms())
    );
    if let Some(said) = judged.counted.as_ref().map(|one| one.says.as_str()) {
        text += &format!("\n         {said}");
    }
    if let Some(torn) = &checked.torn {
        text += &format!(
            "\n         {}: {} of a write that was cut off; nobody was told that it is durable, and \
             the next start of its writer removes it",
            torn.spot,
            counted(usize::try_from(torn.n_bytes).unwrap_or(usize::MAX), "byte")
        );
    }
    for (spot, what) in &judged.problems {
        text += &format!("\n  {spot}: {what}");
    }
    text
}

fn terms(terms: Option<(u64, u64)>) -> String {
    match terms {
        None => String::new(),
        Some((first, last)) if first == last => format!(", term {first}"),
        Some((first, last)) => format!(", terms {first} to {last}"),
    }
}
