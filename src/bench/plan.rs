//! What is measured, how long and how often.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::broker::QueueType;

/// A process under measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The bare passthrough: one message out for each that comes in.
    Passthrough,
    /// The passthrough that says as much as rolecall: one message that is routed, and one for which no queue is bound.
    PassthroughTwice,
    /// `rolecall serve`.
    Rolecall,
    /// The same with few agents and nothing waiting, beside one that has much to remember.
    RolecallEmpty,
    /// `rolecall serve` of another program, or in another environment.
    RolecallOther,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Passthrough, Self::PassthroughTwice, Self::Rolecall, Self::RolecallEmpty, Self::RolecallOther];

    /// As tables call it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Passthrough => "passthrough",
            Self::PassthroughTwice => "passthrough, 2 out",
            Self::Rolecall => "rolecall",
            Self::RolecallEmpty => "rolecall, empty",
            Self::RolecallOther => "rolecall, other",
        }
    }

    /// The same where there is little room.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::PassthroughTwice => "2 out",
            Self::RolecallEmpty => "empty",
            Self::RolecallOther => "other",
            Self::Passthrough | Self::Rolecall => self.title(),
        }
    }

    /// Whether it is the daemon.
    #[must_use]
    pub const fn is_rolecall(self) -> bool {
        matches!(self, Self::Rolecall | Self::RolecallEmpty | Self::RolecallOther)
    }

    /// As objects on the broker and directories call it.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Passthrough => "p",
            Self::PassthroughTwice => "p2",
            Self::Rolecall => "r",
            Self::RolecallEmpty => "r0",
            Self::RolecallOther => "ro",
        }
    }
}

/// A rolecall that is set beside this one, to tell what a change does.
#[derive(Debug, Clone)]
pub struct Other {
    /// The program; this one, where only the environment differs.
    pub program: PathBuf,
    /// What its environment has beyond this one's.
    pub environment: Vec<(String, String)>,
}

/// What is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How often each is measured; they take turns.
    pub rounds: u32,
    /// Events a second.
    pub rates: Vec<u32>,
    /// How long a rate is held, after the warm-up.
    pub duration: Duration,
    /// How long it is held before.
    pub warm_up: Duration,
    /// How many events wait when throughput is measured.
    pub backlog: u64,
    /// How many agents are there; tickets go to them.
    pub agents: u32,
    /// How many tickets wait beside the measured ones.
    pub waiting: u32,
    /// Of all queues.
    pub queue_type: QueueType,
    /// Who is measured at the fixed rates; at saturation all are.
    pub at_rates: Vec<Kind>,
    /// Who is measured at saturation.
    pub at_saturation: Vec<Kind>,
    /// How many messages the passthrough has under way.
    pub window: u16,
    /// Where journals and logs go.
    pub directory: PathBuf,
    /// The program: this one.
    pub program: PathBuf,
    /// Who is set beside it.
    pub other: Option<Other>,
}

/// How many agents are there where it is about how little there is, at most.
const FEW_AGENTS: u32 = 1_000;

impl Plan {
    /// How many agents a contestant has, and how many tickets wait there beside the measured ones.
    #[must_use]
    pub fn scene(&self, kind: Kind) -> (u32, u32) {
        match kind {
            Kind::RolecallEmpty => (self.agents.min(FEW_AGENTS), 0),
            Kind::Passthrough | Kind::PassthroughTwice | Kind::Rolecall | Kind::RolecallOther => {
                (self.agents, self.waiting)
            }
        }
    }

    /// Who takes part at all.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        Kind::ALL.into_iter().filter(|kind| self.at_rates.contains(kind) || self.at_saturation.contains(kind)).collect()
    }

    /// How many measurements there are.
    #[must_use]
    pub fn measurements(&self) -> usize {
        self.rounds as usize * (self.rates.len() * self.at_rates.len() + self.at_saturation.len())
    }

    /// About how long one measurement takes.
    #[must_use]
    pub fn usual(&self, is_saturation: bool) -> Duration {
        if is_saturation {
            // Published at some 15,000 a second, and taken at some 8,000.
            Duration::from_secs(2) + Duration::from_micros(self.backlog * 190)
        } else {
            self.duration + self.warm_up + Duration::from_millis(200)
        }
    }

    /// About how long all of it takes.
    #[must_use]
    pub fn usual_whole(&self) -> Duration {
        let at_rates = self.usual(false) * self.rates.len() as u32 * self.at_rates.len() as u32;
        let at_saturation = self.usual(true) * self.at_saturation.len() as u32;
        let set_up = Duration::from_micros(150 * u64::from(2 * self.agents + self.waiting)) + Duration::from_secs(5);
        (at_rates + at_saturation) * self.rounds + set_up
    }
}
