//! Windows that slide against the same windows computed from their samples.

use proptest::prelude::*;

use super::{Function, Sample, Sliding, Window, value};

/// A series: distances in milliseconds and values, of one kind each.
fn series() -> impl Strategy<Value = Vec<Sample>> {
    let values = prop_oneof![
        Just(prop_oneof![Just(7.25_f64)].boxed()),
        Just((-50.0..200.0_f64).boxed()),
        Just((0..6_i32).prop_map(f64::from).boxed()),
        Just(prop_oneof![20 => 0.0..1e6_f64, 1 => Just(f64::NAN)].boxed()),
        Just(prop_oneof![30 => -1.0..1.0_f64, 1 => Just(f64::INFINITY), 1 => Just(f64::NEG_INFINITY)].boxed()),
        Just(prop_oneof![30 => 0.0..9.0_f64, 1 => Just(f64::INFINITY)].boxed()),
        Just(prop_oneof![40 => -1e3..1e3_f64, 1 => Just(1.5e308_f64), 1 => Just(-1.5e308_f64)].boxed()),
        Just((1e9..1.000_000_1e9_f64).boxed()),
        Just(Just(f64::INFINITY).boxed()),
    ];
    let samples = values.prop_flat_map(|value| prop::collection::vec((1..40_000_i64, value), 0..700));
    samples.prop_map(|steps| {
        let mut ms = 1_767_574_800_000;
        let sample = |(distance, value)| {
            ms += distance;
            Sample { ms, value }
        };
        steps.into_iter().map(sample).collect()
    })
}

fn near(one: Option<f64>, other: Option<f64>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let apart = (one - other).abs() <= 1e-9 * one.abs().max(other.abs());
            apart || one == other || (one.is_nan() && other.is_nan())
        }
        (one, other) => one == other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_sliding_window_equals_its_slice(
        samples in series(),
        window_ms in 1..12_000_000_i64,
        step_ms in 1_000..900_000_i64,
        phi in 0.0..1.0_f64,
        at_once in any::<bool>(),
    ) {
        let start = samples.first().map_or(0, |first| first.ms) - 5_000;
        let functions = Function::OF_RANGES.iter().copied().chain([Function::Timestamp]);
        for function in functions {
            let args = if function == Function::PredictLinear { [3600.0, 60.0] } else { [phi.max(0.01), 0.3] };
            let mut sliding = Sliding::new(function, args, window_ms);
            let mut rest = samples.iter().peekable();
            for end_ms in (0..80).map(|step| start + step * step_ms) {
                while let Some(sample) = rest.next_if(|sample| at_once || sample.ms <= end_ms) {
                    sliding.push(*sample);
                }
                let window = Window { start_ms: end_ms - window_ms, end_ms };
                let from = samples.partition_point(|sample| sample.ms <= window.start_ms);
                let to = samples.partition_point(|sample| sample.ms <= end_ms);
                let wanted = value(function, args, &samples[from..to], window);
                let found = sliding.value_at(end_ms);
                prop_assert!(near(found, wanted), "{function:?} at {end_ms}: {found:?} instead of {wanted:?}");
            }
        }
    }
}

/// Looking at each window's samples would be 26 million looks per function.
#[test]
fn long_windows_are_not_looked_through() {
    let (day, from) = (86_400_000_i64, 1_767_574_800_000_i64);
    for function in
        [Function::Rate, Function::Avg, Function::Max, Function::Stddev, Function::Deriv, Function::Quantile]
    {
        let mut sliding = Sliding::new(function, [0.9, 0.0], day);
        let mut last = None;
        for (sample, step) in (from..from + 4 * day).step_by(15_000).zip(0_u32..) {
            sliding.push(Sample { ms: sample, value: f64::from(step % 977) });
            if step % 4 == 0 {
                last = sliding.value_at(sample);
            }
        }
        assert!(last.is_some_and(f64::is_finite), "{function:?}");
        // Four days of samples would be 368 kB.
        assert!(sliding.bytes() < 240_000, "{function:?} keeps {} bytes", sliding.bytes());
    }
}
