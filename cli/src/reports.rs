//! A kept run as reports: summary, files, what is printed at the end.
//!
//! The same fold and the same renderers serve `run`, `report`, `show` and `demo`; nothing is
//! remembered between them but the log.

use std::fs;
use std::path::Path;

use domain::Outcome;
use domain::run::Run;
use report::summary::ServerSpans;
use report::{Previous, Summary};

use crate::archive::{Archive, Kept};
use crate::args::Format;
use crate::error::Error;
use crate::output::Output;

/// How many earlier runs are looked at for one to compare with.
const EARLIER: usize = 30;

/// Every figure of a run, compared with the gated run before it on the same environment.
pub(crate) fn summary(archive: &Archive, kept: &Kept) -> Summary {
    let previous = previous(archive, kept);
    let mut summary = Summary::of(&kept.run, &|digest| kept.record(digest), previous.as_ref());
    let spans = kept.server_spans();
    summary.server_spans = Some(ServerSpans {
        kept: u64::try_from(spans.kept).unwrap_or(u64::MAX),
        dropped: spans.dropped,
    });
    summary
}

/// The report in one form.
pub(crate) fn render(
    summary: &Summary,
    kept: &Kept,
    format: Format,
    colour: bool,
) -> Result<String, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::unexpected("write the report", error);
    match format {
        Format::Terminal => Ok(report::terminal::render(summary, colour)),
        Format::Markdown => Ok(report::markdown::render(summary)),
        Format::Html => Ok(report::html::render(summary, &|digest| kept.record(digest))),
        Format::Json => report::json::render(summary).map_err(|error| failed(&error)),
        Format::Junit => report::junit::render(summary).map_err(|error| failed(&error)),
    }
}

/// Writes report.html, report.md, report.json and junit.xml.
pub(crate) fn write(summary: &Summary, kept: &Kept, folder: &Path) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(|error| Error::disk("make", folder, error))?;
    for (name, format) in [
        ("report.html", Format::Html),
        ("report.md", Format::Markdown),
        ("report.json", Format::Json),
        ("junit.xml", Format::Junit),
    ] {
        let path = folder.join(name);
        let text = render(summary, kept, format, false)?;
        fs::write(&path, text).map_err(|error| Error::disk("write", &path, error))?;
    }
    Ok(())
}

/// The waterfall of each case that failed, by its last try.
pub(crate) fn waterfalls(kept: &Kept, output: &Output) {
    for (case, facts) in kept.run.cases() {
        if facts.outcome() != Some(Outcome::Failed) {
            continue;
        }
        let digest = facts.result().and_then(|result| result.record.as_ref());
        let record = digest.and_then(|digest| kept.record(digest));
        if let Some(last) = record.as_ref().and_then(|record| record.tries.last()) {
            output.data(&format!("\n{}", case.id));
            output.data(&report::waterfall::render(last, output.data_colour()));
        }
    }
}

/// How much came of the environment's own spans; nothing when there was none.
pub(crate) fn tell_server_spans(kept: &Kept, output: &Output) {
    let spans = kept.server_spans();
    if spans.kept > 0 || spans.dropped > 0 {
        output.talk(&format!(
            "server spans: {} kept, {} dropped",
            spans.kept, spans.dropped
        ));
    }
}

/// The gated run before this one on the same environment, if there is one.
fn previous(archive: &Archive, kept: &Kept) -> Option<Previous> {
    let plan = kept.plan();
    archive
        .names()
        .into_iter()
        .filter(|name| name.as_str() < plan.run.as_str())
        .take(EARLIER)
        .filter_map(|name| archive.open(&name).ok())
        .find(|earlier| {
            let before = earlier.plan();
            before.gate.is_some()
                && before.environment == plan.environment
                && earlier.run.is_ended()
        })
        .map(|earlier| as_previous(&earlier.run))
}

fn as_previous(run: &Run) -> Previous {
    let failed = run
        .cases()
        .filter(|(_, facts)| facts.outcome() == Some(Outcome::Failed))
        .map(|(case, _)| (case.suite.clone(), case.test.clone()));
    Previous {
        run: run.plan().run.clone(),
        is_gated: true,
        failed: failed.collect(),
    }
}
