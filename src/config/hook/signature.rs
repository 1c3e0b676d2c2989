//! `signature` of a `[hook.NAME]`: how a system shows that it has the secret.

use std::time::Duration;

use serde_json::Value;
use toml::de::DeValue;

use crate::routing::Millis;

use super::super::diagnostic::Diagnostic;
use super::super::form::{Choice, Form, Length, Node, Text, describe, misfit};
use super::super::key::{Key, Keys};
use super::super::schema;
use super::super::section::{Reading, Section};

/// The longest header, prefix, or text that is signed.
const TEXT_MAX: usize = 256;

const ALGORITHM: Key<Choice<Algorithm>> = Key::new(
    "algorithm",
    Choice {
        of: "algorithm",
        options: &[
            ("hmac-sha256", Algorithm::HmacSha256),
            ("hmac-sha512", Algorithm::HmacSha512),
            ("hmac-sha1", Algorithm::HmacSha1),
            ("token", Algorithm::Token),
        ],
    },
    "\"hmac-sha256\"",
    "How the secret is shown: by an HMAC over what is sent, or as it is (`token`).",
);
const HEADER: Key<HeaderForm> = Key::required("header", HeaderForm, "The header that shows it.");
const PREFIX: Key<Text> = Key::new(
    "prefix",
    Text { length_max: TEXT_MAX },
    "\"\"",
    "What stands before it in the header, `sha256=` for instance. Of several with spaces between them one has to be right.",
);
const ENCODING: Key<Choice<Encoding>> = Key::new(
    "encoding",
    Choice { of: "encoding", options: &[("hex", Encoding::Hex), ("base64", Encoding::Base64)] },
    "\"hex\"",
    "How the HMAC is written.",
);
const SIGNED: Key<SignedForm> = Key::new("signed", SignedForm, "\"{body}\"", "What it is made over.");
const SECRET_ENCODING: Key<Choice<SecretEncoding>> = Key::new(
    "secret_encoding",
    Choice {
        of: "encoding",
        options: &[("text", SecretEncoding::Text), ("hex", SecretEncoding::Hex), ("base64", SecretEncoding::Base64)],
    },
    "\"text\"",
    "How the file has the secret.",
);
const TIMESTAMP_HEADER: Key<HeaderForm> = Key::optional(
    "timestamp_header",
    HeaderForm,
    "no time is sent",
    "The header with the time at which it was sent; it has to be among what is signed.",
);
const TIMESTAMP: Key<Choice<TimestampForm>> = Key::new(
    "timestamp",
    Choice {
        of: "form of a time",
        options: &[("unix_seconds", TimestampForm::UnixSeconds), ("rfc3339", TimestampForm::Rfc3339)],
    },
    "\"unix_seconds\"",
    "How that time is written.",
);
const TOLERANCE: Key<Length> = Key::new(
    "tolerance",
    Length { min: Millis::from_secs(1), max: Millis::from_secs(24 * 3_600) },
    "\"5m\"",
    "How far that time may be from ours: beyond it what comes is refused as stale.",
);

/// The keys of a signature.
pub(in crate::config) const KEYS: Keys =
    &[&ALGORITHM, &HEADER, &PREFIX, &ENCODING, &SIGNED, &SECRET_ENCODING, &TIMESTAMP_HEADER, &TIMESTAMP, &TOLERANCE];

/// How a secret is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-1: for systems that have nothing better. As an HMAC it is not known to be broken.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// The secret itself.
    Token,
}

/// How bytes are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two digits a byte.
    Hex,
    /// With `+` and `/`, padded.
    Base64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecretEncoding {
    Text,
    Hex,
    Base64,
}

/// A part of what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPart {
    /// These bytes.
    Text(String),
    /// The body.
    Body,
    /// The time, as its header has it.
    Timestamp,
    /// Another header.
    Header(String),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampForm {
    /// Seconds since 1970.
    UnixSeconds,
    /// `2026-11-22T05:00:00Z`
    Rfc3339,
}

/// When it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimestampConfig {
    /// Which header says so.
    pub header: String,
    /// How.
    pub form: TimestampForm,
    /// How far it may be from now.
    pub tolerance: Duration,
}

/// How a system shows that it has the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureConfig {
    /// By what.
    pub algorithm: Algorithm,
    /// In which header.
    pub header: String,
    /// Behind what.
    pub prefix: String,
    /// How it is written.
    pub encoding: Encoding,
    /// Over what.
    pub signed: Vec<SignedPart>,
    /// How the file has the secret; `None`: as text.
    pub secret_encoding: Option<Encoding>,
    /// When it was sent, where that is said.
    pub timestamp: Option<TimestampConfig>,
}

