//! `/api/v1/reports`: how a period went, by role, channel, agent, hour or day; and who owned a ticket.
//!
//! Both come from the chronicle, which follows the journal: what has just happened is in it within a second.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::api::bad_request;
use super::authority::Authority;
use super::entry::busy;
use super::problem::Problem;
use super::query::{self, Parameters};
use super::read_model::moment;
use super::segment::Named;
use super::tickets::{parse_ticket, visible};
use crate::chronicle::{self, By, Cell, Chronicle, ChronicleError, History, Row, Spell};
use crate::routing::{AgentId, AssignmentId, Catalogue, ChannelName, RoleName, TicketId, Timestamp};

/// Where nothing is said, the last day.
const PERIOD_DEFAULT_MS: i64 = 86_400_000;

/// The longest period: two years of hours are added up in a few seconds.
const PERIOD_MAX_MS: i64 = 2 * 366 * 86_400_000;

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    /// Only of this role, and of those that it replaces.
    role: Option<RoleName>,
    /// Only of this channel.
    channel: Option<ChannelName>,
    /// Only of this agent.
    agent: Option<AgentId>,
    /// From the hour in which this lies (RFC 3339); a day before `to` where nothing is said.
    #[schemars(extend("format" = "date-time"))]
    from: Option<String>,
    /// To the end of the hour in which this lies; now where nothing is said.
    #[schemars(extend("format" = "date-time"))]
    to: Option<String>,
    /// By what sums are told apart.
    #[serde(default)]
    by: ByWord,
    /// As what.
    #[serde(default)]
    format: Format,
}

/// By what sums are told apart.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ByWord {
    /// One sum of all.
    #[default]
    Nothing,
    /// By role.
    Role,
    /// By channel.
    Channel,
    /// By agent.
    Agent,
    /// By hour.
    Hour,
    /// By day of UTC.
    Day,
}

/// As what a report is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    /// For programs.
    #[default]
    Json,
    /// For spreadsheets.
    Csv,
}

/// How a period went.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ReportBody {
    #[serde(serialize_with = "moment::rfc3339")]
    from: Timestamp,
    #[serde(serialize_with = "moment::rfc3339")]
    to: Timestamp,
    /// The number of the last event of the journal that is in it.
    through: u64,
    rows: Vec<RowBody>,
}

/// One sum.
#[derive(Debug, Serialize, JsonSchema)]
struct RowBody {
    /// The role, channel or agent, or when the hour or day begins; empty for what is of none, and for the sum of all.
    of: String,
    /// Tickets that came.
    arrived: u64,
    /// Assignments.
    assigned: u64,
    /// Tickets that ended while nobody owned them.
    abandoned: u64,
    /// Tickets that were completed.
    completed: u64,
    /// Assignments that were handed on.
    transferred: u64,
    /// Assignments that ended in any other way.
    returned: u64,
    /// Offers that were made.
    offered: u64,
    /// Offers that nobody answered in time.
    offers_missed: u64,
    /// Offers that were refused.
    offers_declined: u64,
    /// How long those waited who were given to somebody, on average.
    wait_mean_ms: Option<u64>,
    /// What half of them did not exceed, by at most a thirty-second too long.
    wait_median_ms: Option<u64>,
    /// What nine of ten did not exceed.
    wait_p90_ms: Option<u64>,
    /// What 99 of a hundred did not exceed.
    wait_p99_ms: Option<u64>,
    /// From assignment to completion, on average.
    handle_mean_ms: Option<u64>,
    /// The share of promises that were kept, in thousandths; abandoned tickets count by when they were.
    service_level_permille: Option<u64>,
    /// What the role's target asks for, of a sum of one role.
    service_target_permille: Option<u64>,
    /// The share of the time online in which there was something to work on, in thousandths; of agents.
    occupancy_permille: Option<u64>,
    /// For how long agents were online.
    online_ms: u64,
    /// For how long of that they had something to work on.
    busy_ms: u64,
}

