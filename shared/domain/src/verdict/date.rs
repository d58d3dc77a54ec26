//! Calendar days in UTC, as far as a tolerated skip's last day needs them.

/// A day of the proleptic Gregorian calendar; ordered as time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day {
    year: i64,
    month: u8,
    day: u8,
}

impl Day {
    /// The day in UTC of a Unix time in milliseconds.
    ///
    /// Days are counted from 1 March of the year 0, so that a leap day is a year's last; the
    /// constants are those of <https://howardhinnant.github.io/date_algorithms.html>.
    pub(super) fn of_unix_ms(unix_ms: u64) -> Self {
        let days = i64::try_from(unix_ms / 86_400_000).unwrap_or(i64::MAX - 719_468) + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: u8::try_from(month).unwrap_or(u8::MAX),
            day: u8::try_from(day).unwrap_or(u8::MAX),
        }
    }

    /// Reads `2026-12-31` and nothing looser; `None` for any other text or a day that never is.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let is_dash = |place: usize| place == 4 || place == 7;
        let is_date = bytes.len() == 10
            && (bytes.iter().enumerate()).all(|(place, byte)| match is_dash(place) {
                true => *byte == b'-',
                false => byte.is_ascii_digit(),
            });
        if !is_date {
            return None;
        }
        let parsed = Self {
            year: text[..4].parse().ok()?,
            month: text[5..7].parse().ok()?,
            day: text[8..].parse().ok()?,
        };
        (1..=parsed.days_of_month()?)
            .contains(&parsed.day)
            .then_some(parsed)
    }

    fn days_of_month(self) -> Option<u8> {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
            4 | 6 | 9 | 11 => Some(30),
            2 if is_leap => Some(29),
            2 => Some(28),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn a_unix_time_falls_on_its_day() {
        for (unix_ms, text) in [
            (0, "1970-01-01"),
            (951_782_399_999, "2000-02-28"),
            (951_782_400_000, "2000-02-29"),
            (951_868_800_000, "2000-03-01"),
            (1_798_761_599_999, "2026-12-31"),
            (1_798_761_600_000, "2027-01-01"),
        ] {
            assert_eq!(Some(Day::of_unix_ms(unix_ms)), Day::parse(text), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_day_is_refused() {
        for text in [
            "",
            "2026-2-3",
            "2026-02-30",
            "2025-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026/01/01",
            "tomorrow!!",
            "2026-01-0\u{e9}",
            "+026-01-01",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
        assert!(Day::parse("2024-02-29").is_some());
    }
}
