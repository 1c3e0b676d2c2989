//! What the columns of a log mean: a small TOML file.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Where a member of a ticket comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields, expecting = "a column's name, { column, map, default }, or { value }")]
pub enum From {
    /// From that column, as it is.
    Column(String),
    /// From that column, in other words.
    Mapped {
        /// Which.
        column: String,
        /// What its values mean.
        #[serde(default)]
        map: BTreeMap<String, String>,
        /// What a value means that is not among them; without it such a value is an error.
        default: Option<String>,
    },
    /// The same for all.
    Constant {
        /// That.
        value: String,
    },
}

/// A condition on a record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// This column …
    pub column: String,
    /// … has one of these values.
    pub is: Vec<String>,
}

/// What a ticket is made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TicketMapping {
    /// Its id.
    pub id: From,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Option<From>,
    /// Its channel.
    pub channel: From,
    /// The role that it is for. Without it classification decides.
    pub role: Option<From>,
    /// `low`, `normal`, `high`, `urgent`, or 0 to 9.
    pub priority: Option<From>,
    /// When it came: RFC 3339, or without an offset, in UTC.
    pub created: String,
    /// The column with the seconds it waited.
    pub wait_s: Option<String>,
    /// The column with the seconds somebody worked on it.
    pub service_s: String,
}

/// Who served.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentMapping {
    /// The column with the agent.
    pub column: String,
    /// Values that are nobody.
    #[serde(default)]
    pub nobody: Vec<String>,
    /// Whether agents are there all the time, rather than from their first to their last ticket.
    #[serde(default)]
    pub always_online: bool,
}

/// Rules for a catalogue that fits the log; all times in seconds of the records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CatalogueMapping {
    /// `offer` or `auto`.
    pub acceptance: String,
    /// How long an offer lives.
    pub offer_timeout_s: u64,
    /// How long an agent's slot stays taken after a ticket.
    pub wrap_up_s: u64,
    /// Capacity units of a ticket.
    pub cost: u32,
    /// Tickets of an agent at a time.
    pub limit: u32,
    /// The roles' order.
    pub order: String,
    /// The roles' strategy.
    pub strategy: String,
    /// With `order = "aged"`: what a level of priority is worth.
    pub priority_worth_s: u64,
    /// The roles' target.
    pub target_s: Option<u64>,
}

impl Default for CatalogueMapping {
    fn default() -> Self {
        Self {
            acceptance: "auto".to_owned(),
            offer_timeout_s: 20,
            wrap_up_s: 0,
            cost: 100,
            limit: 1,
            order: "priority".to_owned(),
            strategy: "longest_idle".to_owned(),
            priority_worth_s: 300,
            target_s: None,
        }
    }
}

/// What the columns of a log mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// What a ticket is made of.
    pub ticket: TicketMapping,
    /// Records that are no tickets for an agent: any of these holds.
    #[serde(default)]
    pub skip: Vec<Condition>,
    /// Customers who went away before they were answered.
    pub abandoned: Option<Condition>,
    /// Who served.
    pub agent: AgentMapping,
    /// Rules for a catalogue that fits the log.
    #[serde(default)]
    pub catalogue: CatalogueMapping,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// What is wrong, with line and column.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
