//! The record of a case: a blob that its result names by digest.

use domain::record::{
    CaseRecord, Check, Exchange, ExchangeKind, Failure, Payload, Phases, Span, TryRecord,
};
use prost::Message;
use proto::v1;

use crate::bad_message::{BadMessage, decode_all, narrow, read, required};
use crate::bundle::{decode_pairs, encode_pairs};
use crate::hex;

pub fn encode(record: &CaseRecord) -> Vec<u8> {
    v1::CaseRecord {
        tries: record.tries.iter().map(encode_try).collect(),
    }
    .encode_to_vec()
}

pub fn decode(bytes: &[u8]) -> Result<CaseRecord, BadMessage> {
    let message: v1::CaseRecord = read("the record of a case", bytes)?;
    Ok(CaseRecord {
        tries: decode_all(message.tries, decode_try)?,
    })
}

fn encode_try(record: &TryRecord) -> v1::TryRecord {
    v1::TryRecord {
        exchanges: record.exchanges.iter().map(encode_exchange).collect(),
        checks: record.checks.iter().map(encode_check).collect(),
        saved: encode_pairs(&record.saved),
        spans: record.spans.iter().map(encode_span).collect(),
        failure: record.failure.as_ref().map(encode_failure),
    }
}

fn decode_try(message: v1::TryRecord) -> Result<TryRecord, BadMessage> {
    Ok(TryRecord {
        exchanges: decode_all(message.exchanges, decode_exchange)?,
        checks: message.checks.into_iter().map(decode_check).collect(),
        saved: decode_pairs(message.saved),
        spans: decode_all(message.spans, decode_span)?,
        failure: message.failure.map(decode_failure),
    })
}

fn encode_kind(kind: ExchangeKind) -> i32 {
    let message = match kind {
        ExchangeKind::Http => v1::ExchangeKind::Http,
        ExchangeKind::WebSocket => v1::ExchangeKind::WebSocket,
        ExchangeKind::Sent => v1::ExchangeKind::Sent,
        ExchangeKind::Received => v1::ExchangeKind::Received,
        ExchangeKind::Stream => v1::ExchangeKind::Stream,
    };
    message.into()
}

fn decode_kind(number: i32) -> Result<ExchangeKind, BadMessage> {
    match v1::ExchangeKind::try_from(number) {
        Ok(v1::ExchangeKind::Http) => Ok(ExchangeKind::Http),
        Ok(v1::ExchangeKind::WebSocket) => Ok(ExchangeKind::WebSocket),
        Ok(v1::ExchangeKind::Sent) => Ok(ExchangeKind::Sent),
        Ok(v1::ExchangeKind::Received) => Ok(ExchangeKind::Received),
        Ok(v1::ExchangeKind::Stream) => Ok(ExchangeKind::Stream),
        _ => Err(BadMessage::invalid("exchange.kind", number)),
    }
}

fn encode_exchange(exchange: &Exchange) -> v1::Exchange {
    v1::Exchange {
        kind: encode_kind(exchange.kind),
        step: exchange.step.clone(),
        line: exchange.line,
        user: exchange.user.clone(),
        method: exchange.method.clone(),
        url: exchange.url.clone(),
        peer: exchange.peer.clone(),
        request_headers: encode_pairs(&exchange.request_headers),
        request_body: Some(encode_payload(&exchange.request_body)),
        status: exchange.status.map(u32::from),
        response_headers: encode_pairs(&exchange.response_headers),
        response_body: Some(encode_payload(&exchange.response_body)),
        at_ms: exchange.at_ms,
        phases: Some(encode_phases(&exchange.phases)),
        error: exchange.error.clone(),
        span_id: hex::encode_some(&exchange.span_id),
    }
}

