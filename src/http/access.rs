//! Who asks: whoever shows a token, or has and is logged in since. Everything under `/api` is refused unless somebody is known to ask; what that one may
//! do is said by its [`Authority`], for which every endpoint and every command asks.
//!
//! The token is kept as its SHA-256 and compared in constant time. Wrong tokens are limited per client: whoever guesses
//! too often is answered nothing else for a while, and an owner's token that could be guessed is not even compared. What
//! can't be guessed gets through all the same, for behind a proxy everybody is one client.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Shared;
use super::authority::Authority;
use super::oidc::{Identity, KEYS_AGAIN_AFTER, NotIdentified, Oidc};
use super::problem::Problem;
use super::session::{self, SessionKey};
use crate::config::OWNER_TOKEN_LENGTH_ADVISED;
use crate::records::RecordsError;
use crate::records::tokens::{Standing, Token};
use crate::routing::Timestamp;

/// Wrong tokens that a client may show within [`WINDOW`].
const FAILURES_MAX: u32 = 10;

/// After so long a client's wrong tokens are forgotten.
const WINDOW: Duration = Duration::from_mins(1);

/// The most clients that are told apart. Beyond them all others count as one.
const CLIENTS_MAX: usize = 10_000;

/// The owner's token, as a hash. It can be compared and nothing else.
#[derive(Clone)]
pub struct OwnerToken {
    hash: [u8; 32],
    /// Somebody has chosen it: it may be short.
    is_guessable: bool,
}

impl OwnerToken {
    /// Hashes a token; `None` for an empty one, which is none.
    #[must_use]
    pub fn new(token: &str) -> Option<Self> {
        let token = token.trim();
        let is_guessable = token.len() < OWNER_TOKEN_LENGTH_ADVISED;
        (!token.is_empty()).then(|| Self { hash: Sha256::digest(token.as_bytes()).into(), is_guessable })
    }

    fn is(&self, token: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.hash.ct_eq(&shown).into()
    }
}

impl fmt::Debug for OwnerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OwnerToken(…)")
    }
}

/// Counts wrong tokens by client.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<HashMap<IpAddr, Window>>);

#[derive(Debug)]
struct Window {
    began_at: Instant,
    failures: u32,
}

impl Failures {
    /// For how long this client is not to guess; `None` where it may try.
    fn shut_out(&self, client: IpAddr, now: Instant) -> Option<Duration> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window =
            clients.get(&client).or_else(|| clients.get(&EVERYBODY_ELSE).filter(|_| clients.len() >= CLIENTS_MAX))?;
        let ends_at = window.began_at + WINDOW;
        (window.failures >= FAILURES_MAX && now < ends_at).then(|| ends_at - now)
    }

    fn count(&self, client: IpAddr, now: Instant) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= CLIENTS_MAX {
            clients.retain(|_, window| now < window.began_at + WINDOW);
        }
        let has_place = clients.contains_key(&client) || clients.len() + 1 < CLIENTS_MAX;
        let client = if has_place { client } else { EVERYBODY_ELSE };
        let window = clients.entry(client).or_insert(Window { began_at: now, failures: 0 });
        if now >= window.began_at + WINDOW {
            *window = Window { began_at: now, failures: 0 };
        }
        window.failures = window.failures.saturating_add(1);
    }
}

/// Where the wrong tokens of clients go for whom there is no place.
const EVERYBODY_ELSE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// The client behind an address: with IPv6 a household or a data centre has 2^64 of them.
pub(super) fn client(address: Option<SocketAddr>) -> IpAddr {
    match address.map(|address| address.ip().to_canonical()) {
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Some(address) => address,
        None => EVERYBODY_ELSE,
    }
}

/// The name of whoever shows the token of the environment.
const OWNER: &str = "owner";

/// The most pairs of client and token that are remembered.
const FAMILIAR_MAX: usize = 50_000;

