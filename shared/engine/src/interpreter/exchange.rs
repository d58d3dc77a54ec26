//! One exchange over the transport: trace context out, the answer in, both recorded.

use std::sync::{Arc, PoisonError};

use ::http::HeaderMap;
use ::http::header::{COOKIE, HeaderName, HeaderValue};
use bytes::Bytes;
use domain::record::{ExchangeKind, Phases};
use tokio::time::Instant;
use url::Url;

use super::Interpreter;
use super::frame::Actor;
use super::gather::Gathered;
use super::render::Rendered;
use crate::dialer::milliseconds;
use crate::recording::{Exchanged, Place, Record, Response, Seen};
use crate::tape::Live;
use crate::trace;
use crate::transport::{Answering, Broken, Call, Traffic, Unanswered};

/// How a body is read.
pub(super) enum Reading<'a> {
    Whole,
    /// Piece by piece, until the function says stop.
    Pieces(&'a mut (dyn FnMut(&Arc<Record>) -> bool + Send)),
}

impl Interpreter {
    /// One request and its answer, recorded.
    pub(super) async fn exchange(
        self: &Arc<Self>,
        actor: &Actor,
        place: &Place,
        kind: ExchangeKind,
        rendered: &Rendered,
        deadline: Instant,
        reading: Reading<'_>,
    ) -> Arc<Exchanged> {
        let live = async {
            let Some(live) = self.tape.live() else {
                return Seen::Passed;
            };
            Seen::Exchanged(Arc::new(
                self.talk(live, actor, place, kind, rendered, deadline, reading)
                    .await,
            ))
        };
        let Seen::Exchanged(exchanged) = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        self.tape
            .sends_alike(|| rendered.was_sent_as(&exchanged))
            .await;
        if let (Some(user), Some(response), Ok(url)) = (
            actor.user(),
            &exchanged.response,
            Url::parse(&exchanged.url),
        ) {
            user.jar
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(&url, &response.headers);
        }
        exchanged
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "an exchange has this many independent parts"
    )]
    async fn talk(
        &self,
        live: &Live,
        actor: &Actor,
        place: &Place,
        kind: ExchangeKind,
        rendered: &Rendered,
        deadline: Instant,
        reading: Reading<'_>,
    ) -> Exchanged {
        let started = Instant::now();
        let begun = live.spans.begin(
            &place.span_id,
            &format!("{} {}", rendered.method, rendered.url.path()),
            live.clock.of(started),
        );
        let call = self.call(live, actor, rendered, &begun.span_id, deadline);
        let mut pending = PendingExchange::new(live, place, kind, &call, &begun.span_id, started);
        let mut exchanged = match live.transport.request(&call).await {
            Ok(answering) => read(live, answering, &call, deadline, reading, pending.blank()).await,
            Err(unanswered) => unanswered_exchange(unanswered, pending.blank()),
        };
        pending.disarm();
        exchanged.elapsed_ms = milliseconds(started.elapsed());
        live.spans.end(
            &begun,
            live.clock.at_ms(),
            exchange_attributes(&exchanged),
            exchanged.broken.is_some(),
        );
        exchanged
    }

    /// The request with trace context, baggage and cookies.
    pub(super) fn call(
        &self,
        live: &Live,
        actor: &Actor,
        rendered: &Rendered,
        span_id: &str,
        deadline: Instant,
    ) -> Call {
        let mut headers = rendered.headers.clone();
        let mut set = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("traceparent", &live.spans.parent_header(span_id));
        if self.case.suite.baggage {
            set(
                "baggage",
                &trace::baggage(&self.nonce, self.case.id.as_str(), self.case.attempt.0),
            );
        }
        if let Some(user) = actor.user() {
            let cookies = user
                .jar
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .header(&rendered.url);
            if let Some(cookies) = cookies.filter(|_| !rendered.headers.contains_key(COOKIE)) {
                set("cookie", &cookies);
            }
        }
        Call {
            user: actor.name(),
            method: rendered.method.clone(),
            url: rendered.url.clone(),
            headers,
            body: rendered.body.clone(),
            deadline,
        }
    }
}

/// Records an exchange that is cut off by a time around it, so that readers see what hung.
pub(super) struct PendingExchange<'a> {
    live: &'a Live,
    place: &'a Place,
    blank: Option<Exchanged>,
    started: Instant,
}

