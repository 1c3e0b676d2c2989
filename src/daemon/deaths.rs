//! How often processes died over what they had taken, and what follows from it: the arithmetic of the breaker, without
//! clock, disk or broker.
//!
//! A death counts where a process had taken something and died before the first batch of it was durable and acknowledged:
//! then it may have been that which killed it. After [`DEATHS_TO_CARE`] such deaths in a row everything is taken one by
//! one, and it is written down what, before it is looked at; so it is known over which message a process died. After
//! [`DEATHS_TO_GIVE_UP`] deaths over one message it is given up. Whoever makes progress begins again with nothing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::writer::INPUTS_MAX;

/// Deaths in a row without progress after which care is taken. Each costs everything that is under way one of the 20
/// deliveries that RabbitMQ 4 allows it; two in a row may be a machine that comes up badly.
const DEATHS_TO_CARE: u32 = 3;
/// Deaths over one message, with nothing else under way, after which it is given up: with the waits between them half a
/// minute, in which whatever else kills processes may pass.
const DEATHS_TO_GIVE_UP: u32 = 5;
/// The wait after the first death that makes careful; it doubles with each further one …
const WAIT_MIN: Duration = Duration::from_secs(1);
/// … up to here.
const WAIT_MAX: Duration = Duration::from_mins(1);
/// How many messages have to get through one by one before care ends. Whatever killed a process before anything was
/// durable was in its first batch or in the one that filled behind it, and both come again first.
const CAREFUL_MESSAGES: usize = 2 * INPUTS_MAX;
/// How many given up messages are remembered while care is taken, the newest: where their acknowledgement was lost they
/// come once more, and need not kill anybody again.
const GIVEN_UP_MAX: usize = 16;

/// What is known of earlier deaths. Written down as JSON in the file `DEATHS` beside the journal; no file means none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Deaths {
    /// Deaths since anything got through.
    in_a_row: u32,
    /// A process has taken something, and is not through with it. Whoever finds this knows that it died.
    under_way: bool,
    /// How many messages are still to be taken one by one; zero where no care is taken.
    careful_left: usize,
    /// The message that was taken last, where care was taken and it did not get through.
    suspect: Option<Suspect>,
    /// Digests of what was given up since care was taken.
    given_up: Vec<String>,
}

/// A message that was under way, alone, when processes died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Suspect {
    digest: String,
    /// For people.
    message_id: Option<String>,
    deaths: u32,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is read and decided.
    Decide,
    /// It is not looked at: so many processes have died over it.
    GiveUp {
        /// At least [`DEATHS_TO_GIVE_UP`].
        deaths: u32,
    },
}

impl Deaths {
    /// Reads what [`Deaths::written`] wrote.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// To be written down; `None` where there is nothing to know.
    pub(super) fn written(&self) -> Option<Vec<u8>> {
        (*self != Self::default()).then(|| serde_json::to_vec(self).expect("numbers and strings are JSON"))
    }

    /// A process begins. How long it has to wait before it takes anything.
    pub(super) fn begin(&mut self) -> Duration {
        if !std::mem::take(&mut self.under_way) {
            return Duration::ZERO;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        if let Some(suspect) = &mut self.suspect {
            suspect.deaths = suspect.deaths.saturating_add(1);
        }
        let Some(beyond) = self.in_a_row.checked_sub(DEATHS_TO_CARE) else { return Duration::ZERO };
        self.careful_left = self.careful_left.max(CAREFUL_MESSAGES);
        if self.suspect.as_ref().is_some_and(Suspect::is_given_up) {
            // It kills nobody any more.
            return Duration::ZERO;
        }
        WAIT_MIN.saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX)).min(WAIT_MAX)
    }

    /// Deaths since anything got through.
    pub(super) fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// Whether messages are taken one by one.
    pub(super) fn is_careful(&self) -> bool {
        self.careful_left > 0
    }

    /// From now on a death counts.
    pub(super) fn take_anything(&mut self) {
        self.under_way = true;
    }

    /// A message is about to be decided, and nothing else is.
    pub(super) fn take(&mut self, digest: &str, message_id: Option<&str>) -> Fate {
        self.under_way = true;
        if self.suspect.as_ref().is_none_or(|suspect| suspect.digest != digest) {
            let deaths = if self.given_up.iter().any(|given_up| given_up == digest) { DEATHS_TO_GIVE_UP } else { 0 };
            let (digest, message_id) = (digest.to_owned(), message_id.map(str::to_owned));
            self.suspect = Some(Suspect { digest, message_id, deaths });
        }
        match &self.suspect {
            Some(suspect) if suspect.is_given_up() => Fate::GiveUp { deaths: suspect.deaths },
            _ => Fate::Decide,
        }
    }

    /// What was taken is durable and acknowledged.
    pub(super) fn get_through(&mut self) {
        self.careful_left = self.careful_left.saturating_sub(1);
        if !self.is_careful() {
            return self.forget();
        }
        (self.in_a_row, self.under_way) = (0, false);
        let Some(suspect) = self.suspect.take().filter(Suspect::is_given_up) else { return };
        if !self.given_up.contains(&suspect.digest) {
            self.given_up.push(suspect.digest);
            let surplus = self.given_up.len().saturating_sub(GIVEN_UP_MAX);
            self.given_up.drain(..surplus);
        }
    }

    /// Nothing is left to be careful of.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The process ends in good order: it does not count, neither as a death nor as progress.
    pub(super) fn end(&mut self) {
        self.under_way = false;
    }
}

