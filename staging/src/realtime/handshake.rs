//! The handshake of RFC 6455: who is asking is settled before the connection is accepted.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{
    CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::connection::{self, Socket};
use crate::Defect;
use crate::app::App;
use crate::auth::{Caller, Identity};
use crate::server::ServerStream;
use crate::telemetry;
use crate::web::{ApiError, Correlation};

/// Above this the connection ends; below it and above the frame limit an error frame is sent.
const LARGEST: usize = 1024 * 1024;

pub(super) async fn open(
    State(app): State<App>,
    identity: Identity,
    mut request: Request,
) -> Result<Response, ApiError> {
    if !is(request.headers(), UPGRADE.as_str(), "websocket") {
        return Err(ApiError::upgrade_required());
    }
    let key = key(request.headers())?;
    welcome_from(&app, request.headers())?;
    let caller = admitted(&app, identity)?;
    let correlation = request
        .extensions()
        .get::<Correlation>()
        .cloned()
        .unwrap_or_default();
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| ApiError::bad_handshake("this connection cannot change to WebSocket"))?;
    let response = accepted(&key, offers_jwt(request.headers()));
    let opened = app.receipts.open(&correlation);
    let task_app = app.clone();
    app.tasks.spawn(telemetry::carried(async move {
        if let Some(socket) = socket(upgrade).await {
            connection::serve(task_app, caller, socket, opened).await;
        }
    }));
    Ok(response)
}

/// A browser says which page it opens the socket for; only our own pages may.
fn welcome_from(app: &App, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let allowed = origin
        .to_str()
        .is_ok_and(|origin| app.config.allows(origin));
    if allowed || app.has(Defect::SocketTakesAnyOrigin) {
        return Ok(());
    }
    Err(ApiError::not_permitted(
        "pages of this origin may not open a socket",
    ))
}

fn admitted(app: &App, identity: Identity) -> Result<Caller, ApiError> {
    match identity {
        Identity::Nobody if app.has(Defect::AcceptsAnonymousSocket) => Ok(Caller::anonymous()),
        other => other.caller(),
    }
}

fn key(headers: &HeaderMap) -> Result<Vec<u8>, ApiError> {
    if !is(headers, CONNECTION.as_str(), "upgrade") {
        return Err(ApiError::bad_handshake(
            "the Connection header must say Upgrade",
        ));
    }
    if !is(headers, SEC_WEBSOCKET_VERSION.as_str(), "13") {
        return Err(ApiError::bad_handshake("Sec-WebSocket-Version must be 13"));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let missing = || ApiError::bad_handshake("Sec-WebSocket-Key is missing");
    Ok(key.ok_or_else(missing)?.as_bytes().to_vec())
}

/// Whether a header that lists names has this one.
fn is(headers: &HeaderMap, name: &str, wanted: &str) -> bool {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|one| one.trim().eq_ignore_ascii_case(wanted))
}

fn offers_jwt(headers: &HeaderMap) -> bool {
    is(headers, SEC_WEBSOCKET_PROTOCOL.as_str(), "jwt-auth")
}

fn accepted(key: &[u8], jwt_auth: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key)) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if jwt_auth {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("jwt-auth"));
    }
    response
}

/// The WebSocket over the bare TLS stream, so that it can also be cut off.
async fn socket(upgrade: OnUpgrade) -> Option<Socket> {
    let upgraded = upgrade.await.ok()?;
    let parts = upgraded.downcast::<TokioIo<ServerStream>>().ok()?;
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * LARGEST)
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST));
    let (stream, read) = (parts.io.into_inner(), parts.read_buf.to_vec());
    let role = Role::Server;
    Some(WebSocketStream::from_partially_read(stream, read, role, Some(config)).await)
}
