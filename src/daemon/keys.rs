//! What became of requests under an `Idempotency-Key`, so that a repeat hears the same, and the key is good for no other.
//!
//! That a key has come before, and so changes nothing any more, is for `duplicates` to say, which the journal remembers. What
//! it was for, and that it was rejected, is remembered here alone, in memory: after a restart, and behind the newest
//! [`KEPT_MAX`], a repeat is a duplicate of which nothing more is known.

use std::collections::{HashMap, VecDeque};

use crate::http::RequestDigest;
use crate::journal::DuplicateId;
use crate::routing::Rejection;

/// Of how many requests it is remembered: clients that repeat do so within minutes, and so many come in a quarter of an
/// hour of a hundred a second. Some 10 MB, or 30 where all were rejected.
const KEPT_MAX: usize = 100_000;

/// What is remembered, the oldest forgotten first.
#[derive(Debug, Default)]
pub(super) struct Keys {
    kept: HashMap<DuplicateId, Kept, foldhash::fast::RandomState>,
    order: VecDeque<DuplicateId>,
}

#[derive(Debug)]
struct Kept {
    request: RequestDigest,
    rejection: Option<Box<Rejection>>,
}

/// What a repeat is answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Repeat<'k> {
    /// That it was done, or that nothing more is known.
    Duplicate,
    /// As the first was.
    Rejected(&'k Rejection),
    /// It is none: the key was for another request.
    Another,
}

impl Keys {
    /// A request under a key was decided.
    pub(super) fn remember(&mut self, key: DuplicateId, request: RequestDigest, rejection: Option<&Rejection>) {
        let kept = Kept { request, rejection: rejection.cloned().map(Box::new) };
        if self.kept.insert(key, kept).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > KEPT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.kept.remove(&oldest);
        }
    }

    /// Whether a key was for this request.
    pub(super) fn was_for(&self, key: &DuplicateId, request: RequestDigest) -> bool {
        self.kept.get(key).is_some_and(|kept| kept.request == request)
    }

    /// A key has come before.
    pub(super) fn repeat(&self, key: &DuplicateId, request: RequestDigest) -> Repeat<'_> {
        match self.kept.get(key) {
            Some(kept) if kept.request != request => Repeat::Another,
            Some(Kept { rejection: Some(rejection), .. }) => Repeat::Rejected(rejection),
            Some(_) | None => Repeat::Duplicate,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::routing::RejectionCode;

    fn key(number: usize) -> DuplicateId {
        DuplicateId((number as u128).to_le_bytes())
    }

    #[test]
    fn the_oldest_is_forgotten_first_and_its_repeat_is_a_duplicate() {
        let rejection = Rejection { code: RejectionCode::WrongState, detail: "it is waiting".to_owned() };
        let (request, another) = (RequestDigest::of("a", &Map::new()), RequestDigest::of("b", &Map::new()));
        let mut keys = Keys::default();
        for number in 0..KEPT_MAX {
            keys.remember(key(number), request, Some(&rejection));
        }
        assert_eq!(keys.repeat(&key(0), request), Repeat::Rejected(&rejection));
        assert_eq!(keys.repeat(&key(0), another), Repeat::Another);
        // Once its time is over it may come as a new one.
        keys.remember(key(0), another, None);
        assert_eq!(keys.repeat(&key(0), another), Repeat::Duplicate);
        keys.remember(key(KEPT_MAX), request, Some(&rejection));
        assert_eq!(keys.repeat(&key(0), request), Repeat::Duplicate);
        assert_eq!(keys.repeat(&key(1), request), Repeat::Rejected(&rejection));
        assert_eq!((keys.kept.len(), keys.order.len()), (KEPT_MAX, KEPT_MAX));
    }
}
