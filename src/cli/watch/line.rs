//! An event as one line for people.

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::broker::Tapped;
use crate::client::Heard;
use crate::routing::Timestamp;

/// Whether the reader sees colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    /// A terminal.
    Colours,
    /// A file or a pipe.
    None,
}

/// So much of a body that nobody can read is shown.
const EXCERPT_LENGTH_MAX: usize = 200;
/// The longest type of event, so that what follows stands in a column.
const KIND_WIDTH: usize = 20;

impl Paint {
    fn colour(self, text: &str, code: &str) -> String {
        match self {
            Self::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
            Self::None => text.to_owned(),
        }
    }

    /// Good is green, trouble yellow, what should not be red, the rest as it is.
    fn kind(self, kind: &str) -> String {
        let padded = format!("{:KIND_WIDTH$}", printable(kind));
        match kind {
            "assignment.assigned" | "assignment.completed" | "assignment.resumed" => self.colour(&padded, "32"),
            "assignment.offered" | "assignment.paused" => self.colour(&padded, "36"),
            "ticket.queued" | "agent.changed" | "catalogue.changed" => self.colour(&padded, "2"),
            "ticket.breached" | "ticket.unroutable" | "command.rejected" => self.colour(&padded, "31"),
            _ => self.colour(&padded, "33"),
        }
    }
}

/// `09:14:03.120  assignment.assigned   t-42  billing  → ana  waited 1.2 s · priority 6 · …`
pub(super) fn event_line(heard: &Heard, zone: &TimeZone, paint: Paint) -> String {
    let mut line = format!("{}  {}", paint.colour(&time_of_day(heard.at, zone), "2"), paint.kind(&heard.kind));
    let mut add = |text: &str| {
        line.push_str("  ");
        line.push_str(text);
    };
    if let Some(ticket) = heard.ticket() {
        add(&paint.colour(&printable(ticket), "1"));
    }
    if let Some(place) = place(heard) {
        add(&place);
    }
    if let Some(agent) = heard.agent() {
        let arrow = if heard.ticket().is_some() { "→ " } else { "" };
        add(&format!("{arrow}{}", printable(agent)));
    }
    let details = details(heard);
    if !details.is_empty() {
        add(&paint.colour(&details.join(" · "), "2"));
    }
    line
}

fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(zone.clone());
    at.strftime("%H:%M:%S.%3f").to_string()
}

/// `billing/chat`
fn place(heard: &Heard) -> Option<String> {
    match (heard.role(), heard.channel()) {
        (Some(role), Some(channel)) => Some(format!("{}/{}", printable(role), printable(channel))),
        (Some(one), None) | (None, Some(one)) => Some(printable(one)),
        (None, None) => None,
    }
}

/// What is worth knowing of each kind of event, in words.
fn details(heard: &Heard) -> Vec<String> {
    let mut details = Vec::new();
    let mut add = |detail: Option<String>| details.extend(detail);
    match heard.kind.as_str() {
        "ticket.queued" => {
            add(position(heard));
            add(length(heard, "estimated_wait_ms", "about", "to go"));
        }
        "assignment.assigned" => {
            add(length(heard, "waited_ms", "waited", ""));
            add(number(heard, "priority", "priority"));
            add(attempt(heard));
            add(reason(heard));
            add(handover(heard));
        }
        "assignment.offered" => {
            add(length(heard, "waited_ms", "waited", ""));
            add(attempt(heard));
            add(reason(heard));
            add(handover(heard));
        }
        "assignment.completed" => {
            add(length(heard, "handled_ms", "handled in", ""));
            add(length(heard, "waited_ms", "after a wait of", ""));
            add(text(heard, "outcome"));
        }
        "ticket.escalated" => {
            add(number(heard, "step", "step"));
            add(list(heard, "roles").map(|roles| format!("roles {roles}")));
            add(number(heard, "priority", "priority"));
        }
        "ticket.at_risk" => {
            add(length(heard, "remaining_ms", "due in", ""));
            add(number(heard, "position", "place"));
            add(length(heard, "estimated_wait_ms", "about", "to go"));
        }
        "ticket.automated" => {
            add(text(heard, "automation").map(|name| format!("\"{name}\"")));
            add(text(heard, "notify"));
        }
        "ticket.deferred" => add(text(heard, "opens_at").map(|opens_at| format!("waits aside until {opens_at}"))),
        "ticket.diverted" => {
            add(text(heard, "to_role").map(|role| format!("to {role}")));
            add(text(heard, "cause"));
        }
        "ticket.breached" => add(text(heard, "due_at").map(|due| format!("was due at {due}"))),
        "agent.changed" => {
            add(text(heard, "status"));
            add(load(heard));
            add(number(heard, "wrapping_up", "wrapping up").filter(|_| heard.number("wrapping_up") > Some(0)));
        }
        "command.rejected" => {
            add(text(heard, "code"));
            add(text(heard, "detail"));
        }
        "catalogue.changed" => {
            add(number(heard, "version", "version"));
            add(list(heard, "changes"));
        }
        _ => {
            add(text(heard, "cause").map(|cause| cause.replace('_', " ")));
            add(text(heard, "reason").map(|reason| format!("\"{reason}\"")));
            add(text(heard, "note").map(|note| format!("\"{note}\"")));
        }
    }
    details
}

