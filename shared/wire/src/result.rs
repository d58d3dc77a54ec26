//! The result of one case, as counted.

use std::time::Duration;

use domain::record::CaseResult;
use proto::v1;

use crate::bad_message::{BadMessage, name, nanos, required};
use crate::{digest, hex, outcome};

pub fn encode(result: &CaseResult) -> v1::CaseResult {
    v1::CaseResult {
        case: result.case.to_string(),
        outcome: outcome::encode(result.outcome),
        reason: result.reason.clone(),
        evidence: Some(outcome::encode_evidence(&result.evidence)),
        duration_ns: nanos(result.duration),
        started_at_ms: result.started_at_ms,
        trace_id: hex::encode_some(&result.trace_id),
        tries: result.tries,
        flaky: result.flaky,
        region: result.region.to_string(),
        worker: result.worker.to_string(),
        fingerprint: hex::encode_some(&result.fingerprint),
        record: result.record.as_ref().map(digest::encode),
    }
}

pub fn decode(message: v1::CaseResult) -> Result<CaseResult, BadMessage> {
    let record = message
        .record
        .map(|record| digest::decode("result.record", Some(record)));
    Ok(CaseResult {
        case: name("result.case", message.case)?,
        outcome: outcome::decode("result.outcome", message.outcome)?,
        reason: message.reason,
        evidence: outcome::decode_evidence(required("result.evidence", message.evidence)?),
        duration: Duration::from_nanos(message.duration_ns),
        started_at_ms: message.started_at_ms,
        trace_id: hex::decode_some("result.trace_id", message.trace_id)?,
        tries: message.tries,
        flaky: message.flaky,
        region: message.region.into(),
        worker: message.worker.into(),
        fingerprint: hex::decode_some("result.fingerprint", message.fingerprint)?,
        record: record.transpose()?,
    })
}

pub(crate) fn decode_some(message: Option<v1::CaseResult>) -> Result<CaseResult, BadMessage> {
    decode(required("result", message)?)
}
