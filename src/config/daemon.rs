//! The sections that concern the daemon and not the catalogue: `[node]`, `[log]`, `[amqp]`, `[journal]`, `[http]`,
//! `[dedupe]`. They take effect at the start only.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use lapin::uri::AMQPUri;
use toml::de::DeValue;

use crate::routing::Millis;
use crate::routing::time::DURATION_MAX;

use super::diagnostic::Diagnostic;
use super::form::{Choice, FilePath, Flag, Form, Length, Node, PEM_FILE, Whole, describe, misfit};
use super::key::{Key, Keys};
use super::secret::{BrokerUri, redact_passwords};
use super::section::{Reading, Section};
use super::settings::{
    AmqpConfig, CertificateFiles, DedupeConfig, HttpConfig, JournalConfig, LogConfig, LogFormat, LogLevel, NodeConfig,
    QueueType,
};

/// A timeout: long enough for one step over a network, short enough that somebody still waits for it.
const TIMEOUT: Length = Length { min: Millis(100), max: Millis::from_secs(24 * 3_600) };

pub(super) mod node {
    use super::{Key, Keys, Length, Millis, NodeName};

    pub(crate) const NAME: Key<NodeName> =
        Key::new("name", NodeName, "\"rolecall-1\"", "The name of this daemon: events carry it in their `source`.");
    pub(crate) const SHUTDOWN_TIMEOUT: Key<Length> = Key::new(
        "shutdown_timeout",
        Length { min: Millis(100), max: Millis::from_secs(3_600) },
        "\"30s\"",
        "How long a drain may take after `SIGTERM` before the process ends anyway.",
    );
    pub(crate) const KEYS: Keys = &[&NAME, &SHUTDOWN_TIMEOUT];
}

pub(super) mod log {
    use super::{Choice, Key, Keys, LogFormat, LogLevel};

    pub(crate) const FORMAT: Key<Choice<LogFormat>> = Key::new(
        "format",
        Choice { of: "log format", options: &[("human", LogFormat::Human), ("json", LogFormat::Json)] },
        "\"human\"",
        "Lines for people, or one JSON object per line.",
    );
    pub(crate) const LEVEL: Key<Choice<LogLevel>> = Key::new(
        "level",
        Choice {
            of: "log level",
            options: &[
                ("error", LogLevel::Error),
                ("warn", LogLevel::Warn),
                ("info", LogLevel::Info),
                ("debug", LogLevel::Debug),
                ("trace", LogLevel::Trace),
            ],
        },
        "\"info\"",
        "From which severity on lines are written.",
    );
    pub(crate) const KEYS: Keys = &[&FORMAT, &LEVEL];
}

pub(super) mod amqp {
    use super::{Choice, FilePath, Flag, Key, Keys, Length, PEM_FILE, Prefix, QueueType, TIMEOUT, Uri, Whole};

    pub(crate) const URI: Key<Uri> = Key::new(
        "uri",
        Uri,
        "\"amqp://guest:guest@127.0.0.1:5672/%2f\"",
        "The broker, `amqp://` or `amqps://` (TLS). What is special in a password is percent-encoded. It is never logged.",
    );
    pub(crate) const CA_FILE: Key<FilePath> = Key::optional(
        "ca_file",
        PEM_FILE,
        "those of the system alone",
        "Certificates of authorities that are trusted beside those of the system, for `amqps://`.",
    );
    pub(crate) const CERTIFICATE_FILE: Key<FilePath> = Key::optional(
        "certificate_file",
        PEM_FILE,
        "none is shown",
        "The certificate that is shown to a broker that asks for one, and those that vouch for it; needs `key_file`.",
    );
    pub(crate) const KEY_FILE: Key<FilePath> =
        Key::optional("key_file", PEM_FILE, "none", "The private key of that certificate, not encrypted.");
    pub(crate) const PREFIX: Key<Prefix> =
        Key::new("prefix", Prefix, "\"rolecall\"", "What the names of all exchanges and queues begin with.");
    pub(crate) const QUEUE_TYPE: Key<Choice<QueueType>> = Key::new(
        "queue_type",
        Choice { of: "queue type", options: &[("quorum", QueueType::Quorum), ("classic", QueueType::Classic)] },
        "\"quorum\"",
        "The kind of `PREFIX.inbox`, `PREFIX.outbox` and `PREFIX.dead`: replicated, or on one node of the broker.",
    );
    pub(crate) const PREFETCH: Key<Whole<u16>> = Key::new(
        "prefetch",
        Whole { min: 1, max: 2_000 },
        "2000",
        "How many deliveries may be unacknowledged; 2000 is what quorum queues take.",
    );
    pub(crate) const DECLARE: Key<Flag> = Key::new(
        "declare",
        Flag,
        "true",
        "Whether exchanges and queues are declared at the start, and made again where they are deleted, or only checked to be there.",
    );
    pub(crate) const OUTBOX_QUEUE: Key<Flag> = Key::new(
        "outbox_queue",
        Flag,
        "true",
        "Whether there is a queue `PREFIX.outbox`, bound with `assignment.#` and `ticket.callback.#`, that holds what nobody has \
         consumed yet. It is made at each start and has no limit: where nobody consumes it, it grows for ever. Where all \
         consumers have queues of their own: `false`, and delete it once.",
    );
    pub(crate) const CONNECT_TIMEOUT: Key<Length> = Key::new(
        "connect_timeout",
        TIMEOUT,
        "\"30s\"",
        "How long the broker may be out of reach at the start before the process exits with 69.",
    );
    pub(crate) const CONFIRM_TIMEOUT: Key<Length> = Key::new(
        "confirm_timeout",
        TIMEOUT,
        "\"30s\"",
        "How long a published message may go unconfirmed before the connection is replaced and it is sent again.",
    );
    pub(crate) const KEYS: Keys = &[
        &URI,
        &CA_FILE,
        &CERTIFICATE_FILE,
        &KEY_FILE,
        &PREFIX,
        &QUEUE_TYPE,
        &PREFETCH,
        &DECLARE,
        &OUTBOX_QUEUE,
        &CONNECT_TIMEOUT,
        &CONFIRM_TIMEOUT,
    ];
}

