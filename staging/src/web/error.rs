//! Every refusal of the platform, in the one shape its API declares.
//!
//! A handler returns an `ApiError`; the body is written by `render` at the edge, where the trace
//! id of the request is known. Nothing of the inside (SQL, paths, stack) is ever in a body.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::Correlation;
use crate::clock;
use crate::store::StoreError;

/// One field of a body or query that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) field: String,
    pub(crate) message: String,
    /// `missing`, `type`, `length`, `range`, `format`, `value` or `json`.
    pub(crate) kind: &'static str,
}

/// A refusal, before it is written down.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    code: &'static str,
    message: String,
    problems: Vec<Problem>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            problems: Vec::new(),
        }
    }

    /// 401: credentials were given and are not good, or are needed.
    pub(crate) fn bad_credentials(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "AUTHENTICATION_FAILED", message)
    }

    /// 403: no credentials were given where a user is needed.
    pub(crate) fn no_credentials() -> Self {
        let message = "send an Authorization header with a bearer token";
        Self::new(StatusCode::FORBIDDEN, "NOT_AUTHENTICATED", message)
    }

    /// 403: the thing exists and belongs to someone else.
    pub(crate) fn not_yours(what: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "FORBIDDEN",
            format!("this {what} is another user's"),
        )
    }

    /// 403: the caller is known and lacks the permission.
    pub(crate) fn not_permitted(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
    }

    /// 400: what the identity provider sent back is not good.
    pub(crate) fn bad_sign_in(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_SIGN_IN", message)
    }

    /// 404
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    }

    /// 409
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// 413
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("a body may have {limit} bytes at most");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", message)
    }

    /// 422, with every problem found.
    pub(crate) fn invalid(problems: Vec<Problem>) -> Self {
        let message = "the request does not have the form that this operation wants";
        let error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "VALIDATION_FAILED",
            message,
        );
        Self { problems, ..error }
    }

    /// 426: the address only speaks WebSocket.
    pub(crate) fn upgrade_required() -> Self {
        let message = "open this address with a WebSocket handshake";
        Self::new(StatusCode::UPGRADE_REQUIRED, "UPGRADE_REQUIRED", message)
    }

    /// 400: a handshake that is not one of RFC 6455.
    pub(crate) fn bad_handshake(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_HANDSHAKE", message)
    }

    /// 429 without its headers, which only the limiter knows.
    pub(crate) fn too_many(message: impl Into<String>) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message)
    }

    /// The code for programs, as `error_code` says it.
    pub(crate) fn code(&self) -> &'static str {
        self.code
    }

    /// The sentence for people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// `internals` is what a defect tells of the platform's inside.
    fn body(&self, correlation: &Correlation, internals: Option<&str>) -> Value {
        let mut body = json!({
            "error": true,
            "error_code": self.code,
            "message": self.message,
            "trace_id": correlation.trace_id,
            "request_id": correlation.request_id,
            "timestamp": clock::now_text(),
        });
        if !self.problems.is_empty() {
            body["details"] = json!({ "validation_errors": self.problem_list() });
        }
        if let Some(internals) = internals {
            body["message"] = json!(format!("{}\n{internals}", self.message));
        }
        body
    }

    fn problem_list(&self) -> Vec<Value> {
        self.problems
            .iter()
            .map(|p| json!({ "field": p.field, "message": p.message, "type": p.kind }))
            .collect()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::warn!(%error, "the store did not answer");
        let message = "the database does not answer; try again";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "STORE_UNAVAILABLE",
            message,
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the body of a refusal into its response; any other response stays as it is.
pub(crate) fn render(response: &mut Response, correlation: &Correlation, internals: Option<&str>) {
    let Some(error) = response.extensions_mut().remove::<ApiError>() else {
        return;
    };
    *response.body_mut() = Body::from(error.body(correlation, internals).to_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if error.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

/// The answer to a path that no operation has.
pub(crate) async fn not_found(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is nothing at {}", uri.path()))
}

/// The answer to a method that a known path does not have.
pub(crate) async fn not_allowed() -> ApiError {
    let message = "this path has no such method";
    ApiError::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        message,
    )
}
