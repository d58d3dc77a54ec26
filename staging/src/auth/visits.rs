//! The cookie of browsers: which visit this is, and `GET /auth/session`, which tells it.
//!
//! A visit gets a new id when someone logs in, so that an id planted before is worth nothing. The
//! cookie is Secure, HttpOnly and SameSite=Strict; it opens nothing but `/auth/session`, because
//! the API goes by bearer tokens alone.

use axum::Json;
use axum::extract::State;
use http::header::{COOKIE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::store::sessions;
use crate::web::ApiError;
use crate::{Defect, clock};

const NAME: &str = "visit";

/// Gives the visit to a user under a new id; the answer's headers set the cookie.
pub(super) async fn log_in(
    app: &App,
    cookies: &HeaderMap,
    user_id: &str,
) -> Result<HeaderMap, ApiError> {
    let old = sent(cookies);
    let keeps = app.has(Defect::KeepsSessionId);
    let id = old.clone().filter(|_| keeps).unwrap_or_else(fresh);
    let (row, user_id) = (id.clone(), user_id.to_owned());
    app.store
        .run(move |db| {
            if let Some(old) = old {
                sessions::leave(db, &old)?;
            }
            sessions::visit(db, &row, Some(&user_id), clock::now_ms())
        })
        .await?;
    Ok(cookie(&id))
}

/// `GET /auth/session`: whose visit this is; without a good cookie a new visit begins.
pub(crate) async fn session(
    State(app): State<App>,
    cookies: HeaderMap,
) -> Result<(HeaderMap, Json<Value>), ApiError> {
    let known = match sent(&cookies) {
        None => None,
        Some(id) => {
            let wanted = id.clone();
            let visitor = app.store.run(move |db| sessions::visitor(db, &wanted));
            visitor.await?.map(|user_id| (id, user_id))
        }
    };
    if let Some((_, user_id)) = known {
        return Ok((HeaderMap::new(), Json(shown(user_id.as_deref()))));
    }
    let id = fresh();
    let headers = cookie(&id);
    app.store
        .run(move |db| sessions::visit(db, &id, None, clock::now_ms()))
        .await?;
    Ok((headers, Json(shown(None))))
}

fn shown(user_id: Option<&str>) -> Value {
    json!({ "authenticated": user_id.is_some(), "user_id": user_id })
}

fn fresh() -> String {
    Uuid::new_v4().simple().to_string()
}

fn cookie(id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let text = format!("{NAME}={id}; Path=/auth; Secure; HttpOnly; SameSite=Strict");
    if let Ok(value) = HeaderValue::from_str(&text) {
        headers.insert(SET_COOKIE, value);
    }
    headers
}

/// The id that the request's cookie names.
fn sent(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(COOKIE).iter();
    let mut pairs = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let id = pairs.find_map(|pair| pair.trim().strip_prefix("visit="))?;
    let good = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| id.to_owned())
}
