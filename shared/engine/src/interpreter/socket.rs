//! The `websocket` step, and which socket a name means.
//!
//! A socket belongs to a user and to the turn or branch that opened it: five branches of one user
//! may each have a `chat`. The latest of a name is meant.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use domain::record::ExchangeKind;
use suite::model::{ExpectedStatus, Handshake, Track};
use tokio::time::Instant;

use super::exchange::{PendingExchange, exchange_attributes, unanswered_exchange};
use super::frame::{Actor, Frame, Last};
use super::render::Rendered;
use super::{Done, Here, Interpreter};
use crate::dialer::milliseconds;
use crate::judge::{Fault, Stop, status};
use crate::recording::{Exchanged, Place, Response, Seen};
use crate::socket::{self, Line, Log};
use crate::tape::Live;
use crate::transport::{Broken, Opening, Unanswered, Wire};

/// A socket that a test opened.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    /// Path of the step that opened it.
    pub(crate) path: Arc<str>,
    pub(crate) name: String,
    pub(crate) user: Arc<str>,
    pub(crate) owner: Arc<str>,
    pub(crate) log: Arc<Log>,
    pub(crate) track: Option<Track>,
    pub(crate) reconnects: bool,
    pub(crate) line_of_step: u32,
    /// First entry that no step has taken yet.
    cursor: AtomicUsize,
    /// The sending side; replaced by a reconnect, absent in a replay.
    line: Mutex<Option<Line>>,
}

impl OpenSocket {
    pub(crate) fn cursor(&self) -> usize {
        self.cursor.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, to: usize) {
        self.cursor.fetch_max(to, Ordering::Relaxed);
    }

    pub(crate) fn line(&self) -> Option<Line> {
        self.line
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_line(&self, line: Line) {
        *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }

    /// Entries of the log that existed at the frame's moment.
    pub(crate) fn seen_by(&self, frame: &Frame) -> usize {
        frame
            .moment
            .logs
            .iter()
            .find(|(path, _)| *path == self.path)
            .map_or(0, |(_, length)| *length)
    }
}

impl Interpreter {
    pub(super) async fn open(self: &Arc<Self>, here: &mut Here<'_>, handshake: &Handshake) -> Done {
        let (step, place) = (here.step, here.place);
        let frame = &mut *here.frame;
        self.refresh(frame, place).await?;
        let deadline = Instant::now() + step.within;
        let rendered = self.handshake(frame, handshake, place)?;
        let log = self.tape.log(&place.path);
        let mut opened = None;
        let live = async {
            let Some(live) = self.tape.live() else {
                return Seen::Passed;
            };
            let (exchanged, wire) = self
                .shake(live, &frame.actor, place, &rendered, deadline)
                .await;
            opened = wire;
            Seen::Exchanged(Arc::new(exchanged))
        };
        let Seen::Exchanged(exchanged) = self.tape.observe(place, live).await else {
            return std::future::pending().await;
        };
        self.tape
            .sends_alike(|| rendered.was_sent_as(&exchanged))
            .await;
        if exchanged
            .response
            .as_ref()
            .is_some_and(|response| response.status == 101)
        {
            self.add_socket(frame, place, handshake, log, opened);
        }
        self.judge_handshake(here, handshake, exchanged).await
    }

    async fn judge_handshake(
        &self,
        here: &mut Here<'_>,
        handshake: &Handshake,
        exchanged: Arc<Exchanged>,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        frame.last = Last::Answer(exchanged.clone());
        if let ExpectedStatus::Refused { refusal, line } = handshake.status {
            return self.judge_refusal(here, (refusal, line), &exchanged).await;
        }
        if let Some(broken) = &exchanged.broken {
            return Err(self.stop_of(broken, place, step));
        }
        let Some(response) = &exchanged.response else {
            return Err(self.stop_of(&Broken::Protocol("no answer".to_owned()), place, step));
        };
        let (check, fault) = status::judge(
            &handshake.status,
            status::Default::Switching,
            response.status,
            place,
        );
        journal
            .checks
            .extend(check.map(|check| domain::record::Check {
                soft: step.soft,
                ..check
            }));
        self.conclude(here, fault.map(Stop::failed)).await
    }