/// A table with those keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct SignatureForm;

impl Form for SignatureForm {
    type Value = SignatureConfig;

    fn expected(&self) -> String {
        "a table such as { header = \"X-Signature\", prefix = \"sha256=\" }".to_owned()
    }

    fn schema(&self) -> Value {
        schema::table(KEYS)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<SignatureConfig> {
        let section = Section::open("the `signature` of a hook", node, KEYS, reading);
        let header = section.take(&HEADER, reading);
        let signed = section.take(&SIGNED, reading).unwrap_or_else(|| vec![SignedPart::Body]);
        let timestamp = timestamp(&section, reading);
        let algorithm = section.take(&ALGORITHM, reading).unwrap_or(Algorithm::HmacSha256);
        let is_signed = signed.contains(&SignedPart::Timestamp);
        if timestamp.is_some() != is_signed && algorithm != Algorithm::Token {
            let (place, message, expected) = if is_signed {
                let message = "`{timestamp}` is signed, and no header has it";
                (section.origin(&SIGNED), message, "timestamp_header = \"X-Timestamp\"")
            } else {
                let message = "the time is not signed, so anybody could change it";
                (section.origin(&TIMESTAMP_HEADER), message, "signed = \"{timestamp}.{body}\", or as the system has it")
            };
            reading.report(Diagnostic::error(place, message).expected(expected));
        }
        let secret_encoding = match section.take(&SECRET_ENCODING, reading).unwrap_or(SecretEncoding::Text) {
            SecretEncoding::Text => None,
            SecretEncoding::Hex => Some(Encoding::Hex),
            SecretEncoding::Base64 => Some(Encoding::Base64),
        };
        let prefix = section.take(&PREFIX, reading).unwrap_or_default();
        let encoding = section.take(&ENCODING, reading).unwrap_or(Encoding::Hex);
        Some(SignatureConfig { algorithm, header: header?, prefix, encoding, signed, secret_encoding, timestamp })
    }
}

fn timestamp(section: &Section<'_>, reading: &mut Reading<'_>) -> Option<TimestampConfig> {
    let header = section.take(&TIMESTAMP_HEADER, reading);
    let form = section.take(&TIMESTAMP, reading).unwrap_or(TimestampForm::UnixSeconds);
    let tolerance = section.take(&TOLERANCE, reading).unwrap_or(Millis::from_secs(300));
    let tolerance = Duration::from_millis(tolerance.0);
    header.map(|header| TimestampConfig { header, form, tolerance })
}

/// The name of a header, in lower case.
#[derive(Debug, Clone, Copy)]
struct HeaderForm;

fn is_header(text: &str) -> bool {
    (1..=TEXT_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl Form for HeaderForm {
    type Value = String;

    fn expected(&self) -> String {
        "the name of a header, such as \"X-Signature\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        match node.value {
            DeValue::String(text) if is_header(text) => Some(text.to_ascii_lowercase()),
            other => misfit(self, node, reading, format!("{} is no name of a header", describe(other))),
        }
    }
}

/// A text with `{body}`, `{timestamp}` and `{header:NAME}` in it.
#[derive(Debug, Clone, Copy)]
struct SignedForm;

impl SignedForm {
    fn parts(text: &str) -> Option<Vec<SignedPart>> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}')?;
            if !before.is_empty() {
                parts.push(SignedPart::Text(before.to_owned()));
            }
            parts.push(match name {
                "body" => SignedPart::Body,
                "timestamp" => SignedPart::Timestamp,
                _ => SignedPart::Header(name.strip_prefix("header:").filter(|it| is_header(it))?.to_ascii_lowercase()),
            });
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(SignedPart::Text(rest.to_owned()));
        }
        let bodies = parts.iter().filter(|part| **part == SignedPart::Body).count();
        (bodies == 1).then_some(parts)
    }
}

impl Form for SignedForm {
    type Value = Vec<SignedPart>;

    fn expected(&self) -> String {
        "a text with `{body}` in it, once, and `{timestamp}` or `{header:NAME}` as it needs them".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Vec<SignedPart>> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is no text", describe(node.value)));
        };
        let parts = if text.len() <= TEXT_MAX { Self::parts(text) } else { None };
        parts.or_else(|| misfit(self, node, reading, format!("{text:?} does not say what is signed")))
    }
}
