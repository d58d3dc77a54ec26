//! A server of S3's protocol that keeps objects in memory, honours `If-None-Match` atomically, and
//! lies when it is told to.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use run_log::conformance::harmed::{Harm, Harmful};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct HostileS3 {
    port: u16,
    shared: Arc<Shared>,
    _runtime: Runtime,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    held: Condvar,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, Bytes>,
    harms: VecDeque<Harm>,
    held_text: Option<String>,
    held: Vec<(String, Bytes)>,
    denied: Option<(String, u16)>,
    ignores_conditions: bool,
}

impl State {
    /// Stores the object if its place is free.
    fn create(&mut self, key: String, body: Bytes) -> bool {
        if self.objects.contains_key(&key) {
            return false;
        }
        self.objects.insert(key, body);
        true
    }

    fn harm_of(&mut self, body: &[u8]) -> Option<Harm> {
        let text = self.held_text.as_deref().unwrap_or_default().as_bytes();
        if !text.is_empty() && body.windows(text.len()).any(|part| part == text) {
            return Some(Harm::Late);
        }
        self.harms.pop_front()
    }
}

impl HostileS3 {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared::default());
        drop(runtime.spawn(serve(listener, shared.clone())));
        Self {
            port,
            shared,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on what is there is overwritten.
    pub(crate) fn ignore_conditions(&self) {
        self.shared.state.lock().unwrap().ignores_conditions = true;
    }

    /// From now on every request is answered so.
    pub(crate) fn deny(&self, code: &str, status: u16) {
        self.shared.state.lock().unwrap().denied = Some((code.to_owned(), status));
    }
}

impl Harmful for HostileS3 {
    fn harm_next(&self, harm: Harm) {
        self.shared.state.lock().unwrap().harms.push_back(harm);
    }

    fn hold(&self, text: &str) {
        self.shared.state.lock().unwrap().held_text = Some(text.to_owned());
    }

    fn wait_for_held(&self, n_puts: usize) {
        let state = self.shared.state.lock().unwrap();
        let waited = self
            .shared
            .held
            .wait_while(state, |state| state.held.len() < n_puts);
        drop(waited.unwrap());
    }

    fn land(&self) -> usize {
        let mut state = self.shared.state.lock().unwrap();
        state.held_text = None;
        let held = std::mem::take(&mut state.held);
        held.into_iter()
            .filter(|(key, body)| state.create(key.clone(), body.clone()))
            .count()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(|request| answer(shared.clone(), request));
            // The client may close whenever it likes.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

type Answer = Response<Full<Bytes>>;

fn reply(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    Response::builder()
        .status(status)
        .header("etag", "\"same\"")
        .header("last-modified", "Sun, 22 Nov 2026 18:00:00 GMT")
        .body(Full::new(body.into()))
        .unwrap()
}

fn error(status: StatusCode, code: &str) -> Answer {
    reply(status, format!("<Error><Code>{code}</Code></Error>"))
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let denied = shared.state.lock().unwrap().denied.clone();
    if let Some((code, status)) = denied {
        return Ok(error(StatusCode::from_u16(status).unwrap(), &code));
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let key = request.uri().path().to_owned();
    match *request.method() {
        Method::PUT => put(&shared, key, request).await,
        Method::GET if query.contains("list-type=2") => Ok(list(&shared, &key, &query)),
        Method::GET => Ok(match shared.state.lock().unwrap().objects.get(&key) {
            Some(body) => reply(StatusCode::OK, body.clone()),
            None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
        }),
        _ => Ok(error(StatusCode::NOT_IMPLEMENTED, "NotImplemented")),
    }
}

async fn put(
    shared: &Shared,
    key: String,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let is_conditional = request.headers().contains_key("if-none-match");
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let is_silent = {
        let mut state = shared.state.lock().unwrap();
        if !is_conditional || state.ignores_conditions {
            state.objects.insert(key, body);
            return Ok(reply(StatusCode::OK, ""));
        }
        match state.harm_of(&body) {
            None => {
                return Ok(match state.create(key, body) {
                    true => reply(StatusCode::OK, ""),
                    false => error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
                });
            }
            Some(Harm::FailAfterCommit) => {
                state.create(key, body);
                false
            }
            Some(Harm::FailBeforeCommit) => false,
            Some(Harm::Conflict) => {
                return Ok(error(StatusCode::CONFLICT, "ConditionalRequestConflict"));
            }
            Some(Harm::SilentAfterCommit) => {
                state.create(key, body);
                true
            }
            Some(Harm::SilentBeforeCommit) => true,
            Some(Harm::Late) => {
                state.held.push((key, body));
                shared.held.notify_all();
                true
            }
        }
    };
    if is_silent {
        std::future::pending::<()>().await;
    }
    Ok(error(StatusCode::INTERNAL_SERVER_ERROR, "InternalError"))
}

/// Keys below a prefix, behind a key: `?list-type=2&prefix=…&start-after=…`.
fn list(shared: &Shared, bucket: &str, query: &str) -> Answer {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value);
        values.next().unwrap_or_default().replace("%2F", "/")
    };
    let folder = format!("{}/", bucket.trim_end_matches('/'));
    let (prefix, after) = (parameter("prefix"), parameter("start-after"));
    let state = shared.state.lock().unwrap();
    let keys = state
        .objects
        .keys()
        .filter_map(|key| key.strip_prefix(&folder));
    let mut text = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for key in keys.filter(|key| key.starts_with(&prefix) && **key > *after) {
        text.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-22T18:00:00.000Z</LastModified>\
             <ETag>&quot;same&quot;</ETag><Size>1</Size></Contents>"
        ));
    }
    text.push_str("</ListBucketResult>");
    reply(StatusCode::OK, text)
}
