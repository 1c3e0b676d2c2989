//! Tokens: who may come in over HTTP, as what, and until when.
//!
//! A token is 256 random bits behind an id by which it is found: `rct_ID_SECRET`. It is shown once, when it is made; what is
//! kept is the SHA-256 of the whole, and it is compared in constant time. What was made or revoked by another process is
//! seen at the next look, because a look costs a `stat`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::RecordsError;
use super::lines::Lines;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Permission, Timestamp};

/// The file, beside the journal.
pub(super) const FILE: &str = "tokens.jsonl";

/// What every token begins with, so that whoever finds one in a log knows what it is.
const PREFIX: &str = "rct_";

/// The most tokens that are neither revoked nor expired: a token for each agent of a large contact centre, and its systems.
pub const TOKENS_MAX: usize = 10_000;

/// The longest name of a token.
pub const NAME_LENGTH_MAX: usize = 64;

/// What a token is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenSpec {
    /// Who shows it: `helpdesk`, `anna@example.com`.
    pub name: String,
    /// What its bearer may do; that of an agent is never more than that agent may do.
    pub level: AccessLevel,
    /// The agent for whom its bearer acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Permissions beyond those of the level.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions: BTreeSet<Permission>,
    /// Permissions taken away.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub permissions_denied: BTreeSet<Permission>,
    /// From when on it is no longer valid; never where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// By which it is found and revoked.
    pub id: String,
    /// What it is for.
    pub spec: TokenSpec,
    /// When it was made.
    pub made_at: Timestamp,
    /// By whom.
    pub made_by: String,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
    hash: [u8; 32],
}

impl Token {
    /// Whether it can be shown at that time.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        if self.revoked_at.is_some() {
            Standing::Revoked
        } else if self.spec.expires_at.is_some_and(|expires_at| expires_at <= now) {
            Standing::Expired
        } else {
            Standing::Valid
        }
    }
}

/// Whether a token can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It can.
    Valid,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A secret that is shown once.
pub struct Shown(String);

impl Shown {
    /// The token as its bearer has to send it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// Its name can't be one.
    #[error("a token's name has 1 to {NAME_LENGTH_MAX} letters a–z, digits, or . _ - @, and is not \"owner\"")]
    BadName,
    /// Another valid token has the name.
    #[error("there is a valid token of this name: revoke it first, or choose another name")]
    NameTaken,
    /// It would be over before it is shown.
    #[error(
        "expected a time to come, found {}, and it is {} here",
        rfc3339(*expires_at),
        rfc3339(*now)
    )]
    Over {
        /// When it was to expire.
        expires_at: Timestamp,
        /// What time it is.
        now: Timestamp,
    },
    /// There are too many.
    #[error("there are {TOKENS_MAX} valid tokens already")]
    TooMany,
    /// It can't be written.
    #[error(transparent)]
    Records(#[from] RecordsError),
}

/// One line of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Made { id: String, hash: String, at: Timestamp, by: String, spec: TokenSpec },
    Revoked { id: String, at: Timestamp, by: String },
}

#[derive(Debug, Default)]
struct Known {
    read_through: u64,
    lines_count: u64,
    tokens: BTreeMap<String, Token>,
}

/// All tokens. Clones are the same.
#[derive(Debug, Clone)]
pub struct Tokens {
    lines: Lines,
    known: Arc<RwLock<Known>>,
}

impl Tokens {
    /// Those beside the journal in that directory.
    ///
    /// # Errors
    /// Where they can't be read.
    pub fn open(directory: &Path) -> Result<Self, RecordsError> {
        let tokens = Self { lines: Lines::new(directory.join(FILE)), known: Arc::default() };
        tokens.refresh()?;
        Ok(tokens)
    }