    fn add_socket(
        self: &Arc<Self>,
        frame: &Frame,
        place: &Place,
        handshake: &Handshake,
        log: Arc<Log>,
        wire: Option<Box<dyn Wire>>,
    ) {
        let socket = Arc::new(OpenSocket {
            path: place.path.clone(),
            name: handshake.socket.clone(),
            user: frame.actor.name(),
            owner: frame.owner.clone(),
            log: log.clone(),
            track: handshake.track.clone(),
            reconnects: handshake.reconnect.is_some(),
            line_of_step: place.line,
            cursor: AtomicUsize::new(0),
            line: Mutex::new(None),
        });
        if let (Some(live), Some(wire)) = (self.tape.live(), wire) {
            let (line, task) = socket::serve(wire, log, live.clock);
            socket.set_line(line);
            live.spawn(task);
        }
        self.sockets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(socket.clone());
        if let (Some(_), Some(reconnect)) = (self.tape.live(), &handshake.reconnect) {
            self.supervise(
                frame.clone(),
                socket,
                handshake.clone(),
                reconnect.clone(),
                place.clone(),
            );
        }
    }

    /// One handshake, live.
    pub(super) async fn shake(
        &self,
        live: &Live,
        actor: &Actor,
        place: &Place,
        rendered: &Rendered,
        deadline: Instant,
    ) -> (Exchanged, Option<Box<dyn Wire>>) {
        let started = Instant::now();
        let begun = live.spans.begin(
            &place.span_id,
            &format!("WEBSOCKET {}", rendered.url.path()),
            live.clock.of(started),
        );
        let call = self.call(live, actor, rendered, &begun.span_id, deadline);
        let mut pending = PendingExchange::new(
            live,
            place,
            ExchangeKind::WebSocket,
            &call,
            &begun.span_id,
            started,
        );
        let outcome = live.transport.open(&call).await;
        let blank = pending.blank();
        pending.disarm();
        let (mut exchanged, wire) = opened(outcome, blank);
        exchanged.elapsed_ms = milliseconds(started.elapsed());
        live.spans.end(
            &begun,
            live.clock.at_ms(),
            exchange_attributes(&exchanged),
            wire.is_none(),
        );
        (exchanged, wire)
    }

    /// The socket a name means in a frame: the acting user's, else the only one's.
    pub(super) fn socket_named(&self, frame: &Frame, name: &str) -> Option<Arc<OpenSocket>> {
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if sockets.is_empty() {
            return None;
        }
        let user = frame.actor.name();
        let visible = || {
            sockets
                .iter()
                .rev()
                .filter(|socket| socket.name == name && frame.owner.starts_with(&*socket.owner))
        };
        visible()
            .find(|socket| socket.user == user)
            .or_else(|| visible().next())
            .cloned()
    }

    pub(super) fn socket(
        &self,
        frame: &Frame,
        name: &str,
        place: &Place,
    ) -> Result<Arc<OpenSocket>, Stop> {
        self.socket_named(frame, name).ok_or_else(|| {
            Stop::failed(Fault::new(
                "closed",
                place,
                format!("`{name}` was not opened by the user that acts here"),
            ))
        })
    }
}

/// What came of a handshake: the exchange, and the connection if there is one.
fn opened(
    outcome: Result<Opening, Unanswered>,
    blank: Exchanged,
) -> (Exchanged, Option<Box<dyn Wire>>) {
    let (head, traffic, body, wire) = match outcome {
        Ok(Opening::Socket {
            head,
            traffic,
            wire,
        }) => (head, traffic, Bytes::new(), Some(wire)),
        Ok(Opening::Refused {
            head,
            traffic,
            body,
        }) => (head, traffic, body, None),
        Err(unanswered) => return (unanswered_exchange(unanswered, blank), None),
    };
    let response = Response {
        status: head.status,
        headers: head.headers,
        body,
        session: head.session,
        ..Response::default()
    };
    let (peer, phases) = (head.peer, head.phases);
    (
        Exchanged {
            response: Some(response),
            peer,
            phases,
            traffic,
            ..blank
        },
        wire,
    )
}
