//! The metrics of `docs/metrics.md`, each declared once: name, kind, labels, unit, help.
//!
//! A name is public: dashboards and alerts are written against it. Labels are bounded: see [`super::labels`].

use metrics::Unit;

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How often a value was at most so much.
    Histogram(&'static [f64]),
}

/// One metric, as an operator meets it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metric {
    /// The name, with the prefix.
    pub name: &'static str,
    /// What kind of number it is, with the buckets of a histogram.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What its values are measured in, where they are.
    pub unit: Option<Unit>,
    /// What it counts, for people.
    pub help: &'static str,
}

/// 100 µs to 10 s: what a disk, a broker and the way between them need.
const LATENCY_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// 1 µs to 100 ms: what the engine needs for one command.
const DECISION_BUCKETS: &[f64] = &[
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_25,
    0.000_5,
    0.001,
    0.002_5,
    0.005,
    0.01,
    0.025,
    0.1,
];

/// 1 s to a day: what people wait and work.
const PEOPLE_BUCKETS: &[f64] = &[
    1.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0,
    86_400.0,
];

/// A tenth to ten times: how wrong a forecast may be.
const RATIO_BUCKETS: &[f64] = &[0.1, 0.25, 0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0, 10.0];

macro_rules! metrics {
    ($($constant:ident = $name:literal, $kind:expr, [$($label:literal),*], $unit:expr, $help:literal;)+) => {
        $(#[doc = $help] pub const $constant: &str = concat!("rolecall_", $name);)+

        /// Every metric that the daemon has.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $constant, kind: $kind, labels: &[$($label),*], unit: $unit, help: $help,
        }),+];
    };
}

