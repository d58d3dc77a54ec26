//! Messages of a worker.

use domain::message::{FromWorker, Hello, OpenAttempt};
use domain::{AttemptId, Incarnation, Instant, SessionId};
use proto::v1;
use proto::v1::worker_message::Body;

use crate::bad_message::{BadMessage, decode_all, name, names, required, texts};
use crate::{preflight, result};

pub fn encode(message: &FromWorker) -> v1::WorkerMessage {
    let body = match message {
        FromWorker::Hello(hello) => Body::Hello(encode_hello(hello)),
        FromWorker::Beat { stamp, idle_slots } => Body::Beat(v1::Beat {
            stamp: stamp.0,
            idle_slots: *idle_slots,
        }),
        FromWorker::Result {
            run,
            attempt,
            session,
            seq,
            result,
            record,
        } => Body::Result(v1::Result {
            run: run.to_string(),
            attempt: attempt.0,
            session: session.0,
            seq: *seq,
            result: Some(result::encode(result)),
            record: record.clone(),
        }),
        FromWorker::AttemptEnd {
            run,
            attempt,
            session,
            last_seq,
            released,
        } => Body::AttemptEnd(v1::AttemptEnd {
            run: run.to_string(),
            attempt: attempt.0,
            session: session.0,
            last_seq: *last_seq,
            released: texts(released),
        }),
        FromWorker::Probed {
            run,
            region,
            preflight,
        } => Body::Probed(v1::Probed {
            run: run.to_string(),
            region: region.to_string(),
            preflight: Some(preflight::encode(preflight)),
        }),
        FromWorker::Leaving { why } => Body::Leaving(v1::Leaving { why: why.clone() }),
        FromWorker::Goodbye { why } => Body::Goodbye(v1::Goodbye { why: why.clone() }),
    };
    v1::WorkerMessage { body: Some(body) }
}

pub fn decode(message: v1::WorkerMessage) -> Result<FromWorker, BadMessage> {
    Ok(match required("worker_message.body", message.body)? {
        Body::Hello(hello) => FromWorker::Hello(decode_hello(hello)?),
        Body::Beat(beat) => FromWorker::Beat {
            stamp: Instant(beat.stamp),
            idle_slots: beat.idle_slots,
        },
        Body::Result(message) => FromWorker::Result {
            run: name("result.run", message.run)?,
            attempt: AttemptId(message.attempt),
            session: SessionId(message.session),
            seq: message.seq,
            result: Box::new(result::decode_some(message.result)?),
            record: message.record,
        },
        Body::AttemptEnd(message) => FromWorker::AttemptEnd {
            run: name("attempt_end.run", message.run)?,
            attempt: AttemptId(message.attempt),
            session: SessionId(message.session),
            last_seq: message.last_seq,
            released: names(message.released),
        },
        Body::Probed(message) => FromWorker::Probed {
            run: name("probed.run", message.run)?,
            region: name("probed.region", message.region)?,
            preflight: preflight::decode(message.preflight)?,
        },
        Body::Leaving(message) => FromWorker::Leaving { why: message.why },
        Body::Goodbye(message) => FromWorker::Goodbye { why: message.why },
    })
}

fn encode_hello(hello: &Hello) -> v1::Hello {
    let open = |open: &OpenAttempt| v1::OpenAttempt {
        run: open.run.to_string(),
        attempt: open.attempt.0,
        next_seq: open.next_seq,
        alive: open.alive,
    };
    v1::Hello {
        protocol: hello.protocol,
        worker: hello.worker.to_string(),
        region: hello.region.to_string(),
        slots: hello.slots,
        incarnation: hello.incarnation.number,
        home: hello.incarnation.home,
        stamp: hello.stamp.0,
        version: hello.version.clone(),
        open: hello.open.iter().map(open).collect(),
    }
}

fn decode_hello(message: v1::Hello) -> Result<Hello, BadMessage> {
    Ok(Hello {
        protocol: message.protocol,
        worker: name("hello.worker", message.worker)?,
        region: name("hello.region", message.region)?,
        slots: message.slots,
        incarnation: Incarnation {
            home: message.home,
            number: message.incarnation,
        },
        stamp: Instant(message.stamp),
        version: message.version,
        open: decode_all(message.open, |open| {
            Ok(OpenAttempt {
                run: name("hello.open.run", open.run)?,
                attempt: AttemptId(open.attempt),
                next_seq: open.next_seq,
                alive: open.alive,
            })
        })?,
    })
}
