//! A server of S3's protocol that keeps objects in memory and is as far away as it is told to be.
//!
//! It honours `If-None-Match: *` atomically. What a hostile one does is tried in `run-log`'s own
//! tests; this one only takes its time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use run_log::{Address, ObjectStore};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const BUCKET: &str = "far";

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub struct FarStore {
    url: String,
    shared: Arc<Shared>,
    _server: JoinSet<std::io::Result<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    objects: Mutex<BTreeMap<String, Bytes>>,
    put_ms: AtomicU64,
    n_puts: AtomicU64,
    n_gets: AtomicU64,
}

impl Shared {
    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FarStore {
    /// # Errors
    /// When no port is free.
    pub async fn start() -> Result<Self> {
        // Its client wants one; another may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            url,
            shared,
            _server: server,
        })
    }

    /// From now on each put waits so long before it is done.
    pub fn set_put_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.shared.put_ms.store(ms, Ordering::SeqCst);
    }

    /// What `--store` takes.
    pub fn address(&self, prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// The variables by which a process finds the server.
    pub fn variables(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("AWS_ALLOW_HTTP", "true".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "far".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "far".to_owned()),
        ]
    }

    /// The same, opened in this process.
    ///
    /// # Errors
    /// When the store can't be opened.
    pub fn open(&self, prefix: &str) -> Result<ObjectStore> {
        let mut address: Address = self.address(prefix).parse()?;
        if let Address::S3 { settings, .. } = &mut address {
            for (name, value) in self.variables() {
                settings.push((name.to_ascii_lowercase().parse()?, value));
            }
        }
        Ok(ObjectStore::open(&address)?)
    }

    /// Objects below a prefix, whose keys hold `part`.
    pub fn count(&self, prefix: &str, part: &str) -> usize {
        let folder = format!("/{BUCKET}/{prefix}/");
        let objects = self.shared.objects();
        let keys = objects.keys();
        keys.filter(|key| key.starts_with(&folder) && key.contains(part))
            .count()
    }

    /// Puts and gets that were answered so far.
    pub fn n_requests(&self) -> (u64, u64) {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        (count(&self.shared.n_puts), count(&self.shared.n_gets))
    }
}

fn reply(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("etag", axum::http::HeaderValue::from_static("\"same\""));
    let modified = axum::http::HeaderValue::from_static("Sun, 22 Nov 2026 18:00:00 GMT");
    headers.insert("last-modified", modified);
    response
}

fn error(status: StatusCode, code: &str) -> Response {
    reply(status, format!("<Error><Code>{code}</Code></Error>"))
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let key = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    match *request.method() {
        Method::PUT => put(&shared, key, request).await,
        Method::GET if query.contains("list-type=2") => list(&shared, &key, &query),
        Method::GET => {
            shared.n_gets.fetch_add(1, Ordering::SeqCst);
            match shared.objects().get(&key) {
                Some(body) => reply(StatusCode::OK, body.clone()),
                None => error(StatusCode::NOT_FOUND, "NoSuchKey"),
            }
        }
        _ => error(StatusCode::NOT_IMPLEMENTED, "NotImplemented"),
    }
}

async fn put(shared: &Shared, key: String, request: Request) -> Response {
    let is_conditional = request.headers().contains_key("if-none-match");
    let Ok(body) = to_bytes(request.into_body(), usize::MAX).await else {
        return error(StatusCode::BAD_REQUEST, "IncompleteBody");
    };
    let ms = shared.put_ms.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(ms)).await;
    shared.n_puts.fetch_add(1, Ordering::SeqCst);
    let mut objects = shared.objects();
    if is_conditional && objects.contains_key(&key) {
        return error(StatusCode::PRECONDITION_FAILED, "PreconditionFailed");
    }
    objects.insert(key, body);
    reply(StatusCode::OK, "")
}

/// Keys below a prefix, behind a key: `?list-type=2&prefix=…&start-after=…`.
fn list(shared: &Shared, bucket: &str, query: &str) -> Response {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name);
        let value = values.next().map(|(_, value)| value);
        value.unwrap_or_default().replace("%2F", "/")
    };
    let folder = format!("{}/", bucket.trim_end_matches('/'));
    let (prefix, after) = (parameter("prefix"), parameter("start-after"));
    let objects = shared.objects();
    let from = format!("{folder}{after}");
    let behind = objects.range(from..).map(|(key, _)| key);
    let behind = behind.filter_map(|key| key.strip_prefix(&folder));
    let mut text = String::from("<ListBucketResult><IsTruncated>false</IsTruncated>");
    for key in behind.filter(|key| key.starts_with(&prefix) && **key > *after) {
        text.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-22T18:00:00.000Z</LastModified>\
             <ETag>&quot;same&quot;</ETag><Size>1</Size></Contents>"
        ));
    }
    text.push_str("</ListBucketResult>");
    reply(StatusCode::OK, text)
}
