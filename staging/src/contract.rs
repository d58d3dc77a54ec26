//! What the API declares: every operation with its statuses and the shape of each answer.
//!
//! Each area lists its own operations beside its handlers; this module joins them to the document
//! at `/openapi.json` (OpenAPI 3.1) and watches that no answer has a status that is not declared.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use crate::app::App;

/// One declared operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    method: &'static str,
    path: &'static str,
    request: Option<&'static str>,
    answers: &'static [(u16, &'static str)],
}

/// A named shape, as JSON Schema.
pub(crate) type Schema = (&'static str, Value);

/// Declares one operation; `request` names the shape of its body.
pub(crate) const fn operation(
    method: &'static str,
    path: &'static str,
    request: Option<&'static str>,
    answers: &'static [(u16, &'static str)],
) -> Operation {
    Operation {
        method,
        path,
        request,
        answers,
    }
}

/// The host that an operation belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    /// Threads, messages, agents, sockets.
    Api,
    /// Accounts and tokens.
    Auth,
    /// The identity provider.
    Provider,
}

/// The declared operations of both hosts, and the answers that broke the declaration.
pub(crate) struct Contract {
    api: Vec<Operation>,
    auth: Vec<Operation>,
    provider: Vec<Operation>,
    broken: Mutex<BTreeSet<String>>,
}

impl Contract {
    pub(crate) fn new() -> Self {
        Self {
            api: api_operations(),
            auth: auth_operations(),
            provider: provider_operations(),
            broken: Mutex::default(),
        }
    }

    /// Notes an answer whose status is not declared for its operation.
    pub(crate) fn watch(&self, host: Host, method: &str, path: &str, status: u16) {
        let method = if method == "HEAD" { "GET" } else { method };
        let known = self
            .operations(host)
            .iter()
            .find(|o| o.method == method && o.path == path);
        let declared = match known {
            Some(operation) => operation.answers.iter().any(|(code, _)| *code == status),
            None => status == 405,
        };
        if !declared {
            let line = format!("{method} {path} answered {status}");
            self.broken
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(line);
        }
    }

    fn operations(&self, host: Host) -> &[Operation] {
        match host {
            Host::Api => &self.api,
            Host::Auth => &self.auth,
            Host::Provider => &self.provider,
        }
    }

    fn document(&self, host: Host) -> Value {
        let mut paths = Map::new();
        for operation in self.operations(host) {
            let entry = paths.entry(operation.path).or_insert_with(|| json!({}));
            entry[operation.method.to_lowercase()] = described(operation);
        }
        let schemas: Map<String, Value> = schemas().into_iter().map(owned).collect();
        json!({
            "openapi": "3.1.0",
            "info": {"title": "reference agent platform", "version": env!("CARGO_PKG_VERSION")},
            "paths": paths,
            "components": {"schemas": schemas},
        })
    }
}

fn owned((name, schema): Schema) -> (String, Value) {
    (name.to_owned(), schema)
}

fn described(operation: &Operation) -> Value {
    let answers: Map<String, Value> = operation
        .answers
        .iter()
        .map(|(status, shape)| (status.to_string(), answer(shape)))
        .collect();
    let mut described = json!({ "responses": answers });
    if let Some(shape) = operation.request {
        described["requestBody"] = json!({ "required": true, "content": content(shape) });
    }
    described
}

/// `Stream` and `Switch` are no JSON: server-sent events, and the change to WebSocket.
fn answer(shape: &str) -> Value {
    match shape {
        "Stream" => json!({"description": shape, "content": {"text/event-stream": {}}}),
        "Switch" => json!({"description": "the connection goes on as WebSocket"}),
        "Document" => json!({"description": shape, "content": {"application/json": {}}}),
        _ => json!({"description": shape, "content": content(shape)}),
    }
}

fn content(shape: &str) -> Value {
    let reference = format!("#/components/schemas/{shape}");
    json!({"application/json": {"schema": {"$ref": reference}}})
}

fn api_operations() -> Vec<Operation> {
    [
        crate::health::OPERATIONS,
        crate::threads::OPERATIONS,
        crate::messages::OPERATIONS,
        crate::agents::OPERATIONS,
        crate::realtime::OPERATIONS,
        crate::limits::OPERATIONS,
        crate::discovery::OPERATIONS,
        crate::configuration::OPERATIONS,
        crate::tools::OPERATIONS,
        crate::sessions::OPERATIONS,
        crate::documents::OPERATIONS,
        crate::receipts::OPERATIONS,
        crate::defects::handlers::OPERATIONS,
        OPERATIONS,
    ]
    .concat()
}

fn auth_operations() -> Vec<Operation> {
    [crate::auth::OPERATIONS, &OPERATIONS[..1]].concat()
}

fn provider_operations() -> Vec<Operation> {
    [crate::auth::provider::OPERATIONS, &OPERATIONS[..1]].concat()
}

fn schemas() -> Vec<Schema> {
    let mut all = common();
    all.extend(crate::auth::schemas());
    all.extend(crate::health::schemas());
    all.extend(crate::threads::schemas());
    all.extend(crate::messages::schemas());
    all.extend(crate::agents::schemas());
    all.extend(crate::auth::provider::schemas());
    all.extend(crate::limits::schemas());
    all.extend(crate::discovery::schemas());
    all.extend(crate::configuration::schemas());
    all.extend(crate::tools::schemas());
    all.extend(crate::sessions::schemas());
    all.extend(crate::documents::schemas());
    all.extend(crate::receipts::schemas());
    all.extend(crate::defects::handlers::schemas());
    all
}

const OPERATIONS: &[Operation] = &[
    operation("GET", "/openapi.json", None, &[(200, "Document")]),
    operation("GET", "/__ref/undeclared", None, &[(200, "Undeclared")]),
];

fn common() -> Vec<Schema> {
    let error = json!({
        "type": "object",
        "required": ["error", "error_code", "message", "trace_id", "request_id", "timestamp"],
        "properties": {
            "error": {"type": "boolean"}, "error_code": {"type": "string"},
            "message": {"type": "string"}, "trace_id": {"type": "string"},
            "request_id": {"type": "string"}, "timestamp": {"type": "string"},
            "details": {"type": "object"},
        },
    });
    let undeclared = json!({
        "type": "object", "required": ["undeclared"],
        "properties": {"undeclared": {"type": "array", "items": {"type": "string"}}},
    });
    vec![("Error", error), ("Undeclared", undeclared)]
}

/// `/openapi.json` of one host.
pub(crate) fn document_route(host: Host) -> Router<App> {
    let document = move |State(app): State<App>| async move { Json(app.contract.document(host)) };
    Router::new().route("/openapi.json", get(document))
}

/// `/__ref/undeclared`: the answers of both hosts that broke their declaration, for tests.
pub(crate) fn watch_route() -> Router<App> {
    Router::new().route("/__ref/undeclared", get(undeclared))
}

async fn undeclared(State(app): State<App>) -> Json<Value> {
    let broken = app
        .contract
        .broken
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    Json(json!({ "undeclared": broken }))
}
