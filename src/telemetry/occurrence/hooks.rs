//! What other systems send by hooks.

use metrics::counter;
use tracing::{debug, info, warn};

use crate::telemetry::metric;

/// What became of what came by a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookOutcome {
    /// It was an event, and done.
    Accepted,
    /// It had come before.
    Duplicate,
    /// It was an event, and could not be done.
    Rejected,
    /// It was none of the events of its mapping.
    Ignored,
    /// It was no JSON, or what the mapping made of it was no proper event.
    Unreadable,
    /// It was not known to be of that system.
    Refused,
}

impl HookOutcome {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Accepted, Self::Duplicate, Self::Rejected, Self::Ignored, Self::Unreadable, Self::Refused];

    /// As the label spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
            Self::Unreadable => "unreadable",
            Self::Refused => "refused",
        }
    }

    fn count(self, hook: &str, by: u64) {
        counter!(metric::HOOKS_TOTAL, "hook" => hook.to_owned(), "outcome" => self.as_str()).increment(by);
    }
}

/// A hook of the configuration is known.
#[derive(Debug, Clone, Copy)]
pub struct HookKnown<'a> {
    /// Its name.
    pub hook: &'a str,
    /// Whether its secret could be guessed.
    pub is_short: bool,
}

impl HookKnown<'_> {
    /// Logs it, and begins to count.
    pub fn emit(self) {
        for outcome in HookOutcome::ALL {
            outcome.count(self.hook, 0);
        }
        count_left_out(self.hook, 0);
        if self.is_short {
            warn!(hook = self.hook, "the secret of this hook is short enough to guess");
        }
    }
}

/// Something came by a hook, and was dealt with.
#[derive(Debug, Clone, Copy)]
pub struct HookDealtWith<'a> {
    /// Its name.
    pub hook: &'a str,
    /// What became of it.
    pub outcome: HookOutcome,
}

impl HookDealtWith<'_> {
    /// Logs and counts it.
    pub fn emit(self) {
        self.outcome.count(self.hook, 1);
        let (hook, outcome) = (self.hook, self.outcome.as_str());
        if self.outcome == HookOutcome::Unreadable {
            info!(hook, outcome, "something came by a hook that can't be read");
        } else {
            debug!(hook, outcome, "something came by a hook");
        }
    }
}

/// For members of an event something came by a hook that can't be one: they were left out.
#[derive(Debug, Clone, Copy)]
pub struct HookLeftOut<'a, I> {
    /// Its name.
    pub hook: &'a str,
    /// Where each would have been, without what came for it.
    pub members: I,
}

impl<'m, I: Iterator<Item = &'m str>> HookLeftOut<'_, I> {
    /// Logs and counts it, where there are any.
    pub fn emit(self) {
        let members: Vec<&str> = self.members.collect();
        if members.is_empty() {
            return;
        }
        count_left_out(self.hook, members.len() as u64);
        info!(hook = self.hook, members = members.join(", "), "members of an event by a hook were left out");
    }
}

fn count_left_out(hook: &str, by: u64) {
    counter!(metric::HOOK_MEMBERS_LEFT_OUT_TOTAL, "hook" => hook.to_owned()).increment(by);
}

/// Something came by a hook, and nobody knows from whom.
#[derive(Debug, Clone, Copy)]
pub struct HookRefused<'a> {
    /// Its name.
    pub hook: &'a str,
    /// Which code.
    pub why: &'a str,
}

impl HookRefused<'_> {
    /// Logs and counts it. Whoever likes can have it happen: so it is no warning.
    pub fn emit(self) {
        HookOutcome::Refused.count(self.hook, 1);
        info!(hook = self.hook, why = self.why, "something came by a hook that does not show its secret");
    }
}