pub(super) mod journal {
    use super::{DURATION_MAX, FilePath, Key, Keys, Length, Millis, Whole};

    pub(crate) const PATH: Key<FilePath> = Key::new(
        "path",
        FilePath { of: "a directory" },
        "\"data\"",
        "The directory of the journal; a relative one counts from where the daemon was started. One process owns it.",
    );
    pub(crate) const SNAPSHOT_EVERY: Key<Whole<u64>> = Key::new(
        "snapshot_every",
        Whole { min: 1_000, max: 100_000_000 },
        "100000",
        "A snapshot is taken after so many entries, and no sooner than after as many as there are tickets and agents: more of them make a start slower, fewer write more.",
    );
    pub(crate) const RETENTION: Key<Length> = Key::new(
        "retention",
        Length { min: Millis::ZERO, max: DURATION_MAX },
        "\"7d\"",
        "For how long the past is kept: how things stood at any moment of it (`rolecall journal at`), and all that happened \
         since. Entries that recovery does not need are dropped after up to a quarter more.",
    );
    pub(crate) const OUTBOX_MAX: Key<Whole<u64>> = Key::new(
        "outbox_max",
        Whole { min: 1_000, max: 100_000_000 },
        "1000000",
        "With so many messages waiting to be published no new events are taken until the broker is back.",
    );
    pub(crate) const HISTORIES_RETENTION: Key<Length> = Key::new(
        "histories_retention",
        Length { min: Millis::ZERO, max: DURATION_MAX },
        "\"90d\"",
        "For how long after a ticket has ended it is kept who owned it; an eighth of it longer at most, while tickets come.",
    );
    pub(crate) const REPORTS_RETENTION: Key<Length> = Key::new(
        "reports_retention",
        Length { min: Millis::from_secs(24 * 3_600), max: DURATION_MAX },
        "\"1095d\"",
        "For how long an hour is kept of which reports are made.",
    );
    pub(crate) const KEYS: Keys =
        &[&PATH, &SNAPSHOT_EVERY, &RETENTION, &OUTBOX_MAX, &HISTORIES_RETENTION, &REPORTS_RETENTION];
}

pub(super) mod http {
    use super::{Address, FilePath, Flag, Key, Keys, Length, Millis, PEM_FILE};

    pub(crate) const LISTEN: Key<Address> = Key::new(
        "listen",
        Address,
        "\"127.0.0.1:8080\"",
        "Where health, metrics, the wallboard and the API are served; port 0 takes a free one.",
    );
    pub(crate) const CERTIFICATE_FILE: Key<FilePath> = Key::optional(
        "certificate_file",
        PEM_FILE,
        "HTTP without TLS",
        "The daemon's certificate for HTTPS, and those that vouch for it; needs `key_file`. Both may be replaced while it runs.",
    );
    pub(crate) const KEY_FILE: Key<FilePath> =
        Key::optional("key_file", PEM_FILE, "none", "The private key of that certificate, not encrypted.");
    pub(crate) const SESSION_LIFETIME: Key<Length> = Key::new(
        "session_lifetime",
        Length { min: Millis::from_secs(60), max: Millis::from_secs(90 * 24 * 3_600) },
        "\"7d\"",
        "After so long a browser has to log in again; earlier where its token expires or is revoked.",
    );
    pub(crate) const SECURE_COOKIES: Key<Flag> = Key::new(
        "secure_cookies",
        Flag,
        "false",
        "Whether browsers send the cookie of a session over TLS only: for a daemon behind a proxy that speaks `https`. With a `certificate_file` they do in any case.",
    );
    pub(crate) const KEYS: Keys = &[&LISTEN, &CERTIFICATE_FILE, &KEY_FILE, &SESSION_LIFETIME, &SECURE_COOKIES];
}

