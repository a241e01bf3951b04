//! The φ-quantile of some values.

use std::cmp::Ordering;

/// Ascending, with NaN below every number.
pub(super) fn by_value(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// The φ-quantile of some values, which are reordered on the way. NaN ranks below every number.
#[must_use]
pub fn quantile(phi: f64, values: &mut [f64]) -> f64 {
    let Some((rank, weight)) = place(phi, values.len()) else { return outside(phi) };
    let (_, low, above) = values.select_nth_unstable_by(rank, by_value);
    let low = *low;
    interpolated(low, above.iter().copied().min_by(by_value).unwrap_or(low), weight)
}

/// The index of the value below the quantile, and the weight of the one above it; none for a φ outside of 0..1.
pub(super) fn place(phi: f64, count: usize) -> Option<(usize, f64)> {
    if !(0.0..=1.0).contains(&phi) || count == 0 {
        return None;
    }
    let rank = phi * (count - 1) as f64;
    Some((rank.floor() as usize, rank - rank.floor()))
}

/// The quantile of a φ outside of 0..1.
pub(super) fn outside(phi: f64) -> f64 {
    if phi < 0.0 {
        f64::NEG_INFINITY
    } else if phi > 1.0 {
        f64::INFINITY
    } else {
        f64::NAN
    }
}

/// Between two neighbours. Beside an infinity this is NaN even where its weight is 0, as in Prometheus.
pub(super) fn interpolated(low: f64, high: f64, weight: f64) -> f64 {
    low * (1.0 - weight) + high * weight
}