fn decode_exchange(message: v1::Exchange) -> Result<Exchange, BadMessage> {
    Ok(Exchange {
        kind: decode_kind(message.kind)?,
        step: message.step,
        line: message.line,
        user: message.user,
        method: message.method,
        url: message.url,
        peer: message.peer,
        request_headers: decode_pairs(message.request_headers),
        request_body: decode_payload("exchange.request_body", message.request_body)?,
        status: narrow("exchange.status", message.status)?,
        response_headers: decode_pairs(message.response_headers),
        response_body: decode_payload("exchange.response_body", message.response_body)?,
        at_ms: message.at_ms,
        phases: decode_phases(required("exchange.phases", message.phases)?),
        error: message.error,
        span_id: hex::decode_some("exchange.span_id", message.span_id)?,
    })
}

fn encode_payload(payload: &Payload) -> v1::Payload {
    v1::Payload {
        text: payload.text.clone(),
        bytes: payload.bytes,
        is_cut: payload.is_cut,
    }
}

fn decode_payload(
    field: &'static str,
    message: Option<v1::Payload>,
) -> Result<Payload, BadMessage> {
    let message = required(field, message)?;
    Ok(Payload {
        text: message.text,
        bytes: message.bytes,
        is_cut: message.is_cut,
    })
}

fn encode_phases(phases: &Phases) -> v1::Phases {
    v1::Phases {
        dns_ms: phases.dns_ms,
        connect_ms: phases.connect_ms,
        tls_ms: phases.tls_ms,
        send_ms: phases.send_ms,
        waiting_ms: phases.waiting_ms,
        receive_ms: phases.receive_ms,
    }
}

fn decode_phases(message: v1::Phases) -> Phases {
    Phases {
        dns_ms: message.dns_ms,
        connect_ms: message.connect_ms,
        tls_ms: message.tls_ms,
        send_ms: message.send_ms,
        waiting_ms: message.waiting_ms,
        receive_ms: message.receive_ms,
    }
}

fn encode_check(check: &Check) -> v1::Check {
    v1::Check {
        step: check.step.clone(),
        line: check.line,
        expression: check.expression.clone(),
        held: check.held,
        is_evidence: check.is_evidence,
        actual: encode_pairs(&check.actual),
        expected: check.expected.clone(),
        error: check.error.clone(),
        soft: check.soft,
    }
}

fn decode_check(message: v1::Check) -> Check {
    Check {
        step: message.step,
        line: message.line,
        expression: message.expression,
        held: message.held,
        is_evidence: message.is_evidence,
        actual: decode_pairs(message.actual),
        expected: message.expected,
        error: message.error,
        soft: message.soft,
    }
}

fn encode_failure(failure: &Failure) -> v1::Failure {
    v1::Failure {
        step: failure.step.clone(),
        line: failure.line,
        message: failure.message.clone(),
        expected: failure.expected.clone(),
        actual: failure.actual.clone(),
    }
}

fn decode_failure(message: v1::Failure) -> Failure {
    Failure {
        step: message.step,
        line: message.line,
        message: message.message,
        expected: message.expected,
        actual: message.actual,
    }
}

fn encode_span(span: &Span) -> v1::Span {
    v1::Span {
        trace_id: hex::encode_some(&span.trace_id),
        span_id: hex::encode_some(&span.span_id),
        parent_id: hex::encode_some(&span.parent_id),
        name: span.name.clone(),
        start_ms: span.start_ms,
        end_ms: span.end_ms,
        attributes: encode_pairs(&span.attributes),
        is_error: span.is_error,
    }
}

fn decode_span(message: v1::Span) -> Result<Span, BadMessage> {
    Ok(Span {
        trace_id: hex::decode_some("span.trace_id", message.trace_id)?,
        span_id: hex::decode_some("span.span_id", message.span_id)?,
        parent_id: hex::decode_some("span.parent_id", message.parent_id)?,
        name: message.name,
        start_ms: message.start_ms,
        end_ms: message.end_ms,
        attributes: decode_pairs(message.attributes),
        is_error: message.is_error,
    })
}
