//! The operations on messages.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::posting::{Posting, post, shown};
use super::{LONGEST, paging};
use crate::app::App;
use crate::auth::Caller;
use crate::store::messages::{self, Message};
use crate::web::{ApiError, Fields, JsonBody, Page};

type Answer = Result<Json<Value>, ApiError>;

/// `GET /api/messages`: of one thread, oldest first, or all the caller's own, newest first.
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let page = Page::read(&query, 50)?;
    let (found, total) = match query.get("thread_id") {
        Some(thread_id) => paging::of_thread(&app, &caller, thread_id, page).await?,
        None => paging::of_user(&app, caller, page).await?,
    };
    let on_page = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let messages: Vec<_> = found.iter().map(shown).collect();
    Ok(Json(json!({
        "messages": messages,
        "total_count": total,
        "page": page.number(),
        "page_size": page.limit,
        "has_more": page.offset + on_page < total,
    })))
}

/// `POST /api/messages`
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    let mut fields = Fields::of(&body);
    let posting = Posting {
        id: None,
        thread_id: fields.text("thread_id", 1..=100),
        content: fields.text("content", 1..=LONGEST),
        kind: fields
            .optional_text("message_type", 1..=50)
            .unwrap_or_else(|| "user".into()),
        metadata: fields
            .optional_object("metadata")
            .unwrap_or_else(|| json!({})),
    };
    let posting = fields.finish(posting)?;
    let posted = post(&app, &caller, posting).await?;
    Ok(Json(
        json!({ "message": shown(&posted.message), "status": "created" }),
    ))
}

/// `GET /api/messages/{id}`
pub(super) async fn read(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer {
    Ok(Json(shown(&owned(&app, &caller, &id).await?)))
}

/// `DELETE /api/messages/{id}`
pub(super) async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    owned(&app, &caller, &id).await?;
    let row = id.clone();
    app.store.run(move |db| messages::delete(db, &row)).await?;
    Ok(Json(json!({ "id": id, "status": "deleted" })))
}

async fn owned(app: &App, caller: &Caller, id: &str) -> Result<Message, ApiError> {
    let wanted = id.to_owned();
    let found = app
        .store
        .run(move |db| messages::by_id(db, &wanted))
        .await?;
    let message = found.ok_or_else(|| ApiError::not_found(format!("there is no message {id}")))?;
    if message.user_id != caller.user_id {
        return Err(ApiError::not_yours("message"));
    }
    Ok(message)
}