/// From where the owner's token came: an owner who shares an address with somebody who guesses goes on working, even with
/// a token that could be guessed.
#[derive(Debug, Default)]
pub(super) struct Familiar(RwLock<HashSet<(IpAddr, [u8; 16])>>);

impl Familiar {
    fn knows(&self, client: IpAddr, token: &str) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&(client, short(token)))
    }

    fn learn(&self, client: IpAddr, token: &str) {
        if self.knows(client, token) {
            return;
        }
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= FAMILIAR_MAX {
            known.clear();
        }
        known.insert((client, short(token)));
    }
}

fn short(token: &str) -> [u8; 16] {
    *Sha256::digest(token.as_bytes()).first_chunk().expect("SHA-256 has 32 bytes")
}

/// By what somebody came in: looked at again at each request of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pass {
    /// The token of the environment.
    Owner,
    /// The token of this id.
    Token(String),
    /// The identity provider's word.
    Identity(Arc<Identity>),
}

/// That somebody is known to ask.
#[derive(Debug, Clone)]
pub(super) struct Admission {
    pub(super) author: Authority,
    pub(super) pass: Pass,
    /// Until when; `None` for good.
    pub(super) until: Option<Timestamp>,
    /// The session by which, where it is none of the token that is shown.
    pub(super) session: Option<OfSession>,
}

/// The session by which somebody came in.
#[derive(Debug, Clone)]
pub(super) struct OfSession {
    pub(super) key: SessionKey,
    /// What changes something has to show this too.
    pub(super) csrf: String,
}

/// Lets a request pass that shows a valid token or is of a session, and says whose it is.
pub(super) async fn authenticate(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let headers = request.headers();
    let admitted = match (headers.get(header::AUTHORIZATION), session::shown(headers)) {
        // No page of another site can have sent this one.
        (Some(shown), _) => admit(&shared, client(address), bearer(shown), Instant::now()).await,
        (None, None) => admit(&shared, client(address), None, Instant::now()).await,
        (None, Some(secret)) => go_on(&shared, secret, request.method(), headers),
    };
    match admitted {
        Ok(admission) => {
            request.extensions_mut().insert(admission.author.clone());
            request.extensions_mut().insert(admission);
            next.run(request).await
        }
        Err(problem) => refuse(problem),
    }
}

/// Lets in whoever shows a valid token.
pub(super) async fn admit(
    shared: &Shared,
    client: IpAddr,
    token: Option<&str>,
    now: Instant,
) -> Result<Admission, Problem> {
    if shared.owner_token.is_none() && shared.oidc.is_none() && shared.tokens.is_empty() {
        let detail = "no token is configured: start the daemon with ROLECALL_OWNER_TOKEN set, or make one with \
                      `rolecall token create`, and send it as \"Authorization: Bearer <token>\"";
        return Err(unauthorized("no_token_configured", detail));
    }
    // Who shows nothing has guessed nothing.
    let Some(token) = token else {
        return Err(unauthorized("no_token", "send a token as \"Authorization: Bearer <token>\""));
    };
    let shut_out = shared.failures.shut_out(client, now);
    // A right guess must not be told from a wrong one while somebody guesses, by the time it takes neither.
    let is_compared =
        |owner: &&OwnerToken| shut_out.is_none() || !owner.is_guessable || shared.familiar.knows(client, token);
    let owner = shared.owner_token.as_ref().filter(is_compared);
    match (identify(shared, owner, token).await, shut_out) {
        (Ok(admission), _) => {
            if admission.pass == Pass::Owner {
                shared.familiar.learn(client, token);
            }
            Ok(admission)
        }
        (Err(Refusal::Wrong), Some(wait)) => Err(too_many_attempts(wait)),
        (Err(refusal), _) => {
            // Whoever shows an expired or a revoked one has guessed nothing either, nor has whoever we can't tell about.
            if matches!(refusal, Refusal::Wrong) {
                shared.failures.count(client, now);
            }
            Err(refusal.into())
        }
    }
}

