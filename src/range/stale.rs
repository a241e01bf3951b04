//! Staleness markers: a series ends where one stands.

/// The bits of Prometheus' staleness marker, a NaN that no arithmetic gives.
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// A staleness marker.
pub const STALE: f64 = f64::from_bits(STALE_BITS);

/// Whether a value is a staleness marker.
#[must_use]
pub const fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE_BITS
}
