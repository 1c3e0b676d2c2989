//! As what the registration of an agent was seen: `ETag`, and `If-Match` of whoever replaces it.
//!
//! The tag is of what `agent.registered` says, and of nothing else: what an agent does meanwhile is no reason to refuse what was
//! made of its registration as it still is. It is looked at where it is decided, so that nothing comes in between.

use axum::http::{HeaderMap, HeaderValue};

use super::change;
use super::edits::{ExpectedState, quoted};
use super::problem::Problem;
use super::submission::Outcome;
use crate::routing::{AgentId, AgentProfile, State};

/// The code of what was changed since whoever sends it looked.
pub(super) const CHANGED_MEANWHILE: &str = "changed_meanwhile";

/// That an agent has to be registered as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Which agent.
    pub agent: AgentId,
    /// The tag of its registration; `None` for whatever it is.
    pub tag: Option<String>,
}

impl Expectation {
    /// What a request says of that; nothing where it does not.
    pub(super) fn of(headers: &HeaderMap, agent: &AgentId) -> Result<Option<Self>, Problem> {
        let expected = change::if_match(headers)?;
        Ok(expected.map(|state| {
            let tag = if let ExpectedState::Tagged(tag) = state { Some(tag) } else { None };
            Self { agent: agent.clone(), tag }
        }))
    }

    /// What an event is answered that comes while this does not hold.
    #[must_use]
    pub fn unmet(&self, state: &State) -> Option<Outcome> {
        let (agent, registered) = (&self.agent, state.agent(&self.agent));
        let (code, detail) = match (&self.tag, registered) {
            (None, None) => ("unknown_agent", format!("there is no agent {agent}")),
            (Some(tag), Some(registered)) if *tag == tag_of(&registered.profile) => return None,
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

/// The header that says as what a registration was seen.
pub(super) fn tag(profile: &AgentProfile) -> Option<HeaderValue> {
    HeaderValue::from_str(&tag_of(profile)).ok()
}

/// The same as long as it says the same.
fn tag_of(profile: &AgentProfile) -> String {
    quoted(&serde_json::to_vec(profile).expect("a registration is made of names and numbers"))
}
