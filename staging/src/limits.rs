//! A limit that limits: `GET /api/limited` lets a user through so many times per window, and so do
//! `/api/limited/search` and `/api/limited/export`, each with a count of its own.
//!
//! `window` is the pure rule; this module holds one window per user and writes the headers.

mod window;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;

use self::window::{Decision, Window};
use crate::app::App;
use crate::auth::Caller;
use crate::contract::{Operation, Schema, operation};
use crate::web::ApiError;
use crate::{Defect, clock};

/// Users whose windows are kept; when there are more, the windows that are over are forgotten.
const KEPT: usize = 50_000;

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/api/limited", get(limited))
        .route("/api/limited/{endpoint}", get(limited_endpoint))
}

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "GET",
        "/api/limited",
        None,
        &[
            (200, "Limited"),
            (401, "Error"),
            (403, "Error"),
            (429, "Error"),
        ],
    ),
    operation(
        "GET",
        "/api/limited/{endpoint}",
        None,
        &[
            (200, "Limited"),
            (401, "Error"),
            (403, "Error"),
            (404, "Error"),
            (429, "Error"),
        ],
    ),
];

/// The endpoints below `/api/limited` that count by themselves.
const ENDPOINTS: [&str; 2] = ["search", "export"];

pub(crate) fn schemas() -> Vec<Schema> {
    let limited = json!({
        "type": "object", "required": ["user_id", "limit", "remaining"],
        "properties": {
            "user_id": {"type": "string"}, "limit": {"type": "integer"},
            "remaining": {"type": "integer"},
        },
    });
    vec![("Limited", limited)]
}

/// The windows of all users and endpoints.
pub(crate) struct Limiter {
    limit: u32,
    length_ms: i64,
    windows: Mutex<HashMap<String, Window>>,
}

impl Limiter {
    pub(crate) fn new(limit: u32, length: Duration) -> Self {
        let length_ms = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
        Self {
            limit,
            length_ms,
            windows: Mutex::default(),
        }
    }

    fn ask(&self, key: &str, limit: u32, now_ms: i64) -> Decision {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= KEPT {
            windows.retain(|_, window| !window.is_over(self.length_ms, now_ms));
        }
        windows
            .entry(key.to_owned())
            .or_default()
            .ask(limit, self.length_ms, now_ms)
    }
}

async fn limited(State(app): State<App>, caller: Caller) -> Response {
    answered(&app, caller, "")
}

async fn limited_endpoint(
    State(app): State<App>,
    caller: Caller,
    Path(endpoint): Path<String>,
) -> Response {
    if !ENDPOINTS.contains(&endpoint.as_str()) {
        return ApiError::not_found("there is no such endpoint").into_response();
    }
    let together = app.has(Defect::EndpointsShareLimit);
    answered(&app, caller, if together { "all" } else { &endpoint })
}

fn answered(app: &App, caller: Caller, endpoint: &str) -> Response {
    let limiter = &app.limiter;
    let everyone = app.has(Defect::LimitsEveryoneTogether);
    let user = if everyone {
        "everyone"
    } else {
        caller.user_id.as_str()
    };
    let key = format!("{user}/{endpoint}");
    let late = u32::from(app.has(Defect::LimitsOneLate));
    let decision = limiter.ask(&key, limiter.limit + late, clock::now_ms());
    let headers = headers(app, decision);
    if decision.allowed || app.has(Defect::NeverLimits) {
        let Decision { remaining, .. } = decision;
        let user_id = caller.user_id;
        let body = json!({ "user_id": user_id, "limit": limiter.limit, "remaining": remaining });
        return (headers, Json(body)).into_response();
    }
    let message = format!("{} requests in one window are enough; wait", limiter.limit);
    (headers, ApiError::too_many(message)).into_response()
}

fn headers(app: &App, decision: Decision) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut put = |name: HeaderName, number: i64| {
        headers.insert(name, HeaderValue::from(number));
    };
    put(
        HeaderName::from_static("x-ratelimit-limit"),
        app.limiter.limit.into(),
    );
    put(
        HeaderName::from_static("x-ratelimit-remaining"),
        decision.remaining.into(),
    );
    put(
        HeaderName::from_static("x-ratelimit-reset"),
        decision.resets_ms.div_euclid(1000) + 1,
    );
    put(
        HeaderName::from_static("x-ratelimit-window"),
        app.limiter.length_ms / 1000,
    );
    if !decision.allowed {
        let honest = decision.wait_s;
        put(
            RETRY_AFTER,
            if app.has(Defect::RetryAfterZero) {
                0
            } else {
                honest
            },
        );
    }
    headers
}
