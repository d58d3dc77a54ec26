//! `muster try`: one request, or one test step by step, shown as it goes and counted nowhere.
//!
//! The engine does all of it, by the same door that a worker uses: its dialer, allow-list, caps
//! and redaction. Here a request becomes a suite of one test (`request`), a test is picked
//! (`pick`), and what is told is printed (`shown`). No run is made, and no grid is asked: the caps
//! are those of this process alone, and no lock on the environment is waited for.

mod pick;
mod request;
mod shown;

use std::pin::pin;
use std::sync::Arc;

use domain::Outcome;
use domain::plan::PlannedCase;
use engine::{Ended, Engine, OpenGate};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::args::{SuiteArgs, TryArgs};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::Interrupt;
use crate::output::Output;
use crate::select::{Selection, select, select_text};
use crate::uncounted;
use crate::wait_for;
use shown::Shown;

const NOT_COUNTED: &str = "tried, and counted nowhere: no run was made, no report changes";

pub(crate) fn try_it(args: &TryArgs, output: &Output) -> Result<ExitCode, Error> {
    let mut words = SuiteArgs {
        env: args.env.clone(),
        vars: args.vars.clone(),
        regions: args.region.iter().cloned().collect(),
        ..SuiteArgs::default()
    };
    let is_request = request::is_one(&args.what);
    let (selection, cases) = if is_request {
        let write = |environment: &suite::Environment| request::suite(args, environment);
        let selection = select_text(&words, request::FILE, &write, output)?;
        let cases = pick::all(&selection);
        (selection, cases)
    } else {
        request::refuse_flags(args)?;
        words.paths = args.paths();
        let selection = select(&words, output)?;
        let wanted = args.what.first().map_or("", String::as_str);
        let cases = pick::cases(&selection, wanted)?;
        (selection, cases)
    };
    let tried = wait_for(try_all(args, is_request, &selection, &cases, output));
    output.talk(NOT_COUNTED);
    tried
}

/// One after another: the rows of a test are its cases. The worst end is the exit code.
async fn try_all(
    args: &TryArgs,
    is_request: bool,
    selection: &Selection,
    cases: &[PlannedCase],
    output: &Output,
) -> Result<ExitCode, Error> {
    let interrupt = Interrupt::listen();
    let Some(first) = cases.first() else {
        return Ok(ExitCode::NothingRan);
    };
    // One for all rows, which are all tried in the region of the first one.
    let engine = uncounted::engine(selection, "try", uncounted::region(selection, first))?;
    let mut codes = Vec::new();
    for case in cases {
        let mut shown = Shown::new(args, is_request, selection, *output);
        shown.begin(case);
        let ended = try_one(&engine, case, &interrupt, &mut shown).await?;
        shown.end(&ended);
        codes.push(exit_code(&ended, is_request));
        if interrupt.stop().is_cancelled() {
            break;
        }
    }
    let order = [ExitCode::Failed, ExitCode::Aborted, ExitCode::NotProven];
    let worst = order.into_iter().find(|code| codes.contains(code));
    Ok(worst.unwrap_or(ExitCode::Success))
}

/// A request without a check is still a request that was answered as expected.
fn exit_code(ended: &Ended, is_request: bool) -> ExitCode {
    let was_answered = ended.result.reason.starts_with("no_check");
    match ended.result.outcome {
        Outcome::Passed => ExitCode::Success,
        Outcome::Unproven if is_request && was_answered => ExitCode::Success,
        Outcome::Failed => ExitCode::Failed,
        Outcome::Cancelled => ExitCode::Aborted,
        _ => ExitCode::NotProven,
    }
}

async fn try_one(
    engine: &Engine,
    case: &PlannedCase,
    interrupt: &Interrupt,
    shown: &mut Shown<'_>,
) -> Result<Ended, Error> {
    let job = uncounted::job(case);
    let stop = CancellationToken::new();
    let (to, mut told) = mpsc::unbounded_channel();
    let mut running = pin!(engine.watch_case(&job, Arc::new(OpenGate), stop.clone(), to));
    let ended = loop {
        tokio::select! {
            biased;
            Some(piece) = told.recv() => shown.step(&piece),
            ended = &mut running => break ended,
            () = interrupt.stop().cancelled(), if !stop.is_cancelled() => stop.cancel(),
        }
    };
    while let Ok(piece) = told.try_recv() {
        shown.step(&piece);
    }
    ended.ok_or_else(|| Error::Unexpected(format!("the suites have no test for {}", case.id)))
}
