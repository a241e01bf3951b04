//! Values computed by hand from the definitions in Prometheus' documentation.

use super::{Function, Sample, Window, value};

/// Samples 60 s apart, the first one a minute after the window's start.
fn minutes(values: &[f64]) -> Vec<Sample> {
    (1..).zip(values).map(|(minute, value)| Sample { ms: minute * 60_000, value: *value }).collect()
}

/// Over a window that ends with the last of the samples.
fn over(function: Function, args: [f64; 2], values: &[f64]) -> Option<f64> {
    let samples = minutes(values);
    let end_ms = samples.last().map_or(0, |last| last.ms);
    value(function, args, &samples, Window { start_ms: 0, end_ms })
}

#[track_caller]
fn close(found: Option<f64>, wanted: f64) {
    let found = found.unwrap();
    let near = (found - wanted).abs() <= 1e-12 * wanted.abs().max(f64::MIN_POSITIVE);
    assert!(near || found == wanted || (found.is_nan() && wanted.is_nan()), "{found} instead of {wanted}");
}

const NONE: [f64; 2] = [0.0; 2];
const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

#[test]
fn simple_functions() {
    let values = [3.0, NAN, -1.0, 8.0];
    close(over(Function::Min, NONE, &values), -1.0);
    close(over(Function::Max, NONE, &values), 8.0);
    close(over(Function::Max, NONE, &[NAN, NAN]), NAN);
    close(over(Function::Sum, NONE, &values), NAN);
    close(over(Function::Count, NONE, &values), 4.0);
    close(over(Function::First, NONE, &values), 3.0);
    close(over(Function::Last, NONE, &values), 8.0);
    close(over(Function::Present, NONE, &values), 1.0);
    close(over(Function::Timestamp, NONE, &values), 240.0);
    for function in Function::OF_RANGES {
        assert_eq!(over(*function, [0.5, 0.5], &[]), None, "{function:?}");
        assert_eq!(Function::from_word(function.word()), Some(*function));
    }
    assert_eq!(Function::from_word("holt_winters"), None);
}

#[test]
fn sums_keep_small_terms_and_means_do_not_overflow() {
    close(over(Function::Sum, NONE, &[1.0, 1e100, 1.0, -1e100]), 2.0);
    close(over(Function::Avg, NONE, &[1.0, 1e100, 1.0, -1e100]), 0.5);
    close(over(Function::Sum, NONE, &[f64::MAX, f64::MAX, -f64::MAX]), INF);
    close(over(Function::Avg, NONE, &[f64::MAX, f64::MAX, f64::MAX]), f64::MAX);
    close(over(Function::Avg, NONE, &[8e307, 8e307, 8e307, 1.0, -8e307]), 3.2e307);
    close(over(Function::Avg, NONE, &[1.0, INF, 2.0]), INF);
    close(over(Function::Avg, NONE, &[-INF, INF]), NAN);
    close(over(Function::Sum, NONE, &[-INF, 5.0]), -INF);
}

#[test]
fn variance_is_of_the_population() {
    close(over(Function::Stdvar, NONE, &[0.0, 8.0, 8.0, 2.0, 3.0]), 10.56);
    close(over(Function::Stddev, NONE, &[0.0, 8.0, 8.0, 2.0, 3.0]), 10.56_f64.sqrt());
    close(over(Function::Stddev, NONE, &[1.5, 1.5, 1.5]), 0.0);
    close(over(Function::Stdvar, NONE, &[1.0, INF]), NAN);
    close(over(Function::Stddev, NONE, &[7.0]), 0.0);
}

#[test]
fn quantiles_interpolate_and_put_nan_below_all() {
    let of = |phi: f64, values: &[f64]| over(Function::Quantile, [phi, 0.0], values);
    close(of(0.75, &[4.0, 0.0, 2.0]), 3.0);
    close(of(0.0, &[4.0, 0.0, 2.0]), 0.0);
    close(of(1.0, &[4.0, 0.0, 2.0]), 4.0);
    close(of(-0.1, &[1.0]), -INF);
    close(of(1.1, &[1.0]), INF);
    close(of(NAN, &[1.0]), NAN);
    close(of(0.0, &[1.0, NAN]), NAN);
    close(of(1.0, &[1.0, NAN]), 1.0);
    close(of(0.0, &[1.0, INF]), NAN);
}

#[test]
fn changes_and_resets() {
    close(over(Function::Changes, NONE, &[1.0, 1.0, 2.0, NAN, NAN, 1.0]), 3.0);
    close(over(Function::Resets, NONE, &[3.0, 1.0, NAN, 0.0, 2.0, 1.0]), 2.0);
    close(over(Function::Resets, NONE, &[3.0]), 0.0);
}

