//! Who asks: whoever shows a token. Everything under `/api` is refused unless somebody is known to ask; what that one may
//! do is said by its [`Authority`], for which every endpoint and every command asks.
//!
//! The token is kept as its SHA-256 and compared in constant time. Wrong tokens are limited per client: whoever guesses
//! too often is not even compared for a while.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Shared;
use super::authority::Authority;
use super::problem::Problem;
use crate::records::tokens::Standing;

/// Wrong tokens that a client may show within [`WINDOW`].
const FAILURES_MAX: u32 = 10;

/// After so long a client's wrong tokens are forgotten.
const WINDOW: Duration = Duration::from_mins(1);

/// The most clients that are told apart. Beyond them all others count as one.
const CLIENTS_MAX: usize = 10_000;

/// The owner's token, as a hash. It can be compared and nothing else.
#[derive(Clone)]
pub struct OwnerToken([u8; 32]);

impl OwnerToken {
    /// Hashes a token; `None` for an empty one, which is none.
    #[must_use]
    pub fn new(token: &str) -> Option<Self> {
        let token = token.trim();
        (!token.is_empty()).then(|| Self(Sha256::digest(token.as_bytes()).into()))
    }

    fn is(&self, token: &str) -> bool {
        let shown: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        self.0.ct_eq(&shown).into()
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
    /// For how long this client is not to be compared; `None` where it may try.
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
fn client(address: Option<SocketAddr>) -> IpAddr {
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

/// Which right tokens came from where: who shares an address with somebody who guesses goes on working.
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

/// Lets a request pass that shows a valid token, and says whose it is.
pub(super) async fn authenticate(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let token = bearer(request.headers().get(header::AUTHORIZATION));
    match admit(&shared, client(address), token, Instant::now()) {
        Ok(author) => {
            request.extensions_mut().insert(author);
            next.run(request).await
        }
        Err(problem) => refuse(problem),
    }
}

fn admit(shared: &Shared, client: IpAddr, token: Option<&str>, now: Instant) -> Result<Authority, Problem> {
    let unauthorized = |code, detail: &str| Problem::new(StatusCode::UNAUTHORIZED, code, detail);
    let shut_out = shared.failures.shut_out(client, now);
    if let Some(wait) = shut_out
        && token.is_none_or(|token| !shared.familiar.knows(client, token))
    {
        let detail = "too many wrong tokens from this address";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail);
        return Err(problem.retry_after_seconds(wait.as_secs() + 1));
    }
    if shared.owner_token.is_none() && shared.tokens.is_empty() {
        let detail = "no token is configured: start the daemon with ROLECALL_OWNER_TOKEN set, or make one with \
                      `rolecall token create`, and send it as \"Authorization: Bearer <token>\"";
        return Err(unauthorized("no_token_configured", detail));
    }
    // Who shows nothing has guessed nothing.
    let Some(token) = token else {
        return Err(unauthorized("no_token", "send a token as \"Authorization: Bearer <token>\""));
    };
    match identify(shared, token) {
        Ok(author) => {
            shared.familiar.learn(client, token);
            Ok(author)
        }
        Err(Refusal::Wrong) => {
            shared.failures.count(client, now);
            Err(unauthorized("wrong_token", "this token is not valid"))
        }
        // Whoever shows one of these has guessed nothing either.
        Err(Refusal::Expired) => Err(unauthorized("expired_token", "the time of this token is over")),
        Err(Refusal::Revoked) => Err(unauthorized("revoked_token", "this token was revoked")),
        Err(Refusal::Unreadable) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "tokens_unavailable", "the tokens can't be read"))
        }
    }
}

enum Refusal {
    Wrong,
    Expired,
    Revoked,
    Unreadable,
}

fn identify(shared: &Shared, token: &str) -> Result<Authority, Refusal> {
    if shared.owner_token.as_ref().is_some_and(|owner| owner.is(token)) {
        return Ok(Authority::owner(OWNER));
    }
    let found = shared.tokens.find(token).map_err(|error| {
        tracing::error!(%error, "the tokens can't be read: nobody comes in by one");
        Refusal::Unreadable
    })?;
    let found = found.ok_or(Refusal::Wrong)?;
    match found.standing((shared.clock)()) {
        Standing::Valid => Ok(Authority::of_token(&found, &shared.read_model)),
        Standing::Expired => Err(Refusal::Expired),
        Standing::Revoked => Err(Refusal::Revoked),
    }
}

fn refuse(problem: Problem) -> Response {
    let mut response = problem.into_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"rolecall\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The token of an `Authorization: Bearer` header (RFC 6750); the scheme's case does not matter.
fn bearer(header: Option<&HeaderValue>) -> Option<&str> {
    let (scheme, token) = header?.to_str().ok()?.split_once(' ')?;
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
        let bearer = |text: &'static str| bearer(Some(&HeaderValue::from_static(text))).map(str::to_owned);
        assert_eq!(bearer("bearer abc"), Some("abc".to_owned()));
        assert_eq!(bearer("Basic abc"), None);
        assert_eq!(bearer("abc"), None);
    }
}
