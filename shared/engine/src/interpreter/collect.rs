//! The `collect` step: all messages that match until one ends it, and what a grammar says of them.

use std::sync::Arc;

use expression::{Budget, Value};
use suite::grammar::{self, Grammar};
use suite::model::Collect;
use tokio::time::Instant;

use super::evaluate::cut;
use super::frame::{Frame, Last};
use super::wait::describe;
use super::{Done, Here, Interpreter};
use crate::judge::{Fault, Stop, stated};
use crate::recording::Record;

impl Interpreter {
    pub(super) async fn collect(self: &Arc<Self>, here: &mut Here<'_>, collect: &Collect) -> Done {
        let (step, place) = (here.step, here.place);
        let socket = self.socket(here.frame, &collect.socket, place)?;
        let look = |this: &Self, looking: &mut Frame, record: &Arc<Record>| {
            let fits = this.matches(looking, collect.matching.as_ref(), record)?;
            let is_last = fits && this.holds(looking, &collect.until)?;
            Ok((fits, is_last))
        };
        let waited = self
            .wait(
                here.frame,
                &socket,
                place,
                Instant::now() + step.within,
                look,
            )
            .await;
        let found = self.look(here.frame, &waited, look);
        let expression = format!(
            "{} until {}",
            describe("collect", &collect.socket, collect.matching.as_ref()),
            collect.until.source()
        );
        let mut stop = self.judge_search(here, &socket, &waited, &found, expression);
        socket.advance(found.end.unwrap_or(waited.entries.len()));
        if let Some(record) = found.records.last() {
            here.frame.last = Last::Message {
                record: record.clone(),
                elapsed_ms: waited.at_ms - here.frame.moment.at_ms,
            };
        }
        let names = &self.case.names;
        if let Some(into) = &collect.into {
            let list: Vec<Value> = found
                .records
                .iter()
                .map(|record| record.whole(names))
                .collect();
            here.frame
                .scope
                .set(into.as_str(), Value::list(list).received());
        }
        if stop.is_none()
            && let Some(grammar) = &collect.grammar
        {
            stop = self.judge_grammar(here, grammar, &found.records);
        }
        self.conclude(here, stop).await
    }

    fn judge_grammar(
        &self,
        here: &mut Here<'_>,
        grammar: &Grammar,
        records: &[Arc<Record>],
    ) -> Option<Stop> {
        let place = here.place;
        let messages: Vec<Value> = records
            .iter()
            .map(|record| record.json(&self.case.names))
            .collect();
        let violation = grammar::judge(grammar, &messages).err();
        let events: Vec<String> = messages
            .iter()
            .map(|message| self.event_name(here.frame, grammar, message))
            .collect();
        let actual = self.redactor.redact(&cut(events.join(" "), 2_000));
        let expected = violation.as_ref().map_or_else(
            || "held".to_owned(),
            |violation| violation.expected.join(" or "),
        );
        let expression = format!("grammar: {}", grammar.name);
        let check = stated(
            place,
            place.line,
            expression.clone(),
            violation.is_none(),
            expected.clone(),
            vec![("events".to_owned(), actual.clone())],
        );
        let error = violation.as_ref().map(ToString::to_string);
        here.journal.checks.push(domain::record::Check {
            soft: here.step.soft,
            error,
            ..check
        });
        violation.map(|violation| {
            let message = format!("{expression}: {violation}");
            Stop::failed(Fault::new("check_failed", place, message).with(expected, actual))
        })
    }

    fn event_name(&self, frame: &Frame, grammar: &Grammar, message: &Value) -> String {
        let mut scope = frame.scope.child();
        scope.set("message", message.clone());
        let named = grammar.event.evaluate(&scope, &mut Budget::default());
        named.map_or_else(|_| "?".to_owned(), |evaluated| evaluated.value.to_string())
    }
}
