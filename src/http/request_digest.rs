//! What tells one request from another that comes under the same `Idempotency-Key`.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A digest of what a request asks for: the type of its event, which says the address, and the event's members, in whatever
/// order they came. 128 bits of SHA-256: nobody meets two requests of one digest by chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestDigest([u8; 16]);

impl RequestDigest {
    /// Of an event of that type.
    #[must_use]
    pub fn of(kind: &str, members: &Map<String, Value>) -> Self {
        let mut members = Value::Object(members.clone());
        members.sort_all_objects();
        let digest = Sha256::new().chain_update(kind).chain_update([0]).chain_update(members.to_string()).finalize();
        let mut short = [0; 16];
        short.copy_from_slice(&digest[..16]);
        Self(short)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(kind: &str, members: &Value) -> RequestDigest {
        RequestDigest::of(kind, members.as_object().expect("members"))
    }

    #[test]
    fn the_order_of_members_tells_no_requests_apart_and_everything_else_does() {
        let one = of("ticket.updated", &json!({ "ticket_id": "t", "customer": { "id": "c", "tier": "vip" } }));
        assert_eq!(one, of("ticket.updated", &json!({ "customer": { "tier": "vip", "id": "c" }, "ticket_id": "t" })));
        for (kind, members) in [
            ("ticket.created", json!({ "ticket_id": "t", "customer": { "id": "c", "tier": "vip" } })),
            ("ticket.updated", json!({ "ticket_id": "u", "customer": { "id": "c", "tier": "vip" } })),
            ("ticket.updated", json!({ "ticket_id": "t", "customer": { "id": "c" } })),
        ] {
            assert_ne!(one, of(kind, &members), "{kind} {members}");
        }
    }
}
