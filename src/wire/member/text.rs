//! Strings: names, free text, times, and words of a list.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::fmt::temporal::Pieces;
use schemars::{JsonSchema, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};

use crate::routing::agent::Status;
use crate::routing::name::{NAME_LENGTH_MAX, NameError, StatusName};
use crate::routing::permission::AccessLevel;
use crate::routing::time::Timestamp;

use super::super::bounds::{LABEL_LENGTH_MAX, NOTE_LENGTH_MAX, SUBJECT_LENGTH_MAX};
use super::inline_schema;

/// What a name should have been.
pub(in crate::wire) const NAME_EXPECTED: &str = "a string of 1 to 128 bytes without control characters";
const _: () = assert!(NAME_LENGTH_MAX == 128, "the expectation names the bound");

/// A name (`docs/events.md#the-envelope`): an id, a role, a channel, a skill, a permission, a type.
pub(in crate::wire) struct Named<T>(pub(in crate::wire) T);

struct NamedVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err = NameError>> Visitor<'_> for NamedVisitor<T> {
    type Value = Named<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME_EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(Named).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de, T: FromStr<Err = NameError>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NamedVisitor(PhantomData))
    }
}

impl<T> JsonSchema for Named<T> {
    inline_schema!(
        "Name",
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX,
            "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
        })
    );
}

/// A string of so many bytes at most: refused where it is longer, for what is cut would be another.
pub(in crate::wire) struct Text<const LENGTH_MAX: usize>(pub(in crate::wire) String);

/// A person's name, a customer's tier.
pub(in crate::wire) type Label = Text<LABEL_LENGTH_MAX>;

struct TextVisitor<const LENGTH_MAX: usize>;

impl<const LENGTH_MAX: usize> Visitor<'_> for TextVisitor<LENGTH_MAX> {
    type Value = Text<LENGTH_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string of at most {LENGTH_MAX} bytes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.len() > LENGTH_MAX {
            return Err(E::invalid_value(Unexpected::Str(text), &self));
        }
        Ok(Text(text.to_owned()))
    }
}

impl<'de, const LENGTH_MAX: usize> Deserialize<'de> for Text<LENGTH_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

impl<const LENGTH_MAX: usize> JsonSchema for Text<LENGTH_MAX> {
    inline_schema!("Text", json_schema!({ "type": "string", "maxLength": LENGTH_MAX }));
}

/// A string that people wrote for people: where it is longer than so many bytes its beginning is kept, and `…` says so. A
/// customer does not go without an answer because of a long subject, nor does an agent keep an offer because of a long reason.
pub(in crate::wire) struct Prose<const LENGTH_MAX: usize>(pub(in crate::wire) String);

/// One line about a ticket.
pub(in crate::wire) type Subject = Prose<SUBJECT_LENGTH_MAX>;
/// A reason, a note, an outcome.
pub(in crate::wire) type Note = Prose<NOTE_LENGTH_MAX>;

/// Ends what was cut.
const CUT: char = '…';

fn beginning(text: &str, length_max: usize) -> String {
    if text.len() <= length_max {
        return text.to_owned();
    }
    let mut kept = text[..text.floor_char_boundary(length_max - CUT.len_utf8())].to_owned();
    kept.push(CUT);
    kept
}

struct ProseVisitor<const LENGTH_MAX: usize>;

impl<const LENGTH_MAX: usize> Visitor<'_> for ProseVisitor<LENGTH_MAX> {
    type Value = Prose<LENGTH_MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Prose(beginning(text, LENGTH_MAX)))
    }
}

impl<'de, const LENGTH_MAX: usize> Deserialize<'de> for Prose<LENGTH_MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ProseVisitor)
    }
}

impl<const LENGTH_MAX: usize> JsonSchema for Prose<LENGTH_MAX> {
    inline_schema!("Prose", json_schema!({ "type": "string", "x-cut-at": LENGTH_MAX }));
}

/// A moment, as RFC 3339 writes it. What is finer than a millisecond is cut off.
pub(in crate::wire) struct Moment(pub(in crate::wire) Timestamp);

impl Moment {
    /// Reads a time of RFC 3339. The parser behind takes more of ISO 8601, hence the look at the shape.
    pub(in crate::wire) fn parse(text: &str) -> Option<Timestamp> {
        let shape_fits = has_date_and_time(text.as_bytes()) && has_offset(text.as_bytes());
        let moment = shape_fits.then(|| text.parse().ok().or_else(|| beyond_the_last(text))).flatten()?;
        Some(Timestamp(moment.as_millisecond()).min(LAST))
    }
}

/// The calendar behind ends a day before that of RFC 3339, so that every moment has a date in every zone. What is later is
/// taken for its last moment: `9999-12-31T23:59:59Z` is how many systems write "never".
fn beyond_the_last(text: &str) -> Option<jiff::Timestamp> {
    let written = Pieces::parse(text).ok()?;
    (written.date() >= LAST_DATE).then_some(jiff::Timestamp::MAX)
}

