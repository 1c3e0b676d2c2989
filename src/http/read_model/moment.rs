//! Moments and lengths of time as people and programs read them.

use serde::Serializer;

use crate::routing::{Millis, Timestamp};

/// RFC 3339 in UTC with milliseconds, as all times are that go out.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference to the member")]
pub(crate) fn rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(moment) => serializer.collect_str(&format_args!("{moment:.3}")),
        // Outside of the years that RFC 3339 can say.
        Err(_) => serializer.serialize_none(),
    }
}

/// The same, or `null`.
#[expect(clippy::ref_option, reason = "serde calls it with a reference to the member")]
pub(crate) fn rfc3339_option<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => rfc3339(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `4m12s`, `1h05m`, `800ms`: the two largest units.
pub(crate) fn spoken(length: Millis) -> String {
    let seconds = length.0 / 1_000;
    match seconds {
        0 => format!("{}ms", length.0),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h{:02}m", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_their_two_largest_units() {
        let spoken = |ms| super::spoken(Millis(ms));
        assert_eq!(spoken(800), "800ms");
        assert_eq!(spoken(59_999), "59s");
        assert_eq!(spoken(252_000), "4m12s");
        assert_eq!(spoken(3_900_000), "1h05m");
        assert_eq!(spoken(90_000_000), "1d01h");
    }
}