    /// Reads what is new.
    fn refresh(&self) -> Result<(), RecordsError> {
        let length = self.lines.len()?;
        if self.known.read().unwrap_or_else(PoisonError::into_inner).read_through == length {
            return Ok(());
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if length < known.read_through {
            // Somebody has put another file there.
            *known = Known::default();
        }
        let text = self.lines.read_from(known.read_through, known.lines_count)?;
        for (number, line) in (known.lines_count + 1..).zip(text.lines()) {
            let damaged = |why: String| self.lines.damaged(number, why);
            let line = serde_json::from_str(line).map_err(|error| damaged(format!("is no line of tokens: {error}")))?;
            known.learn(line).map_err(damaged)?;
        }
        // What can't be read is read again at the next look, which counts its lines again.
        known.lines_count += text.lines().count() as u64;
        known.read_through += text.len() as u64;
        Ok(())
    }

    /// Makes a token. The secret is shown this once.
    ///
    /// # Errors
    /// Where there can be none of that name, or it can't be made durable.
    pub fn make(&self, spec: TokenSpec, by: &str, now: Timestamp) -> Result<(Token, Shown), NotMade> {
        if !is_name(&spec.name) {
            return Err(NotMade::BadName);
        }
        if let Some(expires_at) = spec.expires_at.filter(|expires_at| *expires_at <= now) {
            return Err(NotMade::Over { expires_at, now });
        }
        let mut locked = self.lines.lock()?;
        self.refresh()?;
        let valid: Vec<_> = self.list().into_iter().filter(|token| token.standing(now) == Standing::Valid).collect();
        if valid.iter().any(|token| token.spec.name == spec.name) {
            return Err(NotMade::NameTaken);
        }
        if valid.len() >= TOKENS_MAX {
            return Err(NotMade::TooMany);
        }
        let id = format!("{:016x}", rand::random::<u64>());
        let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let shown = format!("{PREFIX}{id}_{secret}");
        let line = Line::Made { id: id.clone(), hash: hex(&hash(&shown)), at: now, by: by.to_owned(), spec };
        locked.append(&[written(&line)])?;
        drop(locked);
        self.refresh()?;
        let token = self.list().into_iter().find(|token| token.id == id).expect("it was written and read");
        Ok((token, Shown(shown)))
    }

    /// Takes a token back, by its id or its name; `None` where there is no valid one.
    ///
    /// # Errors
    /// Where that can't be made durable.
    pub fn revoke(&self, id_or_name: &str, by: &str, now: Timestamp) -> Result<Option<Token>, RecordsError> {
        let mut locked = self.lines.lock()?;
        self.refresh()?;
        let meant = |token: &Token| {
            token.revoked_at.is_none()
                && (token.id == id_or_name || (token.spec.name == id_or_name && token.standing(now) == Standing::Valid))
        };
        let Some(token) = self.list().into_iter().find(meant) else { return Ok(None) };
        locked.append(&[written(&Line::Revoked { id: token.id.clone(), at: now, by: by.to_owned() })])?;
        drop(locked);
        self.refresh()?;
        Ok(Some(Token { revoked_at: Some(now), ..token }))
    }

    /// Whether none was ever made. What can't be read may hold some.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.refresh().is_ok() && self.known.read().unwrap_or_else(PoisonError::into_inner).tokens.is_empty()
    }

    /// All that were ever made, by id.
    #[must_use]
    pub fn list(&self) -> Vec<Token> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).tokens.values().cloned().collect()
    }

    /// The token of that id, whether or not it is still valid.
    ///
    /// # Errors
    /// Where the tokens can't be read: then nobody comes in.
    pub fn of_id(&self, id: &str) -> Result<Option<Token>, RecordsError> {
        self.refresh()?;
        Ok(self.known.read().unwrap_or_else(PoisonError::into_inner).tokens.get(id).cloned())
    }

    /// The token that is shown, whether or not it is still valid.
    ///
    /// # Errors
    /// Where the tokens can't be read: then nobody comes in.
    pub fn find(&self, shown: &str) -> Result<Option<Token>, RecordsError> {
        self.refresh()?;
        let Some(id) = id_of(shown) else { return Ok(None) };
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let hash = hash(shown);
        // A hash is compared whether or not there is such an id, so that the time says nothing.
        let (found, expected) = match known.tokens.get(id) {
            Some(token) => (Some(token), token.hash),
            None => (None, [0; 32]),
        };
        let is_right: bool = expected.ct_eq(&hash).into();
        Ok(found.filter(|_| is_right).cloned())
    }
}

/// The id of a token as it is shown.
#[must_use]
pub fn id_of(shown: &str) -> Option<&str> {
    shown.strip_prefix(PREFIX)?.split_once('_').map(|(id, _)| id)
}