pub(super) mod dedupe {
    use super::{DURATION_MAX, Key, Keys, Length, Millis};

    pub(crate) const WINDOW: Key<Length> = Key::new(
        "window",
        Length { min: Millis::ZERO, max: DURATION_MAX },
        "\"24h\"",
        "For how long the ids of events are remembered, so that one that comes twice changes nothing.",
    );
    pub(crate) const KEYS: Keys = &[&WINDOW];
}

pub(super) fn read_node(section: &Section<'_>, reading: &mut Reading<'_>) -> NodeConfig {
    let default = NodeConfig::default();
    NodeConfig {
        name: section.take(&node::NAME, reading).unwrap_or(default.name),
        shutdown_timeout: length(section, &node::SHUTDOWN_TIMEOUT, reading, default.shutdown_timeout),
    }
}

pub(super) fn read_log(section: &Section<'_>, reading: &mut Reading<'_>) -> LogConfig {
    LogConfig {
        format: section.take(&log::FORMAT, reading).unwrap_or_default(),
        level: section.take(&log::LEVEL, reading).unwrap_or_default(),
    }
}

pub(super) fn read_amqp(section: &Section<'_>, reading: &mut Reading<'_>) -> AmqpConfig {
    let default = AmqpConfig::default();
    AmqpConfig {
        uri: section.take(&amqp::URI, reading).unwrap_or(default.uri),
        ca_file: section.take(&amqp::CA_FILE, reading),
        identity: certificate(section, &amqp::CERTIFICATE_FILE, &amqp::KEY_FILE, reading),
        prefix: section.take(&amqp::PREFIX, reading).unwrap_or(default.prefix),
        queue_type: section.take(&amqp::QUEUE_TYPE, reading).unwrap_or(default.queue_type),
        prefetch: section.take(&amqp::PREFETCH, reading).unwrap_or(default.prefetch),
        declare: section.take(&amqp::DECLARE, reading).unwrap_or(default.declare),
        outbox_queue: section.take(&amqp::OUTBOX_QUEUE, reading).unwrap_or(default.outbox_queue),
        connect_timeout: length(section, &amqp::CONNECT_TIMEOUT, reading, default.connect_timeout),
        confirm_timeout: length(section, &amqp::CONFIRM_TIMEOUT, reading, default.confirm_timeout),
    }
}

pub(super) fn read_journal(section: &Section<'_>, reading: &mut Reading<'_>) -> JournalConfig {
    let default = JournalConfig::default();
    JournalConfig {
        path: section.take(&journal::PATH, reading).unwrap_or(default.path),
        snapshot_every: section.take(&journal::SNAPSHOT_EVERY, reading).unwrap_or(default.snapshot_every),
        retention: length(section, &journal::RETENTION, reading, default.retention),
        outbox_max: section.take(&journal::OUTBOX_MAX, reading).unwrap_or(default.outbox_max),
        histories_retention: length(section, &journal::HISTORIES_RETENTION, reading, default.histories_retention),
        reports_retention: length(section, &journal::REPORTS_RETENTION, reading, default.reports_retention),
    }
}

pub(super) fn read_http(section: &Section<'_>, reading: &mut Reading<'_>) -> HttpConfig {
    let default = HttpConfig::default();
    HttpConfig {
        listen: section.take(&http::LISTEN, reading).unwrap_or(default.listen),
        identity: certificate(section, &http::CERTIFICATE_FILE, &http::KEY_FILE, reading),
        owner_token: reading.owner_token(),
        session_lifetime: length(section, &http::SESSION_LIFETIME, reading, default.session_lifetime),
        secure_cookies: section.take(&http::SECURE_COOKIES, reading).unwrap_or(default.secure_cookies),
    }
}

pub(super) fn read_dedupe(section: &Section<'_>, reading: &mut Reading<'_>) -> DedupeConfig {
    DedupeConfig { window: length(section, &dedupe::WINDOW, reading, DedupeConfig::default().window) }
}

/// Both files, or neither.
fn certificate(
    section: &Section<'_>,
    certificate: &Key<FilePath>,
    key: &Key<FilePath>,
    reading: &mut Reading<'_>,
) -> Option<CertificateFiles> {
    let (has, lacks) = match (section.take(certificate, reading), section.take(key, reading)) {
        (Some(certificate), Some(key)) => return Some(CertificateFiles { certificate, key }),
        (None, None) => return None,
        (Some(_), None) => (certificate, key),
        (None, Some(_)) => (key, certificate),
    };
    let (origin, has, lacks) = (section.origin(has), has.name, lacks.name);
    let found = Diagnostic::error(origin, format!("{has} is given, and {lacks} is not"));
    reading.report(found.expected(format!("both, or neither; {lacks} = \"/path/to/file.pem\"")));
    None
}

