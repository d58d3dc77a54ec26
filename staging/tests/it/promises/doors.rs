//! Probes of who is let in: tokens, logins, visits, browsers' pages, and limits.

use http::{HeaderMap, Method};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lab::{Ask, Lab, User, soon, text};
use crate::socket::Socket;

pub(super) async fn configuration_is_closed(lab: &Lab) -> bool {
    let user = lab.user("curious").await;
    lab.get("/api/config", Some(&user)).await.status == 403
}

pub(super) async fn foreign_issuer_is_refused(lab: &Lab) -> bool {
    let token = lab.environment_value("foreign_issuer");
    let ask = Ask {
        token: Some(&token),
        ..Ask::default()
    };
    lab.api(Method::GET, "/api/threads", ask).await.status == 401
}

/// A code for this state, from the provider.
pub(crate) async fn code(lab: &Lab, state: &str, email: &str) -> String {
    let callback = format!("{}/auth/callback", lab.running.auth_url());
    let url = format!(
        "{}/authorize?response_type=code&client_id=reference-platform-web&redirect_uri={}&state={state}&login_hint={email}",
        lab.environment_value("provider"),
        callback.replace(':', "%3A").replace('/', "%2F"),
    );
    let (status, headers) = lab.headers(Method::GET, &url, Ask::default()).await;
    assert_eq!(status, 302);
    query(&headers, "code")
}

/// A parameter of the address that an answer redirects to.
pub(crate) fn query(headers: &HeaderMap, name: &str) -> String {
    let location = headers["location"].to_str().unwrap();
    let query = location.split_once('?').unwrap().1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
}

pub(super) async fn forged_state_is_refused(lab: &Lab) -> bool {
    let code = code(lab, "forged", "victim@example.org").await;
    let path = format!("/auth/callback?code={code}&state=forged");
    lab.auth(Method::GET, &path, Ask::default()).await.status == 400
}

pub(super) async fn refresh_is_good_once(lab: &Lab) -> bool {
    let user = lab.user("refreshing").await;
    let body = json!({ "refresh_token": user.refresh });
    assert_eq!(
        lab.auth_post("/auth/refresh", None, &body).await.status,
        200
    );
    lab.auth_post("/auth/refresh", None, &body).await.status == 401
}

pub(super) async fn lifetime_is_told_truly(lab: &Lab) -> bool {
    let user = lab.user("brief").await;
    let body = json!({ "lifetime_s": 7 });
    let answer = lab.auth_post("/auth/token", Some(&user.token), &body).await;
    answer.status == 200 && answer.body["expires_in"] == 7
}

pub(super) async fn logout_ends(lab: &Lab) -> bool {
    let user = lab.user("leaving").await;
    let gone = lab
        .auth_post("/auth/logout", Some(&user.token), &json!({}))
        .await;
    assert_eq!(gone.status, 200);
    lab.get("/api/threads", Some(&user)).await.status == 401
}

/// The pair that an answer's cookie is.
pub(crate) fn cookie(headers: &HeaderMap) -> String {
    let text = headers["set-cookie"].to_str().unwrap();
    text.split(';').next().unwrap().to_owned()
}

pub(super) async fn login_changes_the_visit(lab: &Lab) -> bool {
    lab.user("visitor").await;
    let session = lab.auth(Method::GET, "/auth/session", Ask::default()).await;
    let planted = cookie(&session.headers);
    let body = json!({ "email": "visitor@example.org", "password": "a good password" });
    let ask = Ask {
        headers: vec![("cookie", planted.clone())],
        body: Some(body.to_string()),
        ..Ask::default()
    };
    let login = lab.auth(Method::POST, "/auth/login", ask).await;
    assert_eq!(login.status, 200);
    cookie(&login.headers) != planted
}

pub(super) async fn plain_is_sent_to_tls(lab: &Lab) -> bool {
    let authority = lab.environment_value("plain").replace("http://", "");
    let mut tcp = TcpStream::connect(authority).await.unwrap();
    let request = b"GET /api/threads?limit=3 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    tcp.write_all(request).await.unwrap();
    let mut answer = String::new();
    soon("the redirect", tcp.read_to_string(&mut answer))
        .await
        .unwrap();
    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    let to = format!("location: {}/api/threads?limit=3", lab.running.api_url());
    answer.contains(&to)
}

/// What a page of this origin is told about reading an answer.
pub(crate) async fn shared(lab: &Lab, method: Method, origin: &str) -> (u16, HeaderMap) {
    let url = format!("{}/health", lab.running.api_url());
    let headers = vec![
        ("origin", origin.to_owned()),
        ("access-control-request-method", "GET".to_owned()),
    ];
    let ask = Ask {
        headers,
        ..Ask::default()
    };
    lab.headers(method, &url, ask).await
}

pub(super) async fn other_origins_read_nothing(lab: &Lab) -> bool {
    let (_, own) = shared(lab, Method::GET, "https://app.reference.test").await;
    assert_eq!(
        own["access-control-allow-origin"],
        "https://app.reference.test"
    );
    let (_, other) = shared(lab, Method::GET, "https://malicious-site.example").await;
    !other.contains_key("access-control-allow-origin")
}

pub(super) async fn endpoints_count_apart(lab: &Lab) -> bool {
    let user = lab.user("searching").await;
    let hit = async |path: &'static str, user: User| -> Value {
        lab.get(path, Some(&user)).await.body["remaining"].clone()
    };
    hit("/api/limited/search", user.clone()).await;
    hit("/api/limited/export", user).await == 9
}

pub(super) async fn foreign_page_opens_no_socket(lab: &Lab) -> bool {
    let user = lab.user("lured").await;
    let headers = [
        ("authorization", format!("Bearer {}", user.token)),
        ("origin", "https://malicious-site.example".to_owned()),
    ];
    Socket::try_open(lab, &headers).await.map(|_| ()) == Err(403)
}

/// The state of a login that began here.
pub(crate) async fn state(lab: &Lab) -> String {
    let answer = lab
        .auth(Method::GET, "/auth/login?provider=google", Ask::default())
        .await;
    assert_eq!(answer.status, 302);
    assert!(text(&json!(answer.headers["location"].to_str().unwrap())).contains("/authorize?"));
    query(&answer.headers, "state")
}
