//! `/api/v1/tickets/{id}/explanation`: why a ticket is where it is, for programs, and in sentences. `docs/api.md` says
//! what each member means.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::api::bad_request;
use super::authority::{Authority, Forbidden};
use super::entry;
use super::problem::Problem;
use super::query::Parameters;
use super::read_model::moment;
use super::segment::Named;
use super::tickets::{parse_ticket, sees_all, visible};
use crate::routing::explanation::{
    Closeness, Coming, Explanation, Inquiry, Lacking, Listed, Place, Stands, StepAhead, Unexplained, WaitsFor,
};
use crate::routing::offer::{FallOut, Offer, Ownership, Reason};
use crate::routing::ticket::Bar;
use crate::routing::{AgentId, ChannelName, Permission, RoleName, RuleName, TicketId, Timestamp};

/// How soon it is worth to ask again.
const AGAIN_AFTER_SECONDS: u64 = 1;

/// How closely the agents are looked at.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExplanationQuery {
    agent: Option<AgentId>,
    agents: Option<Agents>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Agents {
    All,
}

pub(super) async fn explanation(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
    Parameters(query): Parameters<ExplanationQuery>,
) -> Result<Json<ExplanationBody>, Problem> {
    let ticket = parse_ticket(&id)?;
    visible(&shared, &author, &ticket)?;
    visible_agents(&author, &query)?;
    let agents = match (query.agent, query.agents) {
        (Some(_), Some(Agents::All)) => return Err(bad_request("expected `agent` or `agents`, not both")),
        (Some(agent), None) => Closeness::One(agent),
        (None, Some(Agents::All)) => Closeness::Listed,
        (None, None) => Closeness::Counted,
    };
    let answered = shared.asker.explain(Inquiry { ticket, agents }).await;
    let explained = answered.map_err(|_| {
        let detail = "the engine can't answer in time: it is starting, or has too much to do";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after_seconds(AGAIN_AFTER_SECONDS)
    })?;
    explained.map(|explanation| Json(ExplanationBody::of(explanation))).map_err(not_explained)
}

/// How another agent stands, whether it is there and what it can do, is for those who may look at agents or at all tickets.
fn visible_agents(author: &Authority, query: &ExplanationQuery) -> Result<(), Problem> {
    let is_own = query.agents.is_none() && query.agent.as_ref().is_none_or(|agent| author.is(agent));
    if is_own || sees_all(author) {
        return Ok(());
    }
    let detail = "this tells of other agents: it needs the permission tickets.manage or reports.view";
    Err(entry::forbidden(Forbidden { detail: detail.to_owned() }))
}

fn not_explained(why: Unexplained) -> Problem {
    let (code, detail) = match why {
        Unexplained::UnknownTicket => ("unknown_ticket", "there is no such ticket".to_owned()),
        Unexplained::Ended(closed) => {
            ("unknown_ticket", format!("this ticket has ended: it was {}", closed.how.as_str()))
        }
        Unexplained::UnknownAgent => ("unknown_agent", "there is no such agent".to_owned()),
    };
    Problem::new(StatusCode::NOT_FOUND, code, detail)
}

