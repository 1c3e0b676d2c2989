//! The engine once more, in the most obvious way: the oracle of the fast one, for tests only.
//!
//! It does what [`super::Engine`] does, event for event, and decides everything by looking at all tickets and all agents:
//! no queue, no pool, no timer, no list of who may have become free. What is decided stands in [`decide`] and [`choice`]
//! and reads like `docs/routing.md`; what is done about it, command by command, in [`act`]. It shares the nouns with the
//! engine, and [`State::apply`], which never decides.
//!
//! It must not know `queue`, `pool`, `matching`, `timer`, `rank`, `strategy`'s orderings, `index` and `step`: a mistake
//! that both engines share is found by neither.

mod act;
mod automation;
mod choice;
mod decide;
mod due;
mod ladder;
mod promises;
mod why;

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, AgentView, ChannelLoad, SlotUse};
use super::automation::Occasion;
use super::command::{Command, Rejection};
use super::condition::Condition;
use super::engine::{Outcome, Verdict};
use super::event::Event;
use super::name::{AgentId, ChannelName, RoleName, TicketId};
use super::passed_on::Parted;
use super::state::{Identity, State};
use super::ticket::Ticket;
use super::time::Timestamp;

/// Channels that are told of every agent, whatever the catalogue names.
const USUAL_CHANNELS: [&str; 5] = ["call", "chat", "email", "social", "task"];

/// What became of a command that was not rejected, or why it was.
type Handled = Result<Verdict, Rejection>;

/// The obvious engine.
#[derive(Debug, Clone)]
pub struct NaiveEngine {
    state: State,
    /// Those of the rules of the catalogue.
    conditions: Vec<Condition>,
    /// Those of its automations.
    automation_conditions: Vec<Option<Condition>>,
    at: Timestamp,
    events: Vec<Event>,
    /// Tickets that these events ended and that have anything to pass on.
    parted: Vec<Parted>,
    /// Who is asked first for tickets whose owner has gone.
    deputies: BTreeMap<TicketId, AgentId>,
    /// The roles that a ticket comes from while it is sent from one to the next.
    trail: Vec<RoleName>,
    /// What has happened to tickets and no automation was asked about yet.
    noticed: Vec<(TicketId, Occasion)>,
}

impl NaiveEngine {
    /// An engine that knows nothing.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self {
            state: State::new(identity),
            conditions: Vec::new(),
            automation_conditions: Vec::new(),
            at: Timestamp::default(),
            events: Vec::new(),
            parted: Vec::new(),
            deputies: BTreeMap::new(),
            trail: Vec::new(),
            noticed: Vec::new(),
        }
    }

    /// What the engine knows.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// When something happens by itself.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.dues().into_iter().min().map(|(due, ..)| due)
    }

    /// Does one thing, and everything that follows from it.
    pub fn handle(&mut self, command: Command, now: Timestamp) -> Outcome {
        self.at = now.max(self.state.now());
        let first_seq = self.state.next_seq();
        let before = self.views();
        self.deputies.clear();
        let (ticket, agent) = about(&command);
        let verdict = match self.act(command) {
            Ok(verdict) => verdict,
            Err(rejection) => {
                self.emit(Event::CommandRejected { rejection: rejection.clone(), ticket, agent });
                Verdict::Rejected(rejection)
            }
        };
        if verdict == Verdict::Accepted {
            self.settle();
        }
        self.tell_of_agents(&before);
        let (events, parted) = (std::mem::take(&mut self.events), std::mem::take(&mut self.parted));
        Outcome { verdict, first_seq, at: self.at, events, parted }
    }

    fn emit(&mut self, event: Event) {
        let before = Self::may_be_noticed(&event).and_then(|id| self.state.ticket(id)).cloned();
        self.parted.extend(Parted::by(&event, &self.state));
        self.state.apply(self.at, &event);
        self.notice(before, &event);
        self.events.push(event);
    }

    fn known(&self, id: &TicketId) -> &Ticket {
        self.state.ticket(id).expect("only tickets that were found are followed")
    }

    fn agent(&self, id: &AgentId) -> &Agent {
        self.state.agent(id).expect("only agents that were found are followed")
    }

    /// Tells of every agent that the outside would see otherwise than before.
    fn tell_of_agents(&mut self, before: &BTreeMap<AgentId, AgentView>) {
        let now = self.views();
        for agent in before.keys().chain(now.keys()).cloned().collect::<BTreeSet<AgentId>>() {
            if before.get(&agent) != now.get(&agent) {
                let view = now.get(&agent).cloned().unwrap_or_default();
                self.emit(Event::AgentChanged { agent, view });
            }
        }
    }

    fn views(&self) -> BTreeMap<AgentId, AgentView> {
        self.state.agents().map(|agent| (agent.id.clone(), self.view(agent))).collect()
    }

    /// Its load on the usual channels, and on those that the catalogue, its limits or its slots name.
    fn view(&self, agent: &Agent) -> AgentView {
        let catalogue = self.state.catalogue();
        let mut channels: BTreeSet<ChannelName> =
            USUAL_CHANNELS.iter().map(|name| ChannelName::parse(name).expect("these are names")).collect();
        channels.extend(catalogue.channels.keys().cloned());
        channels.extend(agent.profile.limits.keys().cloned());
        channels.extend(agent.slots.values().map(|slot| slot.channel.clone()));
        let load =
            |name: &ChannelName| ChannelLoad { used: agent.used(name), limit: agent.profile.limit(name, catalogue) };
        let wrap_ups = agent.slots.values().filter(|slot| matches!(slot.used_for, SlotUse::WrapUp { .. }));
        AgentView {
            status: agent.status,
            status_name: agent.status_name.clone(),
            reason: agent.grounds.reason(),
            load: channels.into_iter().map(|name| (name.clone(), load(&name))).collect(),
            wrapping_up: u32::try_from(wrap_ups.count()).expect("an agent holds few tickets"),
        }
    }
}

/// Ticket and agent that a command names, which its rejection repeats.
fn about(command: &Command) -> (Option<TicketId>, Option<AgentId>) {
    match command.clone() {
        Command::CreateTicket { ticket, .. }
        | Command::UpdateTicket { ticket, .. }
        | Command::CancelTicket { ticket, .. }
        | Command::TransferTicket { ticket, .. }
        | Command::PauseTicket { ticket }
        | Command::ResumeTicket { ticket } => (Some(ticket), None),
        Command::AcceptOffer { ticket, agent, .. }
        | Command::DeclineOffer { ticket, agent, .. }
        | Command::TakeTicket { ticket, agent, .. } => (Some(ticket), Some(agent)),
        Command::CompleteTicket { ticket, agent, .. }
        | Command::ReleaseTicket { ticket, agent, .. }
        | Command::NoteReply { ticket, agent } => (Some(ticket), agent),
        Command::ClaimTicket { agent, ticket, .. } | Command::FinishWrapUp { agent, ticket } => (ticket, Some(agent)),
        Command::RegisterAgent { agent, .. }
        | Command::RemoveAgent { agent }
        | Command::SetPresence { agent, .. }
        | Command::Heartbeat { agent }
        | Command::ExcuseSilence { agent }
        | Command::ReconcileAgent { agent, .. } => (None, Some(agent)),
        Command::ReplaceCatalogue { .. } | Command::Elapse => (None, None),
    }
}
