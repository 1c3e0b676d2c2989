//! Sessions: a browser shows a token once and goes on with a cookie, which no script of a page can read.
//!
//! They are kept in memory alone, by the SHA-256 of their secret, and end with the process. What a session may do is worked
//! out at each request from what it began with ([`Pass`]), so that it ends with its token and changes with its roles.
//!
//! A cookie is sent along by the browser whoever made the request. So what changes something has to show a second secret,
//! which only a page of this daemon can have read; it follows from the first and is kept nowhere.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::access::Pass;
use crate::routing::Timestamp;

/// The cookie's name.
pub(super) const COOKIE: &str = "rolecall_session";

/// Where the second secret is shown.
pub(super) const CSRF: HeaderName = HeaderName::from_static("x-rolecall-csrf");

/// The most sessions; beyond them the oldest ends.
const SESSIONS_MAX: usize = 10_000;

/// The most sessions of one token: the screens of a large floor. Beyond them its oldest ends.
const SESSIONS_OF_ONE_MAX: usize = 64;

/// How sessions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// After so long one has to log in again.
    pub lifetime: Duration,
    /// Whether browsers send the cookie over TLS only.
    pub secure: bool,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { lifetime: Duration::from_hours(7 * 24), secure: false }
    }
}

/// By which a session is found: the hash of its secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct SessionKey([u8; 32]);

/// A session that has begun. Its secret is shown once.
pub(super) struct Begun {
    secret: String,
    pub(super) ends_at: Timestamp,
}

/// A session that goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) pass: Pass,
    began_at: Timestamp,
    pub(super) ends_at: Timestamp,
}

/// All that have not ended.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<SessionKey, Session>>);

impl Sessions {
    /// A new one, that ends after `lifetime`, or with what it began with.
    pub(super) fn begin(&self, pass: Pass, until: Option<Timestamp>, lifetime: Duration, now: Timestamp) -> Begun {
        let secret = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        let lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX);
        let ends_at = Timestamp(now.0.saturating_add(lifetime_ms));
        let ends_at = until.map_or(ends_at, |until| until.min(ends_at));
        let key = SessionKey::of(&secret);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, session| now < session.ends_at);
        if open.values().filter(|session| session.pass == pass).count() >= SESSIONS_OF_ONE_MAX {
            end_oldest(&mut open, |session| session.pass == pass);
        }
        if open.len() >= SESSIONS_MAX {
            end_oldest(&mut open, |_| true);
        }
        open.insert(key, Session { pass, began_at: now, ends_at });
        Begun { secret, ends_at }
    }

    /// The one whose secret this is, unless it has ended.
    pub(super) fn find(&self, secret: &str, now: Timestamp) -> Option<(SessionKey, Session)> {
        let key = SessionKey::of(secret);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let session = open.get(&key)?.clone();
        if now < session.ends_at {
            return Some((key, session));
        }
        open.remove(&key);
        None
    }

    /// Whether it goes on.
    pub(super) fn is_open(&self, key: SessionKey, now: Timestamp) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&key).is_some_and(|session| now < session.ends_at)
    }

    /// Ends it, if it has not ended.
    pub(super) fn end(&self, key: SessionKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }
}

fn end_oldest(open: &mut HashMap<SessionKey, Session>, is_meant: impl Fn(&Session) -> bool) {
    let meant = open.iter().filter(|(_, session)| is_meant(session));
    // Ties are broken by the key, which is random.
    let oldest = meant.min_by_key(|(key, session)| (session.began_at, key.0)).map(|(key, _)| *key);
    oldest.map(|key| open.remove(&key));
}

impl SessionKey {
    fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl Begun {
    /// The header that has the browser keep it.
    pub(super) fn cookie(&self, options: SessionOptions, now: Timestamp) -> HeaderValue {
        let seconds = u64::try_from(self.ends_at.0 - now.0).unwrap_or(0) / 1_000;
        cookie(&self.secret, seconds, options)
    }

    /// The second secret.
    pub(super) fn csrf(&self) -> String {
        csrf(&self.secret)
    }
}

/// The header that has the browser forget it.
pub(super) fn forgotten(options: SessionOptions) -> HeaderValue {
    cookie("", 0, options)
}

fn cookie(value: &str, seconds: u64, options: SessionOptions) -> HeaderValue {
    let secure = if options.secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).expect("letters, digits and what stands between them are a header's value")
}