fn text(heard: &Heard, member: &str) -> Option<String> {
    heard.text(member).map(printable)
}

fn number(heard: &Heard, member: &str, name: &str) -> Option<String> {
    heard.number(member).map(|number| format!("{name} {number}"))
}

fn length(heard: &Heard, member: &str, before: &str, after: &str) -> Option<String> {
    let length = duration(heard.number(member)?);
    Some(format!("{before} {length} {after}").trim().to_owned())
}

fn list(heard: &Heard, member: &str) -> Option<String> {
    let items: Vec<_> = heard.data.get(member)?.as_array()?.iter().filter_map(Value::as_str).map(printable).collect();
    Some(items.join(", "))
}

fn position(heard: &Heard) -> Option<String> {
    Some(format!("{} of {} waiting", heard.number("position")?, heard.number("waiting")?))
}

fn attempt(heard: &Heard) -> Option<String> {
    heard.number("attempt").filter(|attempt| *attempt > 1).map(|attempt| format!("attempt {attempt}"))
}

/// `rule "VIP customers", longest idle of 3 (12 asked for)`
fn reason(heard: &Heard) -> Option<String> {
    let reason = heard.data.get("reason")?.as_object()?;
    let word = |member: &str| reason.get(member).and_then(Value::as_str).map(printable);
    let count = |member: &str| reason.get(member).and_then(Value::as_u64);
    let rule = word("rule").map(|rule| format!("rule \"{rule}\", ")).unwrap_or_default();
    let choice = match word("trigger").as_deref() {
        Some("agent_free") => "the agent came free".to_owned(),
        Some("directed") => "meant for this agent".to_owned(),
        Some("last_agent") => "the customer's last agent".to_owned(),
        Some("claimed") => "the agent asked for it".to_owned(),
        _ => {
            let strategy = word("strategy")?.replace('_', " ");
            format!("{strategy} of {} of {} agents", count("eligible")?, count("considered")?)
        }
    };
    Some(format!("{rule}{choice}"))
}

/// `from ben: "has asked twice before"`
fn handover(heard: &Heard) -> Option<String> {
    let said = |note| format!("\"{note}\"");
    match (text(heard, "transferred_by"), text(heard, "note")) {
        (Some(giver), Some(note)) => Some(format!("from {giver}: {}", said(note))),
        (Some(giver), None) => Some(format!("from {giver}")),
        (None, note) => note.map(said),
    }
}

/// `chat 2/3, call 0/1`, without channels that the agent does not work on.
fn load(heard: &Heard) -> Option<String> {
    let channels = heard.data.get("load")?.as_object()?.iter();
    let of = |load: &Value, member: &str| load.get(member).and_then(Value::as_u64);
    let used = channels.filter_map(|(channel, load)| {
        let (used, limit) = (of(load, "used")?, of(load, "limit")?);
        (used > 0).then(|| format!("{} {used}/{limit}", printable(channel)))
    });
    Some(used.collect::<Vec<_>>().join(", ")).filter(|load| !load.is_empty())
}

