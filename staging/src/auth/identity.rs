//! Who is asking: read once per request at the edge, handed to handlers as `Caller`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::request::Parts;

use super::tokens::{ADMIN, Claims, Kind, Laxity, TokenError};
use crate::app::App;
use crate::web::{ApiError, bearer};
use crate::{Defect, clock};

/// A user whose token was good.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub(crate) user_id: String,
    pub(crate) claims: Option<Arc<Claims>>,
}

impl Caller {
    /// The caller, if an administrator; 403 otherwise.
    pub(crate) fn admin(self) -> Result<Self, ApiError> {
        if self.may(ADMIN) {
            Ok(self)
        } else {
            Err(ApiError::not_permitted("only administrators may do this"))
        }
    }

    pub(crate) fn may(&self, permission: &str) -> bool {
        let claims = self.claims.as_ref();
        claims.is_some_and(|claims| claims.permissions.iter().any(|p| p == permission))
    }

    /// The session that the token belongs to; empty for a token that was not issued here.
    pub(crate) fn session(&self) -> &str {
        self.claims.as_ref().map_or("", |claims| &claims.sid)
    }

    /// The user that `accepts-anonymous-socket` lets in.
    pub(crate) fn anonymous() -> Self {
        Self {
            user_id: "anonymous".into(),
            claims: None,
        }
    }
}

/// What the credentials of a request amount to.
#[derive(Debug, Clone)]
pub(crate) enum Identity {
    /// None were given.
    Nobody,
    /// Some were given, and are not good.
    Refused(TokenError),
    /// A user.
    User(Caller),
}

impl Identity {
    pub(crate) fn of(app: &App, headers: &HeaderMap, path: &str) -> Self {
        let socket = path == "/ws" && !app.has(Defect::IgnoresSubprotocolToken);
        let offered = bearer(headers).map(str::to_owned);
        let Some(token) = offered.or_else(|| socket.then(|| subprotocol(headers)).flatten()) else {
            return Self::Nobody;
        };
        match app
            .tokens
            .check(&token, Kind::Access, clock::now_s(), laxity(app))
        {
            Ok(claims) => {
                let user_id = pretended(app, headers).unwrap_or_else(|| claims.sub.clone());
                Self::User(Caller {
                    user_id,
                    claims: Some(Arc::new(claims)),
                })
            }
            Err(error) => Self::Refused(error),
        }
    }

    pub(crate) fn user_id(&self) -> Option<&str> {
        match self {
            Self::User(caller) => Some(&caller.user_id),
            Self::Nobody | Self::Refused(_) => None,
        }
    }

    /// The user; 403 without credentials, 401 with bad ones.
    pub(crate) fn caller(self) -> Result<Caller, ApiError> {
        match self {
            Self::User(caller) => Ok(caller),
            Self::Nobody => Err(ApiError::no_credentials()),
            Self::Refused(error) => Err(ApiError::bad_credentials(error.to_string())),
        }
    }
}

fn laxity(app: &App) -> Laxity {
    Laxity {
        signature: app.has(Defect::AcceptsForgedToken),
        expiry: app.has(Defect::AcceptsExpiredToken),
        audience: app.has(Defect::AcceptsForeignAudience),
        issuer: app.has(Defect::AcceptsForeignIssuer),
    }
}

/// The user that `X-User-ID` claims, for the defect that believes it.
fn pretended(app: &App, headers: &HeaderMap) -> Option<String> {
    if !app.has(Defect::TrustsUserHeader) {
        return None;
    }
    headers
        .get("x-user-id")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The token of a `jwt.…` subprotocol, plain or once more in base64url.
fn subprotocol(headers: &HeaderMap) -> Option<String> {
    let offered = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let mut names = offered
        .filter_map(|value| value.to_str().ok())
        .flat_map(|v| v.split(','));
    let token = names.find_map(|name| name.trim().strip_prefix("jwt."))?;
    let plain = URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    Some(plain.unwrap_or_else(|| token.to_owned()))
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts
            .extensions
            .get::<Self>()
            .cloned()
            .unwrap_or(Self::Nobody))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Identity>()
            .cloned()
            .unwrap_or(Identity::Nobody)
            .caller()
    }
}
