//! That whoever sends something has the secret: an HMAC over what is sent, or the secret itself.
//!
//! Everything is compared in constant time, whichever of the secrets it is. A time that is too far from ours is refused, in
//! either direction: what somebody has listened to can't be sent again later.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use subtle::{Choice, ConstantTimeEq};

use crate::config::{Algorithm, Encoding, SignatureConfig, SignedPart, TimestampConfig, TimestampForm};
use crate::routing::Timestamp;

/// The most signatures that a header may have: while a system changes its secret it sends two.
const SIGNATURES_MAX: usize = 8;

/// The secrets of a system, of which one has to be right.
pub(super) struct Secrets(Vec<Vec<u8>>);

impl Secrets {
    /// Of these lines; `None` where one is not written as is said.
    pub(super) fn read(signature: &SignatureConfig, lines: &[&str]) -> Option<Self> {
        let read = |line: &&str| match signature.secret_encoding {
            None => Some(line.as_bytes().to_vec()),
            Some(Encoding::Base64) => STANDARD.decode(line).ok(),
            Some(Encoding::Hex) => from_hex(line),
        };
        lines.iter().map(read).collect::<Option<_>>().map(Self)
    }

    /// How many bytes the shortest has.
    pub(super) fn shortest(&self) -> usize {
        self.0.iter().map(Vec::len).min().unwrap_or_default()
    }
}

/// Why it is not known to be of that system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotShown {
    #[error("expected the header {0}: without it nobody knows who sends this")]
    Missing(String),
    #[error(
        "the header {0} does not show the secret of this hook: look whether both sides have the same, and whether anything \
         between them changes the body"
    )]
    Wrong(String),
    #[error("expected the header {0} to be {1}")]
    NoTime(String, &'static str),
    #[error("the header {0} says a time that is {1} s from ours, and at most {2} s are taken: look at both clocks")]
    Stale(String, u64, u64),
}

impl NotShown {
    /// For programs.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "no_signature",
            Self::Wrong(_) => "wrong_signature",
            Self::NoTime(..) | Self::Stale(..) => "stale_signature",
        }
    }
}

pub(super) fn verify(
    signature: &SignatureConfig,
    secrets: &Secrets,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), NotShown> {
    let shown = header(headers, &signature.header)?;
    let is_right = match signature.algorithm {
        Algorithm::Token => shows_secret(signature, secrets, shown),
        Algorithm::HmacSha1 => shows_hmac(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, signature, secrets, headers, body)?,
        Algorithm::HmacSha256 => shows_hmac(hmac::HMAC_SHA256, signature, secrets, headers, body)?,
        Algorithm::HmacSha512 => shows_hmac(hmac::HMAC_SHA512, signature, secrets, headers, body)?,
    };
    if !is_right {
        return Err(NotShown::Wrong(signature.header.clone()));
    }
    // Only whoever has the secret learns what our clock says.
    signature.timestamp.as_ref().map_or(Ok(()), |timestamp| check_time(timestamp, headers, now))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Result<&'h str, NotShown> {
    let found = headers.get(name).and_then(|value| value.to_str().ok());
    found.ok_or_else(|| NotShown::Missing(name.to_owned()))
}

fn shows_secret(signature: &SignatureConfig, secrets: &Secrets, shown: &str) -> bool {
    let shown = shown.strip_prefix(&signature.prefix).unwrap_or_default().trim();
    any(secrets.0.iter().map(|secret| secret.ct_eq(shown.as_bytes())))
}

fn shows_hmac(
    algorithm: hmac::Algorithm,
    signature: &SignatureConfig,
    secrets: &Secrets,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<bool, NotShown> {
    let shown = header(headers, &signature.header)?;
    let of_prefix = |part: &'_ str| part.strip_prefix(&*signature.prefix).map(str::to_owned);
    let decode = |part: String| match signature.encoding {
        Encoding::Hex => from_hex(&part),
        Encoding::Base64 => STANDARD.decode(part).ok(),
    };
    let shown: Vec<Vec<u8>> =
        shown.split_whitespace().take(SIGNATURES_MAX).filter_map(of_prefix).filter_map(decode).collect();
    let mut choices = Vec::new();
    for secret in &secrets.0 {
        let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, secret));
        for part in &signature.signed {
            match part {
                SignedPart::Text(text) => context.update(text.as_bytes()),
                SignedPart::Body => context.update(body),
                SignedPart::Header(name) => context.update(header(headers, name)?.as_bytes()),
                SignedPart::Timestamp => {
                    let name = signature.timestamp.as_ref().map_or("", |timestamp| &timestamp.header);
                    context.update(header(headers, name)?.as_bytes());
                }
            }
        }
        let tag = context.sign();
        choices.extend(shown.iter().map(|shown| tag.as_ref().ct_eq(shown)));
    }
    Ok(any(choices.into_iter()))
}

/// Whether any holds, after a look at all.
fn any(choices: impl Iterator<Item = Choice>) -> bool {
    choices.fold(Choice::from(0), |found, choice| found | choice).into()
}

fn check_time(timestamp: &TimestampConfig, headers: &HeaderMap, now: Timestamp) -> Result<(), NotShown> {
    let text = header(headers, &timestamp.header)?.trim();
    let (millis, expected) = match timestamp.form {
        TimestampForm::UnixSeconds => {
            (text.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1_000)), "seconds since 1970")
        }
        TimestampForm::Rfc3339 => {
            let moment: Option<jiff::Timestamp> = text.parse().ok();
            (moment.map(jiff::Timestamp::as_millisecond), "a time of RFC 3339")
        }
    };
    let millis = millis.ok_or_else(|| NotShown::NoTime(timestamp.header.clone(), expected))?;
    let apart = now.0.abs_diff(millis) / 1_000;
    let allowed = timestamp.tolerance.as_secs();
    if apart > allowed { Err(NotShown::Stale(timestamp.header.clone(), apart, allowed)) } else { Ok(()) }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