/// 9999-12-30T22:00:00Z, the last second that the calendar behind knows: whatever is read can be said again.
const LAST: Timestamp = Timestamp(253_402_207_200_000);
const LAST_DATE: Date = jiff::civil::date(9999, 12, 30);

/// `2026-11-22T05:00:00` at the start: the separators of RFC 3339 where they belong. Behind that a fraction begins, which
/// ISO 8601 may write with a comma, or the offset.
fn has_date_and_time(text: &[u8]) -> bool {
    const SEPARATORS: [(usize, &[u8]); 6] =
        [(4, b"-"), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":"), (19, b".Zz+-")];
    text.len() > 19 && SEPARATORS.iter().all(|(place, allowed)| allowed.contains(&text[*place]))
}

/// `Z` or `+01:00` at the end, up to `+23:59`, and not the zone in brackets of RFC 9557.
fn has_offset(text: &[u8]) -> bool {
    match text {
        [.., b'Z' | b'z'] => true,
        [.., b'+' | b'-', ten_hours, hours, b':', minute, _] => {
            ten_hours.is_ascii_digit() && minute.is_ascii_digit() && [*ten_hours, *hours] <= *b"23"
        }
        _ => false,
    }
}

struct MomentVisitor;

impl Visitor<'_> for MomentVisitor {
    type Value = Moment;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time of RFC 3339 such as \"2026-11-22T05:00:00Z\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Moment::parse(text).map(Moment).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(MomentVisitor)
    }
}

impl JsonSchema for Moment {
    inline_schema!("Moment", json_schema!({ "type": "string", "format": "date-time" }));
}

/// What a status should have been.
pub(in crate::wire) const STATUS_EXPECTED: &str =
    r#""online", "away", "busy", "draining", "offline" or a status of the catalogue"#;
const _: () = assert!(Status::ALL.len() == 5, "the expectation names all of them");

/// A status: one of ours, or what may be one of the catalogue's.
pub(in crate::wire) struct StatusWord(pub(in crate::wire) StatusName);

struct StatusWordVisitor;

impl Visitor<'_> for StatusWordVisitor {
    type Value = StatusWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(STATUS_EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map(StatusWord).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de> Deserialize<'de> for StatusWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(StatusWordVisitor)
    }
}

impl JsonSchema for StatusWord {
    inline_schema!("Status", Named::<StatusName>::json_schema(&mut schemars::SchemaGenerator::default()));
}

/// A value that the wire spells as one word of a list.
pub(in crate::wire) trait Word: Copy + 'static {
    /// The list.
    const ALL: &'static [Self];

    /// How the wire spells this one.
    fn word(self) -> &'static str;
}

impl Word for AccessLevel {
    const ALL: &'static [Self] = &Self::ALL;

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// One word of a list.
pub(in crate::wire) struct OneOf<T>(pub(in crate::wire) T);

struct OneOfVisitor<T>(PhantomData<T>);

impl<T: Word> Visitor<'_> for OneOfVisitor<T> {
    type Value = OneOf<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, value) in T::ALL.iter().enumerate() {
            let separator = match place {
                0 => "",
                _ if place + 1 == T::ALL.len() => " or ",
                _ => ", ",
            };
            write!(f, "{separator}{:?}", value.word())?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let found = T::ALL.iter().find(|value| value.word() == text);
        found.copied().map(OneOf).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<'de, T: Word> Deserialize<'de> for OneOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(OneOfVisitor(PhantomData))
    }
}

impl<T: Word> JsonSchema for OneOf<T> {
    inline_schema!("OneOf", {
        let words: Vec<_> = T::ALL.iter().map(|value| value.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_read_to_the_millisecond() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01t00:00:01.5z", 1_500),
            ("1970-01-01 01:00:00.0019+01:00", 1),
            ("1969-12-31T23:59:59Z", -1_000),
            ("2026-11-22T05:00:00Z", 1_795_323_600_000),
            ("2026-11-23T04:59:00+23:59", 1_795_323_600_000),
        ] {
            assert_eq!(Moment::parse(text), Some(Timestamp(expected)), "{text}");
        }
    }

    #[test]
    fn what_only_iso_8601_allows_is_no_time() {
        for text in [
            "",
            "2026-11-22",
            "2026-11-22T05:00:00",
            "2026-11-22T05Z",
            "2026-11-22T05:00Z",
            "20261122T050000Z",
            "2026-11-22T05:00:00+01",
            "2026-11-22T05:00:00+0100",
            "2026-11-22T05:00:00Z[UTC]",
            "2026-11-22T05:00:00+01:00[Europe/Berlin]",
            "2026-02-30T05:00:00Z",
            "2026-11-22T25:00:00Z",
            "+002026-11-22T05:00:00Z",
            "2026-11-22T05:00:00,5Zé",
            "2026-11-22T05:00:00,5Z",
            "2026-11-22T05:00:00+24:00",
            "2026-11-22T05:00:00-25:59",
            "9999-12-31T23:59:59+24:00",
            "yesterday at half past nine",
        ] {
            assert_eq!(Moment::parse(text), None, "{text}");
        }
    }
}
