//! Kept-alive connections: reused, found dead, and when a request may be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{assert_ended, environment_with, run_in};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// A server that answers the first request of each connection and hangs up on the second, after
/// it was read.
struct HangsUp {
    port: u16,
    requests: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl HangsUp {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(AtomicUsize::new(0));
        let seen = requests.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, seen.clone()));
            }
        });
        Self {
            port,
            requests,
            _tasks: tasks,
        }
    }

    fn environment(&self) -> String {
        environment_with(self.port, &format!("  - \"127.0.0.1:{}\"\n", self.port), "")
    }
}

async fn serve(mut stream: TcpStream, requests: Arc<AtomicUsize>) {
    read_request(&mut stream).await;
    requests.fetch_add(1, Ordering::SeqCst);
    stream.write_all(ANSWER).await.unwrap();
    read_request(&mut stream).await;
    requests.fetch_add(1, Ordering::SeqCst);
}

async fn read_request(stream: &mut TcpStream) {
    let mut text = Vec::new();
    let mut piece = [0; 4096];
    while !text.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => text.extend_from_slice(&piece[..count]),
            _ => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn a_repeatable_request_is_sent_again_when_a_kept_connection_is_dead() {
    let server = HangsUp::start().await;
    let body = "steps:\n  - repeat: { times: 3 }\n    as: nobody\n    steps:\n      - http: GET /a\n        status: 200\n";
    let ended = run_in(&server.environment(), body).await;
    assert_ended(&ended, Outcome::Passed, "");
    // Three answered, and two that were read and never answered.
    assert_eq!(server.requests.load(Ordering::SeqCst), 5);
    assert_eq!(ended.result.evidence.exchanges, 3);
}

#[tokio::test]
async fn a_request_that_may_have_had_an_effect_is_never_sent_twice() {
    let server = HangsUp::start().await;
    let body = "steps:\n  - http: POST /a\n    as: nobody\n    status: 200\n  - http: POST /a\n    as: nobody\n    status: 200\n";
    let ended = run_in(&server.environment(), body).await;
    assert_ended(&ended, Outcome::Failed, "closed: POST /a");
    assert_eq!(server.requests.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn garbage_in_place_of_an_answer_fails_with_its_word() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(b"\x16\x03nonsense\r\n\r\n").await.unwrap();
            read_request(&mut stream).await;
        }
    });
    let environment = environment_with(port, &format!("  - \"127.0.0.1:{port}\"\n"), "");
    let ended = run_in(
        &environment,
        "steps:\n  - http: GET /a\n    as: nobody\n    status: 200\n",
    )
    .await;
    assert_ended(&ended, Outcome::Failed, "protocol: GET /a");
}
