//! Those outside: customers who want something, agents who do what they heard that they should, and some who send nonsense.
//! They know what is documented and what came out of the exchange, and nothing else.

use rolecall::broker::Properties;
use serde_json::{Value, json};

use crate::books::{Heard, Standing};
use crate::dice::Dice;
use crate::inbox::Message;
use crate::plan::{Fault, Plan};
use crate::world::{Happening, World};

pub(crate) const CONFIG: &str = r#"
[agents]
missed_offers_max = 3
[channel.call]
cost = 100
limit = 1
acceptance = "offer"
offer_timeout = "20s"
wrap_up = "5s"
owner_grace = "0s"
[channel.chat]
cost = 25
limit = 3
owner_grace = "10s"
[channel.email]
cost = 25
limit = 2
acceptance = "offer"
offer_timeout = "15s"
[channel.task]
cost = 25
limit = 2
[[role]]
name = "plain"
last_agent = "1h"
sticky_wait = "5s"
overflow = [{ after = "20s", add_roles = ["ring"], raise_priority = 1 }]
[[role]]
name = "ring"
strategy = "ring_all"
acceptance = "offer"
offer_timeout = "10s"
resume_within = "1m"
max_waiting = 2
when_full = { role = "plain" }
target = { answer_within = "5s", for_share = 0.9, at_risk = "2s" }
[[role]]
name = "round"
strategy = "round_robin"
order = "fifo"
max_wait = "40s"
when_waited = { role = "plain" }
[[role]]
name = "pull"
dispatch = "pull"
[[automation]]
name = "late"
on = "waiting"
after = "15s"
set = { raise_priority = 2 }
notify = "a ticket waits"
[[automation]]
name = "nothing happens"
on = "owned"
after = "18s"
when = "channel == 'email'"
set = { release = true }
"#;

pub(crate) const ROLES: [&str; 4] = ["plain", "ring", "round", "pull"];
/// For tickets: one that nobody knows.
const UNKNOWN_ROLE: &str = "unheard of";
const CHANNELS: [&str; 4] = ["call", "chat", "email", "task"];
/// What agents are registered with: the same as the channels have.
pub(crate) const LIMITS: [(&str, u64, u64); 4] = [("call", 1, 100), ("chat", 3, 25), ("email", 2, 25), ("task", 2, 25)];
pub(crate) const UNITS_MAX: u64 = 100;
/// The longest that a run is swept up before what is open counts as lost.
const SWEEPS_MAX: u32 = 60;
/// Who is there, and may take something, has it by then; what is still out of everybody's reach is withdrawn.
const SWEEPS_PATIENT: u32 = 10;

/// What is in a message that every process dies over.
const POISON: &str = "poison";

/// Whether a process dies over this message.
pub(crate) fn is_poison(body: &[u8]) -> bool {
    body.windows(POISON.len()).any(|found| found == POISON.as_bytes())
}

