//! Deterministic randomness: the same question has the same answer in every run, so that a later run or the live feed
//! continues what an earlier one began.

/// Mixes two numbers into one that looks random (splitmix64's finaliser).
pub(super) fn hash(seed: u64, at: u64) -> u64 {
    let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ at.wrapping_mul(0xd134_2543_de82_ef95);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number from 0 up to 1.
pub(super) fn unit(seed: u64, at: u64) -> f64 {
    (hash(seed, at) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A number below the bound.
pub(super) fn below(bound: u64, seed: u64, at: u64) -> i64 {
    (hash(seed, at) % bound) as i64
}

/// A number from -1 to 1 that wanders: random every `period` seconds, straight lines in between.
pub(super) fn wander(seed: u64, seconds: f64, period: f64) -> f64 {
    let place = seconds / period;
    let knot = place.floor();
    let (one, other) = (unit(seed, knot as i64 as u64), unit(seed, (knot as i64 + 1) as u64));
    2.0 * (one + (other - one) * (place - knot)) - 1.0
}
