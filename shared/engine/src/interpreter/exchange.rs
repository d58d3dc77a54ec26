//! One exchange over the transport: trace context out, the answer in, both recorded.

use std::sync::{Arc, PoisonError};

use ::http::HeaderMap;
use ::http::header::{COOKIE, HeaderName, HeaderValue};
use bytes::{Bytes, BytesMut};
use domain::record::{ExchangeKind, Phases};
use tokio::time::Instant;
use url::Url;

use super::Interpreter;
use super::frame::Actor;
use super::render::Rendered;
use super::splitter::Splitter;
use crate::dialer::milliseconds;
use crate::recording::{Exchanged, Place, Record, Response, Seen};
use crate::tape::Live;
use crate::trace;
use crate::transport::{
    Answering, BodyReader, Broken, Call, TRY_LIMIT, Traffic, Unanswered, VALUES_LIMIT,
};
use crate::weight;

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
    let mut gathered = Gathered::default();
    let has_room = live.keeps(headers_size(&head.headers));
    let broken = match reading {
        _ if !has_room => Some(Broken::TryLimit(TRY_LIMIT)),
        Reading::Whole => gathered.all(live, &mut *body, deadline).await,
        Reading::Pieces(wanted) => {
            let splitter = Splitter::for_answer(&head.headers);
            let pieces = gathered.pieces(live, &mut *body, deadline, splitter, wanted);
            pieces.await
        }
    };
    let mut phases = head.phases;
    phases.receive_ms = milliseconds(head.first_byte.elapsed());
    tracing::trace!(method = %call.method, status = head.status, "answered");
    let whole = gathered.whole.finish();
    let broken = broken.or_else(|| too_much(live, &whole));
    let response = Response {
        status: head.status,
        headers: head.headers,
        body: whole,
        session: head.session,
        records: gathered.records,
        ..Response::default()
    };
    Exchanged {
        response: Some(response),
        broken,
        peer: head.peer,
        phases,
        traffic: body.traffic(),
        ..blank
    }
}

/// What was read of a body. The functions that fill it say why they stopped, if not for its end.
#[derive(Default)]
struct Gathered {
    whole: Body,
    records: Vec<Arc<Record>>,
}

impl Gathered {
    async fn all(
        &mut self,
        live: &Live,
        body: &mut dyn BodyReader,
        deadline: Instant,
    ) -> Option<Broken> {
        loop {
            match next(live, body, deadline).await {
                Ok(Some(piece)) => self.whole.add(piece),
                Ok(None) => return None,
                Err(broken) => return Some(broken),
            }
        }
    }

    /// As far as it is wanted.
    async fn pieces(
        &mut self,
        live: &Live,
        body: &mut dyn BodyReader,
        deadline: Instant,
        mut splitter: Splitter,
        wanted: &mut (dyn FnMut(&Arc<Record>) -> bool + Send),
    ) -> Option<Broken> {
        loop {
            let piece = match next(live, body, deadline).await {
                Ok(piece) => piece,
                Err(broken) => return Some(broken),
            };
            let records = splitter.split(piece.as_deref(), live.clock.at_ms());
            let is_last = piece.is_none();
            if let Some(piece) = piece {
                self.whole.add(piece);
            }
            for record in records {
                let broken = too_much(live, &record.bytes);
                if broken.is_some() {
                    return broken;
                }
                let record = Arc::new(record);
                self.records.push(record.clone());
                if !wanted(&record) {
                    return None;
                }
            }
            if is_last {
                return None;
            }
        }
    }
}

/// The next piece, if the try has room for it.
async fn next(
    live: &Live,
    body: &mut dyn BodyReader,
    deadline: Instant,
) -> Result<Option<Bytes>, Broken> {
    let piece = body.next(deadline).await?;
    match &piece {
        Some(piece) if !live.keeps(piece.len()) => Err(Broken::TryLimit(TRY_LIMIT)),
        _ => Ok(piece),
    }
}

/// Whether bytes that are kept hold more JSON than may be parsed, or more than the try has room for.
fn too_much(live: &Live, bytes: &[u8]) -> Option<Broken> {
    if weight::values(bytes) > VALUES_LIMIT {
        return Some(Broken::ValuesLimit(VALUES_LIMIT));
    }
    // The bytes themselves were counted as they came.
    let has_room = live.keeps(weight::weight(bytes) - bytes.len());
    (!has_room).then_some(Broken::TryLimit(TRY_LIMIT))
}

fn headers_size(headers: &HeaderMap) -> usize {
    let one = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
    headers.iter().map(one).sum()
}

/// A body in pieces; one that came in a single piece is not copied.
#[derive(Default)]
struct Body {
    first: Option<Bytes>,
    rest: BytesMut,
}

impl Body {
    fn add(&mut self, piece: Bytes) {
        match (&self.first, self.rest.is_empty()) {
            (None, true) => self.first = Some(piece),
            (None, false) => self.rest.extend_from_slice(&piece),
            (Some(first), _) => {
                self.rest.extend_from_slice(first);
                self.rest.extend_from_slice(&piece);
                self.first = None;
            }
        }
    }

    fn finish(self) -> Bytes {
        self.first.unwrap_or_else(|| self.rest.freeze())
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
