//! The phases of a try, in order: login, setup, steps, after, expect; then teardown, always.
//!
//! The test's timeout covers all of it; teardown is given a few seconds more. Everything said here
//! about time comes from the tape, so that a replay goes the same way.

use std::sync::Arc;
use std::time::Duration;

use expression::{Scope, Value};
use suite::model::Test;
use tokio::time::Instant;

use crate::interpreter::{Actor, Done, Frame, Interpreter, written};
use crate::judge::outcome::{Phase, Played};
use crate::judge::{Fault, Journal, Stop, line, log};
use crate::recording::Place;
use crate::seed::StepEffects;

/// What teardown is given even when the test's time is over.
const TEARDOWN_EXTRA: Duration = Duration::from_secs(5);

/// How far a try got.
#[derive(Default)]
struct Progress {
    phase: Phase,
    setup: Journal,
    journal: Journal,
}

pub(crate) async fn play(interpreter: &Arc<Interpreter>) -> Played {
    let test = interpreter.case.test.clone();
    let tape = &interpreter.tape;
    let place = Place {
        path: Arc::from("test"),
        line: test.line,
        ..Place::default()
    };
    let spans = Spans::begin(interpreter);
    let mut frame = root(interpreter, &spans.test);
    let mut progress = Progress {
        phase: Phase::Login,
        ..Progress::default()
    };
    let deadline = Instant::now() + test.timeout;
    let body = phases(interpreter, &test, &mut frame, &mut progress);
    let ended = tape
        .within(&place, deadline, tape.uncancelled(&place, body))
        .await;
    let mut played = Played::default();
    match ended {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(stop))) => played.stop = Some((progress.phase, stop)),
        Ok(Err(why)) => played.cancelled = Some(why.to_string()),
        Err(during) => {
            let message = format!(
                "the test's timeout of {} passed, during {during}",
                written(test.timeout)
            );
            played.stop = Some((
                progress.phase,
                Stop::failed(Fault::new("within", &place, message)),
            ));
        }
    }
    let mut teardown = Journal::default();
    if progress.phase != Phase::Login {
        tear_down(
            interpreter,
            &test,
            &mut frame,
            &mut teardown,
            deadline,
            &mut played,
        )
        .await;
    }
    gather(interpreter, progress, teardown, &mut played).await;
    spans.end(interpreter, played.stop.is_some());
    played
}

async fn phases(
    interpreter: &Arc<Interpreter>,
    test: &Test,
    frame: &mut Frame,
    progress: &mut Progress,
) -> Done {
    interpreter.log_in_all(frame).await?;
    progress.phase = Phase::Setup;
    frame.actor = first_actor(interpreter);
    set_row(interpreter, test, frame).await?;
    interpreter
        .steps(frame, &mut progress.setup, &test.setup, "setup")
        .await?;
    progress.phase = Phase::Steps;
    let journal = &mut progress.journal;
    interpreter
        .steps(frame, journal, &test.steps, "steps")
        .await?;
    interpreter
        .steps(frame, journal, &test.after, "after")
        .await?;
    expect(interpreter, test, frame, journal).await
}

/// Who acts when nobody is named: the only user, if there is just one.
fn first_actor(interpreter: &Interpreter) -> Actor {
    let test = &interpreter.case.test;
    match (&interpreter.users()[..], &test.users[..]) {
        ([only], [] | [_]) if test.users.first().is_none_or(|user| user.count.is_none()) => {
            Actor::User(only.clone())
        }
        ([], _) => Actor::Nobody,
        _ => Actor::Unsaid,
    }
}

fn root(interpreter: &Interpreter, span_id: &str) -> Frame {
    let case = &interpreter.case;
    let effects = Arc::new(StepEffects::new(interpreter.seed, Arc::from("test"), 0));
    let mut scope = Scope::new(effects);
    let test = [
        ("id", Value::text(case.test.id.as_str())),
        ("nonce", Value::text(interpreter.nonce.as_str())),
    ];
    let pairs = |values: &std::collections::BTreeMap<String, Value>| {
        Value::map(
            values
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect::<Vec<_>>(),
        )
    };
    let env = [
        ("name", Value::text(case.environment.name.as_str())),
        ("tokens", pairs(&case.environment.tokens)),
        ("secrets", pairs(&case.environment.secrets)),
    ];
    scope.set("test", Value::map(test));
    scope.set("env", Value::map(env));
    scope.set("vars", pairs(&case.environment.vars));
    scope.set("case", Value::text(case.id.as_str()));
    scope.set("region", Value::text(case.region.as_str()));
    scope.set("run", Value::text(case.run.as_str()));
    Frame::new(scope, Actor::Nobody, span_id.to_owned())
}

/// The row's values, rendered once for the whole try.
async fn set_row(interpreter: &Interpreter, test: &Test, frame: &mut Frame) -> Done {
    let Some(wanted) = &interpreter.case.row else {
        return Ok(());
    };
    let place = Place {
        path: Arc::from("row"),
        line: test.line,
        ..Place::default()
    };
    frame.see(interpreter.tape.moment(&place).await);
    frame.use_effects(StepEffects::new(
        interpreter.seed,
        place.path.clone(),
        frame.moment.now_ms,
    ));
    let Some((_, row)) = test.rows.iter().find(|(id, _)| id == wanted) else {
        return Err(Stop::errored(Fault::new(
            "row",
            &place,
            format!("the test has no row `{wanted}`"),
        )));
    };
    let mut values = Vec::with_capacity(row.len());
    for (name, template) in row {
        let value = interpreter
            .value(frame, template)
            .map_err(|error| line::broken(&error, &place, &format!("row {name}")))?;
        let value = if interpreter.case.names.is_secret(name) && value.is_tainted() {
            value.tainted()
        } else {
            value
        };
        interpreter.learn(name, &value);
        values.push((name.as_str(), value));
    }
    frame.scope.set("row", Value::map(values));
    Ok(())
}

