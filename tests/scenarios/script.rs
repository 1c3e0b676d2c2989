//! Scripts: what happens in a scenario, as it is written.
//!
//! ```text
//! # What it shows. (docs/routing.md#offers)
//!
//! === catalogue
//! [[role]]
//! name = "billing"
//!
//! === steps
//! 0s   agent.registered {"agent_id":"ana","roles":["billing"]}
//! 1s   ticket.created   {"ticket_id":"t1","role":"billing","created_at":"@-5m"}
//! 31s  elapse
//! 35s  inbox ticket.accepted {"ticket_id":"t1","agent_id":"ana"}
//! 40s  catalogue evening
//! 41s  explain t1
//! 41s  explain t1 ana
//!
//! === catalogue evening
//! ```
//!
//! A string that is `@` and a length of time means that moment of the virtual clock; `t1/2` as an `assignment_id` means
//! the second assignment of `t1`. Whoever asks why (`explain`, for all agents with `all`) changes nothing. What is `inbox` waited there while rolecall was away: it is heard before anything
//! happens that is due by then. A step that goes on in the next lines has them indented.

use std::collections::BTreeMap;

use rolecall::routing::AgentId;
use rolecall::routing::explanation::Closeness;

/// One line of a scenario.
#[derive(Debug)]
pub(crate) struct Line {
    /// When, in milliseconds since the scenario began.
    pub(crate) at_ms: i64,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// An event of upstream: its type and its data.
    Event { kind: String, data: String },
    /// The same, heard before what is due by then happens.
    Inbox { kind: String, data: String },
    /// Time passes, and nothing comes.
    Elapse,
    /// The catalogue of that name comes into force.
    Catalogue(String),
    /// Somebody asks why a ticket is where it is.
    Explain { ticket: String, agents: Closeness },
}

#[derive(Debug)]
pub(crate) struct Script {
    /// In TOML, by name; the first has none.
    pub(crate) catalogues: BTreeMap<String, String>,
    pub(crate) lines: Vec<Line>,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut sections = text.split("\n=== ");
        let header = sections.next().unwrap_or_default();
        if !header.starts_with("# ") || !header.contains("docs/") {
            return Err(
                "the script does not open with what it shows, and which section of which page says so".to_owned()
            );
        }
        let mut script = Self { catalogues: BTreeMap::new(), lines: Vec::new() };
        for section in sections {
            let (title, body) = section.split_once('\n').unwrap_or((section, ""));
            match title.trim().split_once(' ').unwrap_or((title.trim(), "")) {
                ("catalogue", name) => {
                    script.catalogues.insert(name.to_owned(), body.to_owned());
                }
                ("steps", "") => script.lines = lines(body)?,
                _ => return Err(format!("a section is `catalogue`, `catalogue NAME` or `steps`, not {title:?}")),
            }
        }
        if script.lines.is_empty() { Err("the script has no steps".to_owned()) } else { Ok(script) }
    }
}

fn lines(body: &str) -> Result<Vec<Line>, String> {
    let mut joined: Vec<String> = Vec::new();
    for line in body.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        match joined.last_mut() {
            Some(last) if line.starts_with(' ') => last.push_str(line.trim()),
            _ => joined.push(line.trim().to_owned()),
        }
    }
    joined.iter().map(|line| parse_line(line).ok_or_else(|| format!("this is no step: {line}"))).collect()
}

fn parse_line(line: &str) -> Option<Line> {
    let (time, rest) = line.split_once(' ')?;
    let (word, rest) = rest.trim().split_once(' ').unwrap_or((rest.trim(), ""));
    let what = match (word, rest.trim()) {
        ("elapse", "") => What::Elapse,
        ("catalogue", name) => What::Catalogue(name.to_owned()),
        ("explain", about) => {
            let (ticket, agents) = about.split_once(' ').unwrap_or((about, ""));
            let agents = match agents.trim() {
                "" => Closeness::Counted,
                "all" => Closeness::Listed,
                agent => Closeness::One(AgentId::parse(agent).ok()?),
            };
            What::Explain { ticket: ticket.to_owned(), agents }
        }
        ("inbox", event) => {
            let (kind, data) = event.split_once(' ')?;
            What::Inbox { kind: kind.to_owned(), data: data.trim().to_owned() }
        }
        (kind, data) => What::Event { kind: kind.to_owned(), data: data.to_owned() },
    };
    Some(Line { at_ms: length_ms(time)?, what })
}

/// `90s`, `15m`, `250ms`, `-1h`: a length of time in milliseconds.
pub(crate) fn length_ms(text: &str) -> Option<i64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_ms = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(digits.parse::<i64>().ok()? * unit_ms)
}
