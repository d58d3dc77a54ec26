//! What every request goes through before and after its handler, and the two hosts' routers.
//!
//! On the way in: correlation ids, who is asking, and preflights of browsers. On the way out: the
//! body of a refusal, the security headers, what other origins may read, the receipt, and the watch
//! over declared statuses. Handlers do none of it.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::app::App;
use crate::auth::Identity;
use crate::contract::{Host, document_route, watch_route};
use crate::telemetry::Served;
use crate::web::{Correlation, cors, not_allowed, not_found, render, stamp};
use crate::{
    Defect, agents, auth, clock, configuration, defects, discovery, documents, health, limits,
    messages, realtime, receipts, sessions, threads, tools,
};

/// The API host.
pub(crate) fn api_router(app: &App) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .merge(threads::routes())
        .merge(messages::routes())
        .merge(agents::routes())
        .merge(realtime::routes())
        .merge(discovery::routes())
        .merge(configuration::routes())
        .merge(tools::routes())
        .merge(sessions::routes())
        .merge(documents::routes())
        .merge(limits::routes())
        .merge(receipts::routes())
        .merge(defects::handlers::routes())
        .merge(watch_route());
    finished(routes, app, Host::Api)
}

/// The auth host.
pub(crate) fn auth_router(app: &App) -> Router {
    finished(auth::routes(), app, Host::Auth)
}

/// The identity provider.
pub(crate) fn provider_router(app: &App) -> Router {
    finished(auth::provider::routes(), app, Host::Provider)
}

fn finished(routes: Router<App>, app: &App, host: Host) -> Router {
    let state = (app.clone(), host);
    routes
        .merge(document_route(host))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(state, pass))
        .with_state(app.clone())
}

/// What `tells-internals` adds to the message of a refusal.
const INTERNALS: &str = "stack backtrace:\n   0: reference::store::run at src/store.rs:71\n   \
                         1: SELECT * FROM users WHERE id = ?1";

async fn pass(State((app, host)): State<(App, Host)>, request: Request, next: Next) -> Response {
    let arrival = Arrival::read(&request);
    let (method, path) = (arrival.method.clone(), arrival.path.clone());
    let route = arrival.matched.clone();
    let served = Served::new(request.headers(), &method, &path, route.as_deref());
    let answer = answer(&app, host, request, next, arrival);
    app.telemetry.serve(served, answer).await
}

async fn answer(
    app: &App,
    host: Host,
    mut request: Request,
    next: Next,
    arrival: Arrival,
) -> Response {
    let identity = Identity::of(app, request.headers(), &arrival.path);
    request.extensions_mut().insert(arrival.correlation.clone());
    request.extensions_mut().insert(identity.clone());
    let origin = cors::origin(request.headers(), |origin| {
        app.config.allows(origin) || app.has(Defect::CorsAllowsAny)
    });
    let _flight = app.receipts.depart(&arrival);
    let preflight = cors::is_preflight(&request);
    let mut response = if preflight {
        cors::preflight()
    } else {
        next.run(request).await
    };
    let internals = app.has(Defect::TellsInternals).then_some(INTERNALS);
    render(&mut response, &arrival.correlation, internals);
    cors::share(response.headers_mut(), origin, preflight);
    let api_path = arrival.path.starts_with("/api/");
    stamp(response.headers_mut(), &arrival.correlation, api_path);
    let status = response.status().as_u16();
    if let Some(matched) = &arrival.matched
        && !preflight
    {
        app.contract.watch(host, &arrival.method, matched, status);
    }
    app.receipts.note(&arrival, identity.user_id(), status);
    response
}

/// What is kept of a request until its answer is known.
pub(crate) struct Arrival {
    pub(crate) correlation: Correlation,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) at_ms: i64,
    matched: Option<String>,
}

impl Arrival {
    fn read(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>();
        Self {
            correlation: Correlation::read(request.headers()),
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            at_ms: clock::now_ms(),
            matched: matched.map(|path| path.as_str().to_owned()),
        }
    }
}
