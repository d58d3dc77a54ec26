//! What a region's `requires` met.

use std::time::Duration;

use domain::record::{Preflight, Probe};
use proto::v1;

use crate::bad_message::{BadMessage, decode_all, nanos, narrow, required};

pub fn encode(preflight: &Preflight) -> v1::Preflight {
    v1::Preflight {
        green: preflight.green,
        probes: preflight.probes.iter().map(encode_probe).collect(),
        fingerprint: preflight.fingerprint.clone(),
    }
}

pub fn decode(message: Option<v1::Preflight>) -> Result<Preflight, BadMessage> {
    let message = required("preflight", message)?;
    Ok(Preflight {
        green: message.green,
        probes: decode_all(message.probes, decode_probe)?,
        fingerprint: message.fingerprint,
    })
}

fn encode_probe(probe: &Probe) -> v1::Probe {
    v1::Probe {
        suite: probe.suite.clone(),
        url: probe.url.clone(),
        address: probe.address.clone(),
        status: probe.status.map(u32::from),
        latency_ns: nanos(probe.latency),
        attempts: probe.attempts,
        error: probe.error.clone(),
    }
}

fn decode_probe(message: v1::Probe) -> Result<Probe, BadMessage> {
    Ok(Probe {
        suite: message.suite,
        url: message.url,
        address: message.address,
        status: narrow("probe.status", message.status)?,
        latency: Duration::from_nanos(message.latency_ns),
        attempts: message.attempts,
        error: message.error,
    })
}