/// Something that somebody does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Create(u64),
    Update(u64),
    Cancel(u64),
    /// Asks for what can't be done, and is owed an answer.
    Probe(u64),
    /// Publishes what can't be read, and is owed a dead letter.
    Garbage(u64),
    /// Publishes what every process dies over, and is owed a dead letter.
    Poison(u64),
    Register(u64),
    Remove(u64),
    Presence(u64, &'static str),
    Claim(u64),
    Answer {
        heard: Offer,
        accepts: bool,
    },
    Finish(Offer),
    Resume(String),
    EndWrapUp(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Offer {
    agent: String,
    ticket: String,
    assignment: String,
    is_call: bool,
}

impl Act {
    /// Whether it is done without having heard of anything.
    pub(crate) fn is_input(&self) -> bool {
        matches!(
            self,
            Self::Create(_) | Self::Update(_) | Self::Cancel(_) | Self::Probe(_) | Self::Garbage(_) | Self::Poison(_)
        )
    }
}

#[derive(Debug)]
pub(crate) struct People {
    agents: u64,
    said: u64,
    sweeps: u32,
    quiet_sweeps: u32,
    /// Everything came to its end, or it was waited for long enough.
    pub(crate) are_done: bool,
    first_acts: Vec<(u64, Act)>,
}

impl People {
    pub(crate) fn new(plan: &Plan, dice: &mut Dice) -> Self {
        let mut first_acts = Vec::new();
        for agent in 0..plan.agents {
            first_acts.push((dice.between(0, 500), Act::Register(agent)));
            first_acts.push((dice.between(600, 2_000), Act::Presence(agent, "online")));
            for _ in 0..dice.below(6) {
                let status = *dice.one_of(&["online", "away", "busy", "offline", "online"]);
                first_acts.push((dice.between(2_000, 90_000), Act::Presence(agent, status)));
            }
            if dice.per_mille(150) {
                let ms = dice.between(5_000, 60_000);
                first_acts.push((ms, Act::Remove(agent)));
                first_acts.push((ms + dice.between(0, 9_000), Act::Register(agent)));
                first_acts.push((ms + 10_000, Act::Presence(agent, "online")));
            }
            if dice.per_mille(300) {
                first_acts.push((dice.between(5_000, 60_000), Act::Register(agent)));
            }
            for _ in 0..dice.below(5) {
                first_acts.push((dice.between(2_000, 90_000), Act::Claim(agent)));
            }
        }
        let mut ms = 0;
        for ticket in 0..plan.tickets {
            ms += dice.between(0, 3_000);
            first_acts.push((ms, Act::Create(ticket)));
            if dice.per_mille(150) {
                first_acts.push((ms + dice.between(0, 20_000), Act::Update(ticket)));
            }
            if dice.per_mille(120) {
                first_acts.push((ms + dice.between(0, 30_000), Act::Cancel(ticket)));
            }
            if dice.per_mille(100) {
                first_acts.push((ms, Act::Probe(ticket)));
            }
            if dice.per_mille(60) {
                first_acts.push((ms, Act::Garbage(ticket)));
            }
        }
        if plan.has(Fault::Poison) {
            for number in 0..dice.between(1, 2) {
                first_acts.push((dice.between(0, ms), Act::Poison(number)));
            }
        }
        if plan.has(Fault::RolesLate) {
            // Agents who come and go while there are no roles.
            for agent in (0..plan.agents).flat_map(|agent| [agent; 3]) {
                let status = *dice.one_of(&["online", "away", "offline"]);
                first_acts.push((dice.between(2_000, 20_000), Act::Presence(agent, status)));
            }
        }
        Self { agents: plan.agents, said: 0, sweeps: 0, quiet_sweeps: 0, are_done: false, first_acts }
    }
}

fn agent_name(number: u64) -> String {
    format!("a{number}")
}

fn ticket_name(number: u64) -> String {
    format!("t{number}")
}

impl World {
    pub(crate) fn let_people_in(&mut self) {
        for (ms, act) in std::mem::take(&mut self.people.first_acts) {
            self.plan_in(ms, Happening::Acts(act));
        }
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Create(number) => self.create(number),
            Act::Update(number) => {
                let priority = self.dice.between(0, 9);
                self.say("ticket.updated", &json!({ "ticket_id": ticket_name(number), "priority": priority }));
            }
            Act::Cancel(number) => self.say("ticket.cancelled", &json!({ "ticket_id": ticket_name(number) })),
            Act::Probe(number) => {
                let id = self.say_noted("ticket.completed", &json!({ "ticket_id": format!("ghost {number}") }));
                self.books.expect_answer(id);
            }
            Act::Garbage(number) => {
                let body = format!("{{\"ticket_id\": \"t{number}\", not JSON").into_bytes();
                self.books.expect_dead(body.clone(), "bad_json");
                self.publish(Some(format!("g{number}")), "ticket.created", body);
            }
            Act::Poison(number) => {
                let body = format!("{{\"ticket_id\": \"{POISON} {number}\"}}").into_bytes();
                self.books.expect_dead(body.clone(), "given_up");
                self.publish(Some(format!("p{number}")), "ticket.created", body);
            }
            Act::Register(number) => self.register(number),
            Act::Remove(number) => self.say("agent.removed", &json!({ "agent_id": agent_name(number) })),
            Act::Presence(number, status) => {
                self.say("agent.presence", &json!({ "agent_id": agent_name(number), "status": status }));
            }
            Act::Claim(number) => {
                self.say("ticket.claimed", &json!({ "agent_id": agent_name(number), "role": "pull" }));
            }
            Act::Answer { heard, accepts } => self.answer(&heard, accepts),
            Act::Finish(held) => self.finish(&held),
            Act::Resume(ticket) => self.say("ticket.resumed", &json!({ "ticket_id": ticket })),
            Act::EndWrapUp(agent) => self.say("wrap_up.finished", &json!({ "agent_id": agent })),
        }
    }

    fn create(&mut self, number: u64) {
        let ticket = ticket_name(number);
        let channel = *self.dice.one_of(&CHANNELS);
        let role = if self.dice.per_mille(30) { UNKNOWN_ROLE } else { *self.dice.one_of(&ROLES) };
        let mut data = json!({ "ticket_id": ticket, "channel": channel, "role": role });
        data["priority"] = self.dice.between(0, 9).into();
        data["customer"] = json!({ "id": format!("c{}", self.dice.below(6)) });
        self.books.create(&ticket, role == UNKNOWN_ROLE, role == "pull");
        let kind = if channel == "call" { "call.queued" } else { "ticket.created" };
        if self.dice.per_mille(50) {
            // Without an id: another of the same ticket changes nothing.
            self.publish(None, kind, data.to_string().into_bytes());
        } else {
            self.say(kind, &data);
        }
    }

    fn register(&mut self, number: u64) {
        let first = ROLES[usize::try_from(number).unwrap_or(0) % ROLES.len()];
        let mut roles = vec![first];
        for role in ROLES {
            if role != first && (self.finale || self.dice.per_mille(400)) {
                roles.push(role);
            }
        }
        if !self.has_roles {
            roles.clear();
        }
        let limits: serde_json::Map<String, Value> =
            LIMITS.iter().map(|(channel, limit, _)| ((*channel).to_owned(), (*limit).into())).collect();
        self.say("agent.registered", &json!({ "agent_id": agent_name(number), "roles": roles, "limits": limits }));
    }

    /// Soon; who is registered sooner than there are roles is again in the end.
    pub(crate) fn register_everybody(&mut self) {
        for agent in 0..self.people.agents {
            let ms = self.dice.between(100, 5_000);
            self.plan_in(ms, Happening::Acts(Act::Register(agent)));
        }
    }

    fn answer(&mut self, heard: &Offer, accepts: bool) {
        let kind = match (accepts, heard.is_call) {
            (true, true) => "call.answered",
            (true, false) => "ticket.accepted",
            (false, true) => "call.rejected",
            (false, false) => "ticket.declined",
        };
        let Offer { agent, ticket, assignment, .. } = heard;
        self.say(kind, &json!({ "ticket_id": ticket, "agent_id": agent, "assignment_id": assignment }));
    }

    fn finish(&mut self, held: &Offer) {
        let Offer { agent, ticket, is_call, .. } = held;
        let drawn = if self.finale { 999 } else { self.dice.below(1_000) };
        match drawn {
            0..80 => self.say("ticket.released", &json!({ "ticket_id": ticket, "agent_id": agent })),
            80..140 => {
                let role = *self.dice.one_of(&ROLES);
                self.say("ticket.transferred", &json!({ "ticket_id": ticket, "to_role": role, "by": agent }));
            }
            140..180 => {
                let other = agent_name(self.dice.between(0, self.people.agents - 1));
                self.say("ticket.transferred", &json!({ "ticket_id": ticket, "to_agent": other, "by": agent }));
            }
            180..280 => self.say("ticket.paused", &json!({ "ticket_id": ticket })),
            _ => {
                let kind = if *is_call { "call.ended" } else { "ticket.completed" };
                self.say(kind, &json!({ "ticket_id": ticket, "agent_id": agent }));
            }
        }
    }

    /// Whoever it concerns has heard it.
    pub(crate) fn react(&mut self, heard: &Heard) {
        let text = |name: &str| heard.data[name].as_str().unwrap_or_default().to_owned();
        let offer = Offer {
            agent: text("agent_id"),
            ticket: text("ticket_id"),
            assignment: text("assignment_id"),
            is_call: heard.data["channel"] == "call",
        };
        let (ms, act) = match heard.kind.as_str() {
            "assignment.offered" => {
                let drawn = self.dice.below(1_000);
                if drawn < 150 && !self.finale {
                    return;
                }
                let accepts = drawn >= 300 || self.finale;
                (self.dice.between(50, 9_000), Act::Answer { heard: offer, accepts })
            }
            "assignment.assigned" | "assignment.resumed" => (self.dice.between(100, 20_000), Act::Finish(offer)),
            "assignment.paused" => (self.dice.between(100, 20_000), Act::Resume(offer.ticket)),
            "assignment.completed" if self.dice.per_mille(300) => {
                (self.dice.between(100, 3_000), Act::EndWrapUp(offer.agent))
            }
            _ => return,
        };
        self.plan_in(ms, Happening::Acts(act));
    }

    fn say(&mut self, kind: &'static str, data: &Value) {
        self.say_noted(kind, data);
    }

    /// Publishes an event under an id of its own, which it returns.
    fn say_noted(&mut self, kind: &'static str, data: &Value) -> String {
        self.people.said += 1;
        let id = format!("m{}", self.people.said);
        self.publish(Some(id.clone()), kind, data.to_string().into_bytes());
        id
    }

    fn publish(&mut self, id: Option<String>, kind: &'static str, body: Vec<u8>) {
        self.figures.inputs += 1;
        let mut properties = Properties::new().with_kind(kind).with_app_id("people");
        if let Some(id) = &id {
            properties = properties.with_message_id(id);
            self.books.publish(id);
        }
        let message = Message { id, kind, properties, body, redelivered: false };
        if message.id.is_some() && self.goes_over_http(&message) {
            return;
        }
        let overtaken = self.plan.has(Fault::Overtaking) && !self.finale && self.dice.per_mille(150);
        let ms = self.dice.between(1, if overtaken { 4_000 } else { 15 });
        if self.plan.has(Fault::Twice) && !self.finale && self.dice.per_mille(100) {
            let later = ms + self.dice.between(0, 20_000);
            self.plan_in(later, Happening::Arrives(Box::new(message.clone())));
        }
        self.plan_in(ms, Happening::Arrives(Box::new(message)));
    }

    /// Everybody is there and does what is open.
    pub(crate) fn sweep(&mut self, pause_ms: u64) {
        let world_is_quiet =
            self.inbox.is_empty() && self.counter.is_empty() && self.life.is_running() && self.books.nothing_is_open();
        self.people.quiet_sweeps = if world_is_quiet { self.people.quiet_sweeps + 1 } else { 0 };
        self.people.sweeps += 1;
        if self.people.quiet_sweeps >= 2 || self.people.sweeps > SWEEPS_MAX {
            self.people.are_done = true;
            return;
        }
        // Roles that come as late as that may come after the first sweep's registrations.
        let registrations = if self.plan.has(Fault::RolesLate) { 3 } else { 1 };
        for agent in 0..self.people.agents {
            if self.people.sweeps <= registrations {
                self.register(agent);
            }
            if !world_is_quiet {
                self.act(Act::Presence(agent, "online"));
            }
        }
        for (ticket, standing) in self.books.open_tickets() {
            self.see_to(ticket, standing);
        }
        self.plan_in(pause_ms, Happening::Sweep { pause_ms: (pause_ms * 3 / 2).min(300_000) });
    }

    fn see_to(&mut self, ticket: String, standing: Standing) {
        match standing {
            Standing::Unroutable => self.say("ticket.cancelled", &json!({ "ticket_id": ticket })),
            Standing::ToBePulled => {
                let agent = agent_name(u64::from(self.people.sweeps) % self.people.agents);
                self.say("ticket.claimed", &json!({ "agent_id": agent, "ticket_id": ticket }));
            }
            Standing::Offered(agent, assignment, is_call) => {
                self.answer(&Offer { agent, ticket, assignment, is_call }, true);
            }
            Standing::Owned(agent, assignment, is_call) => {
                self.finish(&Offer { agent, ticket, assignment, is_call });
            }
            Standing::Paused => self.say("ticket.resumed", &json!({ "ticket_id": ticket })),
            Standing::OutOfReach if self.people.sweeps > SWEEPS_PATIENT => {
                self.say("ticket.cancelled", &json!({ "ticket_id": ticket }));
            }
            Standing::OutOfReach | Standing::Waiting => {}
        }
    }
}
