//! What a role asks of owners, and how it is kept: for how long one who has gone keeps its tickets, and for how long
//! one who is there may be silent.

use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::channel::OwnerGrace;
use super::name::{RoleName, TicketId};
use super::state::Ground;
use super::time::{Millis, Timestamp};

/// What a role asks of whoever owns one of its tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Owning {
    /// How long tickets stay with an owner who went offline; `None` for as the channel says.
    pub owner_grace: Option<OwnerGrace>,
    /// An owner who has not replied to the customer for so long loses the ticket; `None` for never.
    pub first_reply_within: Option<Millis>,
}

impl Owning {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// How long an owner has been silent, not counting while the customer was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Silence {
    /// The owner has replied.
    broken: bool,
    /// How long it was until `since`.
    before: Millis,
    /// From when it counts; `None` for from the assignment.
    since: Option<Timestamp>,
}

impl Silence {
    /// Whether it is as it was when the ticket was assigned.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the owner has replied.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// When it has lasted for that long, while it counts.
    #[must_use]
    pub fn lasts(&self, assigned_at: Timestamp, length: Millis) -> Option<Timestamp> {
        let left = Millis(length.0.saturating_sub(self.before.0));
        (!self.broken).then(|| self.since.unwrap_or(assigned_at) + left)
    }

    /// The owner replies.
    pub(super) fn end(&mut self) {
        self.broken = true;
    }

    /// The customer is waited for.
    pub(super) fn pause(&mut self, assigned_at: Timestamp, at: Timestamp) {
        self.before = Millis(self.before.0 + at.since(self.since.unwrap_or(assigned_at)).0);
    }

    /// The customer is back, and the owner has the ticket before it.
    pub(super) fn go_on(&mut self, at: Timestamp) {
        self.since = Some(at);
    }

    /// What is asked of the owner changed: it did no wrong by what holds from now on.
    pub(super) fn begin_anew(&mut self, at: Timestamp) {
        (self.before, self.since) = (Millis::ZERO, Some(at));
    }
}

impl Ground {
    /// Whether it matters how long the owner of this ticket is silent.
    pub(super) fn asks_for_reply(&self, id: &TicketId) -> bool {
        let role = self.tickets.get(id).and_then(|ticket| ticket.demand.role());
        role.is_some_and(|role| counts_silence(&self.catalogue, role))
    }

    /// The owners of roles that now ask for a reply in another time begin anew, and those whose silence did not count.
    pub(super) fn excuse_owners(&mut self, next: &Catalogue, at: Timestamp) {
        for ticket in self.tickets.values_mut() {
            let Some(role) = ticket.demand.role() else { continue };
            let later = next.successor(role).unwrap_or(role);
            let changed = first_reply_within(&self.catalogue, role) != first_reply_within(next, later);
            let counts = !counts_silence(&self.catalogue, role) && counts_silence(next, later);
            if (changed || counts)
                && let Some(ownership) = ticket.phase.ownership_mut()
            {
                ownership.silence.begin_anew(at);
            }
        }
    }
}

fn first_reply_within(catalogue: &Catalogue, role: &RoleName) -> Option<Millis> {
    catalogue.roles.get(role).and_then(|role| role.owning.first_reply_within)
}

/// Whether it matters how long owners are silent.
fn counts_silence(catalogue: &Catalogue, role: &RoleName) -> bool {
    first_reply_within(catalogue, role).is_some() || catalogue.watches_silence()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSIGNED_AT: Timestamp = Timestamp(1_000);
    const LENGTH: Millis = Millis(100);

    #[test]
    fn silence_lasts_from_the_assignment_until_the_owner_replies() {
        let mut silence = Silence::default();
        assert_eq!(silence.lasts(ASSIGNED_AT, LENGTH), Some(Timestamp(1_100)));
        silence.end();
        assert_eq!(silence.lasts(ASSIGNED_AT, LENGTH), None);
    }

    #[test]
    fn time_in_which_the_customer_is_waited_for_does_not_count() {
        let mut silence = Silence::default();
        silence.pause(ASSIGNED_AT, Timestamp(1_040));
        silence.go_on(Timestamp(5_000));
        assert_eq!(silence.lasts(ASSIGNED_AT, LENGTH), Some(Timestamp(5_060)));
        silence.pause(ASSIGNED_AT, Timestamp(5_070));
        silence.go_on(Timestamp(9_000));
        assert_eq!(silence.lasts(ASSIGNED_AT, LENGTH), Some(Timestamp(9_000)), "none of it is left");
    }

    #[test]
    fn what_was_silent_before_does_not_count_when_it_begins_anew() {
        let mut silence = Silence::default();
        silence.pause(ASSIGNED_AT, Timestamp(1_040));
        silence.begin_anew(Timestamp(7_000));
        assert_eq!(silence.lasts(ASSIGNED_AT, LENGTH), Some(Timestamp(7_100)));
    }
}
