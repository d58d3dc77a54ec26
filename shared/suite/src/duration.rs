//! Durations as files and flags write them: `500ms`, `10s`, `1m30s`, `2h`.

use std::time::Duration;

/// No key of the language takes more.
pub const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// The text was no duration; the message says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDuration {
    #[error("`{0}` is not a duration; write a number and a unit: 500ms, 10s, 5m, 2h")]
    Form(String),
    #[error("`{0}` has no unit; write {0}s or {0}ms")]
    NoUnit(String),
    #[error("`{0}` is longer than seven days")]
    TooLong(String),
}

/// Reads one or more numbers with units, the largest first.
///
/// # Errors
/// Anything else, with what to write instead.
pub fn parse(text: &str) -> Result<Duration, BadDuration> {
    if !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return Err(BadDuration::NoUnit(text.to_owned()));
    }
    let bad = || BadDuration::Form(text.to_owned());
    let mut seconds = 0.0;
    let mut last_unit = f64::INFINITY;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.')
                .len();
        let number: f64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let letters = rest.len()
            - rest
                .trim_start_matches(|c: char| c.is_ascii_alphabetic())
                .len();
        let unit = unit(&rest[..letters])
            .filter(|&unit| unit < last_unit)
            .ok_or_else(bad)?;
        rest = &rest[letters..];
        last_unit = unit;
        seconds += number * unit;
    }
    if last_unit.is_infinite() {
        return Err(bad());
    }
    if seconds > LONGEST.as_secs_f64() {
        return Err(BadDuration::TooLong(text.to_owned()));
    }
    // Whole microseconds, so that `0.1s` is what it says.
    Duration::try_from_secs_f64((seconds * 1e6).round() / 1e6).map_err(|_| bad())
}

fn unit(text: &str) -> Option<f64> {
    match text {
        "ms" => Some(0.001),
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        "d" => Some(86_400.0),
        _ => None,
    }
}

/// The shortest text that [`parse`] reads as the same duration, in milliseconds at the finest.
pub fn text(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "0s".to_owned(),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1000) => format!("{}s", millis / 1000),
        _ => format!("{millis}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (written, millis) in [
            ("500ms", 500),
            ("10s", 10_000),
            ("1.5s", 1500),
            ("0.1s", 100),
            ("1m30s", 90_000),
            ("2h", 7_200_000),
            ("0s", 0),
        ] {
            let read = parse(written).unwrap_or_else(|bad| panic!("{bad}"));
            assert_eq!(read, Duration::from_millis(millis), "{written}");
            assert_eq!(parse(&text(read)), Ok(read));
        }
    }

    #[test]
    fn anything_else_says_what_to_write() {
        assert_eq!(parse("5"), Err(BadDuration::NoUnit("5".into())));
        assert_eq!(parse("9d"), Err(BadDuration::TooLong("9d".into())));
        for written in ["", "s", "5 s", "-5s", "5sec", "5s1m", "5s5s", "..s", "٣s"] {
            assert_eq!(
                parse(written),
                Err(BadDuration::Form(written.into())),
                "{written}"
            );
        }
    }
}