/// `12 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`
fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// What is no event of the daemon's: where it came, why it is none, and its beginning.
pub(super) fn unread_line(tapped: &Tapped, why: &impl std::fmt::Display) -> String {
    let (key, why) = (printable(&tapped.routing_key), printable(&why.to_string()));
    format!("{key}: {why}: {}", excerpt(&tapped.body))
}

/// A dead letter: why, and what it was.
pub(super) fn dead_letter_line(tapped: &Tapped, paint: Paint) -> String {
    let properties = &tapped.properties;
    let code = properties.header("x-rolecall-error").unwrap_or("no reason given");
    let detail = printable(properties.header("x-rolecall-detail").unwrap_or_default());
    let kind = properties.kind().filter(|kind| !kind.is_empty()).unwrap_or(&tapped.routing_key);
    let id = properties.message_id().map(|id| format!(" {}", printable(id))).unwrap_or_default();
    let code = paint.colour(&printable(code), "31");
    format!("{code}  {}{id}  {detail}\n    {}", printable(kind), excerpt(&tapped.body))
}

/// The beginning of a body that may be anything.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT_LENGTH_MAX)]);
    let more = if body.len() > EXCERPT_LENGTH_MAX { format!(" … ({} bytes)", body.len()) } else { String::new() };
    format!("{}{more}", printable(&text))
}

