//! The `http` step: one request, its redirects if they are to be followed, its expected status.
//!
//! A redirect is another exchange, made through the dialer like the first; credentials are left
//! behind when it leads to another origin. How one exchange is made is `exchange`.

use std::sync::Arc;

use ::http::Method;
use ::http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, LOCATION, PROXY_AUTHORIZATION,
};
use bytes::Bytes;
use domain::record::ExchangeKind;
use suite::model::{ExpectedStatus, Refusal, Request, Step};
use tokio::time::Instant;
use url::Url;

use super::exchange::Reading;
use super::frame::{Frame, Last};
use super::render::Rendered;
use super::{Done, Here, Interpreter};
use crate::judge::{Fault, Stop, status, stop_for};
use crate::recording::{Exchanged, Place};
use crate::transport::Broken;

/// Redirects of one request that are followed at most.
const MOST_REDIRECTS: usize = 10;

impl Interpreter {
    pub(super) async fn http(self: &Arc<Self>, here: &mut Here<'_>, request: &Request) -> Done {
        let (step, place) = (here.step, here.place);
        let frame = &mut *here.frame;
        self.refresh(frame, place).await?;
        let deadline = Instant::now() + step.within;
        let rendered = self.request(frame, request, place)?;
        let exchanged = self
            .hops(frame, place, rendered, deadline, request.follow_redirects)
            .await?;
        self.judge_answer(here, &request.status, exchanged).await
    }

    /// Judges the status, then the checks.
    pub(super) async fn judge_answer(
        &self,
        here: &mut Here<'_>,
        expected: &ExpectedStatus,
        exchanged: Arc<Exchanged>,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let (frame, journal) = (&mut *here.frame, &mut *here.journal);
        frame.last = Last::Answer(exchanged.clone());
        if let ExpectedStatus::Refused { refusal, line } = expected {
            return self
                .judge_refusal(here, (*refusal, *line), &exchanged)
                .await;
        }
        if let Some(broken) = &exchanged.broken {
            return Err(self.stop_of(broken, place, step));
        }
        let Some(response) = &exchanged.response else {
            return Err(self.stop_of(&Broken::Protocol("no answer".to_owned()), place, step));
        };
        let (check, fault) =
            status::judge(expected, status::Default::Success, response.status, place);
        journal
            .checks
            .extend(check.map(|check| domain::record::Check {
                soft: step.soft,
                ..check
            }));
        self.conclude(here, fault.map(Stop::failed)).await
    }

    /// The connection was to be refused. What the grid itself refused, or had no time for, says
    /// nothing about that.
    pub(super) async fn judge_refusal(
        &self,
        here: &mut Here<'_>,
        (refusal, line): (Refusal, u32),
        exchanged: &Exchanged,
    ) -> Done {
        let (step, place) = (here.step, here.place);
        let outcome = match (&exchanged.response, &exchanged.broken) {
            (Some(response), _) => Ok(response.status),
            (None, Some(broken)) => match self.stop_of(broken, place, step) {
                Stop::Failed(_) => Err(broken),
                stop => return Err(stop),
            },
            (None, None) => {
                let broken = Broken::Protocol("no answer".to_owned());
                return Err(self.stop_of(&broken, place, step));
            }
        };
        let (check, fault) = status::judge_refusal(refusal, line, outcome, place);
        here.journal.checks.push(domain::record::Check {
            soft: step.soft,
            ..check
        });
        self.conclude(here, fault.map(Stop::failed)).await
    }

    pub(super) fn stop_of(&self, broken: &Broken, place: &Place, step: &Step) -> Stop {
        match broken {
            Broken::Timeout(phase) => {
                let message = format!(
                    "{}: no answer within {}, the time was over {phase}",
                    step.name,
                    super::written(step.within)
                );
                Stop::failed(Fault::new("within", place, message))
            }
            broken => stop_for(broken, place, &step.name),
        }
    }

    async fn hops(
        self: &Arc<Self>,
        frame: &Frame,
        place: &Place,
        rendered: Rendered,
        deadline: Instant,
        follow: bool,
    ) -> Result<Arc<Exchanged>, Stop> {
        let mut rendered = rendered;
        let mut exchanged = self
            .exchange(
                &frame.actor,
                place,
                ExchangeKind::Http,
                &rendered,
                deadline,
                Reading::Whole,
            )
            .await;
        for hop in 0..MOST_REDIRECTS {
            let next = if follow {
                redirected(&exchanged, &rendered)
            } else {
                None
            };
            let Some(next) = next else {
                return Ok(exchanged);
            };
            rendered = next.map_err(|why| Stop::failed(Fault::new("redirect", place, why)))?;
            let place = Place {
                path: format!("{}.redirect[{hop}]", place.path).into(),
                ..place.clone()
            };
            exchanged = self
                .exchange(
                    &frame.actor,
                    &place,
                    ExchangeKind::Http,
                    &rendered,
                    deadline,
                    Reading::Whole,
                )
                .await;
        }
        Err(Stop::failed(Fault::new(
            "redirect",
            place,
            format!("more than {MOST_REDIRECTS} redirects"),
        )))
    }
}

/// Where an answer sends us next, if it does; `Err` when it says so in a way that can't be followed.
fn redirected(exchanged: &Exchanged, before: &Rendered) -> Option<Result<Rendered, String>> {
    let response = exchanged
        .response
        .as_ref()
        .filter(|_| exchanged.broken.is_none())?;
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers.get(LOCATION)?;
    let followed = location
        .to_str()
        .map_err(|error| error.to_string())
        .and_then(|text| {
            before
                .url
                .join(text)
                .map_err(|error| format!("`location: {text}` is not an address: {error}"))
        });
    Some(followed.and_then(|url| next_request(before, url, response.status)))
}

/// The request that follows. A body may hold secrets as anything else does, and what it would mean
/// elsewhere nobody knows: it is not carried to another origin.
fn next_request(before: &Rendered, url: Url, status: u16) -> Result<Rendered, String> {
    let mut next = Rendered {
        url,
        ..before.clone()
    };
    let becomes_get =
        status == 303 || (matches!(status, 301 | 302) && before.method == Method::POST);
    if becomes_get && before.method != Method::HEAD {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.headers.remove(CONTENT_TYPE);
        next.headers.remove(CONTENT_LENGTH);
    }
    if next.url.origin() != before.url.origin() {
        if !next.body.is_empty() {
            return Err(format!(
                "{status} leads the body of the {} to another origin, {}; it is not carried there",
                next.method,
                next.url.origin().ascii_serialization()
            ));
        }
        let always = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];
        for name in always.iter().chain(&before.bound) {
            next.headers.remove(name);
        }
    }
    Ok(next)
}
