//! The door from outside, over real sockets: what is answered, and to how many.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

#[derive(Debug)]
struct Standby;

#[async_trait]
impl Health for Standby {
    async fn live(&self) -> Answer {
        Answer::yes("lives")
    }

    async fn ready(&self) -> Answer {
        Answer::yes("stands by")
    }

    async fn leads(&self) -> Option<Answer> {
        Some(Answer::no("stands by"))
    }
}

#[derive(Debug)]
struct Leaderless;

#[async_trait]
impl Health for Leaderless {
    async fn live(&self) -> Answer {
        Answer::yes("lives")
    }

    async fn ready(&self) -> Answer {
        Answer::no("no coordinator")
    }
}

fn serve(health: impl Health) -> (SocketAddr, JoinSet<()>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.address();
    let mut tasks = JoinSet::new();
    tasks.spawn(listener.serve(Arc::new(health)));
    (address, tasks)
}

/// The first and the last line of what is answered.
async fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: x\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).await.unwrap();
    let line = |line: Option<&str>| line.unwrap_or_default().to_owned();
    (line(all.lines().next()), line(all.lines().last()))
}

fn said(status: &str, why: &str) -> (String, String) {
    (format!("HTTP/1.1 {status}"), why.to_owned())
}

#[tokio::test]
async fn a_standby_lives_and_is_ready_and_does_not_lead() {
    let (address, _tasks) = serve(Standby);
    assert_eq!(ask(address, "GET /livez").await, said("200 OK", "lives"));
    let ready = ask(address, "GET /readyz").await;
    assert_eq!(ready, said("200 OK", "stands by"));
    let leads = ask(address, "GET /leadz").await;
    assert_eq!(leads, said("503 Service Unavailable", "stands by"));
}

#[tokio::test]
async fn who_waits_for_others_is_not_killed_for_it() {
    let (address, _tasks) = serve(Leaderless);
    assert_eq!(ask(address, "GET /livez").await, said("200 OK", "lives"));
    let ready = ask(address, "GET /readyz").await;
    assert_eq!(ready, said("503 Service Unavailable", "no coordinator"));
    let leads = ask(address, "GET /leadz").await.0;
    assert_eq!(leads, "HTTP/1.1 404 Not Found");
}

#[tokio::test]
async fn nothing_else_is_answered() {
    let (address, _tasks) = serve(Standby);
    assert_eq!(ask(address, "GET /").await.0, "HTTP/1.1 404 Not Found");
    let posted = ask(address, "POST /livez").await.0;
    assert_eq!(posted, "HTTP/1.1 405 Method Not Allowed");
}

#[tokio::test]
async fn those_who_never_ask_keep_nobody_out_for_long() {
    let (address, _tasks) = serve(Standby);
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS + 4 {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    assert_eq!(ask(address, "GET /livez").await, said("200 OK", "lives"));
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let taken = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let error = Listener::bind(taken.address()).unwrap_err().to_string();
    assert!(error.contains(&taken.address().to_string()), "{error}");
    assert!(error.contains("--health"), "{error}");
}
