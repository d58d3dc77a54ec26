//! A platform under test and a client for it; every answer is checked against `/openapi.json`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use staging::{Config, Defect, Platform, Running};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::task::TaskTracker;

use crate::schema;

pub(crate) struct Lab {
    pub(crate) running: Running,
    pub(crate) dir: TempDir,
    tls: TlsConnector,
    tasks: TaskTracker,
    documents: HashMap<String, Value>,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
}

/// A request as a test writes it.
#[derive(Default, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) token: Option<&'a str>,
    pub(crate) headers: Vec<(&'a str, String)>,
    pub(crate) body: Option<String>,
}

impl Lab {
    pub(crate) async fn start(defects: &[Defect]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path().join("data"));
        config.defects = defects.to_vec();
        Self::with(config, dir).await
    }

    pub(crate) async fn with(config: Config, dir: TempDir) -> Self {
        let running = Platform::start(config).await.unwrap();
        let tls = connector(running.ca_pem());
        let (tasks, documents) = (TaskTracker::new(), HashMap::new());
        let mut lab = Self {
            running,
            dir,
            tls,
            tasks,
            documents,
        };
        for host in [
            lab.running.api_url().to_owned(),
            lab.running.auth_url().to_owned(),
        ] {
            let answer = lab
                .raw(Method::GET, &format!("{host}/openapi.json"), Ask::default())
                .await;
            let body = answer.into_body().collect().await.unwrap().to_bytes();
            lab.documents
                .insert(host, serde_json::from_slice(&body).unwrap());
        }
        lab
    }

    /// No answer broke its declaration; the platform stops.
    pub(crate) async fn finish(self) {
        let undeclared = self.get("/__ref/undeclared", None).await;
        assert_eq!(undeclared.body["undeclared"], json!([]));
        self.tasks.close();
        self.running.stop().await;
    }

    /// A fresh account, logged in.
    pub(crate) async fn user(&self, name: &str) -> User {
        let body = json!({ "email": format!("{name}@example.org"), "password": "a good password" });
        let answer = self.auth_post("/auth/register", None, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        User::from(&answer.body)
    }

    pub(crate) async fn thread(&self, user: &User) -> String {
        let answer = self
            .post("/api/threads", user, &json!({ "title": "a thread" }))
            .await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        text(&answer.body["id"])
    }

    pub(crate) async fn get(&self, path: &str, user: Option<&User>) -> Answer {
        let token = user.map(|user| user.token.as_str());
        self.api(
            Method::GET,
            path,
            Ask {
                token,
                ..Ask::default()
            },
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, user: &User, body: &Value) -> Answer {
        let ask = Ask {
            token: Some(&user.token),
            body: Some(body.to_string()),
            ..Ask::default()
        };
        self.api(Method::POST, path, ask).await
    }

    pub(crate) async fn auth_post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let ask = Ask {
            token,
            body: Some(body.to_string()),
            ..Ask::default()
        };
        self.auth(Method::POST, path, ask).await
    }

    pub(crate) async fn api(&self, method: Method, path: &str, ask: Ask<'_>) -> Answer {
        self.ask(self.running.api_url(), method, path, ask).await
    }

    pub(crate) async fn auth(&self, method: Method, path: &str, ask: Ask<'_>) -> Answer {
        self.ask(self.running.auth_url(), method, path, ask).await
    }

    async fn ask(&self, host: &str, method: Method, path: &str, ask: Ask<'_>) -> Answer {
        let response = self
            .raw(method.clone(), &format!("{host}{path}"), ask)
            .await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        schema::check(&self.documents[host], &method, path, status.as_u16(), &body);
        Answer {
            status: status.as_u16(),
            headers,
            body,
        }
    }

    /// One request on a connection of its own; the body is not read yet.
    pub(crate) async fn raw(&self, method: Method, url: &str, ask: Ask<'_>) -> Response<Incoming> {
        let uri: http::Uri = url.parse().unwrap();
        let mut sender = self.connect(uri.authority().unwrap().as_str()).await;
        send(&mut sender, method, &uri, ask).await
    }

    /// A connection that requests can be sent on.
    pub(crate) async fn connect(&self, authority: &str) -> SendRequest<Full<Bytes>> {
        let stream = TokioIo::new(self.tls_stream(authority).await);
        let (sender, connection) = http1::handshake(stream).await.unwrap();
        self.tasks.spawn(connection);
        sender
    }

    pub(crate) async fn tls_stream(&self, authority: &str) -> TlsStream<TcpStream> {
        self.try_tls(authority).await.unwrap()
    }

    pub(crate) async fn try_tls(&self, authority: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let tcp = TcpStream::connect(authority).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let host = authority.split(':').next().unwrap().to_owned();
        self.tls
            .connect(ServerName::try_from(host).unwrap(), tcp)
            .await
    }

    pub(crate) fn api_authority(&self) -> &str {
        self.running.api_url().trim_start_matches("https://")
    }

    /// Another login of a user whom `user` made.
    pub(crate) async fn log_in(&self, name: &str) -> User {
        let body = json!({ "email": format!("{name}@example.org"), "password": "a good password" });
        let answer = self.auth_post("/auth/login", None, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        User::from(&answer.body)
    }

    /// The headers of an answer whose operation is not declared here, and its status.
    pub(crate) async fn headers(
        &self,
        method: Method,
        url: &str,
        ask: Ask<'_>,
    ) -> (u16, HeaderMap) {
        let response = self.raw(method, url, ask).await;
        (response.status().as_u16(), response.headers().clone())
    }

    /// A value of the environment file, by the key at the start of its line; of several the last
    /// that is written out.
    pub(crate) fn environment_value(&self, key: &str) -> String {
        let file = std::fs::read_to_string(self.running.environment_file()).unwrap();
        let prefix = format!("{key}: ");
        let mut lines = file.lines().rev().map(str::trim);
        let value = lines
            .find_map(|line| {
                line.strip_prefix(&prefix)
                    .filter(|v| !v.starts_with("\"${"))
            })
            .unwrap();
        // A secret stands beside the file, which says where.
        let named = value
            .strip_prefix("{ file: ")
            .and_then(|rest| rest.strip_suffix(" }"));
        match (named, self.running.environment_file().parent()) {
            (Some(path), Some(folder)) => std::fs::read_to_string(folder.join(path)).unwrap(),
            _ => value.trim_matches('"').to_owned(),
        }
    }
}

impl From<&Value> for User {
    fn from(body: &Value) -> Self {
        Self {
            id: text(&body["user"]["id"]),
            token: text(&body["access_token"]),
            refresh: text(&body["refresh_token"]),
        }
    }
}

pub(crate) async fn send(
    sender: &mut SendRequest<Full<Bytes>>,
    method: Method,
    uri: &http::Uri,
    ask: Ask<'_>,
) -> Response<Incoming> {
    let path = uri.path_and_query().unwrap().as_str();
    let mut request = Request::builder().method(method).uri(path);
    request = request.header("host", uri.authority().unwrap().as_str());
    if let Some(token) = ask.token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(ask.body.unwrap_or_default()));
    sender
        .send_request(request.body(body).unwrap())
        .await
        .unwrap()
}

fn connector(ca_pem: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots
        .add(rustls::pki_types::CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

/// Fails the test when something takes far too long, so that no test hangs.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future)
        .await
        .unwrap_or_else(|_| panic!("{what} took more than 30 s"))
}