fn too_many_attempts(wait: Duration) -> Problem {
    let detail = "too many wrong tokens from this address";
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail);
    problem.retry_after_seconds(wait.as_secs() + 1)
}

/// Lets in whoever is logged in. A cookie of a session that is over counts as no guess: every browser has one after a
/// restart, and nobody guesses 256 bits.
fn go_on(shared: &Shared, secret: &str, method: &Method, headers: &HeaderMap) -> Result<Admission, Problem> {
    let Some((key, found)) = shared.sessions.find(secret, (shared.clock)()) else {
        return Err(unauthorized("session_over", "this session is over: log in again"));
    };
    let author = of_pass(shared, &found.pass).map_err(|refusal| {
        if matches!(refusal, Refusal::Expired | Refusal::Revoked) {
            shared.sessions.end(key);
        }
        Problem::from(refusal)
    })?;
    if !is_harmless(method) && !session::shows_csrf(headers, secret) {
        let detail = "what changes something by a session needs the header X-Rolecall-CSRF: `csrf` of \
                      GET /api/v1/sessions";
        return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", detail));
    }
    let session = OfSession { key, csrf: session::csrf(secret) };
    Ok(Admission { author, pass: found.pass, until: Some(found.ends_at), session: Some(session) })
}

/// What reads and changes nothing: a cookie is enough for it.
fn is_harmless(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn unauthorized(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, code, detail)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Wrong,
    Expired,
    Revoked,
    TooEarly,
    NoLevel,
    NoKeys,
    Unreadable,
}

impl From<NotIdentified> for Refusal {
    fn from(why: NotIdentified) -> Self {
        match why {
            NotIdentified::Wrong => Self::Wrong,
            NotIdentified::Expired => Self::Expired,
            NotIdentified::TooEarly => Self::TooEarly,
            NotIdentified::NoLevel => Self::NoLevel,
            NotIdentified::NoKeys => Self::NoKeys,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Wrong => unauthorized("wrong_token", "this token is not valid"),
            Refusal::Expired => unauthorized("expired_token", "the time of this token is over"),
            Refusal::Revoked => unauthorized("revoked_token", "this token was revoked"),
            Refusal::TooEarly => unauthorized("token_not_yet_valid", "the time of this token has not come"),
            Refusal::NoLevel => {
                let detail =
                    "the identity provider vouches for you, and nothing that it says of you gives an access level";
                Self::new(StatusCode::FORBIDDEN, "no_level", detail)
            }
            Refusal::NoKeys => {
                let detail = "the keys of the identity provider can't be read, so nobody can say whose token this is";
                let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "keys_unavailable", detail);
                problem.retry_after_seconds(KEYS_AGAIN_AFTER.as_secs())
            }
            Refusal::Unreadable => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "tokens_unavailable", "the tokens can't be read")
            }
        }
    }
}

/// Whose token this is; the owner's only where there is one to compare it with.
async fn identify(shared: &Shared, owner: Option<&OwnerToken>, token: &str) -> Result<Admission, Refusal> {
    if owner.is_some_and(|owner| owner.is(token)) {
        return Ok(Admission { author: Authority::owner(OWNER), pass: Pass::Owner, until: None, session: None });
    }
    if let Some(oidc) = shared.oidc.as_ref().filter(|_| Oidc::is_jwt(token)) {
        let identity = Arc::new(oidc.identify(token, (shared.clock)()).await?);
        let (until, pass) = (Some(identity.expires_at), Pass::Identity(identity));
        return Ok(Admission { author: of_pass(shared, &pass)?, pass, until, session: None });
    }
    let found = shared.tokens.find(token).map_err(|error| unreadable(&error))?.ok_or(Refusal::Wrong)?;
    let author = stands(shared, &found)?;
    Ok(Admission { author, until: found.spec.expires_at, pass: Pass::Token(found.id), session: None })
}