impl Suspect {
    fn is_given_up(&self) -> bool {
        self.deaths >= DEATHS_TO_GIVE_UP
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the next process finds.
    fn found(deaths: &Deaths) -> Deaths {
        deaths.written().map_or_else(Deaths::default, |bytes| Deaths::read(&bytes).expect("we wrote it"))
    }

    /// A process takes that message, and dies over it.
    fn die_over(deaths: &mut Deaths, digest: &str) -> (Fate, Duration) {
        let fate = if deaths.is_careful() {
            deaths.take(digest, None)
        } else {
            deaths.take_anything();
            Fate::Decide
        };
        *deaths = found(deaths);
        (fate, deaths.begin())
    }

    fn careful() -> Deaths {
        let mut deaths = Deaths::default();
        for _ in 0..DEATHS_TO_CARE {
            die_over(&mut deaths, "any");
        }
        assert!(deaths.is_careful());
        deaths
    }

    #[test]
    fn only_deaths_in_a_row_over_what_was_taken_make_careful() {
        let mut deaths = Deaths::default();
        for _ in 0..10 {
            assert_eq!(found(&deaths).begin(), Duration::ZERO, "it died, and had taken nothing");
            die_over(&mut deaths, "x");
            die_over(&mut deaths, "x");
            deaths.take_anything();
            deaths.get_through();
            assert_eq!(deaths.written(), None, "something got through");
        }
        for _ in 0..10 {
            deaths.take_anything();
            deaths.end();
            deaths = found(&deaths);
            assert_eq!(deaths.begin(), Duration::ZERO, "it ended in good order");
        }
        assert!(!deaths.is_careful());
    }

    #[test]
    fn waits_double_up_to_a_minute_and_end_where_the_message_is_given_up() {
        let mut deaths = Deaths::default();
        let waits: Vec<_> = (0..8).map(|_| die_over(&mut deaths, "x").1.as_secs()).collect();
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 0]);
        assert_eq!(deaths.take("x", None), Fate::GiveUp { deaths: DEATHS_TO_GIVE_UP });
        // Nobody is to blame.
        let mut deaths = careful();
        for _ in 0..20 {
            deaths.take_anything();
            deaths = found(&deaths);
            deaths.begin();
        }
        deaths.take_anything();
        assert_eq!(deaths.begin(), WAIT_MAX);
    }

    #[test]
    fn a_clean_end_keeps_what_is_known_of_a_suspect_and_waits_for_nothing() {
        let mut deaths = careful();
        die_over(&mut deaths, "x");
        deaths.take("x", None);
        deaths.end();
        deaths = found(&deaths);
        assert_eq!(deaths.begin(), Duration::ZERO);
        for _ in 1..DEATHS_TO_GIVE_UP {
            assert_eq!(die_over(&mut deaths, "x").0, Fate::Decide);
        }
        assert!(matches!(deaths.take("x", None), Fate::GiveUp { .. }));
    }

    #[test]
    fn a_message_is_given_up_for_deaths_over_it_alone() {
        let mut deaths = careful();
        for _ in 0..3 {
            die_over(&mut deaths, "x");
        }
        deaths.take("y", None);
        deaths.get_through();
        for count in 0..DEATHS_TO_GIVE_UP {
            assert_eq!(die_over(&mut deaths, "x").0, Fate::Decide, "{count} deaths since another got through");
        }
        assert!(matches!(deaths.take("x", None), Fate::GiveUp { .. }));
        deaths.get_through();
        assert_eq!(deaths.take("y", None), Fate::Decide);
    }

    #[test]
    fn what_was_given_up_kills_nobody_when_it_comes_again() {
        let mut deaths = careful();
        for _ in 0..DEATHS_TO_GIVE_UP {
            die_over(&mut deaths, "x");
        }
        for _ in 0..3 {
            assert!(matches!(deaths.take("x", None), Fate::GiveUp { .. }));
            deaths.get_through();
            deaths = found(&deaths);
        }
        assert_eq!(deaths.given_up, ["x"]);
    }

    #[test]
    fn care_ends_when_all_that_may_have_been_under_way_has_got_through() {
        let mut deaths = careful();
        for number in 0..CAREFUL_MESSAGES {
            assert!(deaths.is_careful(), "after {number}");
            assert_eq!(deaths.take(&number.to_string(), None), Fate::Decide);
            deaths.get_through();
        }
        assert!(!deaths.is_careful());
        assert_eq!(deaths.written(), None);
    }

    #[test]
    fn the_file_of_version_1_is_read() {
        let text = r#"{"in_a_row":4,"under_way":true,"careful_left":1024,
            "suspect":{"digest":"0f","message_id":"m-1","deaths":1},"given_up":["1e"]}"#;
        let suspect = Suspect { digest: "0f".to_owned(), message_id: Some("m-1".to_owned()), deaths: 1 };
        let given_up = vec!["1e".to_owned()];
        let deaths = Deaths { in_a_row: 4, under_way: true, careful_left: 1024, suspect: Some(suspect), given_up };
        assert_eq!(Deaths::read(text.as_bytes()).expect("it is JSON"), deaths);
        assert_eq!(Deaths::read(&deaths.written().expect("there is something to know")).expect("JSON"), deaths);
        assert!(Deaths::read(b"").is_err(), "a power cut can leave this");
    }
}
