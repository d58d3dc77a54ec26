//! Brings a socket back when its connection ends without our asking.
//!
//! Runs beside the steps in the same task, live only: what it did is in the socket's log, and
//! that is all a replay needs. The first attempt is made at once, later ones after a pause that
//! doubles; the resume message goes out before anything else on the new connection.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use suite::model::{Handshake, Reconnect};
use tokio::time::{Instant, timeout_at};

use super::frame::{Frame, Last};
use super::socket::OpenSocket;
use super::{Background, Interpreter, written};
use crate::recording::{Place, Seen, Sent};
use crate::socket::{self, Entry};
use crate::tape::Live;
use crate::transport::{Frame as WireFrame, Wire};

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One socket's watch over its connection.
struct Supervisor {
    interpreter: Arc<Interpreter>,
    frame: Frame,
    socket: Arc<OpenSocket>,
    handshake: Handshake,
    reconnect: Reconnect,
    place: Place,
}

impl Interpreter {
    pub(super) fn supervise(
        self: &Arc<Self>,
        frame: Frame,
        socket: Arc<OpenSocket>,
        handshake: Handshake,
        reconnect: Reconnect,
        place: Place,
    ) {
        let supervisor = Supervisor {
            interpreter: self.clone(),
            frame,
            socket,
            handshake,
            reconnect,
            place,
        };
        let watch: Background = supervisor.watch().boxed();
        // Without a receiver the try is over, and so is the watch.
        let _ = self.background.send(watch);
    }
}

impl Supervisor {
    async fn watch(mut self) {
        let interpreter = self.interpreter.clone();
        let Some(live) = interpreter.tape.live() else {
            return;
        };
        let mut changed = self.socket.log.watch();
        let mut seen = 0;
        let mut attempts = 0;
        loop {
            let length = *changed.borrow_and_update();
            for entry in self.socket.log.range(seen, length) {
                match entry {
                    Entry::Interrupted { at_ms, .. } => {
                        if !self.recover(live, at_ms, &mut attempts).await {
                            return;
                        }
                    }
                    Entry::Ended | Entry::GaveUp { .. } | Entry::Full => return,
                    Entry::Received(_) | Entry::Recovered { .. } => {}
                }
            }
            seen = length;
            if changed.changed().await.is_err() {
                return;
            }
        }
    }

    /// Whether a new connection took over in time.
    async fn recover(&mut self, live: &Live, interrupted_ms: f64, attempts: &mut u32) -> bool {
        let deadline = Instant::now() + self.reconnect.within;
        let mut pause = self.reconnect.backoff;
        let last = loop {
            *attempts += 1;
            let why = match self.attempt(live, deadline, *attempts).await {
                Ok(wire) => {
                    self.take_over(live, wire, interrupted_ms);
                    return true;
                }
                Err(why) => why,
            };
            let until = Instant::now() + self.jittered(pause, *attempts);
            pause = (pause * 2).min(LONGEST_PAUSE);
            if until >= deadline || !live.transport.may_send() {
                break why;
            }
            tokio::time::sleep_until(until).await;
        };
        let why = format!(
            "no new connection within {}: {last}",
            written(self.reconnect.within)
        );
        self.socket.log.append(Entry::GaveUp {
            at_ms: live.clock.at_ms(),
            why: why.into(),
        });
        false
    }

    /// One handshake, and the resume message on the new connection.
    async fn attempt(
        &mut self,
        live: &Live,
        deadline: Instant,
        number: u32,
    ) -> Result<Box<dyn Wire>, String> {
        let place = Place {
            path: format!("{}.reconnect[{number}]", self.place.path).into(),
            ..self.place.clone()
        };
        let interpreter = self.interpreter.clone();
        self.frame.see(Arc::new(live.moment()));
        let rendered = interpreter
            .handshake(&mut self.frame, &self.handshake, &place)
            .map_err(|stop| stop.fault().reason())?;
        let (exchanged, wire) = interpreter
            .shake(live, &self.frame.actor, &place, &rendered, deadline)
            .await;
        let why = match (&exchanged.broken, &exchanged.response) {
            (Some(broken), _) => broken.to_string(),
            (None, Some(response)) => {
                format!("the handshake was answered with {}", response.status)
            }
            (None, None) => "no answer".to_owned(),
        };
        live.record(place.clone(), Seen::Exchanged(Arc::new(exchanged)));
        let mut wire = wire.ok_or(why)?;
        self.resume(live, &mut wire, deadline, place).await?;
        Ok(wire)
    }

    async fn resume(
        &mut self,
        live: &Live,
        wire: &mut Box<dyn Wire>,
        deadline: Instant,
        place: Place,
    ) -> Result<(), String> {
        let Some(template) = &self.reconnect.resume else {
            return Ok(());
        };
        self.frame.see(Arc::new(live.moment()));
        self.frame.last = Last::Nothing;
        let message = self
            .interpreter
            .json(&mut self.frame, template)
            .map_err(|error| format!("the resume message: {error}"))?;
        let admitted = live.transport.admit_message(deadline).await;
        admitted.map_err(|broken| broken.to_string())?;
        let text = message.to_string();
        let started = Instant::now();
        let sent = timeout_at(deadline, wire.send(WireFrame::Text(text.clone()))).await;
        let broken = match sent {
            Ok(sent) => sent.err(),
            Err(_) => Some(crate::transport::Broken::Timeout(
                "while the resume message was sent",
            )),
        };
        let failed = broken.as_ref().map(ToString::to_string);
        let sent = Sent {
            socket: self.socket.path.clone(),
            payload: text.into(),
            at_ms: live.clock.of(started),
            elapsed_ms: crate::dialer::milliseconds(started.elapsed()),
            broken,
        };
        live.record(
            Place {
                path: format!("{}.resume", place.path).into(),
                ..place
            },
            Seen::Sent(Arc::new(sent)),
        );
        failed.map_or(Ok(()), Err)
    }

    fn take_over(&self, live: &Live, wire: Box<dyn Wire>, interrupted_ms: f64) {
        let (line, task) = socket::serve(wire, self.socket.log.clone(), live.clock);
        self.socket.set_line(line);
        self.socket.log.append(Entry::Recovered {
            recovery_ms: live.clock.at_ms() - interrupted_ms,
        });
        live.spawn(task);
    }

    /// Half to one and a half times the pause, by the try's own randomness.
    fn jittered(&self, pause: Duration, attempt: u32) -> Duration {
        if !self.reconnect.jitter {
            return pause;
        }
        let drawn = self
            .interpreter
            .seed
            .number(&format!("jitter/{}/{attempt}", self.place.path))
            % 1_000;
        pause / 2 + pause.mul_f64(f64::from(u32::try_from(drawn).unwrap_or(0)) / 1_000.0)
    }
}
