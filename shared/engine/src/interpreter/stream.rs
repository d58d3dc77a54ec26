//! The `stream` step: an answer read piece by piece, each piece with the time it came.
//!
//! How bytes become pieces is `splitter`.

use std::sync::Arc;

use domain::record::ExchangeKind;
use expression::{Expression, Value};
use suite::model::{Request, Step};
use tokio::time::Instant;

use super::exchange::Reading;
use super::frame::{Frame, Last};
use super::{Done, Here, Interpreter};
use crate::judge::{Fault, Stop, line};
use crate::recording::{Exchanged, Place, Record};
use crate::transport::Broken;

/// Most pieces of one answer.
const MOST_RECORDS: usize = 10_000;

/// What a `stream` step asks for.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) into: Option<&'a str>,
    pub(super) until: Option<&'a Expression>,
}

impl Interpreter {
    pub(super) async fn stream(self: &Arc<Self>, here: &mut Here<'_>, asked: &Asked<'_>) -> Done {
        let (step, place) = (here.step, here.place);
        self.refresh(here.frame, place).await?;
        let deadline = Instant::now() + step.within;
        let rendered = self.request(here.frame, asked.request, place)?;
        let mut looking = here.frame.block(here.frame.prefix.clone());
        let mut count = 0;
        let mut wanted = |record: &Arc<Record>| {
            count += 1;
            let ends = |until| self.ends(&mut looking, until, record);
            count < MOST_RECORDS && !asked.until.is_some_and(ends)
        };
        let actor = here.frame.actor.clone();
        let reading = Reading::Pieces(&mut wanted);
        let kind = ExchangeKind::Stream;
        let exchanged = self
            .exchange(&actor, place, kind, &rendered, deadline, reading)
            .await;
        if let Some(into) = asked.into {
            let names = &self.case.names;
            let whole = pieces(&exchanged).iter().map(|record| record.whole(names));
            here.frame.scope.set(into, Value::list(whole).received());
        }
        here.frame.last = Last::Answer(exchanged.clone());
        match self.cut_short(here, asked, &exchanged) {
            Some(stop) => Err(stop),
            None => {
                self.judge_answer(here, &asked.request.status, exchanged)
                    .await
            }
        }
    }

    /// The stop that it means when the stream did not end as it should.
    fn cut_short(&self, here: &Here<'_>, asked: &Asked<'_>, exchanged: &Exchanged) -> Option<Stop> {
        let (step, place) = (here.step, here.place);
        let records = pieces(exchanged);
        let came = records.len();
        if came >= MOST_RECORDS {
            let message = format!("{}: more than {MOST_RECORDS} pieces", step.name);
            return Some(Stop::errored(Fault::new(
                "receive_log_full",
                place,
                message,
            )));
        }
        if let Some(Broken::Timeout(_)) = &exchanged.broken {
            let within = super::written(step.within);
            let message = format!(
                "{}: the stream did not end within {within}; {came} pieces came",
                step.name
            );
            return Some(Stop::failed(Fault::new("within", place, message)));
        }
        let is_whole = exchanged.broken.is_none()
            && exchanged
                .response
                .as_ref()
                .is_some_and(|response| (200..300).contains(&response.status));
        let until = asked.until.filter(|_| is_whole)?;
        self.missed(here.frame, until, records, place, step)
    }

    /// Whether a piece ends the stream; one that can't be judged does not, and is judged again.
    fn ends(&self, looking: &mut Frame, until: &Expression, record: &Arc<Record>) -> bool {
        looking.last = Last::Message {
            record: record.clone(),
            elapsed_ms: 0.0,
        };
        self.holds(looking, until).unwrap_or(false)
    }

    /// The stop that it means when the stream ended before `until` held.
    fn missed(
        &self,
        frame: &Frame,
        until: &Expression,
        records: &[Arc<Record>],
        place: &Place,
        step: &Step,
    ) -> Option<Stop> {
        let mut looking = frame.block(frame.prefix.clone());
        let mut last_error = None;
        for record in records {
            looking.last = Last::Message {
                record: record.clone(),
                elapsed_ms: 0.0,
            };
            match self.holds(&mut looking, until) {
                Ok(true) => return None,
                Ok(false) => {}
                Err(error) if super::evaluate::is_no_match(&error) => {
                    last_error = Some(error.message)
                }
                Err(error) => return Some(line::broken(&error, place, "until")),
            }
        }
        let why = last_error.map_or_else(String::new, |error| format!("; {error}"));
        let message = format!(
            "{}: the stream ended after {} pieces and none was `{}`{why}",
            step.name,
            records.len(),
            until.source()
        );
        Some(Stop::failed(Fault::new("closed", place, message)))
    }
}

fn pieces(exchanged: &Exchanged) -> &[Arc<Record>] {
    exchanged
        .response
        .as_ref()
        .map_or(&[][..], |response| &response.records)
}
