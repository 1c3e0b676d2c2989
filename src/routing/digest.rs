//! A hash for tables of names that an admin has chosen, such as roles: a multiplication for each eight bytes. It is cheaper
//! than one that withstands names chosen so that they collide; nobody outside chooses these. Nothing is decided by it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::name::RoleName;

/// Something by role.
pub(super) type ByRole<V> = HashMap<RoleName, V, BuildHasherDefault<Digest>>;

/// Knuth's multiplier for 64 bits: 2^64 over the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What has been read so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Digest(u64);

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(size_of::<u64>()) {
            let mut whole = [0; size_of::<u64>()];
            whole[..piece.len()].copy_from_slice(piece);
            self.write_u64(u64::from_le_bytes(whole));
        }
    }

    #[inline]
    fn write_u64(&mut self, piece: u64) {
        self.0 = (self.0.rotate_left(23) ^ piece).wrapping_mul(SPREAD);
    }

    /// The upper bits have seen all others; a table looks at the lower ones too.
    #[inline]
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn names_that_resemble_one_another_are_spread_over_a_table() {
        let digests = BuildHasherDefault::<Digest>::default();
        for stem in ["role-", "a-role-of-a-longer-", "a-role-of-a-name-so-long-that-it-is-shared-"] {
            let names = (0..512).map(|number| RoleName::parse(&format!("{stem}{number}")).unwrap());
            let places: BTreeSet<u64> = names.map(|name| digests.hash_one(&name) % 1_024).collect();
            // As many as chance alone would leave, less some: 1,024 × (1 - 1/√e) is 403.
            assert!(places.len() > 350, "{stem}: {} places", places.len());
        }
    }

    #[test]
    fn a_name_hashes_as_itself() {
        let digests = BuildHasherDefault::<Digest>::default();
        let hash = |text: &str| digests.hash_one(RoleName::parse(text).unwrap());
        assert_eq!(hash("billing"), hash("billing"));
        assert_ne!(hash("billing"), hash("sales"));
    }
}
