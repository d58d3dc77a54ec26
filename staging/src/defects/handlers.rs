//! `GET /__ref/defects`, `PUT` and `DELETE /__ref/defects/{name}`, and the database outage switch.

use axum::extract::{Path, State};
use axum::routing::{get, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::Defect;
use crate::app::App;
use crate::contract::{Operation, Schema, operation};
use crate::web::ApiError;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/__ref/defects", get(list))
        .route("/__ref/defects/{name}", put(turn_on).delete(turn_off))
        .route(
            "/__ref/outages/database",
            put(begin_outage).delete(end_outage),
        )
}

/// What these operations may answer.
pub(crate) const OPERATIONS: &[Operation] = &[
    operation("GET", "/__ref/defects", None, &[(200, "Defects")]),
    operation(
        "PUT",
        "/__ref/defects/{name}",
        None,
        &[(200, "Defect"), (404, "Error")],
    ),
    operation(
        "DELETE",
        "/__ref/defects/{name}",
        None,
        &[(200, "Defect"), (404, "Error")],
    ),
    operation("PUT", "/__ref/outages/database", None, &[(200, "Outage")]),
    operation(
        "DELETE",
        "/__ref/outages/database",
        None,
        &[(200, "Outage")],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let defect = json!({
        "type": "object",
        "required": ["name", "area", "breaks", "test", "on"],
        "properties": {
            "name": {"type": "string"}, "area": {"type": "string"}, "breaks": {"type": "string"},
            "test": {"type": "string"}, "on": {"type": "boolean"},
        },
    });
    let defects = json!({
        "type": "object", "required": ["defects"],
        "properties": {
            "defects": {"type": "array", "items": {"$ref": "#/components/schemas/Defect"}},
        },
    });
    let outage = json!({
        "type": "object", "required": ["database_out"],
        "properties": {"database_out": {"type": "boolean"}},
    });
    vec![("Defect", defect), ("Defects", defects), ("Outage", outage)]
}

async fn list(State(app): State<App>) -> Json<Value> {
    let defects: Vec<_> = Defect::ALL
        .into_iter()
        .map(|defect| shown(&app, defect))
        .collect();
    Json(json!({ "defects": defects }))
}

async fn turn_on(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let defect = named(&name)?;
    app.switches.turn_on(defect);
    Ok(Json(shown(&app, defect)))
}

async fn turn_off(
    State(app): State<App>,
    Path(name): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let defect = named(&name)?;
    app.switches.turn_off(defect);
    Ok(Json(shown(&app, defect)))
}

async fn begin_outage(State(app): State<App>) -> Json<Value> {
    app.store.set_out(true);
    Json(json!({ "database_out": true }))
}

async fn end_outage(State(app): State<App>) -> Json<Value> {
    app.store.set_out(false);
    Json(json!({ "database_out": false }))
}

fn named(name: &str) -> Result<Defect, ApiError> {
    Defect::from_name(name).ok_or_else(|| {
        ApiError::not_found(format!(
            "no defect is called {name}; GET /__ref/defects lists them"
        ))
    })
}

fn shown(app: &App, defect: Defect) -> Value {
    json!({
        "name": defect.name(),
        "area": defect.area(),
        "breaks": defect.breaks(),
        "test": defect.test(),
        "on": app.has(defect),
    })
}
