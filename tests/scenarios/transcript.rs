//! Transcripts: what the outside hears, one line each, with ids and times that a person can follow.

use rolecall::routing::Timestamp;
use rolecall::wire::Outbound;
use serde_json::{Map, Value};

use crate::script::length_ms;

/// Members that the routing key or the place in the line says already.
const SILENT: [&str; 4] = ["role", "ticket_id", "agent_id", "assignment_id"];

pub(crate) struct Transcript {
    begin: Timestamp,
    text: String,
    /// Assignments in the order in which they were first heard of: their id, and what the transcript calls it.
    assignments: Vec<(String, String)>,
}

impl Transcript {
    pub(crate) fn new(begin: Timestamp) -> Self {
        Self { begin, text: String::new(), assignments: Vec::new() }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// Begins what follows from something that came in, or from a timer.
    pub(crate) fn open(&mut self, at: Timestamp, heading: &str) {
        let line = format!("{} {heading}\n", length(at.0 - self.begin.0));
        self.text.push_str(&line);
    }

    pub(crate) fn duplicate(&mut self) {
        self.text.push_str("    (changed nothing)\n");
    }

    /// Adds a sentence, with moments as the script writes them.
    pub(crate) fn tell(&mut self, sentence: &str) {
        let shown = |word: &str| {
            let bare = word.trim_end_matches([',', '.', ';', ')']);
            let moment = bare.parse::<jiff::Timestamp>().ok()?;
            Some(format!("@{}{}", length(moment.as_millisecond() - self.begin.0), &word[bare.len()..]))
        };
        let words: Vec<String> = sentence.split(' ').map(|it| shown(it).unwrap_or_else(|| it.to_owned())).collect();
        let line = format!("    {}\n", words.join(" "));
        self.text.push_str(&line);
    }

    /// Adds what goes out.
    pub(crate) fn say(&mut self, said: &Outbound) -> Result<(), String> {
        let envelope: Value = serde_json::from_slice(&said.body).map_err(|error| error.to_string())?;
        let data = envelope.get("data").and_then(Value::as_object).ok_or("an event without data")?;
        let line = match said.kind {
            "agent.changed" => agent(data),
            _ => self.members(data),
        };
        let line = format!("    {:<32} {line}\n", said.routing_key);
        self.text.push_str(&line);
        Ok(())
    }

    /// The data of a step, with moments and assignments in place of what stands for them.
    pub(crate) fn resolve(&self, data: &str) -> Result<Vec<u8>, String> {
        let mut value: Value = serde_json::from_str(data).map_err(|error| error.to_string())?;
        self.resolve_value(&mut value)?;
        serde_json::to_vec(&value).map_err(|error| error.to_string())
    }

    fn resolve_value(&self, value: &mut Value) -> Result<(), String> {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(called)) = members.get_mut("assignment_id")
                    && let Some((id, _)) = self.assignments.iter().find(|(_, name)| name == called)
                {
                    called.clone_from(id);
                }
                members.values_mut().try_for_each(|member| self.resolve_value(member))
            }
            Value::String(text) => {
                if let Some(length) = text.strip_prefix('@') {
                    let ms = length_ms(length).ok_or_else(|| format!("{text:?} is no moment"))?;
                    let moment = jiff::Timestamp::from_millisecond(self.begin.0 + ms).map_err(|e| e.to_string())?;
                    *text = moment.to_string();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn members(&mut self, data: &Map<String, Value>) -> String {
        let text = |name: &str| data.get(name).and_then(Value::as_str);
        let mut words: Vec<String> = text("ticket_id").map(str::to_owned).into_iter().collect();
        if let (Some(id), Some(ticket)) = (text("assignment_id"), text("ticket_id")) {
            words = vec![self.assignment(id, ticket)];
        }
        words.extend(text("agent_id").map(str::to_owned));
        let told = data.iter().filter(|(name, value)| !SILENT.contains(&name.as_str()) && !is_empty(value));
        words.extend(told.map(|(name, value)| match name.as_str() {
            "reason" if value.is_object() => reason(value),
            _ => format!("{name}={}", self.shown(value)),
        }));
        words.join(" ")
    }

    fn assignment(&mut self, id: &str, ticket: &str) -> String {
        if let Some((_, name)) = self.assignments.iter().find(|(known, _)| known == id) {
            return name.clone();
        }
        let of_ticket = format!("{ticket}/");
        let earlier = self.assignments.iter().filter(|(_, name)| name.starts_with(&of_ticket)).count();
        let name = format!("{of_ticket}{}", earlier + 1);
        self.assignments.push((id.to_owned(), name.clone()));
        name
    }

    fn shown(&self, value: &Value) -> String {
        match value {
            Value::String(text) => match text.parse::<jiff::Timestamp>() {
                Ok(moment) => format!("@{}", length(moment.as_millisecond() - self.begin.0)),
                Err(_) if text.contains(' ') => format!("{text:?}"),
                Err(_) => text.clone(),
            },
            other => other.to_string(),
        }
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
}

/// Why this agent: what brought them together, by which measure, and how many fell out.
fn reason(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| value.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (eligible, considered) = (number("eligible"), number("considered"));
    let mut words = vec![format!("{} {} {eligible} of {considered}", text("trigger"), text("strategy"))];
    let fell_out = value.get("fell_out").and_then(Value::as_object).into_iter().flatten();
    words.extend(fell_out.filter(|(_, n)| n.as_u64() != Some(0)).map(|(why, count)| format!("{why}={count}")));
    words.extend(value.get("rule").map(|rule| format!("rule={rule}")));
    let next = value.pointer("/runner_up/agent_id").and_then(Value::as_str);
    words.extend(next.map(|next| format!("before={next}")));
    format!("why=({})", words.join(" "))
}

/// `ana away (lunch) because "a long one" email 1/2 wrap-up 1`: the channels on which it holds something.
fn agent(data: &Map<String, Value>) -> String {
    let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut words = vec![text("agent_id").to_owned(), text("status").to_owned()];
    words.extend(data.get("status_name").and_then(Value::as_str).map(|name| format!("({name})")));
    words.extend(data.get("reason").and_then(Value::as_str).map(|reason| format!("because {reason:?}")));
    let load = data.get("load").and_then(Value::as_object).into_iter().flatten();
    words.extend(load.filter_map(|(channel, load)| {
        let number = |name: &str| load.get(name).and_then(Value::as_u64).unwrap_or_default();
        (number("used") > 0).then(|| format!("{channel} {}/{}", number("used"), number("limit")))
    }));
    let wrapping_up = data.get("wrapping_up").and_then(Value::as_u64).unwrap_or_default();
    words.extend((wrapping_up > 0).then(|| format!("wrap-up {wrapping_up}")));
    words.join(" ")
}

/// Milliseconds as a person writes them.
fn length(ms: i64) -> String {
    match ms {
        ms if ms % 60_000 == 0 && ms != 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}
