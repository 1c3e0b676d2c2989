//! Recorded tickets, said again at any speed, and the books about what became of them.
//!
//! A log of calls or incidents is read by a [`Mapping`], which says what its columns mean; the [`Player`] says at the
//! recorded times, sped up, that tickets come, and plays customers and agents: whoever hung up does so again after the
//! recorded wait, whoever served is there, answers, and takes as long as recorded. [`Books`] are kept from outside, from
//! what was published and what was heard alone, so that they can prove the daemon wrong: a ticket that was published
//! and of which nothing became is lost, one with two owners is owned twice.
//!
//! Must not know: the engine's state, the journal, the daemon.

mod books;
mod catalogue;
mod mapping;
mod player;
mod record;
mod staff;
#[cfg(test)]
mod tests;
mod waits;

pub use books::{Account, Books, Fate};
pub use catalogue::catalogue_text;
pub use mapping::Mapping;
pub use player::{Player, PlayerOptions};
pub use record::{ReadError, Record, Window, parse_moment, read_records};
pub use staff::{Staff, Stint};
pub use waits::Waits;

use crate::routing::Millis;

/// How many times faster than recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// That many times.
    Times(f64),
    /// As fast as it goes: nobody waits, thinks or works.
    Max,
}

impl Speed {
    /// A recorded length of time, as long as it takes now.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "recorded times are some months of milliseconds, and a speed is positive"
    )]
    pub fn shorten(self, length: Millis) -> Millis {
        match self {
            Self::Times(times) => Millis((length.0 as f64 / times).round() as u64),
            Self::Max => Millis::ZERO,
        }
    }
}

impl std::str::FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim_end_matches('x').parse::<f64>() {
            _ if text == "max" => Ok(Self::Max),
            Ok(0.0) => Ok(Self::Max),
            Ok(times) if (0.001..=1e9).contains(&times) => Ok(Self::Times(times)),
            _ => Err("expected a number such as 60, or max".to_owned()),
        }
    }
}
