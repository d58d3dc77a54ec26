//! One check line: the expression's verdict, and what its parts were.

use domain::record::Check;
use expression::{ErrorKind, EvalError, Evaluated, Value};
use suite::model::CheckLine;

use super::{Fault, Stop};
use crate::recording::Place;

/// The check, and the stop it means when it did not hold. `shown` makes a value's text.
pub(crate) fn judge(
    line: &CheckLine,
    outcome: &Result<Evaluated, EvalError>,
    place: &Place,
    is_soft: bool,
    shown: impl Fn(&str, &Value) -> String,
) -> (Check, Option<Stop>) {
    let source = line.expression.source();
    let texts = |reads: &[(String, Value)]| -> Vec<(String, String)> {
        reads
            .iter()
            .map(|(path, value)| (path.clone(), shown(path, value)))
            .collect()
    };
    let (held, is_evidence, actual, error) = match outcome {
        Ok(evaluated) => match evaluated.value.as_bool() {
            Some(held) => (held, evaluated.read_received, texts(&evaluated.reads), None),
            None => {
                let error = format!(
                    "a check is true or false; this is a {}",
                    evaluated.value.type_name()
                );
                (
                    false,
                    evaluated.read_received,
                    texts(&evaluated.reads),
                    Some(error),
                )
            }
        },
        Err(error) => {
            let is_evidence = error.reads.iter().any(|(_, value)| value.is_received());
            (
                false,
                is_evidence,
                texts(&error.reads),
                Some(error.message.clone()),
            )
        }
    };
    let check = Check {
        step: place.path.to_string(),
        line: line.line,
        expression: source.to_owned(),
        held,
        is_evidence,
        actual,
        expected: "true".to_owned(),
        error,
        soft: is_soft,
    };
    let stop = (!held).then(|| stop(&check, outcome, place));
    (check, stop)
}

fn stop(check: &Check, outcome: &Result<Evaluated, EvalError>, place: &Place) -> Stop {
    let place = Place {
        line: check.line,
        ..place.clone()
    };
    let actual: Vec<_> = check
        .actual
        .iter()
        .map(|(path, value)| format!("{path} = {value}"))
        .collect();
    let actual = check
        .error
        .iter()
        .cloned()
        .chain(actual)
        .collect::<Vec<_>>()
        .join("; ");
    if matches!(outcome, Err(error) if error.kind == ErrorKind::Budget) {
        let message = format!(
            "{}: {}",
            check.expression,
            check.error.as_deref().unwrap_or_default()
        );
        return Stop::errored(Fault::new("budget", &place, message));
    }
    let message = match &check.error {
        Some(error) => format!("{}: {error}", check.expression),
        None => check.expression.clone(),
    };
    Stop::failed(Fault::new("check_failed", &place, message).with("true", actual))
}

/// The stop that an evaluation outside a check means: `what` says where the expression stands.
pub(crate) fn broken(error: &EvalError, place: &Place, what: &str) -> Stop {
    let fault = |word| Fault::new(word, place, format!("{what}: {}", error.message));
    match error.kind {
        ErrorKind::Budget => Stop::errored(fault("budget")),
        _ => Stop::failed(fault("evaluation")),
    }
}
