//! A small platform on loopback: accounts, echoes, limits, streams, sockets that break.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

type Answer = Response<BoxBody<Bytes, Infallible>>;

/// A request as the target saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) seen: Mutex<Vec<Seen>>,
    pub(crate) connections: AtomicUsize,
    logins: AtomicUsize,
    hits: Mutex<HashMap<String, usize>>,
    running: AtomicUsize,
    peak: AtomicUsize,
    sockets: Mutex<JoinSet<()>>,
}

/// A server that ends with the test.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) port: u16,
    pub(crate) state: Arc<State>,
    _tasks: JoinSet<()>,
}

impl Target {
    pub(crate) async fn start() -> Self {
        Self::start_with(|stream| async move { Some(stream) }).await
    }

    /// `wrap` makes a connection of the accepted one, such as TLS.
    pub(crate) async fn start_with<S, F>(
        wrap: impl Fn(tokio::net::TcpStream) -> F + Send + Sync + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        F: Future<Output = Option<S>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let mut tasks = JoinSet::new();
        let shared = state.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                stream.set_nodelay(true).unwrap();
                let state = shared.clone();
                let wrapped = wrap(stream);
                connections.spawn(async move {
                    let Some(stream) = wrapped.await else { return };
                    let service = service_fn(move |request| {
                        let state = state.clone();
                        async move { Ok::<_, Infallible>(answer(request, state).await) }
                    });
                    let _ = http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .with_upgrades()
                        .await;
                });
            }
        });
        Self {
            port,
            state,
            _tasks: tasks,
        }
    }

    pub(crate) fn seen(&self, line: &str) -> Vec<Seen> {
        self.state
            .seen
            .lock()
            .unwrap()
            .iter()
            .filter(|seen| seen.line.starts_with(line))
            .cloned()
            .collect()
    }
}

fn whole(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()).boxed());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

fn json_answer(status: u16, body: &Value) -> Answer {
    let mut answer = whole(status, body.to_string());
    answer
        .headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    answer
}

