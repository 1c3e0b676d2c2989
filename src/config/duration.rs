//! Durations as people write them: `"90s"`, `"15m"`, `"2h"`, `"500ms"`, `"1d"`.

use crate::routing::Millis;
use crate::routing::time::DURATION_MAX;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It is no whole number with one of the units.
    #[error("is not a duration")]
    Form,
    /// Nobody waits so long.
    #[error("is longer than {} days", DURATION_MAX.0 / UNITS[0].1)]
    TooLong,
}

/// Reads a whole number with its unit.
pub(super) fn parse(text: &str) -> Result<Millis, DurationError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or(DurationError::Form)?;
    if number.is_empty() {
        return Err(DurationError::Form);
    }
    let number: u64 = number.parse().map_err(|_| DurationError::TooLong)?;
    let length = number.checked_mul(unit_ms).map(Millis).ok_or(DurationError::TooLong)?;
    if length > DURATION_MAX { Err(DurationError::TooLong) } else { Ok(length) }
}

/// Writes a duration in the longest unit that divides it, so that [`parse`] reads the same.
pub(super) fn format(length: Millis) -> String {
    if length.is_zero() {
        return "0s".to_owned();
    }
    let fits = |(_, unit_ms): &&(&str, u64)| length.0.is_multiple_of(*unit_ms);
    let (name, unit_ms) = UNITS.iter().find(fits).expect("one millisecond divides every duration");
    format!("{}{name}", length.0 / unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_is_read_and_written_back() {
        for (text, ms) in [("500ms", 500), ("90s", 90_000), ("15m", 900_000), ("25h", 90_000_000), ("1d", 86_400_000)] {
            assert_eq!(parse(text), Ok(Millis(ms)), "{text}");
            assert_eq!(format(Millis(ms)), text);
        }
        assert_eq!(parse("0s"), Ok(Millis::ZERO));
        assert_eq!(format(Millis::ZERO), "0s");
    }

    #[test]
    fn what_is_not_a_number_with_a_unit_is_refused() {
        for text in ["", "s", "15", "15 m", "-1s", "1.5h", "15min", "1h30m", "１s"] {
            assert_eq!(parse(text), Err(DurationError::Form), "{text:?}");
        }
    }

    #[test]
    fn a_duration_is_bounded() {
        assert_eq!(parse("3660d"), Ok(DURATION_MAX));
        for text in ["3661d", "18446744073709551615d", "99999999999999999999s"] {
            assert_eq!(parse(text), Err(DurationError::TooLong), "{text}");
        }
    }
}