impl<'a> PendingExchange<'a> {
    pub(super) fn new(
        live: &'a Live,
        place: &'a Place,
        kind: ExchangeKind,
        call: &Call,
        span_id: &str,
        started: Instant,
    ) -> Self {
        let blank = blank(live, kind, call, span_id, started);
        Self {
            live,
            place,
            blank: Some(blank),
            started,
        }
    }

    /// The exchange without an answer.
    pub(super) fn blank(&self) -> Exchanged {
        self.blank.as_ref().map(copy_of_request).unwrap_or_default()
    }

    pub(super) fn disarm(&mut self) {
        self.blank = None;
    }
}

impl Drop for PendingExchange<'_> {
    fn drop(&mut self) {
        if let Some(mut exchanged) = self.blank.take() {
            exchanged.broken = Some(Broken::Timeout("when it was cut off"));
            exchanged.elapsed_ms = milliseconds(self.started.elapsed());
            let place = Place {
                path: format!("{}.cut", self.place.path).into(),
                ..self.place.clone()
            };
            self.live
                .record(place, Seen::Exchanged(Arc::new(exchanged)));
        }
    }
}

fn blank(
    live: &Live,
    kind: ExchangeKind,
    call: &Call,
    span_id: &str,
    started: Instant,
) -> Exchanged {
    Exchanged {
        kind,
        method: call.method.to_string(),
        url: call.url.to_string(),
        request_headers: call.headers.clone(),
        request_body: call.body.clone(),
        span_id: span_id.to_owned(),
        at_ms: live.clock.of(started),
        ..Exchanged::default()
    }
}

fn copy_of_request(exchanged: &Exchanged) -> Exchanged {
    Exchanged {
        kind: exchanged.kind,
        method: exchanged.method.clone(),
        url: exchanged.url.clone(),
        request_headers: exchanged.request_headers.clone(),
        request_body: exchanged.request_body.clone(),
        span_id: exchanged.span_id.clone(),
        at_ms: exchanged.at_ms,
        ..Exchanged::default()
    }
}

impl Default for Exchanged {
    fn default() -> Self {
        Self {
            kind: ExchangeKind::Http,
            method: String::new(),
            url: String::new(),
            request_headers: HeaderMap::new(),
            request_body: Bytes::new(),
            response: None,
            broken: None,
            peer: String::new(),
            phases: Phases::default(),
            traffic: Traffic::default(),
            span_id: String::new(),
            at_ms: 0.0,
            elapsed_ms: 0.0,
        }
    }
}

pub(super) fn unanswered_exchange(unanswered: Unanswered, blank: Exchanged) -> Exchanged {
    Exchanged {
        broken: Some(unanswered.broken),
        peer: unanswered.peer,
        phases: unanswered.phases,
        traffic: unanswered.traffic,
        ..blank
    }
}

/// Reads the body, and puts the exchange together.
async fn read(
    live: &Live,
    answering: Answering,
    call: &Call,
    deadline: Instant,
    reading: Reading<'_>,
    blank: Exchanged,
) -> Exchanged {
    let Answering { head, mut body } = answering;
    let gathered = Gathered::of(live, &head, &mut *body, deadline, reading).await;
    let mut phases = head.phases;
    phases.receive_ms = milliseconds(head.first_byte.elapsed());
    tracing::trace!(method = %call.method, status = head.status, "answered");
    let response = Response {
        status: head.status,
        headers: head.headers,
        body: gathered.body,
        session: head.session,
        records: gathered.records,
        ..Response::default()
    };
    Exchanged {
        response: Some(response),
        broken: gathered.broken,
        peer: head.peer,
        phases,
        traffic: body.traffic(),
        ..blank
    }
}

pub(super) fn exchange_attributes(exchanged: &Exchanged) -> Vec<(String, String)> {
    let mut attributes = vec![
        ("http.request.method".to_owned(), exchanged.method.clone()),
        ("url.full".to_owned(), exchanged.url.clone()),
        ("network.peer.address".to_owned(), exchanged.peer.clone()),
    ];
    if let Some(response) = &exchanged.response {
        attributes.push((
            "http.response.status_code".to_owned(),
            response.status.to_string(),
        ));
    }
    if let Some(broken) = &exchanged.broken {
        attributes.push(("error.type".to_owned(), broken.word().to_owned()));
    }
    attributes
}