metrics! {
    EVENTS_TOTAL = "events_total", Kind::Counter, ["type", "outcome"], Some(Unit::Count),
        "Inbound events, by what became of them: done, a repeat, rejected, or dead-lettered.";
    ROUTING_LATENCY_SECONDS = "routing_latency_seconds", Kind::Histogram(LATENCY_BUCKETS), ["role"], Some(Unit::Seconds),
        "From the delivery of an event to the broker's confirm of the assignment that it led to at once.";
    DECISION_SECONDS = "decision_seconds", Kind::Histogram(DECISION_BUCKETS), [], Some(Unit::Seconds),
        "Time inside the engine for one command.";
    TICKET_WAIT_SECONDS = "ticket_wait_seconds", Kind::Histogram(PEOPLE_BUCKETS), ["role", "channel"], Some(Unit::Seconds),
        "From a ticket's creation to its assignment.";
    HANDLE_SECONDS = "handle_seconds", Kind::Histogram(PEOPLE_BUCKETS), ["role", "channel"], Some(Unit::Seconds),
        "From a ticket's assignment to its completion.";
    QUEUE_DEPTH = "queue_depth", Kind::Gauge, ["role"], Some(Unit::Count),
        "Tickets that wait for an agent, by the role they belong to.";
    QUEUE_OLDEST_SECONDS = "queue_oldest_seconds", Kind::Gauge, ["role"], Some(Unit::Seconds),
        "Age of the oldest waiting ticket; zero where none waits.";
    AGENTS = "agents", Kind::Gauge, ["role", "status"], Some(Unit::Count),
        "Registered agents by role and status; an agent of several roles counts in each.";
    SLOTS = "slots", Kind::Gauge, ["channel", "state"], Some(Unit::Count),
        "Slots of agents: used by offers, assignments and wrap-up, or free at agents who are online.";
    ASSIGNMENTS_TOTAL = "assignments_total", Kind::Counter, ["role", "outcome"], Some(Unit::Count),
        "Offers and assignments, by what became of them: offered, assigned, declined, expired, revoked, completed.";
    TARGET_BREACHES_TOTAL = "target_breaches_total", Kind::Counter, ["role"], Some(Unit::Count),
        "Tickets whose service target passed while they waited.";
    SERVICE_TOTAL = "service_total", Kind::Counter, ["role", "outcome"], Some(Unit::Count),
        "Tickets of roles with a target, once each, by whether they were answered or abandoned, within it or late.";
    WAIT_ESTIMATES_TOTAL = "wait_estimates_total", Kind::Counter, ["role", "outcome"], Some(Unit::Count),
        "Tickets that were told a range for their wait, by whether they waited so long, or were owned early or late.";
    WAIT_ESTIMATE_RATIO = "wait_estimate_ratio", Kind::Histogram(RATIO_BUCKETS), ["role"], None,
        "How long a ticket waited, as a multiple of what it was told when it came into the queue.";
    TARGETS_AT_RISK_TOTAL = "targets_at_risk_total", Kind::Counter, ["role"], Some(Unit::Count),
        "Tickets whose service target was about to pass while nobody owned them.";
    UNROUTABLE_TICKETS = "unroutable_tickets", Kind::Gauge, [], Some(Unit::Count),
        "Tickets that no agent, online or offline, could ever take.";
    JOURNAL_SYNC_SECONDS = "journal_sync_seconds", Kind::Histogram(LATENCY_BUCKETS), [], Some(Unit::Seconds),
        "One batch made durable in the journal, sync included.";
    JOURNAL_BYTES = "journal_bytes", Kind::Gauge, [], Some(Unit::Bytes),
        "Size on disk of all files in the journal's directory, what is kept beside the journal among them.";
    OUTBOX_DEPTH = "outbox_depth", Kind::Gauge, [], Some(Unit::Count),
        "Outbound events that are durable and not yet confirmed by the broker.";
    PUBLISH_CONFIRM_SECONDS = "publish_confirm_seconds", Kind::Histogram(LATENCY_BUCKETS), [], Some(Unit::Seconds),
        "From a publish to the broker's confirm.";
    AMQP_RECONNECTS_TOTAL = "amqp_reconnects_total", Kind::Counter, [], Some(Unit::Count),
        "Times that the connection to the broker was established again.";
    INBOX_CONSUMERS = "inbox_consumers", Kind::Gauge, [], Some(Unit::Count),
        "Consumers of the inbox by the broker's last count, this daemon included: where it is more than 1, others take events away.";
    PUBLISH_FAILURES_TOTAL = "publish_failures_total", Kind::Counter, ["cause"], Some(Unit::Count),
        "Publishes that the broker returned or refused, or that it did not confirm in time; each was tried again.";
    PUBLISH_UNWANTED_TOTAL = "publish_unwanted_total", Kind::Counter, [], Some(Unit::Count),
        "Events that merely inform and came back, because no queue is bound for them: all but assignment.* and ticket.callback.";
    HOOKS_TOTAL = "hooks_total", Kind::Counter, ["hook", "outcome"], Some(Unit::Count),
        "What other systems sent by hooks or by inlets of the broker, by what became of it: accepted, duplicate, rejected, ignored, unreadable, refused.";
    HOOK_MEMBERS_LEFT_OUT_TOTAL = "hook_members_left_out_total", Kind::Counter, ["hook"], Some(Unit::Count),
        "Members of events for which other systems sent what can't be one, a time that is none say: the events went on without them.";
    SPANS_TOTAL = "spans_total", Kind::Counter, ["outcome"], Some(Unit::Count),
        "Spans of traces: exported to the collector, or dropped because it takes none or too slowly.";
    CATALOGUE_RELOADS_TOTAL = "catalogue_reloads_total", Kind::Counter, ["outcome"], Some(Unit::Count),
        "Reloads of the catalogue: applied, or refused whole.";
    DEATHS_IN_A_ROW = "deaths_in_a_row", Kind::Gauge, [], Some(Unit::Count),
        "Processes before this one that died, one after the other, before anything that they had taken was durable.";
    CAREFUL = "careful", Kind::Gauge, [], None,
        "1 while messages are taken one at a time, because processes died over what they had taken; else 0.";
    READY = "ready", Kind::Gauge, [], None,
        "1 while events are taken, 0 while `/readyz` says why not.";
    CLOCK_STEPS_TOTAL = "clock_steps_total", Kind::Counter, [], Some(Unit::Count),
        "Times that the wall clock stepped back and was clamped.";
    BUILD_INFO = "build_info", Kind::Gauge, ["version", "commit"], None,
        "Always 1; what runs is in the labels.";
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What dashboards and alerts ask for, by heart.
    const PROMISED: &[(&str, &[&str])] = &[
        ("events_total", &["type", "outcome"]),
        ("routing_latency_seconds", &["role"]),
        ("decision_seconds", &[]),
        ("ticket_wait_seconds", &["role", "channel"]),
        ("handle_seconds", &["role", "channel"]),
        ("queue_depth", &["role"]),
        ("queue_oldest_seconds", &["role"]),
        ("agents", &["role", "status"]),
        ("slots", &["channel", "state"]),
        ("assignments_total", &["role", "outcome"]),
        ("target_breaches_total", &["role"]),
        ("unroutable_tickets", &[]),
        ("journal_sync_seconds", &[]),
        ("journal_bytes", &[]),
        ("outbox_depth", &[]),
        ("publish_confirm_seconds", &[]),
        ("amqp_reconnects_total", &[]),
        ("build_info", &["version", "commit"]),
    ];

    #[test]
    fn every_metric_that_is_promised_is_declared_with_its_labels() {
        for (name, labels) in PROMISED {
            let metric = ALL.iter().find(|metric| metric.name == format!("rolecall_{name}"));
            assert_eq!(metric.map(|metric| metric.labels), Some(*labels), "{name}");
        }
    }

    /// The table of `docs/metrics.md`.
    fn table() -> String {
        let row = |metric: &Metric| {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
            format!("| `{}` | {kind} | {} | {} |\n", metric.name, labels.join(", "), metric.help)
        };
        let rows: String = ALL.iter().map(row).collect();
        format!("| name | kind | labels | |\n| --- | --- | --- | --- |\n{rows}")
    }

    #[test]
    fn the_reference_has_every_metric() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        let page = std::fs::read_to_string(path).expect("docs/metrics.md is part of the repository");
        let parts = page.split_once("<!-- metrics: begin -->\n").expect("the table has a beginning");
        let (_, after) = parts.1.split_once("<!-- metrics: end -->").expect("the table has an end");
        let expected = format!("{}<!-- metrics: begin -->\n{}<!-- metrics: end -->{after}", parts.0, table());
        if std::env::var_os("ROLECALL_BLESS").is_some() {
            std::fs::write(path, &expected).expect("the page is written");
        }
        let page = std::fs::read_to_string(path).expect("docs/metrics.md is part of the repository");
        assert!(page == expected, "run `ROLECALL_BLESS=1 cargo test --lib the_reference_has_every_metric`");
    }

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        for metric in ALL {
            let counter = metric.kind == Kind::Counter;
            assert_eq!(metric.name.ends_with("_total"), counter, "{}", metric.name);
            if let Kind::Histogram(buckets) = metric.kind {
                let of_time = metric.unit == Some(Unit::Seconds);
                assert!(metric.name.ends_with(if of_time { "_seconds" } else { "_ratio" }), "{}", metric.name);
                assert!(buckets.is_sorted_by(|a, b| a < b), "{}", metric.name);
            }
        }
    }
}
