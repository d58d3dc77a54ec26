//! The operations on threads.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access;
use crate::app::App;
use crate::auth::Caller;
use crate::store::messages::Message;
use crate::store::threads::{self, Thread};
use crate::web::{ApiError, Fields, JsonBody, Page};
use crate::{Defect, clock, messages};

type Answer = Result<Json<Value>, ApiError>;

/// `GET /api/threads`
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let page = Page::read(&query, 20)?;
    let owner = caller.user_id;
    let (threads, total) = app
        .store
        .run(move |db| threads::of_user(db, &owner, page))
        .await?;
    let threads: Vec<_> = threads.iter().map(shown).collect();
    let Page { limit, offset } = page;
    Ok(Json(
        json!({ "threads": threads, "total": total, "limit": limit, "offset": offset }),
    ))
}

/// `POST /api/threads`
pub(super) async fn create(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let mut fields = Fields::of(&body);
    let title = fields.optional_text("title", 1..=200);
    let metadata = fields.optional_object("metadata");
    let (title, metadata) = fields.finish((title, metadata))?;
    let title = title.unwrap_or_else(|| "New thread".into());
    let metadata = metadata.map_or_else(|| "{}".into(), |metadata| metadata.to_string());
    let thread = fresh(&caller.user_id, title, metadata);
    let mut row = thread.clone();
    if app.has(Defect::DropsThreadMetadata) {
        row.metadata = "{}".into();
    }
    app.store.run(move |db| threads::insert(db, &row)).await?;
    Ok((StatusCode::CREATED, Json(shown(&thread))))
}

/// A thread that begins now.
pub(crate) fn fresh(user_id: &str, title: String, metadata: String) -> Thread {
    let now_ms = clock::now_ms();
    Thread {
        id: format!("thread_{}", Uuid::new_v4().simple()),
        user_id: user_id.to_owned(),
        title,
        metadata,
        created_ms: now_ms,
        updated_ms: now_ms,
        message_count: 0,
    }
}

/// `GET /api/threads/{id}`
pub(super) async fn read(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer {
    let thread = if app.has(Defect::ShowsAnyThread) {
        access::any(&app, &id).await?
    } else {
        access::owned(&app, &caller, &id).await?
    };
    Ok(Json(shown(&thread)))
}

/// `PUT /api/threads/{id}`
pub(super) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody,
) -> Answer {
    let thread = access::owned(&app, &caller, &id).await?;
    let mut fields = Fields::of(&body);
    let title = fields.optional_text("title", 1..=200);
    let metadata = fields.optional_object("metadata");
    let (title, metadata) = fields.finish((title, metadata))?;
    let changed = Thread {
        title: title.unwrap_or(thread.title),
        metadata: metadata.map_or(thread.metadata, |metadata| metadata.to_string()),
        updated_ms: clock::now_ms(),
        ..thread
    };
    let row = changed.clone();
    app.store
        .run(move |db| threads::update(db, &row.id, &row.title, &row.metadata, row.updated_ms))
        .await?;
    Ok(Json(shown(&changed)))
}

/// `DELETE /api/threads/{id}`: the thread is archived.
pub(super) async fn archive(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer {
    access::owned(&app, &caller, &id).await?;
    let row = id.clone();
    app.store
        .run(move |db| threads::archive(db, &row, clock::now_ms()))
        .await?;
    Ok(Json(json!({ "id": id, "status": "archived" })))
}

/// `GET /api/threads/{id}/messages`
pub(super) async fn messages(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Answer {
    let page = Page::read(&query, 50)?;
    let (found, total) = messages::of_thread(&app, &caller, &id, page).await?;
    let lines: Vec<_> = found.iter().map(line).collect();
    let Page { limit, offset } = page;
    Ok(Json(json!({
        "messages": lines, "thread_id": id, "total": total, "limit": limit, "offset": offset,
    })))
}

fn line(message: &Message) -> Value {
    json!({
        "id": message.id,
        "role": message.role,
        "content": message.content,
        "created_at": clock::rfc3339(message.created_ms),
        "metadata": messages::metadata(&message.metadata),
    })
}

fn shown(thread: &Thread) -> Value {
    json!({
        "id": thread.id,
        "object": "thread",
        "title": thread.title,
        "created_at": clock::rfc3339(thread.created_ms),
        "updated_at": clock::rfc3339(thread.updated_ms),
        "metadata": messages::metadata(&thread.metadata),
        "message_count": thread.message_count,
    })
}