/// Without characters that would move the cursor, change the terminal, or have what follows read the other way round: what is
/// shown was written by others.
fn printable(text: &str) -> String {
    let commands = |c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if commands(c) { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::broker::Properties;

    use super::*;

    fn line(kind: &str, data: Value) -> String {
        let Value::Object(data) = data else { panic!("data is an object") };
        let heard = Heard { id: "1".to_owned(), kind: kind.to_owned(), at: Timestamp(1_795_324_443_120), data };
        event_line(&heard, &TimeZone::UTC, Paint::None)
    }

    #[test]
    fn each_kind_of_event_is_one_readable_line() {
        let reason = json!({"rule":"VIP customers","trigger":"ticket_arrived","strategy":"longest_idle","considered":12,"eligible":3});
        let lines = [
            line(
                "assignment.assigned",
                json!({"ticket_id":"t1","role":"vip","channel":"chat","agent_id":"ana","waited_ms":1234,"priority":6,"attempt":2,"reason":reason}),
            ),
            line(
                "ticket.queued",
                json!({"ticket_id":"t1","role":"vip","channel":"call","position":3,"waiting":7,"estimated_wait_ms":61_000}),
            ),
            line(
                "assignment.completed",
                json!({"ticket_id":"t1","role":"vip","channel":"call","agent_id":"ana","waited_ms":12,"handled_ms":200_000,"outcome":"solved"}),
            ),
            line(
                "assignment.revoked",
                json!({"ticket_id":"t1","role":"vip","channel":"call","agent_id":"ana","cause":"agent_offline"}),
            ),
            line(
                "assignment.revoked",
                json!({"ticket_id":"t1","role":"vip","channel":"call","agent_id":"ana","cause":"released","reason":"not my field"}),
            ),
            line(
                "assignment.offered",
                json!({"ticket_id":"t1","role":"vip","channel":"call","agent_id":"ana","waited_ms":12,"transferred_by":"ben","note":"has asked twice"}),
            ),
            line("ticket.unroutable", json!({"ticket_id":"t1","channel":"call","cause":"no_role"})),
            line(
                "assignment.assigned",
                json!({"ticket_id":"t1","role":"vip","channel":"chat","agent_id":"ana","waited_ms":0,"reason":{"rule":"vip_first","trigger":"last_agent","strategy":"longest_idle","considered":1,"eligible":1}}),
            ),
            line(
                "assignment.assigned",
                json!({"ticket_id":"t1","role":"vip","channel":"chat","agent_id":"ana","waited_ms":9,"reason":{"rule":null,"trigger":"agent_free","strategy":"longest_idle","considered":1,"eligible":1}}),
            ),
            line(
                "ticket.deferred",
                json!({"ticket_id":"t1","role":"vip","channel":"call","opens_at":"2026-11-23T07:00:00.000Z","due_at":null}),
            ),
            line(
                "ticket.diverted",
                json!({"ticket_id":"t1","role":"vip","channel":"call","to_role":"night","cause":"closed"}),
            ),
            line(
                "ticket.escalated",
                json!({"ticket_id":"t1","role":"vip","channel":"call","step":1,"roles":["vip","billing"],"skills":{},"priority":9}),
            ),
            line(
                "agent.changed",
                json!({"agent_id":"ana","status":"online","load":{"chat":{"used":2,"limit":3},"call":{"used":0,"limit":1}},"wrapping_up":0}),
            ),
            line("command.rejected", json!({"code":"unknown_ticket","detail":"no ticket t9","ticket_id":"t9"})),
        ];
        let expected = [
            r#"05:14:03.120  assignment.assigned   t1  vip/chat  → ana  waited 1.2 s · priority 6 · attempt 2 · rule "VIP customers", longest idle of 3 of 12 agents"#,
            "05:14:03.120  ticket.queued         t1  vip/call  3 of 7 waiting · about 1 min 1 s to go",
            "05:14:03.120  assignment.completed  t1  vip/call  → ana  handled in 3 min 20 s · after a wait of 12 ms · solved",
            "05:14:03.120  assignment.revoked    t1  vip/call  → ana  agent offline",
            r#"05:14:03.120  assignment.revoked    t1  vip/call  → ana  released · "not my field""#,
            r#"05:14:03.120  assignment.offered    t1  vip/call  → ana  waited 12 ms · from ben: "has asked twice""#,
            "05:14:03.120  ticket.unroutable     t1  call  no role",
            r#"05:14:03.120  assignment.assigned   t1  vip/chat  → ana  waited 0 ms · rule "vip_first", the customer's last agent"#,
            "05:14:03.120  assignment.assigned   t1  vip/chat  → ana  waited 9 ms · the agent came free",
            "05:14:03.120  ticket.deferred       t1  vip/call  waits aside until 2026-11-23T07:00:00.000Z",
            "05:14:03.120  ticket.diverted       t1  vip/call  to night · closed",
            "05:14:03.120  ticket.escalated      t1  vip/call  step 1 · roles vip, billing · priority 9",
            "05:14:03.120  agent.changed         ana  online · chat 2/3",
            "05:14:03.120  command.rejected      t9  unknown_ticket · no ticket t9",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn an_event_that_nobody_has_heard_of_is_a_line_all_the_same() {
        assert_eq!(line("ticket.sung", json!({"ticket_id": 7})), "05:14:03.120  ticket.sung         ");
    }

    #[test]
    fn what_others_wrote_can_not_command_the_terminal() {
        let shown = line("command.rejected", json!({"code":"x","detail":"a\u{1b}[2Jb\n"}));
        assert!(shown.ends_with("x · a\u{FFFD}[2Jb\u{FFFD}"), "{shown:?}");
        assert!(!shown.contains('\u{1b}'));
        let turned = line("command.rejected", json!({"code":"x","detail":"a\u{202e}b\u{2069}"}));
        assert!(turned.ends_with("x · a\u{FFFD}b\u{FFFD}"), "{turned:?}");
        let shown = line("a\u{1b}[2Jb", json!({}));
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        let routing_key = "a\u{1b}[2Jb".to_owned();
        let tapped = Tapped { routing_key, properties: Properties::new(), body: b"\x1b[2J".to_vec() };
        for shown in [unread_line(&tapped, &"no\u{1b}[2J"), dead_letter_line(&tapped, Paint::None)] {
            assert!(!shown.contains('\u{1b}'), "{shown:?}");
        }
    }

    #[test]
    fn a_dead_letter_tells_why_and_what_it_was() {
        let properties = Properties::new()
            .with_message_id("m1")
            .with_header("x-rolecall-error", "bad_field")
            .with_header("x-rolecall-detail", "data.ticket_id: expected a string");
        let tapped = Tapped { routing_key: "ticket.created".to_owned(), properties, body: vec![b'x'; 300] };
        let shown = dead_letter_line(&tapped, Paint::None);
        assert!(shown.starts_with("bad_field  ticket.created m1  data.ticket_id: expected a string\n"), "{shown}");
        assert!(shown.ends_with("xxx … (300 bytes)"), "{shown}");
    }
}
