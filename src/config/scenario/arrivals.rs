//! `[[arrivals]]`: who comes with what, how often, and how long it takes.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::routing::ticket::Customer;
use crate::routing::{Catalogue, ChannelName, TicketSpec, TicketType};

use super::super::catalogue::entries;
use super::super::channel::CHANNEL_NAME;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::duration;
use super::super::form::{Form, Name, Node, PriorityForm, RoleReference, Text, Whole, describe, misfit};
use super::super::key::{Key, Keys};
use super::super::list::List;
use super::super::rule::SkillsForm;
use super::super::section::{Reading, Section};
use super::distribution::{Distribution, DistributionForm};
use super::{Number, PATH_LENGTH_MAX, beside};

/// Hours of a day, and of a week.
const DAY_HOURS: usize = 24;
const WEEK_HOURS: usize = 7 * DAY_HOURS;
/// Ten thousand tickets a second: more than a broker passes on.
const PER_HOUR_MAX: f64 = 36e6;
const RATE: Number = Number { min: 0.0, max: PER_HOUR_MAX };
const HOUR_MS: f64 = 3_600_000.0;

/// One kind of tickets.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrivals {
    /// As reports call it.
    pub name: String,
    /// What each of them is.
    pub spec: TicketSpec,
    /// When they come.
    pub when: When,
    /// How long an agent works on one.
    pub handle: Distribution,
    /// How long its customer waits before hanging up; `None` for until answered.
    pub patience: Option<Distribution>,
    /// Who comes back after having hung up.
    pub returns: Option<Returns>,
}

impl Arrivals {
    /// How many come in an hour, on average of the hours of a day or week. Of what was recorded nothing is said: that is no more
    /// than there is.
    #[expect(clippy::cast_precision_loss, reason = "there are as many as a week has")]
    pub(super) fn mean_per_hour(&self) -> f64 {
        match &self.when {
            When::Every(mean_ms) => HOUR_MS / mean_ms,
            When::Renewing(every) => HOUR_MS / every.mean_ms(),
            When::Hourly(hours) => hours.iter().sum::<f64>() / (hours.len().max(1) as f64),
            When::Recorded(_) => 0.0,
        }
    }
}

/// When tickets come.
#[derive(Debug, Clone, PartialEq)]
pub enum When {
    /// One every so many milliseconds on average, at random: a Poisson process.
    Every(f64),
    /// So long from each to the next.
    Renewing(Distribution),
    /// So many in each hour of the day (24) or of the week from Monday on (168), at random within it.
    Hourly(Vec<f64>),
    /// As they were recorded.
    Recorded(Recorded),
}

/// A log of tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// CSV with a header, or the directory of a journal.
    pub file: PathBuf,
    /// What the columns of a CSV mean.
    pub mapping: Option<PathBuf>,
}

/// Who comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Returns {
    /// Which share of those who hang up.
    pub share: f64,
    /// After how long.
    pub after: Distribution,
    /// How often one customer at most.
    pub times_max: u32,
}

const NAME: Key<Text> = Key::required("name", Text { length_max: 128 }, "What reports call these tickets.");
const TYPE: Key<Name<TicketType>> = Key::optional(
    "type",
    Name { of: "a ticket type", parse: TicketType::parse },
    "none",
    "Their type, by which the catalogue finds a role.",
);
const CHANNEL: Key<Name<ChannelName>> = Key::new("channel", CHANNEL_NAME, "\"task\"", "How they come.");
const ROLE: Key<RoleReference> =
    Key::optional("role", RoleReference, "as the catalogue says", "The role that they ask for themselves.");
const PRIORITY: Key<PriorityForm> = Key::new("priority", PriorityForm, "\"normal\"", "Their priority.");
const SKILLS: Key<SkillsForm> = Key::new("skills", SkillsForm, "{}", "Skills that they demand.");
const TIER: Key<Text> =
    Key::optional("customer_tier", Text { length_max: 128 }, "none", "Their `customer.tier`, for rules.");
const RATE_KEY: Key<RateForm> =
    Key::optional("rate", RateForm, "see `per_hour`", "How many come in how long, at random (a Poisson process).");
