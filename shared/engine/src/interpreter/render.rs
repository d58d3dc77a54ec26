//! From a request as written to one that can be sent: address, headers, body.
//!
//! A path belongs to a service of the environment; a template that begins with a value is a base
//! address of its own, and the dialer judges it like any other. The step's own headers win over
//! what the user's class attaches; trace context and baggage are always the engine's.

use ::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use ::http::{HeaderMap, Method};
use base64::Engine as _;
use bytes::Bytes;
use expression::{EvalError, Template, Value};
use suite::model::{Body, Handshake, Message, Request, Target, ValueTemplate};
use url::Url;

use super::Interpreter;
use super::frame::Frame;
use crate::judge::{Fault, Stop, line};
use crate::recording::{Exchanged, Place};
use crate::transport::Frame as WireFrame;

/// A request that can be sent.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Headers for this origin alone: what the user's class attaches, what has a secret name, what
    /// was made from a secret. A redirect to another origin leaves them behind.
    pub(crate) bound: Vec<HeaderName>,
}

/// Headers while they are written.
#[derive(Default)]
struct Headers {
    map: HeaderMap,
    bound: Vec<HeaderName>,
}

impl Rendered {
    /// Whether this is what was recorded as sent. Headers that the engine adds are not compared.
    pub(crate) fn was_sent_as(&self, sent: &Exchanged) -> bool {
        let has_header = |(name, value): (&HeaderName, &HeaderValue)| {
            let sent = sent.request_headers.get_all(name);
            sent.iter().any(|other| other == value)
        };
        self.method.as_str() == sent.method
            && self.url.as_str() == sent.url
            && self.body == sent.request_body
            && self.headers.iter().all(has_header)
    }
}

const AGENT: HeaderValue = HeaderValue::from_static(concat!("muster/", env!("CARGO_PKG_VERSION")));

