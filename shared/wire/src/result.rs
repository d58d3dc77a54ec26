//! The result of one case, as counted.

use std::time::Duration;

use domain::record::{CaseProof, CaseResult, CheckProof};
use proto::v1;
use proto::v1::case_proof::Proof;

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
        proof: result.proof.as_ref().map(encode_proof),
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
        proof: message.proof.map(decode_proof).transpose()?,
    })
}

pub(crate) fn decode_some(message: Option<v1::CaseResult>) -> Result<CaseResult, BadMessage> {
    decode(required("result", message)?)
}

fn encode_proof(proof: &CaseProof) -> v1::CaseProof {
    let proof = match proof {
        CaseProof::Known {
            checks,
            is_complete,
        } => Proof::Known(v1::KnownChecks {
            checks: checks.iter().map(encode_check).collect(),
            is_complete: *is_complete,
        }),
        CaseProof::Unknown(why) => Proof::Unknown(why.clone()),
    };
    v1::CaseProof { proof: Some(proof) }
}

fn decode_proof(message: v1::CaseProof) -> Result<CaseProof, BadMessage> {
    match required("result.proof", message.proof)? {
        Proof::Known(known) => Ok(CaseProof::Known {
            checks: known.checks.into_iter().map(decode_check).collect(),
            is_complete: known.is_complete,
        }),
        Proof::Unknown(why) => Ok(CaseProof::Unknown(why)),
    }
}

fn encode_check(check: &CheckProof) -> v1::CheckProof {
    v1::CheckProof {
        line: check.line,
        expression: check.expression.clone(),
        can_fail: check.can_fail,
    }
}

fn decode_check(message: v1::CheckProof) -> CheckProof {
    CheckProof {
        line: message.line,
        expression: message.expression,
        can_fail: message.can_fail,
    }
}