const EVERY: Key<DistributionForm> = Key::optional(
    "every",
    DistributionForm,
    "see `rate`",
    "How long it is from each to the next, such as \"1m\" for one a minute as by a clock.",
);
const PER_HOUR: Key<List<Number>> = Key::optional(
    "per_hour",
    List { of: RATE, length_max: WEEK_HOURS },
    "see `rate`",
    "How many come in each hour of the day (24 numbers) or of the week from Monday on (168), at random within the hour.",
);
const RECORDS: Key<Text> = Key::optional(
    "records",
    Text { length_max: PATH_LENGTH_MAX },
    "see `rate`",
    "Tickets as they were recorded: a CSV file, of which `mapping` says what its columns mean, or the directory of a journal. What they are, how long they take and how long those who hung up waited is in it; times are moved so that the first day is that of `start`. Where a scenario has no `[[agent]]`, the agents are those who served them.",
);
const MAPPING: Key<Text> = Key::optional(
    "mapping",
    Text { length_max: PATH_LENGTH_MAX },
    "none",
    "With `records` of a CSV file: the mapping, as for `rolecall replay-csv`.",
);
const HANDLE: Key<DistributionForm> = Key::optional(
    "handle",
    DistributionForm,
    "as recorded; must be given without `records`",
    "How long an agent works on one.",
);
const PATIENCE: Key<DistributionForm> =
    Key::optional("patience", DistributionForm, "without end", "How long a customer waits before hanging up.");
const RETURNS: Key<ReturnsForm> =
    Key::optional("returns", ReturnsForm, "nobody comes back", "Who comes back after having hung up.");

/// The keys of `[[arrivals]]`.
pub(in crate::config) const KEYS: Keys = &[
    &NAME, &TYPE, &CHANNEL, &ROLE, &PRIORITY, &SKILLS, &TIER, &RATE_KEY, &EVERY, &PER_HOUR, &RECORDS, &MAPPING,
    &HANDLE, &PATIENCE, &RETURNS,
];

pub(super) fn read_all(
    root: &DeTable<'_>,
    base: &Path,
    catalogue: &Catalogue,
    reading: &mut Reading<'_>,
) -> Vec<Arrivals> {
    if !root.contains_key("arrivals") {
        let found = Diagnostic::error(Origin::Whole, "there is no [[arrivals]]: nobody comes");
        reading.report(found.expected("[[arrivals]] with at least `name`, `rate` and `handle`"));
    }
    let nodes = entries(root, "arrivals", reading);
    let mut one = |node| {
        let section = Section::open("arrivals", node, KEYS, reading);
        let read = read(&section, base, reading)?;
        report_type_of_no_role(&section, &read.spec, catalogue, reading);
        Some(read)
    };
    nodes.iter().filter_map(&mut one).collect()
}

/// Where no rule can give them a role either, nobody would ever answer such tickets.
fn report_type_of_no_role(section: &Section<'_>, spec: &TicketSpec, catalogue: &Catalogue, reading: &mut Reading<'_>) {
    let Some(kind) = &spec.asked.kind else { return };
    let types = || catalogue.roles.values().flat_map(|role| &role.ticket_types);
    let may_have_role = spec.asked.role.is_some() || catalogue.default_role.is_some() || !catalogue.rules.is_empty();
    if may_have_role || types().any(|known| known == kind) {
        return;
    }
    let known: Vec<String> = types().map(|known| format!("\"{known}\"")).collect();
    let found = Diagnostic::error(section.origin(&TYPE), format!("no role has the ticket type \"{kind}\""));
    reading.report(found.expected(if known.is_empty() {
        "a `role` here, or a role with `ticket_types`".to_owned()
    } else {
        format!("one of {}", known.join(", "))
    }));
}

fn read(section: &Section<'_>, base: &Path, reading: &mut Reading<'_>) -> Option<Arrivals> {
    let name = section.take(&NAME, reading);
    let channel = section.take(&CHANNEL, reading);
    let mut spec = TicketSpec::on(channel.unwrap_or_else(|| ChannelName::parse("task").expect("a word is a name")));
    spec.asked_mut().kind = section.take(&TYPE, reading);
    spec.asked_mut().role = section.take(&ROLE, reading);
    spec.asked_mut().priority = section.take(&PRIORITY, reading).unwrap_or_default();
    spec.asked_mut().skills = section.take(&SKILLS, reading).unwrap_or_default();
    spec.beside.customer = Customer { tier: section.take(&TIER, reading), ..Customer::default() }.into();
    let when = read_when(section, base, reading);
    let handle = section.take(&HANDLE, reading);
    if handle.is_none() && section.written(&HANDLE).is_none() && !matches!(when, Some(When::Recorded(_))) {
        let found = Diagnostic::error(section.header(), "`handle` is missing in [[arrivals]]");
        reading.report(found.expected(format!("handle = …, {}", DistributionForm.expected())));
    }
    let patience = section.take(&PATIENCE, reading);
    let returns = section.take(&RETURNS, reading);
    let handle = handle.unwrap_or(Distribution::Fixed(crate::routing::Millis::ZERO));
    Some(Arrivals { name: name?, spec, when: when?, handle, patience, returns })
}

