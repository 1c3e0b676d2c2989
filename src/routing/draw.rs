//! Numbers drawn from a journal's seed and from names: the same for the same, everywhere.

/// The bytes of a name as one number: FNV-1a.
#[must_use]
pub(super) fn of_name(name: &str) -> u64 {
    let fnv = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    name.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, fnv)
}

/// Spreads a number evenly over 64 bits: the finish of `SplitMix64` (Steele, Lea, Flood: Fast Splittable Pseudorandom
/// Number Generators, OOPSLA 2014).
#[must_use]
pub(super) fn spread(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
