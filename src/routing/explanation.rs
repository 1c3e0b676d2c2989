//! Why a ticket is where it is: which rule gave it its role, where it stands in which queue, what it waits for, what each
//! agent lacks, what will happen by itself; and of a ticket that somebody has, why that agent.
//!
//! Made from the state when somebody asks, and from nothing else, so that explaining costs a decision nothing. It decides
//! nothing: what it says of an agent is held to the engine's own answer by tests.

mod coming;
mod lacking;
mod staff;
mod way;
mod words;

pub use coming::{Coming, StepAhead, step_changes, step_conditions};
pub use lacking::{Cure, Lacking};
pub use staff::{ELIGIBLE, LISTED_MAX, Listed, Staff};
pub use way::Way;

use super::name::{AgentId, RoleName, TicketId};
use super::offer::{Offer, Ownership};
use super::role::{Dispatch, Role};
use super::state::State;
use super::ticket::{Bar, ClosedTicket, Phase, Ticket, TicketSpec, UnroutableCause};
use super::ticket::{Demand, Direction};
use super::time::{Millis, Timestamp};

/// What somebody wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// Of which ticket.
    pub ticket: TicketId,
    /// How closely the agents are looked at.
    pub agents: Closeness,
}

/// How closely the agents are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closeness {
    /// They are counted.
    Counted,
    /// And listed by what they lack first.
    Listed,
    /// And all that this one lacks is said.
    One(AgentId),
}

/// Why there is no explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unexplained {
    /// No ticket of that id is known.
    UnknownTicket,
    /// It has ended.
    Ended(ClosedTicket),
    /// No agent of that id is registered.
    UnknownAgent,
}

/// Where a ticket stands in the queue of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which role.
    pub role: RoleName,
    /// 1 for the next.
    pub position: u64,
    /// How many wait, this one included.
    pub waiting: u64,
    /// How long it will wait, where the role has assigned often enough to tell.
    pub estimated_wait: Option<Millis>,
}

/// What a waiting ticket waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitsFor {
    /// For one agent, who lacks this now.
    Agent(Direction, Vec<Lacking>),
    /// For an agent to ask for it: all of its roles are worked by asking.
    Claim,
    /// For an agent who could take it to have room.
    Room,
    /// For the end of a cool-down: who could take it has just declined or missed it.
    CoolDown,
    /// For an agent who could take it to come, or to switch the channel on.
    Presence,
    /// For an overflow step: as it is now nobody could take it, not even with all the room in the world.
    Step,
}

impl WaitsFor {
    /// For programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Agent(..) => "one_agent",
            Self::Claim => "claim",
            Self::Room => "agent_with_room",
            Self::CoolDown => "cool_down",
            Self::Presence => "agent_online",
            Self::Step => "overflow_step",
        }
    }
}

/// Where a ticket is, and with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stands {
    /// Aside, until then.
    Aside(Timestamp),
    /// Aside, because its role is closed until then.
    Closed(Timestamp),
    /// In its queues.
    Waits(WaitsFor),
    /// Nobody could ever take it.
    Unroutable(UnroutableCause),
    /// Proposed.
    Offered(Vec<Offer>),
    /// Owned and worked on.
    Assigned(Ownership),
    /// Owned; the customer is waited for.
    Paused(Ownership),
    /// Owned; the customer is back, and the owner has no slot free yet.
    Resuming(Ownership),
}

/// What one agent lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentFindings {
    /// Who.
    pub agent: AgentId,
    /// Everything; nothing where it may take the ticket.
    pub lacks: Vec<Lacking>,
}

/// Why a ticket is where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Which ticket.
    pub ticket: TicketId,
    /// When that was so.
    pub as_of: Timestamp,
    /// One word for the place of the ticket in its life.
    pub phase: &'static str,
    /// Its age counts from here.
    pub created_at: Timestamp,
    /// What upstream says of it.
    pub spec: TicketSpec,
    /// What it demands now.
    pub demand: Demand,
    /// How it came to its role.
    pub way: Way,
    /// Where it is.
    pub stands: Stands,
    /// Its place in each of its queues, while it waits.
    pub places: Vec<Place>,
    /// Who of the agents may take it; `None` where somebody owns it.
    pub staff: Option<Staff>,
    /// What happens to it by itself, the earliest first.
    pub coming: Vec<Coming>,
    /// The steps of its ladder that are still to come.
    pub steps: Vec<StepAhead>,
    /// Who is not asked for it, and until when.
    pub bars: Vec<Bar>,
    /// What the agent lacks who was asked about.
    pub agent: Option<AgentFindings>,
    /// The agents by what they lack first, where they were asked for.
    pub listed: Option<Vec<Listed>>,
}