impl RowBody {
    fn of(Row { of, cell }: Row, target: Option<u64>) -> Self {
        let level = cell.level_permille();
        let Cell { waits, waited_ms, handled_ms, online_ms, busy_ms, .. } = &cell;
        Self {
            of,
            arrived: cell.arrived,
            assigned: cell.assigned,
            abandoned: cell.abandoned,
            completed: cell.completed,
            transferred: cell.transferred,
            returned: cell.returned,
            offered: cell.offered,
            offers_missed: cell.offers_missed,
            offers_declined: cell.offers_declined,
            wait_mean_ms: waited_ms.checked_div(cell.assigned),
            wait_median_ms: waits.percentile(50),
            wait_p90_ms: waits.percentile(90),
            wait_p99_ms: waits.percentile(99),
            handle_mean_ms: handled_ms.checked_div(cell.completed),
            service_level_permille: level,
            service_target_permille: target,
            occupancy_permille: (busy_ms * 1_000).checked_div(*online_ms),
            online_ms: *online_ms,
            busy_ms: *busy_ms,
        }
    }
}

pub(super) async fn report(
    State(shared): State<Shared>,
    Parameters(asked): Parameters<ReportQuery>,
) -> Result<Response, Problem> {
    let now = (shared.clock)();
    let to = moment_of("to", asked.to.as_deref())?.unwrap_or(now);
    let from = moment_of("from", asked.from.as_deref())?.unwrap_or(Timestamp(to.0 - PERIOD_DEFAULT_MS));
    if from >= to || to.0 - from.0 > PERIOD_MAX_MS {
        return Err(bad_request("from, to: expected a period of at most two years"));
    }
    let by = match asked.by {
        ByWord::Nothing => By::Nothing,
        ByWord::Role => By::Role,
        ByWord::Channel => By::Channel,
        ByWord::Agent => By::Agent,
        ByWord::Hour => By::Hour,
        ByWord::Day => By::Day,
    };
    let catalogue = shared.read_model.catalogue();
    let ReportQuery { role, channel, agent, .. } = asked;
    let query = chronicle::Query { from, to, role, channel, agent, by, successors: catalogue.successors() };
    let single = query.role.clone();
    let chronicle = chronicle_of(&shared)?;
    let report = tokio::task::spawn_blocking(move || chronicle.report(&query, now)).await;
    let report = report.expect("adding up does not panic").map_err(|error| unreadable(&error))?;
    let row = |row: Row| {
        let role = if by == By::Role { RoleName::parse(&row.of).ok() } else { single.clone() };
        let target = role.and_then(|role| target(&catalogue, &role));
        RowBody::of(row, target)
    };
    let rows: Vec<_> = report.rows.into_iter().map(row).collect();
    Ok(match asked.format {
        Format::Json => {
            Json(ReportBody { from: report.from, to: report.to, through: report.through, rows }).into_response()
        }
        Format::Csv => {
            let rows: Vec<_> = rows.into_iter().map(|row| RowBody { of: for_a_cell(row.of), ..row }).collect();
            ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], csv(&rows)).into_response()
        }
    })
}

fn moment_of(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let moment = text.parse::<jiff::Timestamp>();
    let moment = moment.map_err(|_| query::wrong(name, "a time such as 2026-11-22T05:00:00Z", text))?;
    Ok(Some(Timestamp(moment.as_millisecond())))
}

fn target(catalogue: &Catalogue, role: &RoleName) -> Option<u64> {
    catalogue.roles.get(role)?.target.map(|target| u64::from(target.for_share_permille))
}

/// What a spreadsheet takes for the beginning of a formula, in either width.
const OF_FORMULAS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A name that a spreadsheet would take for a formula, and do what it says, has a `'` before it there: whoever publishes
/// events names agents as they like.
fn for_a_cell(name: String) -> String {
    if name.starts_with(OF_FORMULAS) { format!("'{name}") } else { name }
}

/// A table with its header, also where nothing was counted: the writer makes the header of the first row.
fn csv(rows: &[RowBody]) -> Vec<u8> {
    let blank = RowBody::of(Row { of: String::new(), cell: Cell::default() }, None);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let written = if rows.is_empty() { std::slice::from_ref(&blank) } else { rows };
    for row in written {
        writer.serialize(row).expect("a row is flat, and memory takes everything");
    }
    let mut table = writer.into_inner().expect("memory takes everything");
    if rows.is_empty() {
        table.truncate(table.iter().position(|byte| *byte == b'\n').map_or(table.len(), |end| end + 1));
    }
    table
}