fn length(section: &Section<'_>, key: &Key<Length>, reading: &mut Reading<'_>, default: Duration) -> Duration {
    section.take(key, reading).map_or(default, |length| Duration::from_millis(length.0))
}

/// A name that can stand in a URI as it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct NodeName;

/// The longest name of a node, in bytes; as other names.
const NODE_NAME_LENGTH_MAX: usize = 128;

impl Form for NodeName {
    type Value = String;

    fn expected(&self) -> String {
        format!("1 to {NODE_NAME_LENGTH_MAX} letters a–z, digits, `-`, `_` or `.`")
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        let fits = |text: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            (1..=NODE_NAME_LENGTH_MAX).contains(&text.len()) && text.chars().all(allowed)
        };
        match node.value {
            DeValue::String(text) if fits(text) => Some(text.to_string()),
            other => misfit(self, node, reading, format!("{} is not the name of a node", describe(other))),
        }
    }
}

/// What names on the broker begin with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix;

/// AMQP takes names of 255 bytes; the longest that we append is `.assignments`.
const PREFIX_LENGTH_MAX: usize = 200;

impl Form for Prefix {
    type Value = String;

    fn expected(&self) -> String {
        format!("1 to {PREFIX_LENGTH_MAX} bytes without control characters, not beginning with `amq.`")
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        let fits = |text: &str| {
            let length_fits = (1..=PREFIX_LENGTH_MAX).contains(&text.len());
            length_fits && !text.starts_with("amq.") && !text.contains(char::is_control)
        };
        match node.value {
            DeValue::String(text) if fits(text) => Some(text.to_string()),
            other => misfit(self, node, reading, format!("{} is not a prefix", describe(other))),
        }
    }
}

/// An address to listen on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Address;

impl Form for Address {
    type Value = SocketAddr;

    fn expected(&self) -> String {
        "an IP address with a port, such as \"127.0.0.1:8080\", \"0.0.0.0:8080\" or \"[::1]:8080\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<SocketAddr> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is not an address", describe(node.value)));
        };
        if let Ok(address) = text.parse() {
            return Some(address);
        }
        let meant = text.replacen("localhost", "127.0.0.1", 1);
        let meant = if meant.starts_with(':') { format!("0.0.0.0{meant}") } else { meant };
        let help = meant.parse::<SocketAddr>().is_ok().then(|| format!("did you mean {meant:?}?"));
        let found = Diagnostic::error(node.origin.clone(), format!("{text:?} is not an address"));
        reading.report(found.expected(self.expected()).help(help));
        None
    }
}

/// The address of a broker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Uri;

impl Form for Uri {
    type Value = BrokerUri;

    fn expected(&self) -> String {
        "an address such as \"amqp://user:password@host:5672/%2f\" or \"amqps://…\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<BrokerUri> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is not an address", describe(node.value)));
        };
        match uri_fault(text) {
            None => Some(BrokerUri::new(text.to_string())),
            Some(fault) => misfit(self, node, reading, format!("{:?} {fault}", redact_passwords(text))),
        }
    }
}

/// What is wrong with an address, without quoting it.
fn uri_fault(text: &str) -> Option<String> {
    if !text.starts_with("amqp://") && !text.starts_with("amqps://") {
        return Some("is not the address of a broker".to_owned());
    }
    // The client would quietly connect to localhost instead.
    if text.contains("://[") || text.contains("@[") {
        return Some("has an IPv6 address, which is not supported: give the host a name".to_owned());
    }
    let fault = match AMQPUri::from_str(text) {
        Ok(uri) if uri.vhost.is_empty() => {
            return Some("has an empty virtual host: write %2f after the last slash for \"/\"".to_owned());
        }
        Ok(_) => return None,
        Err(fault) => fault,
    };
    let fault = if fault.contains(text) { "it is malformed".to_owned() } else { fault };
    Some(format!("is not the address of a broker: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_broker_is_taken_as_the_client_takes_it() {
        for uri in ["amqp://guest:guest@127.0.0.1:5672/%2f", "amqps://broker", "amqp://u:p%40@h/vhost?heartbeat=10"] {
            assert_eq!(uri_fault(uri), None, "{uri}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_address_is_said_without_its_password() {
        for uri in [
            "",
            "http://a",
            "amqp://u:hunter2@h:99999/",
            "amqp://u:hunter2@h/",
            "amqp://u:hunter2@[::1]:5672",
            "amqp://u:hunter2@h/%ff",
        ] {
            let fault = uri_fault(uri).unwrap_or_else(|| panic!("{uri} is taken"));
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }
}
