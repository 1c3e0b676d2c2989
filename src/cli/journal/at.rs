//! `rolecall journal at`: how things stood at a moment of the past.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use crate::journal::{JournalOptions, open_to_look};
use crate::routing::explanation::{Closeness, Inquiry, Unexplained};
use crate::routing::{AgentId, RoleName, State, TicketId, Timestamp};

use super::super::output::{print, print_line, print_lines};
use super::{Exit, Failure, PathArg, failure, time};

/// Arguments of `rolecall journal at`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall journal at 2026-11-22T09:30 --path /var/lib/rolecall\n  \
    rolecall journal at 2026-11-22T09:30 --explain T-1001 --agent anna")]
pub(super) struct AtArgs {
    /// The moment: a date, or a date and a time, in UTC unless it says otherwise
    #[arg(value_name = "TIME", value_parser = parse_moment)]
    at: Timestamp,
    #[command(flatten)]
    journal: PathArg,
    /// Why this ticket was where it was
    #[arg(long, value_name = "ID", value_parser = TicketId::parse)]
    explain: Option<TicketId>,
    /// With --explain: everything that this agent lacked to take it
    #[arg(long, value_name = "ID", value_parser = AgentId::parse, requires = "explain")]
    agent: Option<AgentId>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    crate::replay::parse_moment(text)
        .ok_or_else(|| "expected a date, or a date and time, such as 2026-11-22T09:30".to_owned())
}

/// How things stood.
#[derive(Debug, Serialize)]
struct Standing {
    at: String,
    next_event: u64,
    catalogue_version: u64,
    /// How many agents have which status.
    agents: BTreeMap<&'static str, usize>,
    /// How many tickets are in which phase.
    tickets: BTreeMap<&'static str, usize>,
    roles: BTreeMap<RoleName, RoleStanding>,
}

/// How a role stood.
#[derive(Debug, Default, Serialize)]
struct RoleStanding {
    waiting: usize,
    /// Seconds since the oldest of those was created.
    oldest_s: u64,
    assigned: usize,
    agents_online: usize,
}

/// Prints how things stood, or why a ticket was where it was.
pub(super) fn run(args: &AtArgs) -> Result<(), Failure> {
    let reader = open_to_look(&args.journal.path, &JournalOptions::default()).map_err(failure)?;
    let state = reader.state_at(args.at).map_err(failure)?;
    if let Some(ticket) = &args.explain {
        return explain(args, &state, ticket);
    }
    let standing = standing(&state, args.at);
    if args.json {
        print_line(serde_json::to_string_pretty(&standing).expect("figures can be written as JSON"))
    } else {
        print(&text(&standing))
    }
}

fn explain(args: &AtArgs, state: &State, ticket: &TicketId) -> Result<(), Failure> {
    let agents = args.agent.clone().map_or(Closeness::Counted, Closeness::One);
    let found = state.explain(&Inquiry { ticket: ticket.clone(), agents }, args.at);
    let explanation = found.map_err(|why| {
        let why = match why {
            Unexplained::UnknownTicket => format!("no ticket {ticket} was known at {}", time(args.at)),
            Unexplained::Ended(closed) => format!("{ticket} had ended at {}", time(closed.at)),
            Unexplained::UnknownAgent => format!("no such agent was registered at {}", time(args.at)),
        };
        Failure::new(Exit::Failed, why)
    })?;
    let sentences = explanation.sentences();
    if args.json {
        let told = serde_json::json!({ "ticket_id": ticket, "at": time(args.at), "summary": sentences });
        print_line(told)
    } else {
        print_lines(&sentences)
    }
}

fn standing(state: &State, at: Timestamp) -> Standing {
    let (mut agents, mut tickets) = (BTreeMap::new(), BTreeMap::new());
    let mut roles: BTreeMap<RoleName, RoleStanding> = BTreeMap::new();
    for agent in state.agents() {
        *agents.entry(agent.status.as_str()).or_default() += 1;
        if agent.status == crate::routing::Status::Online {
            for role in &*agent.profile.roles {
                roles.entry(role.clone()).or_default().agents_online += 1;
            }
        }
    }
    for ticket in state.tickets() {
        let phase = ticket.phase.as_str();
        *tickets.entry(phase).or_default() += 1;
        let Some(role) = ticket.demand.role() else { continue };
        let role = roles.entry(role.clone()).or_default();
        if phase == "waiting" || phase == "offered" {
            role.waiting += 1;
            role.oldest_s = role.oldest_s.max(at.since(ticket.created_at).0 / 1_000);
        } else if phase == "assigned" {
            role.assigned += 1;
        }
    }
    Standing {
        at: time(at),
        next_event: state.next_seq(),
        catalogue_version: state.catalogue_version(),
        agents,
        tickets,
        roles,
    }
}

fn text(standing: &Standing) -> String {
    let list = |counts: &BTreeMap<&'static str, usize>| {
        let counts: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let mut text = format!(
        "{}, before event {}, catalogue {}\nagents   {}\ntickets  {}\n",
        standing.at,
        standing.next_event,
        standing.catalogue_version,
        list(&standing.agents),
        list(&standing.tickets)
    );
    if !standing.roles.is_empty() {
        let _ = writeln!(text, "\n{:<24} {:>8} {:>10} {:>10} {:>8}", "role", "waiting", "oldest", "in work", "online");
    }
    for (role, it) in &standing.roles {
        let RoleStanding { waiting, oldest_s, assigned, agents_online } = it;
        let role = role.as_str();
        let _ = writeln!(text, "{role:<24} {waiting:>8} {oldest_s:>8} s {assigned:>10} {agents_online:>8}");
    }
    text
}
