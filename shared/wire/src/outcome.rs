//! Outcomes, tiers and evidence.

use domain::{Evidence, Outcome, Tier};
use proto::v1;

use crate::bad_message::BadMessage;

pub fn encode(outcome: Outcome) -> i32 {
    let message = match outcome {
        Outcome::Passed => v1::Outcome::Passed,
        Outcome::Failed => v1::Outcome::Failed,
        Outcome::Skipped => v1::Outcome::Skipped,
        Outcome::Unproven => v1::Outcome::Unproven,
        Outcome::Errored => v1::Outcome::Errored,
        Outcome::Lost => v1::Outcome::Lost,
        Outcome::Cancelled => v1::Outcome::Cancelled,
    };
    message.into()
}

pub fn decode(field: &'static str, number: i32) -> Result<Outcome, BadMessage> {
    match v1::Outcome::try_from(number) {
        Ok(v1::Outcome::Passed) => Ok(Outcome::Passed),
        Ok(v1::Outcome::Failed) => Ok(Outcome::Failed),
        Ok(v1::Outcome::Skipped) => Ok(Outcome::Skipped),
        Ok(v1::Outcome::Unproven) => Ok(Outcome::Unproven),
        Ok(v1::Outcome::Errored) => Ok(Outcome::Errored),
        Ok(v1::Outcome::Lost) => Ok(Outcome::Lost),
        Ok(v1::Outcome::Cancelled) => Ok(Outcome::Cancelled),
        Ok(v1::Outcome::Unspecified) => Err(BadMessage::missing(field)),
        Err(_) => Err(BadMessage::invalid(field, number)),
    }
}

pub fn encode_tier(tier: Tier) -> i32 {
    let message = match tier {
        Tier::P1 => v1::Tier::P1,
        Tier::Core => v1::Tier::Core,
        Tier::P2 => v1::Tier::P2,
        Tier::P3 => v1::Tier::P3,
        Tier::P4 => v1::Tier::P4,
        Tier::P5 => v1::Tier::P5,
        Tier::P6 => v1::Tier::P6,
    };
    message.into()
}

pub fn decode_tier(field: &'static str, number: i32) -> Result<Tier, BadMessage> {
    match v1::Tier::try_from(number) {
        Ok(v1::Tier::P1) => Ok(Tier::P1),
        Ok(v1::Tier::Core) => Ok(Tier::Core),
        Ok(v1::Tier::P2) => Ok(Tier::P2),
        Ok(v1::Tier::P3) => Ok(Tier::P3),
        Ok(v1::Tier::P4) => Ok(Tier::P4),
        Ok(v1::Tier::P5) => Ok(Tier::P5),
        Ok(v1::Tier::P6) => Ok(Tier::P6),
        Ok(v1::Tier::Unspecified) => Err(BadMessage::missing(field)),
        Err(_) => Err(BadMessage::invalid(field, number)),
    }
}

pub(crate) fn encode_evidence(evidence: &Evidence) -> v1::Evidence {
    v1::Evidence {
        exchanges: evidence.exchanges,
        bytes_sent: evidence.bytes_sent,
        bytes_received: evidence.bytes_received,
        checks: evidence.checks,
    }
}

pub(crate) fn decode_evidence(message: v1::Evidence) -> Evidence {
    Evidence {
        exchanges: message.exchanges,
        bytes_sent: message.bytes_sent,
        bytes_received: message.bytes_received,
        checks: message.checks,
    }
}