impl State {
    /// Why a ticket is where it is at that time.
    ///
    /// # Errors
    /// Where ticket or agent are not known.
    pub fn explain(&self, inquiry: &Inquiry, now: Timestamp) -> Result<Explanation, Unexplained> {
        let Some(ticket) = self.ticket(&inquiry.ticket) else {
            let closed = self.closed_ticket(&inquiry.ticket).copied();
            return Err(closed.map_or(Unexplained::UnknownTicket, Unexplained::Ended));
        };
        let agent = match &inquiry.agents {
            Closeness::Counted | Closeness::Listed => None,
            Closeness::One(id) => {
                let agent = self.agent(id).ok_or(Unexplained::UnknownAgent)?;
                Some(AgentFindings { agent: id.clone(), lacks: lacking::everything(self, agent, ticket) })
            }
        };
        let (staff, listed) = staff::considered(self, ticket);
        Ok(Explanation {
            ticket: ticket.id.clone(),
            as_of: now,
            phase: ticket.phase.as_str(),
            created_at: ticket.created_at,
            spec: TicketSpec::clone(&ticket.spec),
            demand: Demand::clone(&ticket.demand),
            way: way::of(self, ticket),
            stands: stands(self, ticket, &staff),
            places: places(self, ticket, now),
            coming: coming::of_ticket(self, ticket),
            steps: coming::steps(self, ticket),
            bars: Vec::clone(&ticket.bars),
            staff: ticket.phase.ownership().is_none().then_some(staff),
            agent,
            listed: matches!(inquiry.agents, Closeness::Listed).then_some(listed),
        })
    }
}

fn places(state: &State, ticket: &Ticket, now: Timestamp) -> Vec<Place> {
    if ticket.phase != Phase::Waiting {
        return Vec::new();
    }
    let place = |role: &RoleName| {
        let position = state.position(ticket, role)?;
        Some(Place {
            role: role.clone(),
            position,
            waiting: u64::try_from(state.queues().role(role)?.len()).ok()?,
            estimated_wait: state.estimate(role, ticket.demand.priority, position, now).map(|it| it.likely),
        })
    };
    ticket.demand.roles.iter().filter_map(place).collect()
}

fn stands(state: &State, ticket: &Ticket, staff: &Staff) -> Stands {
    match &ticket.phase {
        Phase::Scheduled => Stands::Aside(ticket.spec.beside.not_before.unwrap_or(ticket.created_at)),
        Phase::Deferred => Stands::Closed(ticket.opens_at.get().unwrap_or(ticket.created_at)),
        // Between two places within one step of the engine; seen from outside it is on its way to a queue.
        Phase::Intake | Phase::Waiting => Stands::Waits(waits_for(state, ticket, staff)),
        Phase::Unroutable(cause) => Stands::Unroutable(*cause),
        Phase::Offered(offers) => Stands::Offered(offers.clone()),
        Phase::Assigned(ownership) => Stands::Assigned(Ownership::clone(ownership)),
        Phase::Paused(ownership) => Stands::Paused(Ownership::clone(ownership)),
        Phase::Resuming(ownership) => Stands::Resuming(Ownership::clone(ownership)),
    }
}

fn waits_for(state: &State, ticket: &Ticket, staff: &Staff) -> WaitsFor {
    if let Some(direction) = &ticket.direction {
        let agent = state.agent(&direction.agent);
        let lacks = agent.map(|agent| lacking::everything(state, agent, ticket)).unwrap_or_default();
        return WaitsFor::Agent(Direction::clone(direction), lacks);
    }
    let is_pushed = |role: &&Role| role.dispatch == Dispatch::Push;
    let mut roles = ticket.demand.roles.iter().filter_map(|name| state.catalogue().roles.get(name));
    if !roles.any(|role| is_pushed(&role)) {
        return WaitsFor::Claim;
    }
    match staff.nearest {
        Some(Cure::Room) => WaitsFor::Room,
        Some(Cure::CoolDown) => WaitsFor::CoolDown,
        Some(Cure::Presence) => WaitsFor::Presence,
        // Who lacks nothing has only roles that are worked by asking.
        None if staff.eligible > 0 => WaitsFor::Claim,
        Some(Cure::Change) | None => WaitsFor::Step,
    }
}