/// The secret that a request shows by its cookie.
pub(super) fn shown(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';'));
    let secret = pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))?;
    (!secret.is_empty()).then_some(secret)
}

/// The second secret of a session.
pub(super) fn csrf(secret: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"rolecall csrf\0");
    digest.update(secret.as_bytes());
    digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Whether a request shows the second secret as well.
pub(super) fn shows_csrf(headers: &HeaderMap, secret: &str) -> bool {
    let shown = headers.get(CSRF).map_or(&[][..], HeaderValue::as_bytes);
    csrf(secret).as_bytes().ct_eq(shown).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);
    const DAY: Duration = Duration::from_hours(24);

    fn pass(id: &str) -> Pass {
        Pass::Token(id.to_owned())
    }

    #[test]
    fn a_session_lasts_as_long_as_it_may_and_no_longer_than_its_token() {
        let sessions = Sessions::default();
        let long = sessions.begin(pass("a"), None, DAY, NOW);
        let short = sessions.begin(pass("a"), Some(Timestamp(NOW.0 + 5)), DAY, NOW);
        assert_eq!((long.ends_at.0 - NOW.0, short.ends_at.0 - NOW.0), (86_400_000, 5));
        assert!(sessions.find(&short.secret, Timestamp(NOW.0 + 4)).is_some());
        assert!(sessions.find(&short.secret, Timestamp(NOW.0 + 5)).is_none());
        assert!(sessions.find(&short.secret, NOW).is_none(), "what has ended stays ended");
        let (key, _) = sessions.find(&long.secret, NOW).expect("it goes on");
        sessions.end(key);
        assert!(sessions.find(&long.secret, NOW).is_none());
        assert!(sessions.find("", NOW).is_none());
    }

    #[test]
    fn there_are_no_more_than_there_may_be_of_one_and_of_all() {
        let sessions = Sessions::default();
        let first = sessions.begin(pass("a"), None, DAY, NOW);
        let other = sessions.begin(pass("b"), None, DAY, Timestamp(NOW.0 - 1));
        for number in 1..=SESSIONS_OF_ONE_MAX {
            sessions.begin(pass("a"), None, DAY, Timestamp(NOW.0 + i64::try_from(number).expect("small")));
        }
        assert!(sessions.find(&first.secret, NOW).is_none(), "the oldest of its token gave way");
        assert!(sessions.find(&other.secret, NOW).is_some(), "which is not of that token");
        for number in 0..SESSIONS_MAX {
            sessions.begin(pass(&number.to_string()), None, DAY, Timestamp(NOW.0 + 1_000));
        }
        assert_eq!(sessions.0.lock().expect("nobody panicked").len(), SESSIONS_MAX);
        assert!(sessions.find(&other.secret, NOW).is_none(), "the oldest of all gave way");
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_from_other_sites_and_is_found_among_others() {
        let begun = Sessions::default().begin(pass("a"), None, DAY, NOW);
        let plain = begun.cookie(SessionOptions::default(), NOW);
        let plain = plain.to_str().expect("ASCII");
        assert!(plain.ends_with("; Path=/; Max-Age=86400; HttpOnly; SameSite=Strict"), "{plain}");
        let secure = begun.cookie(SessionOptions { secure: true, ..SessionOptions::default() }, NOW);
        assert!(secure.to_str().expect("ASCII").ends_with("; Secure"));
        let (pair, _) = plain.split_once(';').expect("attributes");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {pair}; {COOKIE}x=1").parse().expect("a value"));
        assert_eq!(shown(&headers), Some(begun.secret.as_str()));
        assert!(!shows_csrf(&headers, &begun.secret));
        headers.insert(CSRF, begun.csrf().parse().expect("a value"));
        assert!(shows_csrf(&headers, &begun.secret) && !shows_csrf(&headers, "another"));
        for none in ["", "a=b", "rolecall_session=", "rolecall_sessions=1"] {
            headers.insert(header::COOKIE, none.parse().expect("a value"));
            assert_eq!(shown(&headers), None, "{none}");
        }
    }
}
