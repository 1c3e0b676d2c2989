//! Times as counts since 1970, which many systems send, as RFC 3339, which our events have.

use serde_json::Value;

/// In what a time is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    /// Seconds, with or without a fraction.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
}

impl Epoch {
    /// What it is, for whoever sent something else.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Seconds => "a count of seconds since 1970",
            Self::Millis => "a count of milliseconds since 1970",
            Self::Micros => "a count of microseconds since 1970",
        }
    }

    /// The same as RFC 3339; nothing where it is no such count, or is out of all bounds. Counts come as numbers and as
    /// texts. What is finer than a millisecond is cut off.
    #[must_use]
    pub fn rfc3339(self, value: &Value) -> Option<String> {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let millis = match self {
            Self::Seconds => of_seconds(&text)?,
            Self::Millis => text.parse().ok()?,
            Self::Micros => text.parse::<i64>().ok()?.div_euclid(1_000),
        };
        let moment = jiff::Timestamp::from_millisecond(millis).ok()?;
        Some(moment.to_string())
    }
}

/// `1606140000.25`, digit by digit: nothing is rounded.
fn of_seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.starts_with('-') {
        return None;
    }
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    whole.parse::<i64>().ok()?.checked_mul(1_000)?.checked_add(digits.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_times_whether_they_come_as_numbers_or_as_texts() {
        for (epoch, value, expected) in [
            (Epoch::Seconds, json!(1_735_558_457), Some("2024-12-30T11:34:17Z")),
            (Epoch::Seconds, json!(1_735_558_457.25), Some("2024-12-30T11:34:17.25Z")),
            (Epoch::Seconds, json!("1735558457.123456"), Some("2024-12-30T11:34:17.123Z")),
            (Epoch::Millis, json!("1735558457366"), Some("2024-12-30T11:34:17.366Z")),
            (Epoch::Micros, json!("1735558457366461"), Some("2024-12-30T11:34:17.366Z")),
            (Epoch::Seconds, json!("soon"), None),
            (Epoch::Seconds, json!("1e9"), None),
            (Epoch::Seconds, json!("-1.5"), None),
            (Epoch::Seconds, json!(true), None),
            (Epoch::Millis, json!("9223372036854775807"), None),
        ] {
            assert_eq!(epoch.rfc3339(&value).as_deref(), expected, "{epoch:?} {value}");
        }
    }
}
