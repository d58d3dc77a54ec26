//! What fits: a record is at most 1 MiB, a reason at most 300 bytes.
//!
//! A record that is too large loses what readers miss least first: spans, then the ends of long
//! bodies, then exchanges from the middle. What was cut is marked; checks are never dropped.

use domain::record::{CaseRecord, Payload, TryRecord};

const LARGEST: usize = 1024 * 1024;
const REASON: usize = 300;
/// Lengths that bodies are cut to, one after the other.
const BODIES: [usize; 3] = [16 * 1024, 2 * 1024, 128];
/// Exchanges kept at the start and at the end of a try.
const ENDS: [usize; 2] = [100, 10];

/// Cuts at a character, within 300 bytes.
pub(super) fn cut_reason(reason: &mut String) {
    reason.truncate(reason.floor_char_boundary(REASON));
}

pub(super) fn encode(mut record: CaseRecord) -> Vec<u8> {
    let mut bytes = wire::record::encode(&record);
    let mut cuts = cuts().into_iter();
    while bytes.len() > LARGEST
        && let Some(cut) = cuts.next()
    {
        record.tries.iter_mut().for_each(&cut);
        bytes = wire::record::encode(&record);
    }
    if bytes.len() > LARGEST {
        // Thousands of tries or checks: the last try tells how it ended.
        let last = record.tries.pop().into_iter().collect();
        bytes = wire::record::encode(&CaseRecord { tries: last });
    }
    match bytes.len() > LARGEST {
        true => Vec::new(),
        false => bytes,
    }
}

type Cut = Box<dyn Fn(&mut TryRecord)>;

fn cuts() -> Vec<Cut> {
    let mut cuts: Vec<Cut> = vec![Box::new(|record: &mut TryRecord| record.spans.clear())];
    for longest in BODIES {
        cuts.push(Box::new(move |record| cut_bodies(record, longest)));
    }
    for kept in ENDS {
        cuts.push(Box::new(move |record| cut_middle(record, kept)));
    }
    cuts
}

fn cut_bodies(record: &mut TryRecord, longest: usize) {
    for exchange in &mut record.exchanges {
        cut_body(&mut exchange.request_body, longest);
        cut_body(&mut exchange.response_body, longest);
    }
    for (_, value) in &mut record.saved {
        value.truncate(value.floor_char_boundary(longest));
    }
    for check in &mut record.checks {
        for (_, value) in &mut check.actual {
            value.truncate(value.floor_char_boundary(longest));
        }
    }
}

fn cut_body(body: &mut Payload, longest: usize) {
    if body.text.len() > longest {
        body.text.truncate(body.text.floor_char_boundary(longest));
        body.is_cut = true;
    }
}

fn cut_middle(record: &mut TryRecord, kept: usize) {
    let count = record.exchanges.len();
    if count > 2 * kept {
        record.exchanges.drain(kept..count - kept);
    }
}

#[cfg(test)]
mod tests {
    use domain::record::{Check, Exchange, ExchangeKind, Phases};

    use super::*;

    fn exchange(body: usize) -> Exchange {
        Exchange {
            kind: ExchangeKind::Http,
            step: "steps[0]".into(),
            line: 1,
            user: "u".into(),
            method: "GET".into(),
            url: "http://127.0.0.1/".into(),
            peer: "127.0.0.1:80".into(),
            request_headers: vec![],
            request_body: Payload::default(),
            status: Some(200),
            response_headers: vec![],
            response_body: Payload {
                text: "ä".repeat(body / 2),
                bytes: body as u64,
                is_cut: false,
            },
            at_ms: 0.0,
            phases: Phases::default(),
            error: None,
            span_id: String::new(),
        }
    }

    fn encoded(n_exchanges: usize, body: usize) -> CaseRecord {
        let check = Check {
            step: "steps[0]".into(),
            line: 1,
            expression: "status == 200".into(),
            held: true,
            is_evidence: true,
            actual: vec![],
            expected: String::new(),
            error: None,
            soft: false,
        };
        let record = TryRecord {
            exchanges: vec![exchange(body); n_exchanges],
            checks: vec![check],
            ..TryRecord::default()
        };
        let bytes = encode(CaseRecord {
            tries: vec![record],
        });
        assert!(!bytes.is_empty() && bytes.len() <= LARGEST);
        wire::record::decode(&bytes).unwrap()
    }

    #[test]
    fn a_record_that_fits_is_kept_whole() {
        let record = encoded(2, 1000);
        assert_eq!(record.tries[0].exchanges, vec![exchange(1000); 2]);
    }

    #[test]
    fn a_long_body_is_cut_and_marked() {
        let record = encoded(1, 3_000_000);
        let body = &record.tries[0].exchanges[0].response_body;
        assert!(body.is_cut && body.bytes == 3_000_000 && body.text.len() <= 16 * 1024);
        assert_eq!(record.tries[0].checks.len(), 1);
    }

    #[test]
    fn of_too_many_exchanges_both_ends_are_kept() {
        let record = encoded(20_000, 4_000);
        assert_eq!(record.tries[0].exchanges.len(), 200);
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let mut reason = "ö".repeat(400);
        cut_reason(&mut reason);
        assert_eq!(reason.len(), 300);
    }
}
