//! Spans of the environment's own servers, as they are kept beside a run's log.

use domain::trace::ServerSpan;
use proto::v1;

use crate::bad_message::BadMessage;
use crate::bundle::{decode_pairs, encode_pairs};
use crate::hex;

pub fn encode(span: &ServerSpan) -> v1::ServerSpan {
    v1::ServerSpan {
        trace_id: hex::encode_some(&span.trace_id),
        span_id: hex::encode_some(&span.span_id),
        parent_id: hex::encode_some(&span.parent_id),
        name: span.name.clone(),
        service: span.service.clone(),
        start_ns: span.start_ns,
        end_ns: span.end_ns,
        attributes: encode_pairs(&span.attributes),
        is_error: span.is_error,
    }
}

pub fn decode(message: v1::ServerSpan) -> Result<ServerSpan, BadMessage> {
    Ok(ServerSpan {
        trace_id: hex::decode_some("server_span.trace_id", message.trace_id)?,
        span_id: hex::decode_some("server_span.span_id", message.span_id)?,
        parent_id: hex::decode_some("server_span.parent_id", message.parent_id)?,
        name: message.name,
        service: message.service,
        start_ns: message.start_ns,
        end_ns: message.end_ns,
        attributes: decode_pairs(message.attributes),
        is_error: message.is_error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_span_comes_back_as_it_went() {
        let span = ServerSpan {
            trace_id: "ab".repeat(16),
            span_id: "cd".repeat(8),
            parent_id: String::new(),
            name: "GET /health".to_owned(),
            service: "api".to_owned(),
            start_ns: 1,
            end_ns: u64::MAX,
            attributes: vec![("http.route".to_owned(), "/health".to_owned())],
            is_error: true,
        };
        assert_eq!(decode(encode(&span)), Ok(span));
    }
}