/// What whoever came in may do now; `None` where they could not come in any more.
pub(super) fn look_again(shared: &Shared, admission: &Admission) -> Option<Authority> {
    let now = (shared.clock)();
    let is_over = admission.until.is_some_and(|until| until <= now);
    let has_logged_out = admission.session.as_ref().is_some_and(|session| !shared.sessions.is_open(session.key, now));
    (!is_over && !has_logged_out).then(|| of_pass(shared, &admission.pass).ok()).flatten()
}

/// Whether whoever came in by this may still, and what that one may do now.
fn of_pass(shared: &Shared, pass: &Pass) -> Result<Authority, Refusal> {
    match pass {
        Pass::Owner => Ok(Authority::owner(OWNER)),
        Pass::Identity(identity) if identity.expires_at <= (shared.clock)() => Err(Refusal::Expired),
        Pass::Identity(identity) => {
            Ok(Authority::of_spec(&identity.spec(&shared.read_model.catalogue()), &shared.read_model))
        }
        Pass::Token(id) => {
            stands(shared, &shared.tokens.of_id(id).map_err(|error| unreadable(&error))?.ok_or(Refusal::Revoked)?)
        }
    }
}

fn unreadable(error: &RecordsError) -> Refusal {
    tracing::error!(%error, "the tokens can't be read: nobody comes in by one");
    Refusal::Unreadable
}

fn stands(shared: &Shared, token: &Token) -> Result<Authority, Refusal> {
    match token.standing((shared.clock)()) {
        Standing::Valid => Ok(Authority::of_token(token, &shared.read_model)),
        Standing::Expired => Err(Refusal::Expired),
        Standing::Revoked => Err(Refusal::Revoked),
    }
}

pub(super) fn refuse(problem: Problem) -> Response {
    let mut response = problem.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"rolecall\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The token of an `Authorization: Bearer` header (RFC 6750); the scheme's case does not matter.
fn bearer(header: &HeaderValue) -> Option<&str> {
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from(number))
    }

    #[test]
    fn a_token_never_shows_in_debug_output() {
        let token = OwnerToken::new("hunter2").expect("not empty");
        assert!(!format!("{token:?}").contains("hunter2"));
        assert!(token.is("hunter2") && !token.is("hunter3") && !token.is(""));
        assert!(OwnerToken::new("  ").is_none());
    }

    #[test]
    fn guessing_is_cut_off_for_the_one_who_guesses_and_only_for_a_while() {
        let (failures, now) = (Failures::default(), Instant::now());
        for _ in 0..FAILURES_MAX {
            assert_eq!(failures.shut_out(address(1), now), None);
            failures.count(address(1), now);
        }
        assert_eq!(failures.shut_out(address(1), now), Some(WINDOW));
        assert_eq!(failures.shut_out(address(2), now), None);
        assert_eq!(failures.shut_out(address(1), now + WINDOW), None);
        failures.count(address(1), now + WINDOW);
        assert_eq!(failures.shut_out(address(1), now + WINDOW), None);
    }

    #[test]
    fn many_clients_take_bounded_memory_and_still_can_not_guess() {
        let (failures, now) = (Failures::default(), Instant::now());
        let clients = u32::try_from(CLIENTS_MAX).expect("small") + 100;
        (1..clients).for_each(|number| failures.count(address(number), now));
        assert!(failures.0.lock().expect("nobody panicked").len() <= CLIENTS_MAX);
        assert!(failures.shut_out(address(clients + 1), now).is_some());
    }

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let client = |text: &str| client(Some(SocketAddr::new(text.parse().expect("an address"), 1)));
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
        assert_eq!(client("::ffff:10.0.0.1"), client("10.0.0.1"));
    }

    #[test]
    fn the_scheme_is_read_in_any_case_and_others_are_no_token() {
        let bearer = |text: &'static str| bearer(&HeaderValue::from_static(text)).map(str::to_owned);
        assert_eq!(bearer("bearer abc"), Some("abc".to_owned()));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }
}