/// Why a ticket is where it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExplanationBody {
    ticket_id: TicketId,
    #[serde(serialize_with = "moment::rfc3339")]
    as_of: Timestamp,
    phase: &'static str,
    #[serde(serialize_with = "moment::rfc3339")]
    created_at: Timestamp,
    waited_ms: u64,
    channel: ChannelName,
    priority: u8,
    classification: Classification,
    demand: DemandBody,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queues: Vec<QueueBody>,
    #[serde(flatten)]
    stands: StandsBody,
    #[serde(flatten)]
    staff: Option<StaffBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coming: Vec<ComingBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cool_downs: Vec<BarBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Vec<ListedBody>>,
    summary: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Classification {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<RoleName>,
    by: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleName>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DemandBody {
    roles: Vec<RoleName>,
    skills: BTreeMap<String, u8>,
    permissions: Vec<Permission>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rank_max: Option<u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct QueueBody {
    role: RoleName,
    position: u64,
    waiting: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_wait_ms: Option<u64>,
}

/// What there is to say by where it is. Nothing but what is so.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct StandsBody {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment::rfc3339_option")]
    not_before: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<WaitsForBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    offers: Vec<OfferBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment: Option<AssignmentBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct WaitsForBody {
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment::rfc3339_option")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacks: Vec<LackBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StaffBody {
    considered: u32,
    eligible: u32,
    fell_out: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ComingBody {
    code: &'static str,
    #[serde(serialize_with = "moment::rfc3339")]
    at: Timestamp,
    detail: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct StepBody {
    step: u8,
    #[serde(serialize_with = "moment::rfc3339")]
    from: Timestamp,
    certain: bool,
    changes: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    conditions: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct BarBody {
    agent_id: AgentId,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment::rfc3339_option")]
    until: Option<Timestamp>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct LackBody {
    code: &'static str,
    cure: &'static str,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "moment::rfc3339_option")]
    until: Option<Timestamp>,
    detail: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AgentBody {
    agent_id: AgentId,
    may_take: bool,
    lacks: Vec<LackBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ListedBody {
    code: &'static str,
    agents: Vec<AgentId>,
    more: u32,
}

#[derive(Debug, Serialize, JsonSchema)]
struct OfferBody {
    agent_id: AgentId,
    assignment_id: String,
    role: RoleName,
    #[serde(serialize_with = "moment::rfc3339")]
    expires_at: Timestamp,
    reason: ReasonBody,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AssignmentBody {
    agent_id: AgentId,
    assignment_id: String,
    role: RoleName,
    #[serde(serialize_with = "moment::rfc3339")]
    assigned_at: Timestamp,
    by_hand: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonBody>,
}

/// As `reason` of `assignment.assigned`.
#[derive(Debug, Serialize, JsonSchema)]
struct ReasonBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<RuleName>,
    trigger: &'static str,
    strategy: &'static str,
    considered: u32,
    eligible: u32,
    fell_out: BTreeMap<&'static str, u32>,
    value: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_up: Option<RunnerUp>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct RunnerUp {
    agent_id: AgentId,
    value: i64,
}

impl ExplanationBody {
    fn of(explanation: Explanation) -> Self {
        let summary = explanation.sentences();
        let Explanation {
            ticket,
            as_of,
            phase,
            created_at,
            spec,
            demand,
            way,
            stands,
            places,
            staff,
            coming,
            steps,
            bars,
            agent,
            listed,
        } = explanation;
        let skills = demand.skills.0.into_iter().map(|(name, level)| (name.to_string(), level.get()));
        Self {
            ticket_id: ticket,
            as_of,
            phase,
            created_at,
            waited_ms: as_of.since(created_at).0,
            channel: spec.asked.channel.clone(),
            priority: demand.priority.get(),
            classification: Classification { role: demand.roles.first().cloned(), by: way.code(), rule: demand.rule },
            demand: DemandBody {
                roles: demand.roles,
                skills: skills.collect(),
                permissions: demand.permissions.into_iter().collect(),
                rank_max: demand.rank_max,
            },
            queues: places.into_iter().map(QueueBody::from).collect(),
            stands: StandsBody::of(stands),
            staff: staff.map(|staff| StaffBody {
                considered: staff.considered,
                eligible: staff.eligible,
                fell_out: counts(&staff.fell_out),
            }),
            coming: coming.into_iter().map(ComingBody::from).collect(),
            steps: steps.into_iter().map(StepBody::from).collect(),
            cool_downs: bars.into_iter().map(|Bar { agent, until }| BarBody { agent_id: agent, until }).collect(),
            agent: agent.map(|findings| AgentBody {
                agent_id: findings.agent,
                may_take: findings.lacks.is_empty(),
                lacks: findings.lacks.into_iter().map(LackBody::from).collect(),
            }),
            agents: listed.map(|listed| listed.into_iter().map(ListedBody::from).collect()),
            summary,
        }
    }
}

impl StandsBody {
    fn of(stands: Stands) -> Self {
        let nothing = Self::default();
        match stands {
            Stands::Aside(until) | Stands::Closed(until) => Self { not_before: Some(until), ..nothing },
            Stands::Waits(what) => Self { waits_for: Some(WaitsForBody::of(what)), ..nothing },
            Stands::Unroutable(cause) => Self { cause: Some(cause.as_str()), ..nothing },
            Stands::Offered(offers) => Self { offers: offers.into_iter().map(OfferBody::from).collect(), ..nothing },
            Stands::Assigned(owner) | Stands::Paused(owner) | Stands::Resuming(owner) => {
                Self { assignment: Some(AssignmentBody::from(owner)), ..nothing }
            }
        }
    }
}

impl WaitsForBody {
    fn of(what: WaitsFor) -> Self {
        let code = what.code();
        match what {
            WaitsFor::Agent(direction, lacks) => Self {
                code,
                agent_id: Some(direction.agent),
                until: direction.until,
                lacks: lacks.into_iter().map(LackBody::from).collect(),
            },
            WaitsFor::Claim | WaitsFor::Room | WaitsFor::CoolDown | WaitsFor::Presence | WaitsFor::Step => {
                Self { code, agent_id: None, until: None, lacks: Vec::new() }
            }
        }
    }
}

impl From<Place> for QueueBody {
    fn from(place: Place) -> Self {
        let Place { role, position, waiting, estimated_wait } = place;
        Self { role, position, waiting, estimated_wait_ms: estimated_wait.map(|wait| wait.0) }
    }
}

impl From<Coming> for ComingBody {
    fn from(coming: Coming) -> Self {
        Self { code: coming.due.as_str(), at: coming.at, detail: coming.words }
    }
}

impl From<StepAhead> for StepBody {
    fn from(ahead: StepAhead) -> Self {
        let StepAhead { step, from, certain, changes, conditions } = ahead;
        Self { step, from, certain, changes, conditions }
    }
}

impl From<Lacking> for LackBody {
    fn from(lacking: Lacking) -> Self {
        let Lacking { lack, cure, until, words } = lacking;
        Self { code: lack.code(), cure: cure.code(), until, detail: words }
    }
}

impl From<Listed> for ListedBody {
    fn from(listed: Listed) -> Self {
        let Listed { code, agents, more } = listed;
        Self { code, agents, more }
    }
}

impl From<Offer> for OfferBody {
    fn from(offer: Offer) -> Self {
        let Offer { agent, assignment, role, offered_at: _, expires_at, reason } = offer;
        Self {
            agent_id: agent,
            assignment_id: assignment.to_string(),
            role,
            expires_at,
            reason: Reason::clone(&reason).into(),
        }
    }
}

impl From<Ownership> for AssignmentBody {
    fn from(ownership: Ownership) -> Self {
        let Ownership { agent, assignment, role, assigned_at, by_hand, silence: _, reason } = ownership;
        let reason = reason.map(|reason| Reason::clone(&reason).into());
        Self { agent_id: agent, assignment_id: assignment.to_string(), role, assigned_at, by_hand, reason }
    }
}

impl From<Reason> for ReasonBody {
    fn from(reason: Reason) -> Self {
        let Reason { rule, trigger, strategy, considered, eligible, fell_out, value, runner_up } = reason;
        Self {
            rule,
            trigger: trigger.as_str(),
            strategy: strategy.as_str(),
            considered,
            eligible,
            fell_out: counts(&fell_out),
            value,
            runner_up: runner_up.map(|(agent_id, value)| RunnerUp { agent_id, value }),
        }
    }
}

fn counts(fell_out: &FallOut) -> BTreeMap<&'static str, u32> {
    fell_out.counts().into_iter().collect()
}
