//! A WebSocket client: opens, sends, and receives JSON frames in order.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::lab::{Lab, User, soon};

pub(crate) struct Socket {
    stream: WebSocketStream<TlsStream<TcpStream>>,
    /// The subprotocol that the platform chose.
    pub(crate) subprotocol: Option<String>,
}

impl Socket {
    /// A handshake with these headers; the status when it is refused.
    pub(crate) async fn try_open(lab: &Lab, headers: &[(&str, String)]) -> Result<Self, u16> {
        let url = format!("wss://{}/ws", lab.api_authority());
        let mut request = url.into_client_request().unwrap();
        for (name, value) in headers {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        let stream = lab.tls_stream(lab.api_authority()).await;
        match soon("a handshake", client_async(request, stream)).await {
            Ok((stream, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                let subprotocol = chosen.map(|name| name.to_str().unwrap().to_owned());
                Ok(Self {
                    stream,
                    subprotocol,
                })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("the handshake broke: {other}"),
        }
    }

    /// An open socket whose welcome was received.
    pub(crate) async fn open(lab: &Lab, user: &User, nonce: &str) -> Self {
        let headers = [
            ("authorization", format!("Bearer {}", user.token)),
            (
                "baggage",
                format!("muster.nonce={nonce},muster.case=c,muster.attempt=1"),
            ),
        ];
        let mut socket = Self::try_open(lab, &headers)
            .await
            .unwrap_or_else(|s| panic!("refused: {s}"));
        let welcome = socket.next().await;
        assert_eq!(welcome["data"]["event"], "connection_established");
        assert_eq!(welcome["data"]["user_id"], user.id);
        socket
    }

    pub(crate) async fn send(&mut self, value: Value) {
        self.send_text(&value.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.unwrap();
    }

    /// The next JSON frame; pings and pongs are passed over.
    pub(crate) async fn next(&mut self) -> Value {
        soon("a frame", self.try_next())
            .await
            .unwrap_or_else(|error| panic!("no frame: {error}"))
    }

    /// The next JSON frame, or how the connection ended.
    pub(crate) async fn try_next(&mut self) -> Result<Value, String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(format!("close {frame:?}")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(format!("broken {error}")),
                None => return Err("end".into()),
            }
        }
    }

    /// All frames up to and including the first of this type.
    pub(crate) async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = Vec::new();
        loop {
            let frame = self.next().await;
            let last = frame["type"] == kind;
            frames.push(frame);
            if last {
                return frames;
            }
        }
    }

    /// All frames until the connection ends, and how it ended.
    pub(crate) async fn until_end(&mut self) -> (Vec<Value>, String) {
        let mut frames = Vec::new();
        loop {
            match soon("the end", self.try_next()).await {
                Ok(frame) => frames.push(frame),
                Err(end) => return (frames, end),
            }
        }
    }

    /// Whether nothing comes for so long.
    pub(crate) async fn is_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.try_next()).await.is_err()
    }

    pub(crate) async fn start_run(&mut self, prompt: &str, cut_after: Option<&str>) {
        let payload = json!({ "agent": "triage", "prompt": prompt, "cut_after": cut_after });
        self.send(json!({ "type": "start_agent", "payload": payload }))
            .await;
    }
}

pub(crate) fn kinds(frames: &[Value]) -> Vec<&str> {
    frames
        .iter()
        .map(|frame| frame["type"].as_str().unwrap())
        .collect()
}

pub(crate) fn numbers(frames: &[Value]) -> Vec<u64> {
    frames
        .iter()
        .filter_map(|frame| frame["seq"].as_u64())
        .collect()
}