/// All lines of `expect`; the first that does not hold stops.
async fn expect(
    interpreter: &Interpreter,
    test: &Test,
    frame: &mut Frame,
    journal: &mut Journal,
) -> Done {
    if test.expect.is_empty() {
        return Ok(());
    }
    let place = Place {
        path: Arc::from("expect"),
        line: test.line,
        ..Place::default()
    };
    frame.see(interpreter.tape.moment(&place).await);
    let mut stop = None;
    for (index, expected) in test.expect.iter().enumerate() {
        let place = Place {
            path: format!("expect[{index}]").into(),
            line: expected.line,
            ..Place::default()
        };
        let outcome = interpreter.evaluate(frame, &expected.expression);
        let (check, broken) = line::judge(expected, &outcome, &place, false, |path, value| {
            interpreter.shown(path, value)
        });
        journal.checks.push(check);
        stop = stop.or(broken);
    }
    stop.map_or(Ok(()), Err)
}

async fn tear_down(
    interpreter: &Arc<Interpreter>,
    test: &Test,
    frame: &mut Frame,
    journal: &mut Journal,
    deadline: Instant,
    played: &mut Played,
) {
    let place = Place {
        path: Arc::from("teardown"),
        line: test.line,
        ..Place::default()
    };
    let deadline = deadline.max(Instant::now() + TEARDOWN_EXTRA);
    frame.actor = first_actor(interpreter);
    let body = async {
        let torn = interpreter
            .steps(frame, journal, &test.teardown, "teardown")
            .await;
        let deleted = interpreter.delete_all(frame).await;
        torn.and(deleted)
    };
    let fault = match interpreter.tape.within(&place, deadline, body).await {
        Ok(Ok(())) => journal.soft.first().cloned(),
        Ok(Err(Stop::Aborted(fault))) => {
            played.cancelled.get_or_insert_with(|| fault.reason());
            None
        }
        Ok(Err(stop)) => Some(stop.fault().clone()),
        Err(during) => Some(Fault::new(
            "within",
            &place,
            format!("not done in time, during {during}"),
        )),
    };
    played.teardown = fault;
}

/// Puts together what the judgement needs. Checks of setup and teardown are shown and are no
/// evidence, because they can't make the case fail.
async fn gather(
    interpreter: &Interpreter,
    progress: Progress,
    teardown: Journal,
    played: &mut Played,
) {
    let Progress { setup, journal, .. } = progress;
    let shown_only = |mut other: Journal| {
        for check in &mut other.checks {
            check.is_evidence = false;
        }
        other.soft.clear();
        other
    };
    played.setup_soft.clone_from(&setup.soft);
    played.journal = shown_only(setup);
    played.journal.append(journal);
    played.journal.append(shown_only(teardown));
    let place = Place {
        path: Arc::from("end"),
        ..Place::default()
    };
    let moment = interpreter.tape.moment(&place).await;
    for socket in interpreter.sockets() {
        let length = moment
            .logs
            .iter()
            .find(|(path, _)| *path == socket.path)
            .map_or(0, |(_, length)| *length);
        let entries = socket.log.range(0, length);
        let place = Place {
            path: socket.path.clone(),
            line: socket.line_of_step,
            ..Place::default()
        };
        let over = log::over(&entries, socket.reconnects)
            .filter(|over| matches!(over, log::Over::GaveUp(_) | log::Over::Full));
        played
            .sockets
            .extend(over.map(|over| crate::interpreter::over_stop(&over, &socket, &place)));
        if socket.reconnects && log::interruptions(&entries) == 0 {
            played
                .uninterrupted
                .get_or_insert_with(|| socket.name.clone());
        }
    }
}

/// What a recording that ends in the middle of a try comes to.
pub(crate) fn unfinished() -> Played {
    let fault = Fault::new(
        "engine",
        &Place::default(),
        "the recording ends in the middle of the try",
    );
    Played {
        stop: Some((Phase::Steps, Stop::errored(fault))),
        ..Played::default()
    }
}

/// The spans of run and test around all steps.
struct Spans {
    run: crate::trace::Begun,
    test_span: crate::trace::Begun,
    test: String,
}

impl Spans {
    fn begin(interpreter: &Interpreter) -> Self {
        let Some(live) = interpreter.tape.live() else {
            return Self {
                run: crate::trace::Begun::default(),
                test_span: crate::trace::Begun::default(),
                test: String::new(),
            };
        };
        let run = live.spans.begin("", "run", 0.0);
        let test_span = live.spans.begin(
            &run.span_id,
            &format!("test {}", interpreter.case.test.id),
            0.0,
        );
        let test = test_span.span_id.clone();
        Self {
            run,
            test_span,
            test,
        }
    }

    fn end(&self, interpreter: &Interpreter, is_error: bool) {
        let Some(live) = interpreter.tape.live() else {
            return;
        };
        let case = &interpreter.case;
        let text = |name: &str, value: String| (name.to_owned(), value);
        let run = vec![
            text("muster.run", case.run.to_string()),
            text("muster.region", case.region.to_string()),
            text("muster.worker", case.worker.to_string()),
            text("muster.environment", case.environment.name.clone()),
        ];
        let test = vec![
            text("muster.case", case.id.to_string()),
            text("muster.suite", case.suite.name.to_string()),
            text("muster.priority", case.suite.tier.to_string()),
            text("muster.attempt", case.attempt.to_string()),
            text("muster.try", case.number.to_string()),
        ];
        let now = live.clock.at_ms();
        live.spans.end(&self.test_span, now, test, is_error);
        live.spans.end(&self.run, now, run, is_error);
    }
}