fn chronicle_of(shared: &Shared) -> Result<Chronicle, Problem> {
    shared.chronicle.clone().ok_or_else(|| busy("no_chronicle", "the chronicle can't be opened: the log says why"))
}

fn unreadable(error: &ChronicleError) -> Problem {
    tracing::error!(%error, "the chronicle can't be read");
    busy("no_chronicle", "the chronicle can't be read")
}

/// Who owned a ticket.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct HistoryBody {
    ticket_id: TicketId,
    /// Oldest first.
    owners: Vec<OwnerBody>,
    /// When the ticket ended, if it has.
    #[serde(serialize_with = "moment::rfc3339_option")]
    closed_at: Option<Timestamp>,
    /// How it ended: `completed`, `cancelled`, `expired`, or `left for a callback`.
    closed: Option<String>,
    /// Why, where that is known: the reason of who withdrew it, or the `cause` of the event that told of it.
    cause: Option<String>,
}

/// One ownership.
#[derive(Debug, Serialize, JsonSchema)]
struct OwnerBody {
    agent_id: AgentId,
    role: RoleName,
    assignment_id: AssignmentId,
    #[serde(serialize_with = "moment::rfc3339")]
    from: Timestamp,
    /// `null` while it lasts.
    #[serde(serialize_with = "moment::rfc3339_option")]
    until: Option<Timestamp>,
    /// `completed`, or a cause of `assignment.revoked`.
    ended: Option<String>,
}

impl From<Spell> for OwnerBody {
    fn from(Spell { agent, role, assignment, from, until, ended, .. }: Spell) -> Self {
        Self { agent_id: agent, role, assignment_id: assignment, from, until, ended }
    }
}

pub(super) async fn history(
    State(shared): State<Shared>,
    Extension(author): Extension<Authority>,
    Named(id): Named,
) -> Result<Json<HistoryBody>, Problem> {
    let ticket_id = parse_ticket(&id)?;
    visible(&shared, &author, &ticket_id)?;
    let chronicle = chronicle_of(&shared)?;
    let asked = ticket_id.clone();
    let found = tokio::task::spawn_blocking(move || chronicle.history(&asked)).await;
    let found = found.expect("reading does not panic").map_err(|error| unreadable(&error))?;
    let is_known = found.is_some() || shared.read_model.ticket(&ticket_id).is_some();
    if !is_known {
        return Err(Problem::new(StatusCode::NOT_FOUND, "unknown_ticket", "nothing is known of this ticket"));
    }
    let History { spells, closed_at, closed, cause } = found.unwrap_or_default();
    let owners = spells.into_iter().map(OwnerBody::from).collect();
    Ok(Json(HistoryBody { ticket_id, owners, closed_at, closed, cause }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_formula_in_a_spreadsheet() {
        for formula in ["=HYPERLINK(\"https://evil.example\")", "+1", "-2+3", "@SUM(A1)", "＝1"] {
            assert_eq!(for_a_cell(formula.to_owned()), format!("'{formula}"));
        }
        for name in ["", "ana", "a=b", "2026-11-22T05:00:00Z", "'quoted"] {
            assert_eq!(for_a_cell(name.to_owned()), name);
        }
    }

    #[test]
    fn a_period_in_which_nothing_happened_is_a_table_with_a_header_and_no_rows() {
        let row = RowBody::of(Row { of: "billing".to_owned(), cell: Cell::default() }, None);
        let text = |rows: &[RowBody]| String::from_utf8(csv(rows)).expect("it is text");
        let (empty, one) = (text(&[]), text(&[row]));
        assert!(empty.starts_with("of,arrived,") && empty.ends_with('\n') && one.starts_with(&empty), "{empty}");
        assert_eq!((empty.lines().count(), one.lines().count()), (1, 2));
    }
}
