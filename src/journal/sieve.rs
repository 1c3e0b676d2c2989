//! Which ids have certainly not been seen: in memory, so that an event that comes for the first time, as nearly all do, needs
//! no look into the database.
//!
//! A Bloom filter in blocks of one cache line (Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters",
//! 2007). Ids are digests, so their own bytes say where they are noted. It can't forget a single id, so there are two
//! generations: when all that the older knows is forgotten, the younger takes its place and an empty one begins.
//!
//! **Invariant:** an id that the journal knows passes. One that it does not know may pass too, in one of a hundred cases while
//! a generation holds no more than six million ids, and ever more often beyond; then the database says.

use crate::routing::Timestamp;

use super::DuplicateId;

/// Bits of one generation: 8 MiB, of which the system hands out what is used.
const BITS: usize = 64 << 20;
const WORDS_PER_BLOCK: usize = 8;
const BLOCKS: usize = BITS / 64 / WORDS_PER_BLOCK;
/// Bits that are set for an id: few more or fewer let through more.
const BITS_PER_ID: u32 = 6;
/// A place in a block of 512 bits.
const PLACE_BITS: u32 = 9;

/// See the module.
pub(super) struct Sieve {
    older: Vec<u64>,
    younger: Vec<u64>,
    /// When the younger began; all that the older knows was noted before.
    since: Timestamp,
}

impl Sieve {
    /// One through which nothing passes.
    pub(super) fn new() -> Self {
        Self { older: Vec::new(), younger: Vec::new(), since: Timestamp(i64::MIN) }
    }

    /// An id that came at that time, from when on ids are kept.
    pub(super) fn note(&mut self, DuplicateId(id): &DuplicateId, at: Timestamp, kept_from: Option<Timestamp>) {
        if self.younger.is_empty() {
            self.younger = vec![0; BITS / 64];
            self.since = at;
        }
        if kept_from.is_some_and(|kept_from| kept_from >= self.since) && at > self.since {
            self.older = std::mem::replace(&mut self.younger, vec![0; BITS / 64]);
            self.since = at;
        }
        let block = block(id);
        for (word, bit) in places(id) {
            self.younger[block + word] |= bit;
        }
    }

    /// Whether it may have been noted.
    pub(super) fn passes(&self, DuplicateId(id): &DuplicateId) -> bool {
        let block = block(id);
        let knows = |bits: &Vec<u64>| !bits.is_empty() && places(id).all(|(word, bit)| bits[block + word] & bit != 0);
        knows(&self.younger) || knows(&self.older)
    }
}

/// Where the block of an id begins.
fn block(id: &[u8; 16]) -> usize {
    let low = u64::from_le_bytes(*id.first_chunk().expect("an id is longer"));
    usize::try_from(low % BLOCKS as u64).expect("there are not so many") * WORDS_PER_BLOCK
}

/// Which words of its block, and which bits of them.
fn places(id: &[u8; 16]) -> impl Iterator<Item = (usize, u64)> {
    let high = u64::from_le_bytes(*id.last_chunk().expect("an id is longer"));
    (0..BITS_PER_ID).map(move |index| {
        let place = (high >> (index * PLACE_BITS)) & ((1 << PLACE_BITS) - 1);
        (usize::try_from(place / 64).expect("it is below eight"), 1 << (place % 64))
    })
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn id(number: u64) -> DuplicateId {
        DuplicateId(*Sha256::digest(number.to_le_bytes()).first_chunk().expect("a digest is longer"))
    }

    #[test]
    fn what_was_noted_passes_and_few_others_do() {
        let mut sieve = Sieve::new();
        assert!(!sieve.passes(&id(1)));
        (0..100_000).for_each(|number| sieve.note(&id(number), Timestamp(5), None));
        assert!((0..100_000).all(|number| sieve.passes(&id(number))));
        let others = (100_000..200_000).filter(|number| sieve.passes(&id(*number))).count();
        assert!(others < 100, "{others} of 100,000 pass");
    }

    #[test]
    fn what_is_kept_passes_whatever_is_forgotten() {
        let mut sieve = Sieve::new();
        let window = 10_000;
        for now in 0..50_000 {
            sieve.note(&id(now), time(now), Some(Timestamp(time(now).0 - time(window).0)));
            if now % 997 == 0 {
                assert!((now.saturating_sub(window)..=now).all(|number| sieve.passes(&id(number))), "at {now}");
            }
        }
        let remembered = (0..50_000 - 2 * window - 1).filter(|number| sieve.passes(&id(*number))).count();
        assert!(remembered < 100, "{remembered} pass that are long forgotten");
    }

    fn time(now: u64) -> Timestamp {
        Timestamp(i64::try_from(now).expect("it is small"))
    }
}
