//! Days that are not as regular: *mixed*, in the proportions of a real centre, and *hostile*, made to find what is slow.
//!
//! What is said next follows from a number that is drawn, the same in every run.

use rolecall::routing::channel::Acceptance;
use rolecall::routing::command::TransferTo;
use rolecall::routing::role::{OverflowStep, Role};
use rolecall::routing::skill::{SkillLevel, Skills};
use rolecall::routing::{AgentProfile, Catalogue, ChannelName, Command, Millis, Outcome, Status, TicketSpec};

use crate::centre::{Centre, Size, agent, catalogue, name, profile, role, specs};

/// How many skills there are where every agent has three of them and every ticket demands one: so nearly every agent is a
/// group of its own.
const HOSTILE_SKILLS: usize = 60;

/// A centre, and what has been drawn.
pub(crate) struct Day {
    pub(crate) centre: Centre,
    agents: usize,
    drawn: u64,
    transfers: bool,
}

impl Day {
    /// Half of the roles ask before they give, all have a ladder; some wait.
    pub(crate) fn mixed(size: Size) -> Self {
        let mut catalogue = catalogue();
        for (number, each) in catalogue.roles.values_mut().enumerate() {
            each.acceptance = number.is_multiple_of(2).then_some(Acceptance::Offer);
            each.overflow = vec![ladder_step(number)];
        }
        let mut centre = Centre::of(catalogue, specs());
        for number in 0..size.agents {
            centre.register(number, profile(number));
            centre.turn(agent(number), Status::Online);
        }
        Self::begun(centre, size, true)
    }

    /// One role that all have, agents who are all different, and tickets that are all different: some ten thousand demand
    /// signatures.
    pub(crate) fn hostile(size: Size) -> Self {
        let everybody = (role(0), Role::named(role(0)));
        let catalogue = Catalogue { roles: [everybody].into(), default_role: Some(role(0)), ..catalogue() };
        let mut centre = Centre::of(catalogue, (0..10_000).map(|number| hostile_spec(number, size)).collect());
        for number in 0..size.agents {
            centre.register(number, hostile_profile(number));
            centre.turn(agent(number), Status::Online);
        }
        Self::begun(centre, size, false)
    }

    fn begun(mut centre: Centre, size: Size, transfers: bool) -> Self {
        for _ in 0..size.agents + size.waiting / 10 {
            centre.arrive();
        }
        Self { centre, agents: size.agents, drawn: 1, transfers }
    }

    fn draw(&mut self, below: usize) -> usize {
        // Marsaglia's xorshift64.
        self.drawn ^= self.drawn << 13;
        self.drawn ^= self.drawn >> 7;
        self.drawn ^= self.drawn << 17;
        usize::try_from(self.drawn % below as u64).expect("it fits")
    }

    /// The next thing that is said.
    pub(crate) fn go_on(&mut self) -> Option<Outcome> {
        match self.draw(100) {
            0..30 => Some(self.centre.arrive()),
            30..55 => self.answer(),
            55..78 => self.centre.complete(),
            78..82 => self.hand_over(),
            82..92 => {
                let heard = agent(self.draw(self.agents));
                Some(self.centre.tell(Command::Heartbeat { agent: heard }))
            }
            _ => {
                let who = agent(self.draw(self.agents));
                let status = if self.draw(3) == 0 { Status::Away } else { Status::Online };
                Some(self.centre.turn(who, status))
            }
        }
    }

    /// Of seven who are asked six say yes. What was completed by then was done by somebody else.
    fn answer(&mut self) -> Option<Outcome> {
        let Some((ticket, agent)) = self.centre.offered.pop_front() else { return self.centre.complete() };
        let command = if self.draw(7) == 0 {
            Command::DeclineOffer { ticket, agent, assignment: None, reason: None }
        } else {
            Command::AcceptOffer { ticket, agent, assignment: None }
        };
        Some(self.centre.tell(command))
    }

    fn hand_over(&mut self) -> Option<Outcome> {
        let ticket = self.centre.owned.pop_front()?;
        if !self.transfers {
            return Some(self.centre.tell(Command::ReleaseTicket { ticket, agent: None, reason: None }));
        }
        let to = TransferTo::Role(role(self.draw(8)));
        Some(self.centre.tell(Command::TransferTicket { ticket, to, by: None, note: None }))
    }
}

/// Everybody is registered and nobody there, and a backlog waits. One after the other they come, a millisecond apart.
pub(crate) struct Morning {
    centre: Centre,
    next: usize,
    agents: usize,
}

impl Morning {
    pub(crate) fn before(size: Size) -> Self {
        let mut centre = Centre::of(catalogue(), specs());
        for number in 0..size.agents {
            centre.register(number, profile(number));
        }
        for _ in 0..size.waiting {
            centre.arrive();
        }
        Self { centre, next: 0, agents: size.agents }
    }

    /// The next agent comes; when all are there, one works.
    pub(crate) fn go_on(&mut self) -> Option<Outcome> {
        self.next += 1;
        if self.next > self.agents {
            return self.centre.complete();
        }
        Some(self.centre.turn(agent(self.next - 1), Status::Online))
    }
}

fn ladder_step(number: usize) -> OverflowStep {
    OverflowStep {
        after: Millis::from_secs(30),
        add_roles: vec![role(number + 1)],
        drop_skills: false,
        raise_priority: 1,
        lower_skills: 0,
        rank_max: None,
        conditions: rolecall::routing::escalation::StepConditions::default(),
    }
}

fn skill(number: usize, level: usize) -> (rolecall::routing::SkillName, SkillLevel) {
    let level = SkillLevel::new(u8::try_from(level % 10 + 1).expect("a digit")).expect("a level");
    (name(&format!("skill-{}", number % HOSTILE_SKILLS)), level)
}

fn hostile_profile(number: usize) -> AgentProfile {
    let mut profile = AgentProfile::of_roles([role(0)]);
    let skills = [skill(number, number / 7), skill(number / 3 + 1, number / 11), skill(number / 17 + 2, number)];
    profile.skills = Skills(skills.into());
    profile.limits.insert(name("task"), 1);
    profile
}

fn hostile_spec(number: usize, size: Size) -> TicketSpec {
    let mut spec = TicketSpec::on(name::<ChannelName>("task"));
    spec.asked_mut().skills = Skills([skill(number, number / HOSTILE_SKILLS % 4)].into());
    spec.beside.exclude_agents.insert(agent(number * 7 % size.agents));
    spec.beside.preferred_agent = Some(agent(number * 13 % size.agents));
    spec
}
