//! As what an agent was seen: `ETag`, and `If-Match` of whoever registers it anew.
//!
//! The tag has two halves. The first is of what `agent.registered` says, the second of all that there is to see of the agent. Who
//! replaces a registration has to have seen the one that is there, which is the first half: what an agent does meanwhile is no
//! reason to refuse that. It is looked at where it is decided, so that nothing comes in between.

use axum::http::HeaderMap;

use super::entity_tag::{self, Matching};
use super::problem::Problem;
use super::submission::Outcome;
use crate::routing::{AgentId, AgentProfile, State};

/// The code of what was changed since whoever sends it looked.
pub(super) const CHANGED_MEANWHILE: &str = "changed_meanwhile";

const BETWEEN_HALVES: char = '.';

/// That an agent has to be registered as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Which agent.
    pub agent: AgentId,
    /// As one of these; `None` for whatever it is.
    pub seen_as: Option<Vec<String>>,
}

impl Expectation {
    /// What a request says of that; nothing where it does not.
    pub(super) fn of(headers: &HeaderMap, agent: &AgentId) -> Result<Option<Self>, Problem> {
        let expected = entity_tag::if_match(headers)?;
        Ok(expected.map(|matching| {
            let seen_as = match matching {
                Matching::Anything => None,
                Matching::OneOf(tags) => Some(tags.iter().filter_map(|tag| first_half(tag)).collect()),
            };
            Self { agent: agent.clone(), seen_as }
        }))
    }

    /// What an event is answered that comes while this does not hold.
    #[must_use]
    pub fn unmet(&self, state: &State) -> Option<Outcome> {
        let (agent, registered) = (&self.agent, state.agent(&self.agent));
        let (code, detail) = match (&self.seen_as, registered) {
            (None, None) => ("unknown_agent", format!("there is no agent {agent}")),
            (Some(seen_as), Some(registered)) if seen_as.contains(&letters_of(&registered.profile)) => return None,
            (None, Some(_)) => return None,
            (Some(_), None) => (CHANGED_MEANWHILE, format!("there is no agent {agent} any more: look again")),
            (Some(_), Some(_)) => (
                CHANGED_MEANWHILE,
                format!("the registration of agent {agent} has been changed since you looked: look again"),
            ),
        };
        Some(Outcome::Rejected { code, detail })
    }
}

/// The tag of an agent who is registered so and is shown so.
pub(super) fn tag(profile: &AgentProfile, shown: &[u8]) -> String {
    entity_tag::tag(&format!("{}{BETWEEN_HALVES}{}", letters_of(profile), entity_tag::letters_of(shown)))
}

/// That of the registration.
fn first_half(tag: &str) -> Option<String> {
    let (first, _) = tag.trim_matches('"').split_once(BETWEEN_HALVES)?;
    Some(first.to_owned())
}

/// The same as long as it says the same.
fn letters_of(profile: &AgentProfile) -> String {
    entity_tag::letters_of(&serde_json::to_vec(profile).expect("a registration is made of names and numbers"))
}
