//! Time zones: what the clock on the wall shows where the contact centre is.
//!
//! The rules of daylight saving come with the program, in `jiff`'s copy of the IANA Time Zone Database, and never from
//! the machine: equal inputs give equal decisions everywhere.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Serialize};

use super::time::Timestamp;

/// A time zone by its name in the IANA database, `Europe/Berlin`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    name: String,
    rules: TimeZone,
}

/// That no time zone has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0:?}")]
pub struct UnknownZone(pub String);

impl Zone {
    /// Looks a time zone up, in whatever case it is written.
    ///
    /// # Errors
    /// Where the database does not have it.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        let found = TimeZoneDatabase::bundled().get(name).ok();
        let named = found.and_then(|rules| Some(Self { name: rules.iana_name()?.to_owned(), rules }));
        named.ok_or_else(|| UnknownZone(name.to_owned()))
    }

    /// Its name in the database.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is the zone where nothing is configured.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What calendar and clock show at that moment. Before the year -9999 and after 9999 they stand still.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> DateTime {
        let edge = if at.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        self.rules.to_datetime(jiff::Timestamp::from_millisecond(at.0).unwrap_or(edge))
    }

    /// The first moment at which calendar and clock show that, or something later where the clock jumps over it.
    #[must_use]
    pub fn first_moment(&self, shown: DateTime) -> Timestamp {
        let moment = match self.rules.to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
                offset.to_timestamp(shown)
            }
            AmbiguousOffset::Gap { after, .. } => after.to_timestamp(shown).map(|before_the_jump| {
                let jump = self.rules.following(before_the_jump).next();
                jump.map_or(before_the_jump, |jump| jump.timestamp())
            }),
        };
        let edge = if shown.year() < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        Timestamp(moment.unwrap_or(edge).as_millisecond())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }
}

impl PartialEq for Zone {
    /// Of one name there is one zone.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

impl std::hash::Hash for Zone {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the clock shows so many seconds after 1970-01-01T00:00:00Z.
    fn shown(zone: &str, seconds: i64) -> String {
        Zone::parse(zone).unwrap().local(Timestamp(seconds * 1_000)).to_string()
    }

    #[test]
    fn the_clock_jumps_in_spring_and_is_set_back_in_autumn() {
        let spring = 1_774_746_000; // 2026-03-29T01:00:00Z
        assert_eq!(shown("Europe/Berlin", spring - 1), "2026-03-29T01:59:59");
        assert_eq!(shown("Europe/Berlin", spring), "2026-03-29T03:00:00");
        let autumn = 1_792_890_000; // 2026-10-25T01:00:00Z
        assert_eq!(shown("Europe/Berlin", autumn - 1), "2026-10-25T02:59:59");
        assert_eq!(shown("Europe/Berlin", autumn), "2026-10-25T02:00:00");
        assert_eq!(shown("UTC", autumn), "2026-10-25T01:00:00");
    }

    #[test]
    fn a_zone_goes_by_its_name_whatever_the_case() {
        assert_eq!(Zone::parse("europe/berlin").unwrap(), Zone::parse("Europe/Berlin").unwrap());
        assert_eq!(Zone::parse("utc").unwrap(), Zone::default());
        assert_eq!(Zone::parse("Europe/Atlantis"), Err(UnknownZone("Europe/Atlantis".to_owned())));
    }

    #[test]
    fn a_moment_beyond_the_calendar_is_its_edge() {
        assert_eq!(Zone::default().local(Timestamp(i64::MIN)).year(), -9999);
        assert_eq!(Zone::default().local(Timestamp(i64::MAX)).year(), 9999);
    }
}
