//! What an agent owes, where scenarios do not reach: after a restart, on channels that interrupt one another, and for what is
//! meant for that agent.
#![expect(clippy::unwrap_used, reason = "the names are written here, and are valid")]

use std::sync::Arc;

use rolecall::routing::channel::{Acceptance, Channel};
use rolecall::routing::role::{Order, Role};
use rolecall::routing::{
    AgentId, AgentProfile, Catalogue, ChannelName, Command, Engine, Identity, Millis, Phase, Priority, RoleName,
    Status, TicketId, TicketSpec, Timestamp,
};

const NOW: Timestamp = Timestamp(0);

fn channel(name: &str, cost: u32, interrupts: &[&str]) -> (ChannelName, Channel) {
    let name = ChannelName::parse(name).unwrap();
    let interrupts = interrupts.iter().map(|name| ChannelName::parse(name).unwrap()).collect();
    let channel = Channel { cost, acceptance: Acceptance::Auto, interrupts, ..Channel::default_for(&name) };
    (name, channel)
}

fn id(name: &str) -> TicketId {
    TicketId::parse(name).unwrap()
}

/// One agent with 100 units, and tickets of one role that is ordered by priority.
struct Desk(Engine);

impl Desk {
    fn new(channels: impl IntoIterator<Item = (ChannelName, Channel)>) -> Self {
        let name = RoleName::parse("billing").unwrap();
        let role = Role { order: Order::Priority, sticky_wait: Millis::from_secs(60), ..Role::named(name.clone()) };
        let catalogue = Catalogue {
            channels: channels.into_iter().collect(),
            roles: [(name.clone(), role)].into_iter().collect(),
            default_role: Some(name.clone()),
            ..Catalogue::default()
        };
        let mut desk = Self(Engine::new(Identity { instance: 1, seed: 1 }));
        let agent = Self::agent();
        let profile = Box::new(AgentProfile::of_roles([name]));
        desk.say(Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) });
        desk.say(Command::RegisterAgent { agent: agent.clone(), profile });
        let online =
            Command::SetPresence { agent, status: Status::Online, name: None, reason: None, switches: [].into() };
        desk.say(online);
        desk
    }

    fn agent() -> AgentId {
        AgentId::parse("ana").unwrap()
    }

    fn say(&mut self, command: Command) {
        self.0.handle(command, NOW);
        self.0.state().check_invariants().unwrap();
    }

    fn comes(&mut self, name: &str, channel: &str) {
        self.comes_as(name, TicketSpec::on(ChannelName::parse(channel).unwrap()));
    }

    fn comes_as(&mut self, name: &str, spec: TicketSpec) {
        self.say(Command::CreateTicket { ticket: id(name), spec: Box::new(spec) });
    }

    /// A call that comes back while something that keeps it waiting has taken its place.
    fn owes_a_call(&mut self, meanwhile: &str) {
        self.comes("back", "call");
        self.say(Command::PauseTicket { ticket: id("back") });
        self.comes("meanwhile", meanwhile);
        self.say(Command::ResumeTicket { ticket: id("back") });
        assert!(matches!(self.phase("back"), Phase::Resuming(_)), "{:?}", self.phase("back"));
    }

    #[cfg(feature = "daemon")]
    fn ends(&mut self, name: &str) {
        let then = rolecall::routing::command::AfterWork::Ready;
        self.say(Command::CompleteTicket { ticket: id(name), agent: None, outcome: None, then });
    }

    fn phase(&self, name: &str) -> &Phase {
        &self.0.state().ticket(&id(name)).unwrap().phase
    }

    fn works_on(&self, name: &str) -> bool {
        matches!(self.phase(name), Phase::Assigned(_))
    }
}

// The engine alone has nothing to write a state with.
#[cfg(feature = "daemon")]
#[test]
fn a_state_that_is_read_again_keeps_the_units_that_are_owed() {
    let mut desk = Desk::new([channel("call", 100, &[]), channel("chat", 25, &[])]);
    desk.owes_a_call("chat");
    let written = rmp_serde::to_vec_named(desk.0.state()).unwrap();
    let read: rolecall::routing::State = rmp_serde::from_slice(&written).unwrap();
    let mut desk = Desk(Engine::resume(read));
    desk.comes("late", "chat");
    assert_eq!(*desk.phase("late"), Phase::Waiting);
    desk.ends("meanwhile");
    assert!(desk.works_on("back"));
    desk.ends("back");
    assert!(desk.works_on("late"));
}

#[test]
fn units_are_kept_from_no_channel_that_takes_none_of_them() {
    let call = channel("call", 100, &["chat"]);
    let alarm = channel("alarm", 50, &["call"]);
    let mut desk = Desk::new([call, alarm, channel("chat", 25, &[]), channel("task", 50, &[])]);
    desk.owes_a_call("task");
    desk.comes("email", "email");
    desk.comes("chat", "chat");
    desk.comes("alarm", "alarm");
    assert!(desk.works_on("email"), "it costs nothing");
    assert!(desk.works_on("chat"), "the call counts no chats");
    assert!(!desk.works_on("back"));
}

#[test]
fn what_interrupts_the_ticket_that_is_owed_gets_through() {
    let alarm = channel("alarm", 50, &["call"]);
    let mut desk = Desk::new([channel("call", 100, &[]), alarm, channel("task", 50, &[])]);
    desk.owes_a_call("task");
    desk.comes("alarm", "alarm");
    assert!(desk.works_on("alarm"));
}

#[test]
fn what_is_meant_for_an_agent_waits_for_it_until_it_owes_nothing() {
    let mut desk = Desk::new([channel("call", 100, &[]), channel("chat", 25, &[])]);
    desk.owes_a_call("chat");
    let mut spec = TicketSpec::on(ChannelName::parse("chat").unwrap());
    spec.beside.preferred_agent = Some(Desk::agent());
    desk.comes_as("meant", spec);
    let direction = desk.0.state().ticket(&id("meant")).unwrap().direction.clone();
    assert_eq!(direction.map(|direction| direction.agent.clone()), Some(Desk::agent()));
    desk.say(Command::CancelTicket { ticket: id("back"), reason: None });
    assert!(desk.works_on("meant"));
}

#[test]
fn only_what_is_of_higher_rank_goes_before_what_is_owed() {
    let mut desk = Desk::new([channel("call", 100, &[]), channel("chat", 25, &[])]);
    desk.owes_a_call("chat");
    for (name, priority) in [("lower", 2), ("equal", 3), ("higher", 4)] {
        let mut spec = TicketSpec::on(ChannelName::parse("chat").unwrap());
        spec.asked_mut().priority = Priority::new(priority).unwrap();
        desk.comes_as(name, spec);
    }
    assert_eq!(["lower", "equal", "higher"].map(|name| desk.works_on(name)), [false, false, true]);
}

#[test]
fn what_an_agent_kept_off_is_given_when_it_takes_by_hand_what_it_owes() {
    let alarm = channel("alarm", 40, &["task"]);
    let mut desk = Desk::new([channel("call", 60, &[]), alarm, channel("task", 50, &[])]);
    desk.owes_a_call("task");
    desk.comes("alarm", "alarm");
    assert_eq!(*desk.phase("alarm"), Phase::Waiting);
    desk.say(Command::TakeTicket { ticket: id("back"), agent: Desk::agent(), role: None });
    assert!(desk.works_on("alarm"));
}
