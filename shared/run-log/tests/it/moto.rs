//! Logs in another S3 server that is not ours: PyPI's moto, behind a proxy.
//!
//! moto looks for `If-None-Match` and then stores, which two threads may do at once; so the proxy
//! lets one request per key through at a time. `cargo xtask test` installs moto below `target/`.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use run_log::conformance::racing::{self, Holders, Race};
use run_log::conformance::{self};
use run_log::object::Patience;
use run_log::{LogId, ObjectStore, Position, Store};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::s3;

/// Python answers slowly on a busy machine.
const READY: Duration = Duration::from_secs(120);
const PATIENCE: Patience = Patience {
    request: Duration::from_secs(20),
    read: Duration::from_secs(120),
    append: Duration::from_secs(120),
};
/// Its threads are slow: the full race runs over the other servers.
const RACE: Race = Race {
    racers: 16,
    numbers: 12,
};

/// moto and its proxy; both end when this is dropped.
struct Moto {
    process: Child,
    _runtime: Runtime,
}

impl Drop for Moto {
    fn drop(&mut self) {
        // An error here says that it has ended already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn store() -> (ObjectStore, Moto) {
    s3::install_provider();
    let (process, behind) = start_moto();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let made = runtime.block_on(client.put(format!("{behind}/grid")).send());
    assert!(made.unwrap().status().is_success());
    let proxy = Arc::new(Proxy {
        behind,
        client,
        keys: Mutex::default(),
    });
    drop(runtime.spawn(serve(listener, proxy)));
    let store = ObjectStore::with_patience(&s3::address(url), PATIENCE).unwrap();
    let moto = Moto {
        process,
        _runtime: runtime,
    };
    (store, moto)
}

/// Beside the folder of the profile that this test was built in.
fn program() -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let target = this.ancestors().nth(3).unwrap();
    let program = target.join("moto/bin/moto_server");
    assert!(
        program.is_file(),
        "{} is missing; `cargo xtask test` installs it",
        program.display()
    );
    program
}

fn start_moto() -> (Child, String) {
    let mut process = Command::new(program())
        .args(["-H", "127.0.0.1", "-p", "0"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let (found, url) = mpsc::channel();
    // It reads on to the end, so that the pipe never fills.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if let Some((_, url)) = line.split_once("Running on ") {
                found.send(url.trim().to_owned()).unwrap();
            }
        }
    });
    let url = url.recv_timeout(READY).unwrap();
    (process, url)
}

struct Proxy {
    behind: String,
    client: reqwest::Client,
    keys: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

async fn serve(listener: TcpListener, proxy: Arc<Proxy>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let proxy = proxy.clone();
        connections.spawn(async move {
            let service = service_fn(|request| pass_on(proxy.clone(), request));
            // The client may close whenever it likes.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn pass_on(
    proxy: Arc<Proxy>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().unwrap().to_string();
    let alone = {
        let mut keys = proxy.keys.lock().unwrap();
        keys.entry(path.clone()).or_default().clone()
    };
    let _alone = alone.lock().await;
    let body = body.collect().await.unwrap().to_bytes();
    let asked = proxy
        .client
        .request(head.method, format!("{}{path}", proxy.behind))
        .headers(head.headers)
        .body(body);
    let answer = asked.send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if name != "transfer-encoding" && name != "connection" {
            response = response.header(name, value);
        }
    }
    let body = answer.bytes().await.unwrap();
    Ok(response.body(Full::new(body)).unwrap())
}

#[test]
fn a_server_that_is_not_ours_keeps_logs_and_blobs_too() {
    let (store, _moto) = store();
    store.check().unwrap();
    conformance::appended_events_are_read_back(&store).unwrap();
    conformance::blobs_are_found_by_their_digest(&store).unwrap();
    let mut log = store.open(&LogId::Grid).unwrap();
    for at in 0..40 {
        log.append(at, &conformance::batch(1, &["tick"])).unwrap();
    }
    assert_eq!(store.open(&LogId::Grid).unwrap().end(), 40);
    assert_eq!(
        store.tail(&LogId::Grid).next(Position::MAX).unwrap().len(),
        40
    );
}

#[test]
fn a_server_that_is_not_ours_lets_one_racer_win() {
    let (store, _moto) = store();
    racing::each_number_has_one_winner(&store, RACE, Holders::Each).unwrap();
}
