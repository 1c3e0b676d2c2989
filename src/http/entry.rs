//! How a request that changes something becomes an event, and an event's receipt becomes an answer.
//!
//! Each of them builds the same events that upstream publishes, so that there is one reader, one set of bounds and one
//! meaning, whichever way they come.

use axum::body::{Body, Bytes, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::Shared;
use super::api::bad_request;
use super::authority::{Authority, Forbidden};
use super::problem::Problem;
use super::registration::{CHANGED_MEANWHILE, Expectation};
use super::request_digest::RequestDigest;
use super::submission::{Letter, Outcome, Receipt, Unsubmitted};
use crate::wire::{Form, Unambiguous};

/// The longest `Idempotency-Key`: it becomes the id of an event.
const KEY_LENGTH_MAX: usize = 255;

/// The code of an `Idempotency-Key` that comes with another request than before.
pub const KEY_REUSED: &str = "idempotency_key_reused";

/// How soon it is worth to ask again.
const AGAIN_AFTER_SECONDS: u64 = 1;

/// What a client says to have a repeat recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EventId {
    pub(super) id: String,
    /// Whether the client chose it, so that it can send it again.
    pub(super) is_chosen: bool,
}

impl EventId {
    /// The header `Idempotency-Key`, or an id that no repeat has.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let Some(key) = headers.get("idempotency-key") else {
            return Ok(Self { id: format!("{:032x}", rand::random::<u128>()), is_chosen: false });
        };
        let key = key.to_str().unwrap_or_default().trim();
        if key.is_empty() || key.len() > KEY_LENGTH_MAX {
            let detail = format!("Idempotency-Key: expected 1 to {KEY_LENGTH_MAX} characters of ASCII");
            return Err(Problem::new(StatusCode::BAD_REQUEST, "bad_idempotency_key", detail));
        }
        Ok(Self { id: key.to_owned(), is_chosen: true })
    }

    /// A name for what is created by it: the same for a repeat.
    pub(super) fn name(&self, author: &Authority) -> String {
        let mut digest = Sha256::new();
        digest.update(author.source.as_bytes());
        digest.update([0]);
        digest.update(self.id.as_bytes());
        let digest = digest.finalize();
        digest[..10].iter().fold("T-".to_owned(), |name, byte| name + &format!("{byte:02x}"))
    }
}

/// All of a body that is at most so long. Whoever shows nothing yet is read no further than that.
pub(super) async fn whole(body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    to_bytes(body, bytes_max).await.map_err(|_| {
        let detail = format!("expected a body of at most {bytes_max} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail)
    })
}

/// The members of a body; none where there is no body.
pub(super) fn members(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    check_media_type(headers, &["application/json"])?;
    match json(body)? {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::new(StatusCode::BAD_REQUEST, "bad_json", "expected an object").at("$")),
    }
}

/// A body that can be read in one way alone.
pub(super) fn json(body: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(body).map(|Unambiguous(value)| value).map_err(|error| {
        let detail = if error.is_data() { error.to_string() } else { format!("expected JSON: {error}") };
        Problem::new(StatusCode::BAD_REQUEST, "bad_json", detail)
    })
}

/// Reads a body to its end. What is wrong comes with the place where it is.
pub(super) fn read_whole<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_path_to_error::Error<serde_json::Error>> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader)?;
    let at_the_end = serde_path_to_error::Track::new().path();
    reader.end().map_err(|error| serde_path_to_error::Error::new(at_the_end, error))?;
    Ok(read)
}

/// A body of another kind is refused, where its kind is said.
pub(super) fn check_media_type(headers: &HeaderMap, taken: &[&str]) -> Result<(), Problem> {
    let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let found = found.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if taken.iter().any(|taken| found.eq_ignore_ascii_case(taken)) {
        return Ok(());
    }
    let detail = format!("expected the header Content-Type to be {} (curl: --json instead of -d)", taken.join(" or "));
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

/// Puts what the address says into the members; a body that says otherwise is refused.
pub(super) fn insert(members: &mut Map<String, Value>, name: &str, value: &str) -> Result<(), Problem> {
    match members.get(name) {
        Some(Value::String(found)) if found == value => Ok(()),
        Some(_) => {
            Err(bad_request(format!("$.{name}: expected what the address says, or nothing")).at(format!("$.{name}")))
        }
        None => {
            members.insert(name.to_owned(), Value::from(value));
            Ok(())
        }
    }
}

/// That something was done, or had been done before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    Accepted,
    Duplicate,
}

impl Done {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
        }
    }
}

/// Submits one event, and waits until it is durable.
pub(super) async fn submit(
    shared: &Shared,
    author: &Authority,
    kind: &str,
    id: &EventId,
    headers: &HeaderMap,
    members: Map<String, Value>,
) -> Result<Done, Problem> {
    submit_where(shared, author, kind, (id, None), headers, members).await
}

/// The same, where that has to hold.
pub(super) async fn submit_where(
    shared: &Shared,
    author: &Authority,
    kind: &str,
    (id, expected): (&EventId, Option<Expectation>),
    headers: &HeaderMap,
    members: Map<String, Value>,
) -> Result<Done, Problem> {
    let request = id.is_chosen.then(|| RequestDigest::of(kind, &members));
    let letter = Letter {
        body: serde_json::to_vec(&Value::Object(members)).expect("JSON has string keys"),
        form: Form::Plain,
        kind: kind.to_owned(),
        id: Some(id.id.clone()),
        source: author.source.clone(),
        traceparent: traceparent(headers),
        request,
    };
    let mut receipts = submit_all_where(shared, vec![letter], author, expected).await?;
    done(receipts.pop().expect("one receipt for one event"))
}

