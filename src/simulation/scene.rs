//! What is played: a catalogue, people, and a workload.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Scenario;
use crate::routing::{AgentId, Catalogue, Millis, Timestamp};

use super::staff::{self, StaffMember};
use super::workload::{Drawn, Recorded, Replayed, Workload};

/// Ended tickets are forgotten soon: nobody creates one twice here, and a long run would remember millions.
const CLOSED_RETENTION: Millis = Millis::from_secs(60);

/// What is played.
#[derive(Debug, Clone)]
pub struct Scene {
    /// As reports call it.
    pub name: String,
    /// What is configured about routing.
    pub catalogue: Arc<Catalogue>,
    /// When the virtual clock begins.
    pub start: Timestamp,
    /// Tickets that come from here on are counted …
    pub counted_from: Timestamp,
    /// … until here.
    pub counted_to: Timestamp,
    /// The last moment that is played.
    pub ends: Timestamp,
    /// How often.
    pub replications: u32,
    /// Equal seeds give equal runs.
    pub seed: u64,
    /// What counts as in time for tickets of a role without a target.
    pub answer_within: Millis,
    /// Who works.
    pub staff: Vec<StaffMember>,
    /// What the sources of tickets are called.
    pub sources: Vec<String>,
    /// Where tickets come from.
    pub coming: Coming,
}

/// Where tickets come from.
#[derive(Debug, Clone)]
pub enum Coming {
    /// By chance.
    Drawn(Vec<crate::config::Arrivals>),
    /// From the past, each with its source, in the order of time.
    Replayed(Vec<(usize, Recorded)>),
}

impl Scene {
    /// The scene of a scenario.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let end = scenario.start + scenario.duration;
        Self {
            name: scenario.name.clone(),
            catalogue: forgetful(&scenario.catalogue),
            start: scenario.start,
            counted_from: scenario.start + scenario.warm_up,
            counted_to: end,
            ends: end + scenario.settle,
            replications: scenario.replications,
            seed: scenario.seed,
            answer_within: scenario.answer_within,
            staff: staff::of_groups(&scenario.agents),
            sources: scenario.arrivals.iter().map(|it| it.name.clone()).collect(),
            coming: Coming::Drawn(scenario.arrivals.clone()),
        }
    }

    /// The same with another catalogue.
    #[must_use]
    pub fn under(&self, name: &str, catalogue: &Catalogue) -> Self {
        Self { name: name.to_owned(), catalogue: forgetful(catalogue), ..self.clone() }
    }

    /// The same under a catalogue as it is: ended tickets are remembered for as long as it says.
    #[must_use]
    pub fn remembering(self, catalogue: &Arc<Catalogue>) -> Self {
        Self { catalogue: Arc::clone(catalogue), ..self }
    }

    /// The same with more people.
    ///
    /// # Errors
    /// With the id of one who is there already: nobody comes twice.
    pub fn with_more(mut self, groups: &[crate::config::AgentGroup]) -> Result<Self, AgentId> {
        let more = staff::of_groups(groups);
        let known: BTreeSet<&AgentId> = self.staff.iter().map(|member| &member.id).collect();
        if let Some(twice) = more.iter().find(|member| known.contains(&member.id)) {
            return Err(twice.id.clone());
        }
        self.staff.extend(more);
        Ok(self)
    }

    /// What comes in a replication.
    pub(super) fn workload(&self, seed: u64) -> Box<dyn Workload + '_> {
        match &self.coming {
            Coming::Drawn(arrivals) => Box::new(Drawn::new(arrivals, self.start, &self.catalogue.time_zone, seed)),
            Coming::Replayed(tickets) => Box::new(Replayed::new(tickets, self.sources.len(), seed)),
        }
    }
}

/// The catalogue, by which ended tickets are soon forgotten.
pub(super) fn forgetful(catalogue: &Catalogue) -> Arc<Catalogue> {
    Arc::new(Catalogue { closed_retention: CLOSED_RETENTION.min(catalogue.closed_retention), ..catalogue.clone() })
}