impl Known {
    fn learn(&mut self, line: Line) -> Result<(), String> {
        match line {
            Line::Made { id, hash, at, by, spec } => {
                let hash = unhex(&hash).ok_or("has no hash")?;
                let token = Token { id: id.clone(), spec, made_at: at, made_by: by, revoked_at: None, hash };
                self.tokens.insert(id, token);
            }
            Line::Revoked { id, at, .. } => {
                let token = self.tokens.get_mut(&id).ok_or("revokes a token that was never made")?;
                token.revoked_at = Some(at);
            }
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    (1..=NAME_LENGTH_MAX).contains(&name.len()) && name.chars().all(letter) && name != "owner"
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| "a time beyond all calendars".into(), |it| format!("{it:.3}"))
}

fn written(line: &Line) -> String {
    serde_json::to_string(line).expect("a line has string keys")
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn spec(name: &str) -> TokenSpec {
        TokenSpec {
            name: name.to_owned(),
            level: AccessLevel::Admin,
            agent: None,
            permissions: BTreeSet::new(),
            permissions_denied: BTreeSet::new(),
            expires_at: None,
        }
    }

    #[test]
    fn a_token_is_found_by_what_was_shown_and_by_nothing_near_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let tokens = Tokens::open(directory.path()).expect("there is none");
        let (made, shown) = tokens.make(spec("helpdesk"), "owner", NOW).expect("made");
        assert_eq!(shown.reveal().len(), PREFIX.len() + 16 + 1 + 64);
        assert_eq!(tokens.find(shown.reveal()).expect("read"), Some(made.clone()));
        let mut near = shown.reveal().to_owned();
        near.pop();
        for wrong in [near.as_str(), "", "rct_", &format!("rct_{}_", made.id), &shown.reveal()[PREFIX.len()..]] {
            assert_eq!(tokens.find(wrong).expect("read"), None, "{wrong}");
        }
        let text = std::fs::read_to_string(directory.path().join(FILE)).expect("written");
        let secret = shown.reveal().rsplit('_').next().expect("a secret");
        assert!(!text.contains(secret), "it is kept as a hash");
        assert!(!format!("{shown:?} {tokens:?}").contains(secret));
    }

    #[test]
    fn what_another_process_makes_or_revokes_is_seen_at_once() {
        let directory = tempfile::tempdir().expect("a directory");
        let (ours, theirs) =
            (Tokens::open(directory.path()).expect("read"), Tokens::open(directory.path()).expect("read"));
        let (made, shown) = theirs.make(spec("helpdesk"), "root", NOW).expect("made");
        assert!(ours.find(shown.reveal()).expect("read").is_some());
        theirs.revoke("helpdesk", "root", NOW).expect("written").expect("it was there");
        let found = ours.find(shown.reveal()).expect("read").expect("known");
        assert_eq!(found.standing(NOW), Standing::Revoked);
        assert!(ours.revoke(&made.id, "root", NOW).expect("read").is_none(), "it is revoked already");
        assert!(ours.make(spec("helpdesk"), "root", NOW).is_ok(), "its name is free again");
    }

    #[test]
    fn one_name_has_one_valid_token_and_time_runs_out() {
        let directory = tempfile::tempdir().expect("a directory");
        let tokens = Tokens::open(directory.path()).expect("read");
        let short = TokenSpec { expires_at: Some(Timestamp(NOW.0 + 10)), ..spec("helpdesk") };
        let (made, _) = tokens.make(short, "owner", NOW).expect("made");
        assert!(matches!(tokens.make(spec("helpdesk"), "owner", NOW), Err(NotMade::NameTaken)));
        assert_eq!(made.standing(Timestamp(NOW.0 + 9)), Standing::Valid);
        assert_eq!(made.standing(Timestamp(NOW.0 + 10)), Standing::Expired);
        assert!(tokens.make(spec("helpdesk"), "owner", Timestamp(NOW.0 + 10)).is_ok());
        let over = TokenSpec { expires_at: Some(NOW), ..spec("over") };
        assert!(matches!(tokens.make(over, "owner", NOW), Err(NotMade::Over { .. })), "nobody could ever show it");
        for name in ["", "owner", "a b", "ä", "a/b"] {
            assert!(matches!(tokens.make(spec(name), "owner", NOW), Err(NotMade::BadName)), "{name}");
        }
    }

    #[test]
    fn a_line_that_is_none_lets_nobody_in() {
        let directory = tempfile::tempdir().expect("a directory");
        let tokens = Tokens::open(directory.path()).expect("read");
        std::fs::write(directory.path().join(FILE), "{\"made\":7}\n").expect("spoiled");
        for _ in 0..3 {
            let error = tokens.find("rct_a_b").expect_err("damaged").to_string();
            assert!(error.contains("line 1 "), "{error}");
        }
    }
}