/// Submits events, and waits until they are durable.
pub(super) async fn submit_all(
    shared: &Shared,
    letters: Vec<Letter>,
    author: &Authority,
) -> Result<Vec<Receipt>, Problem> {
    submit_all_where(shared, letters, author, None).await
}

async fn submit_all_where(
    shared: &Shared,
    letters: Vec<Letter>,
    author: &Authority,
    expected: Option<Expectation>,
) -> Result<Vec<Receipt>, Problem> {
    if let Some(why) = shared.readiness.takes_nothing() {
        return Err(busy(why.code(), why.detail()));
    }
    if shared.heartbeat.silence().is_none() {
        return Err(busy("starting", "the daemon is starting: nothing is taken yet"));
    }
    let submitted = shared.submitter.submit_where(letters, author.clone(), expected).await;
    submitted.map_err(|why| match why {
        Unsubmitted::NotTaken => busy("busy", "nothing is taken now: too much waits to be made durable or published"),
        Unsubmitted::Unknown => {
            let detail = "it took too long to make this durable, so it may or may not have been done: send it again \
                          with the same id or Idempotency-Key, which does no harm";
            Problem::new(StatusCode::GATEWAY_TIMEOUT, "outcome_unknown", detail)
        }
    })
}

pub(super) fn busy(code: &'static str, detail: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail).retry_after_seconds(AGAIN_AFTER_SECONDS)
}

pub(super) fn traceparent(headers: &HeaderMap) -> Option<String> {
    headers.get("traceparent").and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// What the receipt of one event says to whoever sent that event alone.
pub(super) fn done(receipt: Receipt) -> Result<Done, Problem> {
    match receipt.outcome {
        Outcome::Accepted => Ok(Done::Accepted),
        Outcome::Duplicate => Ok(Done::Duplicate),
        Outcome::Rejected { code, detail } => Err(Problem::new(rejection_status(code), code, detail)),
        Outcome::Unreadable { code, detail } => {
            let status = match code {
                "bad_json" => StatusCode::BAD_REQUEST,
                "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            };
            let path = json_path(&detail);
            let problem = Problem::new(status, code, detail);
            Err(match path {
                Some(path) => problem.at(path),
                None => problem,
            })
        }
        Outcome::Forbidden { detail } => Err(forbidden(Forbidden { detail })),
    }
}

pub(super) fn forbidden(why: Forbidden) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, "forbidden", why.detail)
}

fn rejection_status(code: &str) -> StatusCode {
    match code {
        "unknown_ticket" | "unknown_agent" => StatusCode::NOT_FOUND,
        "unknown_role" | KEY_REUSED => StatusCode::UNPROCESSABLE_ENTITY,
        CHANGED_MEANWHILE => StatusCode::PRECONDITION_FAILED,
        _ => StatusCode::CONFLICT,
    }
}

/// A place in a body as a JSON path.
pub(super) fn dollar(path: &serde_path_to_error::Path) -> String {
    path.iter().fold("$".to_owned(), |path, segment| match segment {
        serde_path_to_error::Segment::Seq { index } => format!("{path}[{index}]"),
        serde_path_to_error::Segment::Map { key } => format!("{path}.{key}"),
        serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => path,
    })
}

/// The place with which what is wrong with a member begins: `$.priority: expected …`.
pub(super) fn json_path(detail: &str) -> Option<String> {
    let (path, _) = detail.split_once(": expected ")?;
    path.starts_with('$').then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeat_with_the_same_key_gets_the_same_name_and_another_sender_another() {
        let id = |key: &str| EventId { id: key.to_owned(), is_chosen: true };
        let (ana, ben) = (Authority::owner("ana"), Authority::owner("ben"));
        assert_eq!(id("k").name(&ana), id("k").name(&ana));
        assert_ne!(id("k").name(&ana), id("k").name(&ben));
        assert_ne!(id("k").name(&ana), id("l").name(&ana));
    }

    #[test]
    fn a_body_that_could_be_read_in_two_ways_is_refused() {
        let read = |body: &'static str| members(&HeaderMap::new(), &Bytes::from_static(body.as_bytes()));
        for (body, name) in [
            (r#"{"ticket_id":"a","ticket_id":"b"}"#, "ticket_id"),
            (r#"{"ticket_id":"a","customer":{"tier":"a","tier":"b"}}"#, "tier"),
        ] {
            let problem = read(body).expect_err(body);
            let expected = format!("expected every member once, found {name:?} twice at line 1");
            assert!(problem.detail().starts_with(&expected), "{}", problem.detail());
        }
        assert_eq!(read(r#"{"a":{"a":1}}"#).map(|members| members.len()).ok(), Some(1));
    }

    #[test]
    fn what_stands_behind_a_body_is_no_part_of_it_and_is_refused() {
        assert_eq!(read_whole::<u8>(b" 7 ").ok(), Some(7));
        let error = read_whole::<u8>(b"7 8").expect_err("two of them");
        assert!(!error.inner().is_data() && error.to_string().contains("trailing"), "{error}");
    }

    #[test]
    fn the_path_is_taken_from_what_is_wrong() {
        assert_eq!(json_path("$.data.priority: expected a number, found 10").as_deref(), Some("$.data.priority"));
        assert_eq!(json_path("expected UTF-8, found other bytes at offset 3"), None);
    }
}