impl Interpreter {
    pub(crate) fn request(
        &self,
        frame: &mut Frame,
        request: &Request,
        place: &Place,
    ) -> Result<Rendered, Stop> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|error| errored(place, format!("method `{}`: {error}", request.method)))?;
        let url = self.url(frame, &request.target, &request.query, place)?;
        let mut headers = self.attached(frame, place)?;
        let (body, content_type) = self.body(frame, &request.body, place)?;
        if let Some(content_type) = content_type {
            headers
                .map
                .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        self.write_headers(frame, &request.headers, &mut headers, place)?;
        Ok(Rendered {
            method,
            url,
            headers: headers.map,
            body,
            bound: headers.bound,
        })
    }

    pub(crate) fn handshake(
        &self,
        frame: &mut Frame,
        handshake: &Handshake,
        place: &Place,
    ) -> Result<Rendered, Stop> {
        let url = self.url(frame, &handshake.target, &handshake.query, place)?;
        let mut headers = self.attached(frame, place)?;
        self.write_headers(frame, &handshake.headers, &mut headers, place)?;
        if !handshake.subprotocols.is_empty() {
            let offered: Result<Vec<_>, EvalError> = handshake
                .subprotocols
                .iter()
                .map(|template| Ok(self.text(frame, template)?.to_string()))
                .collect();
            let offered = offered.map_err(|error| line::broken(&error, place, "subprotocols"))?;
            headers.map.insert(
                SEC_WEBSOCKET_PROTOCOL,
                header_value("subprotocols", &offered.join(", "), place)?,
            );
        }
        Ok(Rendered {
            method: Method::GET,
            url,
            headers: headers.map,
            body: Bytes::new(),
            bound: headers.bound,
        })
    }

    fn url(
        &self,
        frame: &mut Frame,
        target: &Target,
        query: &[(String, ValueTemplate)],
        place: &Place,
    ) -> Result<Url, Stop> {
        let path = self
            .url_text(frame, &target.path)
            .map_err(|error| line::broken(&error, place, "path"))?;
        let path = path.as_text().unwrap_or_default();
        let text = if target.path.begins_with_value() && path.contains("://") {
            path.to_owned()
        } else {
            let base = self
                .base(target.service.as_deref(), place)?
                .trim_end_matches('/');
            let slash = if path.starts_with('/') { "" } else { "/" };
            format!("{base}{slash}{path}")
        };
        let mut url = Url::parse(&text)
            .map_err(|error| errored(place, format!("address `{text}`: {error}")))?;
        for (name, template) in query {
            let value = self
                .value(frame, template)
                .map_err(|error| line::broken(&error, place, &format!("query {name}")))?;
            url.query_pairs_mut().append_pair(name, &value.to_string());
        }
        Ok(url)
    }

    fn base(&self, service: Option<&str>, place: &Place) -> Result<&str, Stop> {
        let services = &self.case.environment.services;
        let found = match service {
            Some(wanted) => services.iter().find(|(name, _)| name == wanted),
            None => services.first(),
        };
        found.map(|(_, url)| url.as_str()).ok_or_else(|| {
            let what = service.map_or_else(
                || "no service".to_owned(),
                |name| format!("no service `{name}`"),
            );
            errored(
                place,
                format!("the environment has {what}; name it under `services:`"),
            )
        })
    }

    /// What the user's class attaches, and what says who we are.
    fn attached(&self, frame: &mut Frame, place: &Place) -> Result<Headers, Stop> {
        let mut headers = Headers::default();
        if let Some(user) = frame.actor.user().filter(|_| frame.attaches).cloned() {
            self.write_headers(frame, &user.class.attach_headers, &mut headers, place)?;
        }
        headers.bound = headers.map.keys().cloned().collect();
        headers.map.entry(USER_AGENT).or_insert(AGENT);
        Ok(headers)
    }

    fn write_headers(
        &self,
        frame: &mut Frame,
        written: &[(String, Template)],
        headers: &mut Headers,
        place: &Place,
    ) -> Result<(), Stop> {
        for (name, template) in written {
            let value = self
                .text(frame, template)
                .map_err(|error| line::broken(&error, place, &format!("header {name}")))?;
            let key = HeaderName::from_bytes(name.as_bytes())
                .map_err(|error| errored(place, format!("header `{name}`: {error}")))?;
            let is_secret = self.case.names.is_secret(name);
            if is_secret {
                self.learn(name, &value.clone().tainted());
            }
            if is_secret || value.is_tainted() {
                headers.bound.push(key.clone());
            }
            headers
                .map
                .insert(key, header_value(name, &value.to_string(), place)?);
        }
        Ok(())
    }

    fn body(
        &self,
        frame: &mut Frame,
        body: &Body,
        place: &Place,
    ) -> Result<(Bytes, Option<&'static str>), Stop> {
        let broken = |error: EvalError| line::broken(&error, place, "body");
        Ok(match body {
            Body::Empty => (Bytes::new(), None),
            Body::Json(template) => {
                let json = self.json(frame, template).map_err(broken)?;
                (Bytes::from(json.to_string()), Some("application/json"))
            }
            Body::Form(pairs) => (
                self.form(frame, pairs).map_err(broken)?,
                Some("application/x-www-form-urlencoded"),
            ),
            Body::Text(template) => {
                let text = self.text(frame, template).map_err(broken)?;
                (
                    Bytes::from(text.to_string()),
                    Some("text/plain; charset=utf-8"),
                )
            }
            Body::Bytes(template) => {
                let value = self.template(frame, template).map_err(broken)?;
                (raw_bytes(&value, place)?, Some("application/octet-stream"))
            }
        })
    }

    fn form(
        &self,
        frame: &mut Frame,
        pairs: &[(String, ValueTemplate)],
    ) -> Result<Bytes, EvalError> {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, template) in pairs {
            form.append_pair(name, &self.value(frame, template)?.to_string());
        }
        Ok(Bytes::from(form.finish()))
    }

    pub(crate) fn frame_to_send(
        &self,
        frame: &mut Frame,
        message: &Message,
        place: &Place,
    ) -> Result<WireFrame, Stop> {
        let broken = |error: EvalError| line::broken(&error, place, "message");
        Ok(match message {
            Message::Json(template) => {
                WireFrame::Text(self.json(frame, template).map_err(broken)?.to_string())
            }
            Message::Text(template) => {
                WireFrame::Text(self.text(frame, template).map_err(broken)?.to_string())
            }
            Message::Bytes(template) => {
                let value = self.template(frame, template).map_err(broken)?;
                WireFrame::Binary(raw_bytes(&value, place)?)
            }
        })
    }
}

/// Bytes as they are, or written in base64.
fn raw_bytes(value: &Value, place: &Place) -> Result<Bytes, Stop> {
    match (value.as_bytes(), value.as_text()) {
        (Some(bytes), _) => Ok(Bytes::copy_from_slice(bytes)),
        (None, Some(text)) => base64::engine::general_purpose::STANDARD
            .decode(text.trim())
            .map(Bytes::from)
            .map_err(|error| {
                Stop::failed(Fault::new(
                    "evaluation",
                    place,
                    format!("bytes: not base64: {error}"),
                ))
            }),
        (None, None) => {
            let message = format!("bytes: a {} is neither bytes nor base64", value.type_name());
            Err(Stop::failed(Fault::new("evaluation", place, message)))
        }
    }
}

fn header_value(name: &str, text: &str, place: &Place) -> Result<HeaderValue, Stop> {
    HeaderValue::from_str(text)
        .or_else(|_| HeaderValue::from_bytes(text.as_bytes()))
        .map_err(|_| {
            Stop::failed(Fault::new(
                "evaluation",
                place,
                format!("header {name}: its value has a line break or control character"),
            ))
        })
}

fn errored(place: &Place, message: String) -> Stop {
    Stop::errored(Fault::new("request", place, message))
}