fn read_when(section: &Section<'_>, base: &Path, reading: &mut Reading<'_>) -> Option<When> {
    let rate = section.take(&RATE_KEY, reading).map(When::Every);
    let per_hour = section.take(&PER_HOUR, reading);
    if per_hour.as_ref().is_some_and(|hours| ![DAY_HOURS, WEEK_HOURS].contains(&hours.len())) {
        let count = per_hour.as_ref().map_or(0, Vec::len);
        let found = Diagnostic::error(section.origin(&PER_HOUR), format!("there are {count} hours"));
        reading.report(found.expected("the 24 hours of a day, or the 168 of a week from Monday on"));
    }
    let records = section.take(&RECORDS, reading);
    let mapping = section.take(&MAPPING, reading);
    if mapping.is_some() && section.written(&RECORDS).is_none() {
        let found = Diagnostic::error(section.origin(&MAPPING), "there is a `mapping` and no `records`");
        reading.report(found.expected("`records` with the path of a CSV file, or no `mapping`"));
    }
    let recorded = records.map(|records| {
        let file = beside(base, &records);
        if mapping.is_none() && !file.is_dir() {
            let found = Diagnostic::error(section.origin(&RECORDS), "`mapping` is missing beside `records`");
            reading.report(found.expected("a file that says what the columns mean, such as deploy/replay/bank.toml"));
        }
        When::Recorded(Recorded { file, mapping: mapping.map(|mapping| beside(base, &mapping)) })
    });
    let every = section.take(&EVERY, reading).filter(|every| {
        let passes = every.mean_ms() >= 1.0;
        if !passes {
            let found = Diagnostic::error(section.origin(&EVERY), "all of them come at once");
            reading.report(found.expected("some time from each to the next, such as \"1m\""));
        }
        passes
    });
    let mut given = [rate, every.map(When::Renewing), per_hour.map(When::Hourly), recorded].into_iter().flatten();
    let when = (given.next(), given.next());
    let message = match &when {
        (Some(_), None) => return when.0,
        (Some(_), Some(_)) => "tickets come in more than one way",
        (None, _) => "nothing says how often these tickets come",
    };
    let written = [section.written(&RATE_KEY), section.written(&EVERY), section.written(&PER_HOUR)];
    let is_silent = written.iter().all(Option::is_none);
    if when.1.is_some() || is_silent {
        let found = Diagnostic::error(section.header(), message);
        reading.report(found.expected("one of `rate`, `every`, `per_hour` and `records`"));
    }
    None
}

/// `"10 per 3m"`
#[derive(Debug, Clone, Copy)]
struct RateForm;

impl Form for RateForm {
    /// Milliseconds from one to the next, on average.
    type Value = f64;

    fn expected(&self) -> String {
        format!("how many in how long, such as \"10 per 3m\" or \"0.85 per 1m\", and at most {PER_HOUR_MAX} an hour")
    }

    #[expect(clippy::cast_precision_loss, reason = "ten years in milliseconds are below 2^53")]
    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<f64> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is no rate", describe(node.value)));
        };
        let read = text.split_once(" per ").and_then(|(count, length)| {
            let count: f64 = count.trim().parse().ok().filter(|count| *count >= 1e-9)?;
            let length = duration::parse(length.trim()).ok().filter(|length| !length.is_zero())?;
            Some(length.0 as f64 / count)
        });
        match read {
            Some(every) if HOUR_MS / every <= PER_HOUR_MAX => Some(every),
            Some(every) => misfit(self, node, reading, format!("{text:?} are {:.0} tickets an hour", HOUR_MS / every)),
            None => misfit(self, node, reading, format!("{text:?} is no rate")),
        }
    }
}

pub(in crate::config) mod returns {
    use super::{DistributionForm, Key, Keys, Number, Whole};

    pub(crate) const SHARE: Key<Number> =
        Key::required("share", Number { min: 0.0, max: 1.0 }, "Which share of those who hang up comes back.");
    pub(crate) const AFTER: Key<DistributionForm> = Key::required("after", DistributionForm, "After how long.");
    pub(crate) const TIMES_MAX: Key<Whole<u32>> =
        Key::new("times_max", Whole { min: 1, max: 100 }, "3", "How often one customer comes back at most.");
    pub(crate) const KEYS: Keys = &[&SHARE, &AFTER, &TIMES_MAX];
}

/// `{ share = 0.3, after = { exponential = "10m" } }`
#[derive(Debug, Clone, Copy)]
struct ReturnsForm;

impl Form for ReturnsForm {
    type Value = Returns;

    fn expected(&self) -> String {
        "a table such as { share = 0.3, after = \"10m\" }".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Returns> {
        let section = Section::open("the `returns` of arrivals", node, returns::KEYS, reading);
        let share = section.take(&returns::SHARE, reading);
        let after = section.take(&returns::AFTER, reading);
        let times_max = section.take(&returns::TIMES_MAX, reading).unwrap_or(3);
        Some(Returns { share: share?, after: after?, times_max })
    }
}
