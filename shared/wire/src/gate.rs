//! Gates and verdicts.

use domain::gate::{Gate, TierGate, Tolerance, ToleratedSkip, Verdict, VerdictWord};
use proto::v1;
use proto::v1::tolerance::Limit;

use crate::bad_message::{BadMessage, decode_all, required};
use crate::{digest, outcome};

pub fn encode(gate: &Gate) -> v1::Gate {
    v1::Gate {
        name: gate.name.clone(),
        tiers: gate.tiers.iter().map(encode_tier).collect(),
        tolerated_skips: gate.tolerated_skips.iter().map(encode_skip).collect(),
        retries_failed: gate.retries_failed,
        proven_checks: gate.proven_checks,
    }
}

pub fn decode(message: v1::Gate) -> Result<Gate, BadMessage> {
    Ok(Gate {
        name: message.name,
        tiers: decode_all(message.tiers, decode_tier)?,
        tolerated_skips: message
            .tolerated_skips
            .into_iter()
            .map(decode_skip)
            .collect(),
        retries_failed: message.retries_failed,
        proven_checks: message.proven_checks,
    })
}

fn encode_tier(tier: &TierGate) -> v1::TierGate {
    v1::TierGate {
        tier: outcome::encode_tier(tier.tier),
        failed: Some(encode_tolerance(tier.failed)),
        not_proven: Some(encode_tolerance(tier.not_proven)),
        flaky: Some(encode_tolerance(tier.flaky)),
    }
}

fn decode_tier(message: v1::TierGate) -> Result<TierGate, BadMessage> {
    Ok(TierGate {
        tier: outcome::decode_tier("tier_gate.tier", message.tier)?,
        failed: decode_tolerance("tier_gate.failed", message.failed)?,
        not_proven: decode_tolerance("tier_gate.not_proven", message.not_proven)?,
        flaky: decode_tolerance("tier_gate.flaky", message.flaky)?,
    })
}

fn encode_tolerance(tolerance: Tolerance) -> v1::Tolerance {
    let limit = match tolerance {
        Tolerance::Tests(tests) => Limit::Tests(tests),
        Tolerance::BelowPercent(percent) => Limit::BelowPercent(percent),
    };
    v1::Tolerance { limit: Some(limit) }
}

fn decode_tolerance(
    field: &'static str,
    message: Option<v1::Tolerance>,
) -> Result<Tolerance, BadMessage> {
    match required(field, required(field, message)?.limit)? {
        Limit::Tests(tests) => Ok(Tolerance::Tests(tests)),
        Limit::BelowPercent(percent) => Ok(Tolerance::BelowPercent(percent)),
    }
}

fn encode_skip(skip: &ToleratedSkip) -> v1::ToleratedSkip {
    v1::ToleratedSkip {
        test: skip.test.to_string(),
        owner: skip.owner.clone(),
        until: skip.until.clone(),
        why: skip.why.clone(),
        suite: skip.suite.as_ref().map(ToString::to_string),
    }
}

fn decode_skip(message: v1::ToleratedSkip) -> ToleratedSkip {
    ToleratedSkip {
        suite: message.suite.map(Into::into),
        test: message.test.into(),
        owner: message.owner,
        until: message.until,
        why: message.why,
    }
}

pub fn encode_verdict(verdict: &Verdict) -> v1::Verdict {
    let word = match verdict.word {
        VerdictWord::Go => v1::VerdictWord::Go,
        VerdictWord::NoGo => v1::VerdictWord::NoGo,
        VerdictWord::Inconclusive => v1::VerdictWord::Inconclusive,
        VerdictWord::Passed => v1::VerdictWord::Passed,
        VerdictWord::Failed => v1::VerdictWord::Failed,
        VerdictWord::Incomplete => v1::VerdictWord::Incomplete,
    };
    v1::Verdict {
        word: word.into(),
        reasons: verdict.reasons.clone(),
        table_hash: Some(digest::encode(&verdict.table_hash)),
    }
}

pub fn decode_verdict(message: Option<v1::Verdict>) -> Result<Verdict, BadMessage> {
    let message = required("verdict", message)?;
    let word = match v1::VerdictWord::try_from(message.word) {
        Ok(v1::VerdictWord::Go) => VerdictWord::Go,
        Ok(v1::VerdictWord::NoGo) => VerdictWord::NoGo,
        Ok(v1::VerdictWord::Inconclusive) => VerdictWord::Inconclusive,
        Ok(v1::VerdictWord::Passed) => VerdictWord::Passed,
        Ok(v1::VerdictWord::Failed) => VerdictWord::Failed,
        Ok(v1::VerdictWord::Incomplete) => VerdictWord::Incomplete,
        Ok(v1::VerdictWord::Unspecified) => return Err(BadMessage::missing("verdict.word")),
        Err(_) => return Err(BadMessage::invalid("verdict.word", message.word)),
    };
    Ok(Verdict {
        word,
        reasons: message.reasons,
        table_hash: digest::decode("verdict.table_hash", message.table_hash)?,
    })
}
