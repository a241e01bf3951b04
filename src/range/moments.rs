//! Sum, mean, variance, and the extremes.

use super::compensated::Compensated;

pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(Compensated::default(), Compensated::plus).total()
}

/// The mean is the sum by the count. Where the sum would leave the range of float64, the mean so far is updated with
/// each further value instead.
pub(super) fn mean(mut values: impl Iterator<Item = f64>) -> f64 {
    let mut sum = Compensated::of(values.next().unwrap_or(f64::NAN));
    let mut count = 1.0;
    while let Some(value) = values.next() {
        let more = sum.plus(value);
        if more.sum.is_infinite() {
            return updated_mean(sum.divided(count), count, std::iter::once(value).chain(values));
        }
        sum = more;
        count += 1.0;
    }
    sum.divided(count).total()
}

/// The mean of some values and of further ones.
fn updated_mean(mut mean: Compensated, mut count: f64, values: impl Iterator<Item = f64>) -> f64 {
    for value in values {
        count += 1.0;
        mean = mean.scaled((count - 1.0) / count).plus(value / count);
    }
    mean.total()
}

/// The population's variance, after Welford; an infinity makes it NaN.
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut squares) = (0.0, Compensated::default(), Compensated::default());
    for value in values {
        count += 1.0;
        let apart = value - mean.total();
        mean = mean.plus(apart / count);
        squares = squares.plus(apart * (value - mean.total()));
    }
    squares.total() / count
}

/// The value that beats all others. NaN is passed over where there is a number; of equal values the first counts.
pub(super) fn extreme(values: impl Iterator<Item = f64>, beats: fn(f64, f64) -> bool) -> f64 {
    values.fold(f64::NAN, |best, value| if best.is_nan() || beats(value, best) { value } else { best })
}
