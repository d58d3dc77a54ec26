//! The task of one run: its events, one after another, until it is over or cancelled.
//!
//! An event is stored before it is sent, so that a run can be resumed even by a platform that was
//! restarted. Whether a run ends completed or cancelled is settled in the store, in one statement.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::events::{self, Ids, Planned};
use super::runs::Live;
use crate::app::App;
use crate::store::StoreError;
use crate::store::messages::{self, Message};
use crate::store::runs::{self, StoredEvent};
use crate::{Defect, clock, telemetry};

/// A run that is being carried out.
pub(super) struct Carried {
    pub(super) app: App,
    pub(super) ids: Ids,
    pub(super) began_ms: i64,
    pub(super) answer: String,
    pub(super) pace: Duration,
    pub(super) paused: bool,
    pub(super) live: Arc<Live>,
}

/// Carries the run out; a store that does not answer is told in the log, and the run goes on.
pub(super) async fn carry_out(run: Carried, planned: Vec<Planned>) {
    let mut told = Told::default();
    if !run.is_released().await {
        return run.tell(events::cancelled(&run.ids, 1), &mut told).await;
    }
    let mut is_cancelled = false;
    for event in planned {
        if !is_cancelled && !run.goes_on(&event, told.place).await {
            is_cancelled = true;
            let seq = told.seq + 1;
            run.tell(events::cancelled(&run.ids, seq), &mut told).await;
            if !run.app.has(Defect::CancelGoesOn) {
                return;
            }
        }
        let (name, kind) = (event.kind, ("gen_ai.operation.name", "invoke_agent"));
        telemetry::step(name, kind, run.tell(event, &mut told)).await;
    }
}

/// What was told of a run so far.
#[derive(Default)]
struct Told {
    place: usize,
    seq: u64,
}

impl Carried {
    /// Whether the run is started, at once or when it is told to; false when it was cancelled.
    async fn is_released(&self) -> bool {
        if self.paused {
            let started = self.live.released.cancelled();
            let cancelled = self.live.cancelled.run_until_cancelled(started).await;
            return cancelled.is_some();
        }
        let (run_id, now_ms) = (self.ids.run_id.clone(), clock::now_ms());
        let started = self
            .app
            .store
            .run(move |db| runs::start(db, &run_id, now_ms));
        started.await.unwrap_or(true)
    }

    /// Waits for the event's time; false when the run was cancelled before it.
    async fn goes_on(&self, event: &Planned, place: usize) -> bool {
        if place > 0 {
            let pause = tokio::time::sleep(self.pace);
            if self
                .live
                .cancelled
                .run_until_cancelled(pause)
                .await
                .is_none()
            {
                return false;
            }
        }
        if event.kind != "agent_completed" {
            return !self.live.cancelled.is_cancelled();
        }
        self.keep_answer().await.unwrap_or_else(|error| {
            tracing::warn!(%error, run = self.ids.run_id, "an answer was not stored");
            true
        })
    }

    async fn tell(&self, event: Planned, told: &mut Told) {
        let frame = events::frame(&self.ids, &event, self.began_ms);
        let stored = StoredEvent {
            seq: event.seq,
            kind: event.kind.into(),
            frame,
        };
        let (run_id, row, place) = (self.ids.run_id.clone(), stored.clone(), told.place);
        let kept = self
            .app
            .store
            .run(move |db| runs::append(db, &run_id, place, &row));
        if let Err(error) = kept.await {
            tracing::warn!(%error, run = self.ids.run_id, "an event was not stored");
        }
        told.place += 1;
        told.seq = stored.seq;
        self.live
            .line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .append(stored);
    }

    /// The answer is a message of the thread before anyone is told that the run is over; false,
    /// and no message, when the run was cancelled.
    async fn keep_answer(&self) -> Result<bool, StoreError> {
        let now_ms = clock::now_ms();
        let ids = &self.ids;
        let message = Message {
            id: format!("msg_{}", Uuid::new_v4().simple()),
            thread_id: ids.thread_id.clone(),
            user_id: ids.user_id.clone(),
            role: "assistant".into(),
            kind: "agent".into(),
            content: self.answer.clone(),
            metadata: json!({ "run_id": ids.run_id, "agent": ids.agent }).to_string(),
            created_ms: now_ms,
            seq: 0,
        };
        let run_id = ids.run_id.clone();
        self.app
            .store
            .run(move |db| {
                let completed = runs::end(db, &run_id, now_ms)?;
                if completed {
                    messages::insert(db, &message)?;
                }
                Ok(completed)
            })
            .await
    }
}