async fn answer(mut request: Request<Incoming>, state: Arc<State>) -> Answer {
    let upgrade = request
        .headers()
        .contains_key("sec-websocket-key")
        .then(|| hyper::upgrade::on(&mut request));
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let text =
        |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: HashMap<_, _> = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let line = format!("{} {}", parts.method, parts.uri);
    let seen = Seen {
        line,
        headers: headers.clone(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    state.seen.lock().unwrap().push(seen);
    let bearer = headers
        .get("authorization")
        .and_then(|value| value.strip_prefix("Bearer "))
        .unwrap_or_default()
        .to_owned();
    let argument = path.rsplit('/').next().unwrap_or_default().to_owned();
    let number = || argument.parse::<u64>().unwrap_or(0);
    if let Some(upgrade) = upgrade {
        return open_socket(&path, &headers, &bearer, upgrade, &state);
    }
    match path.split('/').nth(1).unwrap_or_default() {
        "health" => json_answer(
            200,
            &json!({ "status": "ok", "revision": "r1", "version": 3, "instance": headers["host"] }),
        ),
        "accounts" => json_answer(201, &json!({ "ok": true })),
        "auth" => {
            let number = state.logins.fetch_add(1, Ordering::SeqCst);
            let token = format!("tok-{number}-{}", "Zx+/9\"q".repeat(6));
            let mut answer = json_answer(
                200,
                &json!({ "access_token": token, "user": { "id": format!("u{number}") } }),
            );
            answer.headers_mut().insert(
                "set-cookie",
                format!("sid=cookie-{number}-abcdef; Path=/")
                    .parse()
                    .unwrap(),
            );
            answer
        }
        "echo" => {
            let parsed: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let text = String::from_utf8_lossy(&body);
            json_answer(
                200,
                &json!({ "method": parts.method.as_str(), "query": query, "headers": headers, "json": parsed, "text": text }),
            )
        }
        "status" => json_answer(
            u16::try_from(number()).unwrap(),
            &json!({ "code": number() }),
        ),
        "redirect" => {
            let status = if number() == 0 { 302 } else { number() };
            let mut answer = whole(u16::try_from(status).unwrap(), "");
            let to = query.strip_prefix("to=").unwrap_or("/health").to_owned();
            answer.headers_mut().insert("location", to.parse().unwrap());
            answer
        }
        "flip" => {
            let hit = hit(&state, "flip");
            json_answer(
                if hit > number() as usize { 200 } else { 503 },
                &json!({ "hit": hit }),
            )
        }
        "limited" => {
            let hit = hit(&state, &bearer);
            let mut answer = json_answer(if hit <= 3 { 200 } else { 429 }, &json!({ "hit": hit }));
            answer
                .headers_mut()
                .insert("retry-after", "1".parse().unwrap());
            answer
        }
        "work" => {
            let running = state.running.fetch_add(1, Ordering::SeqCst) + 1;
            state.peak.fetch_max(running, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(number())).await;
            state.running.fetch_sub(1, Ordering::SeqCst);
            json_answer(200, &json!({ "running": running }))
        }
        "gauge" => json_answer(
            200,
            &json!({ "used": state.running.load(Ordering::SeqCst), "peak": state.peak.load(Ordering::SeqCst) }),
        ),
        "hang" => std::future::pending().await,
        "endless" => endless(Duration::ZERO, 64 * 1024),
        "drip" => endless(Duration::from_millis(20), 1),
        "events" => events(),
        "text" => whole(200, "not json"),
        _ => json_answer(404, &json!({ "error": "no such path" })),
    }
}

fn hit(state: &State, key: &str) -> usize {
    let mut hits = state.hits.lock().unwrap();
    let hit = hits.entry(key.to_owned()).or_default();
    *hit += 1;
    *hit
}

fn stream(pieces: impl futures_util::Stream<Item = Bytes> + Send + Sync + 'static) -> Answer {
    let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    Response::new(BodyExt::boxed(StreamBody::new(frames)))
}

fn endless(every: Duration, size: usize) -> Answer {
    stream(futures_util::stream::unfold((), move |()| async move {
        tokio::time::sleep(every).await;
        Some((Bytes::from(vec![b'x'; size]), ()))
    }))
}

/// Three events, 30 ms apart, then the end.
fn events() -> Answer {
    let pieces = futures_util::stream::unfold(0, |number| async move {
        if number == 3 {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        let text = format!(
            "event: part\ndata: {{\"delta\":\"{number}\",\"last\":{}}}\n\n",
            number == 2
        );
        Some((Bytes::from(text), number + 1))
    });
    let mut answer = stream(pieces);
    answer
        .headers_mut()
        .insert("content-type", "text/event-stream".parse().unwrap());
    answer
}

fn open_socket(
    path: &str,
    headers: &HashMap<String, String>,
    bearer: &str,
    upgrade: hyper::upgrade::OnUpgrade,
    state: &Arc<State>,
) -> Answer {
    if path == "/ws" && !bearer.starts_with("tok-") {
        return json_answer(403, &json!({ "error": "who are you" }));
    }
    let key = headers
        .get("sec-websocket-key")
        .cloned()
        .unwrap_or_default();
    let defect = path.strip_prefix("/runs/").unwrap_or_default().to_owned();
    let user = bearer.to_owned();
    state.sockets.lock().unwrap().spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        serve_socket(socket, &defect, &user).await;
    });
    let mut answer = whole(101, "");
    for (name, value) in [("upgrade", "websocket"), ("connection", "upgrade")] {
        answer.headers_mut().insert(name, value.parse().unwrap());
    }
    answer.headers_mut().insert(
        "sec-websocket-accept",
        derive_accept_key(key.as_bytes()).parse().unwrap(),
    );
    answer
}

/// Answers `ping` with `pong`; `run` sends numbered events 1 to 6 and cuts the connection after
/// the third; `resume` sends what came after a number. A defect loses or doubles one on resume.
async fn serve_socket<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocketStream<S>,
    defect: &str,
    user: &str,
) {
    let event = |number: u64| {
        let kind = if number == 6 { "done" } else { "part" };
        Message::text(json!({ "type": kind, "run_id": "r1", "seq": number }).to_string())
    };
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else {
            continue;
        };
        let asked: Value = serde_json::from_str(text.as_str()).unwrap_or(Value::Null);
        match asked["type"].as_str().unwrap_or_default() {
            "ping" => {
                let pong = json!({ "type": "pong", "nonce": asked["nonce"], "token": user });
                let _ = socket.send(Message::text(pong.to_string())).await;
            }
            "run" => {
                for number in 1..=3 {
                    let _ = socket.send(event(number)).await;
                }
                if defect != "whole" {
                    return;
                }
                for number in 4..=6 {
                    let _ = socket.send(event(number)).await;
                }
            }
            "resume" => {
                let last = asked["last_seq"].as_u64().unwrap_or(0);
                let first = match defect {
                    "lossy" => last + 2,
                    "doubling" => last,
                    _ => last + 1,
                };
                for number in first..=6 {
                    let _ = socket.send(event(number)).await;
                }
            }
            "order" => {
                for kind in asked["kinds"].as_array().cloned().unwrap_or_default() {
                    let _ = socket
                        .send(Message::text(
                            json!({ "type": kind, "run_id": "r1" }).to_string(),
                        ))
                        .await;
                }
            }
            "flood" => {
                for number in 0..20_000_u32 {
                    if socket
                        .feed(Message::text(number.to_string()))
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                let _ = socket.flush().await;
            }
            "bye" => {
                let _ = socket.close(None).await;
            }
            "huge" => {
                let _ = socket
                    .send(Message::text("x".repeat(2 * 1024 * 1024)))
                    .await;
            }
            _ => {}
        }
    }
}
