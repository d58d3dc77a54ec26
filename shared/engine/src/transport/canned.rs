//! Answers from a list, for unit tests of the interpreter: no socket, no time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use ::http::HeaderMap;
use async_trait::async_trait;
use bytes::Bytes;
use domain::record::Phases;
use tokio::time::Instant;

use super::{Answering, BodyReader, Broken, Call, Head, Opening, Traffic, Transport, Unanswered};

/// One answer.
#[derive(Clone, Debug)]
struct Canned {
    status: u16,
    body: String,
}

/// Answers by `METHOD path`, each queue in order; its last answer is given again and again.
#[derive(Debug, Default)]
pub(crate) struct CannedTransport {
    answers: Mutex<HashMap<String, VecDeque<Canned>>>,
    pub(crate) calls: Mutex<Vec<Call>>,
}

impl CannedTransport {
    pub(crate) fn answer(self, to: &str, status: u16, body: &str) -> Self {
        let canned = Canned {
            status,
            body: body.to_owned(),
        };
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(to.to_owned())
            .or_default()
            .push_back(canned);
        self
    }

    fn next(&self, call: &Call) -> Option<Canned> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = answers.get_mut(&format!("{} {}", call.method, call.url.path()))?;
        if queue.len() > 1 {
            queue.pop_front()
        } else {
            queue.front().cloned()
        }
    }
}

#[async_trait]
impl Transport for CannedTransport {
    async fn request(&self, call: &Call) -> Result<Answering, Unanswered> {
        self.calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call.clone());
        let Some(canned) = self.next(call) else {
            return Err(Unanswered::new(Broken::Refused(format!(
                "nothing answers {} {}",
                call.method,
                call.url.path()
            ))));
        };
        let head = Head {
            status: canned.status,
            headers: HeaderMap::new(),
            peer: "canned".to_owned(),
            phases: Phases::default(),
            first_byte: Instant::now(),
            session: None,
        };
        let traffic = Traffic {
            sent: 1,
            received: canned.body.len() as u64,
        };
        Ok(Answering {
            head,
            body: Box::new(CannedBody {
                body: Some(Bytes::from(canned.body)),
                traffic,
            }),
        })
    }

    async fn open(&self, _call: &Call) -> Result<Opening, Unanswered> {
        Err(Unanswered::new(Broken::Refused(
            "nothing opens a WebSocket here".to_owned(),
        )))
    }

    fn may_send(&self) -> bool {
        true
    }

    async fn admit_message(&self, _deadline: Instant) -> Result<(), Broken> {
        Ok(())
    }
}

#[derive(Debug)]
struct CannedBody {
    body: Option<Bytes>,
    traffic: Traffic,
}

#[async_trait]
impl BodyReader for CannedBody {
    async fn next(&mut self, _deadline: Instant) -> Result<Option<Bytes>, Broken> {
        Ok(self.body.take())
    }

    fn traffic(&self) -> Traffic {
        self.traffic
    }
}
