//! What every request goes through before and after its handler, and the two hosts' routers.
//!
//! On the way in: correlation ids and who is asking. On the way out: the body of a refusal, the
//! security headers, the receipt, and the watch over declared statuses. Handlers do none of it.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use crate::app::App;
use crate::auth::Identity;
use crate::contract::{Host, document_route, watch_route};
use crate::telemetry::Served;
use crate::web::{Correlation, not_allowed, not_found, render, stamp};
use crate::{agents, auth, clock, defects, health, limits, messages, realtime, receipts, threads};

/// The API host.
pub(crate) fn api_router(app: &App) -> Router {
    let routes = Router::new()
        .merge(health::routes())
        .merge(threads::routes())
        .merge(messages::routes())
        .merge(agents::routes())
        .merge(realtime::routes())
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

fn finished(routes: Router<App>, app: &App, host: Host) -> Router {
    let state = (app.clone(), host);
    routes
        .merge(document_route(host))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(state, pass))
        .with_state(app.clone())
}

async fn pass(
    State((app, host)): State<(App, Host)>,
    request: Request,
    next: Next,
) -> Response {
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
    let mut response = next.run(request).await;
    render(&mut response, &arrival.correlation);
    let api_path = arrival.path.starts_with("/api/");
    stamp(response.headers_mut(), &arrival.correlation, api_path);
    let status = response.status().as_u16();
    if let Some(matched) = &arrival.matched {
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
