//! How numbers are written, the same in every format meant for people.

use std::time::Duration;

use domain::Totals;
use domain::outcome::Outcome;

use crate::summary::{Summary, Target};

/// `0 ms`, `850 ms`, `12.3 s`, `4 min 12 s`, `1 h 02 min`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{}.{} s", seconds, time.subsec_millis() / 100),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `0.4 ms`, `12.3 ms`, `1234.5 ms`.
pub fn millis(ms: f64) -> String {
    format!("{ms:.1} ms")
}

/// `within 3000 ms, 2 of 3`: a target's limit, and how often it held.
pub fn limit(target: &Target) -> String {
    let (held, evaluated) = (target.held, target.evaluated);
    format!("within {} ms, {held} of {evaluated}", target.limit)
}

/// What the counted results touched of their target, in one sentence.
pub fn touched(summary: &Summary) -> String {
    let sum = &summary.touched;
    format!(
        "Evidence behind the counted results: {} and {} that read what came back; {} sent, {} received.",
        count(sum.exchanges, "exchange"),
        count(sum.checks, "check"),
        count(sum.bytes_sent, "byte"),
        count(sum.bytes_received, "byte"),
    )
}

/// `Server spans: 4,847 kept, 0 dropped.`
pub fn server_spans(summary: &Summary) -> String {
    match summary.server_spans {
        Some(spans) => format!(
            "Server spans: {} kept, {} dropped.",
            grouped(spans.kept),
            grouped(spans.dropped)
        ),
        None => "Server spans: not counted.".to_owned(),
    }
}

/// `120,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `120,000 USD`, or the bare number where no currency is known.
pub fn money(amount: u64, currency: &str) -> String {
    format!("{} {currency}", grouped(amount))
        .trim_end()
        .to_owned()
}

/// `1 case`, `2 cases`.
pub fn count(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        more => format!("{} {noun}s", grouped(more)),
    }
}

/// `2026-11-22 15:51:01 UTC`, of a Unix time in milliseconds.
pub fn moment(unix_ms: u64) -> String {
    let seconds = i64::try_from(unix_ms / 1_000).unwrap_or(i64::MAX);
    match time::OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(at) => {
            let (date, hour, minute, second) = (at.date(), at.hour(), at.minute(), at.second());
            format!("{date} {hour:02}:{minute:02}:{second:02} UTC")
        }
        Err(_) => format!("{unix_ms} ms after 1970"),
    }
}

/// `2026-11-22T15:51:01.123Z`, of a Unix time in milliseconds (RFC 3339).
pub fn instant(unix_ms: u64) -> String {
    let moment = moment(unix_ms);
    match moment
        .strip_suffix(" UTC")
        .and_then(|text| text.split_once(' '))
    {
        Some((date, time)) => format!("{date}T{time}.{:03}Z", unix_ms % 1_000),
        None => moment,
    }
}

/// The conservation equation: `3 planned = 2 passed + 1 failed + 0 skipped + …`, with what is
/// still open while the run goes on.
pub fn equation(totals: &Totals, open: u64) -> String {
    let parts = Outcome::ALL.map(|outcome| format!("{} {outcome}", totals.of(outcome)));
    let sign = if totals.planned == totals.settled() + open {
        "="
    } else {
        "≠"
    };
    let still_open = match open {
        0 => String::new(),
        open => format!(" + {open} open"),
    };
    format!(
        "{} planned {sign} {}{still_open}",
        totals.planned,
        parts.join(" + ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_their_unit() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (59_999, "59.9 s"),
            (252_000, "4 min 12 s"),
            (3_725_000, "1 h 02 min"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(moment(1_795_362_661_123), "2026-11-22 15:51:01 UTC");
        assert_eq!(instant(1_795_362_661_007), "2026-11-22T15:51:01.007Z");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(money(120_000, "USD"), "120,000 USD");
        assert_eq!(money(120_000, ""), "120,000");
    }

    #[test]
    fn an_equation_that_does_not_hold_says_so() {
        let mut totals = Totals {
            planned: 3,
            passed: 2,
            ..Totals::default()
        };
        assert!(equation(&totals, 1).starts_with("3 planned = 2 passed + 0 failed"));
        assert!(equation(&totals, 1).ends_with("+ 0 cancelled + 1 open"));
        assert!(equation(&totals, 0).starts_with("3 planned ≠ 2 passed"));
        totals.failed = 1;
        assert!(equation(&totals, 0).starts_with("3 planned = 2 passed + 1 failed"));
    }
}