#[test]
fn growth_is_extrapolated_to_near_edges() {
    // 4 samples over 3 minutes, the window begins one average distance before the first: 30 × 4 / 3.
    close(over(Function::Increase, NONE, &[100.0, 110.0, 120.0, 130.0]), 40.0);
    close(over(Function::Rate, NONE, &[100.0, 110.0, 120.0, 130.0]), 40.0 / 240.0);
    close(over(Function::Delta, NONE, &[130.0, 120.0, 110.0, 100.0]), -40.0);
    // A fall adds the value before it: 130 - 100 + 120.
    close(over(Function::Increase, NONE, &[100.0, 120.0, 30.0, 130.0]), 150.0 * 4.0 / 3.0);
    // The line crosses zero 12 s before the first sample: 15 × (180 + 12) / 180.
    close(over(Function::Increase, NONE, &[1.0, 6.0, 11.0, 16.0]), 16.0);
    close(over(Function::Delta, NONE, &[1.0, 6.0, 11.0, 16.0]), 20.0);
    for function in [Function::Rate, Function::Increase, Function::Delta, Function::Irate, Function::Idelta] {
        assert_eq!(over(function, NONE, &[5.0]), None, "{function:?}");
    }
}

#[test]
fn growth_is_extrapolated_by_half_a_distance_to_far_edges() {
    let samples = minutes(&[100.0, 110.0, 120.0, 130.0]);
    let increase = |start_ms, end_ms| value(Function::Increase, NONE, &samples, Window { start_ms, end_ms });
    // 1.1 distances are 66 s.
    close(increase(-5_999, 240_000), 30.0 * (180.0 + 65.999) / 180.0);
    close(increase(-6_000, 240_000), 30.0 * (180.0 + 30.0) / 180.0);
    close(increase(59_000, 305_999), 30.0 * (180.0 + 1.0 + 65.999) / 180.0);
    close(increase(59_000, 306_000), 30.0 * (180.0 + 1.0 + 30.0) / 180.0);
}

#[test]
fn the_last_step() {
    close(over(Function::Irate, NONE, &[0.0, 5.0, 35.0]), 0.5);
    close(over(Function::Irate, NONE, &[0.0, 50.0, 30.0]), 0.5);
    close(over(Function::Idelta, NONE, &[0.0, 50.0, 30.0]), -20.0);
    close(over(Function::Irate, NONE, &[0.0, NAN, 30.0]), NAN);
}

#[test]
fn regression() {
    close(over(Function::Deriv, NONE, &[0.0, 30.0, 60.0, 90.0]), 0.5);
    close(over(Function::Deriv, NONE, &[1e300, 1e300]), 0.0);
    close(over(Function::Deriv, NONE, &[INF, INF]), NAN);
    close(over(Function::PredictLinear, [120.0, 0.0], &[0.0, 30.0, 60.0, 90.0]), 150.0);
    // The evaluation is a minute after the window's end.
    close(over(Function::PredictLinear, [120.0, 60.0], &[0.0, 30.0, 60.0, 90.0]), 180.0);
    close(over(Function::PredictLinear, [120.0, 60.0], &[7.0, 7.0]), 7.0);
    // Through (0, 1), (60, 2), (120, 4): the slope is 180 / 7200.
    close(over(Function::Deriv, NONE, &[1.0, 2.0, 4.0]), 0.025);
    assert_eq!(over(Function::Deriv, NONE, &[1.0]), None);
    assert_eq!(over(Function::PredictLinear, NONE, &[1.0]), None);
}

#[test]
fn smoothing() {
    let smoothed = |values: &[f64]| over(Function::Smoothing, [0.5, 0.1], values);
    assert_eq!(smoothed(&[1.0]), None);
    close(smoothed(&[10.0, 20.0, 30.0, 40.0]), 40.0);
    // Level (6 + 1 + 5) / 2 = 6, then trend 0.1 × 5 + 0.9 × 5 = 5 and level (2 + 6 + 5) / 2; then trend
    // 0.1 × 0.5 + 0.9 × 5 = 4.55 and level (3 + 6.5 + 4.55) / 2.
    close(smoothed(&[1.0, 6.0, 2.0]), 6.5);
    close(smoothed(&[1.0, 6.0, 2.0, 3.0]), 7.025);
    assert!(Function::Smoothing.accepts([0.5, 0.1]) && Function::Smoothing.accepts([NAN, 0.1]));
    assert!(!Function::Smoothing.accepts([0.5, 1.0]) && !Function::Smoothing.accepts([0.0, 0.5]));
    assert!(Function::Quantile.accepts([7.0, 0.0]));
}
