//! Segments of either log, as the accounting machines fold them.

use std::time::Duration;

use domain::Term;
use domain::event::{GridEvent, RunEvent, Segment};
use proto::v1;

use crate::bad_message::BadMessage;
use crate::event::{decode_grid, decode_run};

pub fn decode_run_segment(message: &v1::Segment) -> Result<Segment<RunEvent>, BadMessage> {
    decode(message, decode_run)
}

pub fn decode_grid_segment(message: &v1::Segment) -> Result<Segment<GridEvent>, BadMessage> {
    decode(message, decode_grid)
}

fn decode<E>(
    message: &v1::Segment,
    event: impl Fn(&[u8]) -> Result<E, BadMessage>,
) -> Result<Segment<E>, BadMessage> {
    let events = message.events.iter().map(|bytes| event(bytes));
    Ok(Segment {
        position: message.number,
        term: Term(message.term),
        elapsed: Duration::from_millis(message.elapsed_ms),
        wall_ms: message.wall_ms,
        events: events.collect::<Result<_, _>>()?,
    })
}
