//! The wall clock, read in one place, and the one way in which times are written.
//!
//! Times are milliseconds since 1970 in UTC; in answers they are RFC 3339 with milliseconds.

use std::time::{SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// RFC 3339 with always three digits of milliseconds, so that texts sort as times do.
const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Milliseconds since 1970; a clock set before that year reads 0.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds since 1970, as the claims of a token want them.
pub(crate) fn now_s() -> i64 {
    now_ms() / 1000
}

/// `2026-01-02T03:04:05.678Z`; a time no calendar has is written as its number.
pub(crate) fn rfc3339(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(FORMAT).ok())
        .unwrap_or_else(|| ms.to_string())
}

/// The present moment, as answers carry it.
pub(crate) fn now_text() -> String {
    rfc3339(now_ms())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_always_have_their_milliseconds() {
        assert_eq!(rfc3339(1_767_323_045_678), "2026-01-02T03:04:05.678Z");
        assert_eq!(rfc3339(1_767_323_045_000), "2026-01-02T03:04:05.000Z");
    }
}
