//! The operations on configuration and settings.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::Defect;
use crate::app::App;
use crate::auth::Caller;
use crate::store::registry;
use crate::web::{ApiError, Fields, JsonBody};
use crate::{agents, discovery};

type Answer = Result<Json<Value>, ApiError>;

/// `GET /api/mcp/config`: how a client connects.
pub(super) async fn connections(State(app): State<App>) -> Json<Value> {
    let api = &app.addresses.api;
    let servers: Vec<_> = discovery::names().collect();
    Json(json!({
        "mcp": { "version": env!("CARGO_PKG_VERSION"), "servers": servers },
        "http": { "url": api },
        "websocket": { "url": format!("{}/ws", api.replacen("https", "wss", 1)) },
    }))
}

/// `GET /api/config`
pub(super) async fn platform(State(app): State<App>, caller: Caller) -> Answer {
    if !app.has(Defect::ConfigOpenToAll) {
        caller.admin()?;
    }
    stored(&app).await
}

/// `PUT /api/config`: writes the keys that are sent.
pub(super) async fn configure(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    caller.admin()?;
    let mut fields = Fields::of(&body);
    let agents = fields.optional_number("max_agents", 1..=1000);
    let agent = fields.optional_text("default_agent", 1..=50);
    if agent
        .as_deref()
        .is_some_and(|name| !agents::AGENTS.contains(&name))
    {
        fields.note("default_agent", "must be an agent", "value");
    }
    let (agents, agent) = fields.finish((agents, agent))?;
    let changes = [
        ("max_agents", agents.map(|number| json!(number))),
        ("default_agent", agent.map(|name| json!(name))),
    ];
    app.store
        .run(move |db| {
            for (key, value) in changes {
                if let Some(value) = value {
                    registry::configure(db, key, &value.to_string(), false)?;
                }
            }
            Ok(())
        })
        .await?;
    stored(&app).await
}

async fn stored(app: &App) -> Answer {
    let pairs = app.store.run(registry::configuration).await?;
    let read =
        |(key, text): (String, String)| (key, serde_json::from_str(&text).unwrap_or_default());
    Ok(Json(Value::Object(pairs.into_iter().map(read).collect())))
}

/// `GET /api/users/settings`
pub(super) async fn settings(State(app): State<App>, caller: Caller) -> Answer {
    let settings = own_settings(&app, &caller).await?;
    Ok(Json(
        json!({ "user_id": caller.user_id, "settings": settings }),
    ))
}

/// `PATCH /api/users/settings`: the members sent are set, those that are null removed.
pub(super) async fn change_settings(
    State(app): State<App>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Answer {
    let fields = Fields::of(&body);
    fields.finish(())?;
    let mut settings = own_settings(&app, &caller).await?;
    for (key, value) in body.as_object().into_iter().flatten() {
        if value.is_null() {
            settings.remove(key);
        } else {
            settings.insert(key.clone(), value.clone());
        }
    }
    let (user_id, text) = (
        caller.user_id.clone(),
        Value::Object(settings.clone()).to_string(),
    );
    app.store
        .run(move |db| registry::set_settings(db, &user_id, &text))
        .await?;
    Ok(Json(
        json!({ "user_id": caller.user_id, "settings": settings }),
    ))
}

async fn own_settings(app: &App, caller: &Caller) -> Result<Map<String, Value>, ApiError> {
    let user_id = caller.user_id.clone();
    let found = app
        .store
        .run(move |db| registry::settings(db, &user_id))
        .await?;
    let settings = found.and_then(|text| serde_json::from_str(&text).ok());
    Ok(settings.unwrap_or_default())
}
