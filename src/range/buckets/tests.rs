use super::*;
use crate::range::Function;

fn sample(seconds: i64, value: f64) -> FineSample {
    FineSample { micros: seconds * 1_000_000, value }
}

/// The cells of samples in buckets of ten seconds.
fn cells(pairing: Pairing, samples: &[FineSample]) -> Vec<BucketCell> {
    let kind = CellKind::Partials(pairing.function);
    let mut cells: Vec<BucketCell> = Vec::new();
    for pair in samples.windows(2) {
        let Some(partials) = pairing.partials(pair[0], pair[1]) else { continue };
        let bucket = u32::try_from(pair[1].micros / 10_000_000).expect("a bucket");
        match cells.last_mut().filter(|last| last.bucket == bucket) {
            Some(last) => last.partials = kind.merge(last.partials, partials),
            None => cells.push(BucketCell { bucket, partials }),
        }
    }
    cells
}

fn values(function: Function, samples: &[FineSample], windows: &[BucketSpan]) -> Vec<(u32, f64)> {
    let kind = CellKind::Partials(function);
    let cells = cells(Pairing { function, lookback_ms: 60_000 }, samples);
    let mut values = Vec::new();
    let each = |window, partials| {
        values.push((window, kind.value(partials, 20.0)));
        Ok::<(), ()>(())
    };
    merged(kind, &cells, windows, each).expect("nothing fails");
    values
}

#[test]
fn a_counter_counts_across_borders_and_begins_anew_after_a_fall() {
    let samples = [sample(5, 10.0), sample(15, 30.0), sample(25, 4.0), sample(35, 6.0)];
    let windows = [BucketSpan { from: 0, to: 2 }, BucketSpan { from: 1, to: 3 }, BucketSpan { from: 2, to: 4 }];
    assert_eq!(values(Function::Increase, &samples, &windows), [(0, 20.0), (1, 24.0), (2, 6.0)]);
    assert_eq!(values(Function::Rate, &samples, &windows), [(0, 1.0), (1, 1.2), (2, 0.3)]);
    assert_eq!(values(Function::Resets, &samples, &windows), [(0, 0.0), (1, 1.0), (2, 1.0)]);
}

#[test]
fn samples_that_lie_too_far_apart_say_nothing() {
    let pairing = Pairing { function: Function::Delta, lookback_ms: 10_000 };
    assert_eq!(pairing.partials(sample(0, 1.0), sample(10, 3.0)), Some([2.0, 0.0, 0.0]));
    assert_eq!(pairing.partials(sample(0, 1.0), sample(11, 3.0)), None);
}

#[test]
fn a_nan_that_left_a_window_is_gone() {
    let kind = CellKind::Partials(Function::Sum);
    let cells = [(0, 1.0), (1, f64::NAN), (2, 2.0), (3, 4.0)]
        .map(|(bucket, value)| BucketCell { bucket, partials: [value, 0.0, 0.0] });
    let windows: Vec<BucketSpan> = (0..3).map(|from| BucketSpan { from, to: from + 2 }).collect();
    let mut sums = Vec::new();
    let each = |_, partials: Partials| {
        sums.push(partials[0]);
        Ok::<(), ()>(())
    };
    merged(kind, &cells, &windows, each).expect("nothing fails");
    assert!(sums[0].is_nan() && sums[1].is_nan() && sums[2] == 6.0, "{sums:?}");
}

#[test]
fn open_windows_give_their_values_once_and_pass_over_empty_ones() {
    let windows = [BucketSpan { from: 0, to: 2 }, BucketSpan { from: 1, to: 3 }, BucketSpan { from: 5, to: 7 }];
    let mut open = OpenWindows::default();
    open.push(Some(&windows), 0, 1.0);
    open.push(Some(&windows), 1, 2.0);
    assert!(open.ends_before(Some(&windows), 2) && !open.ends_before(Some(&windows), 1));
    assert_eq!((open.oldest(), open.values(Some(&windows))), (0, vec![1.0, 2.0]));
    assert_eq!((open.close(Some(&windows)), open.oldest(), open.values(Some(&windows))), (1, 1, vec![2.0]));
    assert_eq!((open.close(Some(&windows)), open.is_empty()), (1, true));
    open.push(Some(&windows), 6, 3.0);
    assert_eq!((open.oldest(), open.values(Some(&windows))), (2, vec![3.0]));
}

#[test]
fn few_samples_are_kept_of_many() {
    let few = Few { keep: Keep::M4, max_points: 4 };
    let mut kept = KeptSamples::default();
    for (second, value) in (0..).zip([3.0, 9.0, f64::NAN, 1.0, 2.0, 5.0]) {
        kept.push(few, 0, sample(second, value));
    }
    let values: Vec<f64> = kept.finish(few).iter().map(|one| one.value).collect();
    assert_eq!((few.columns(), values), (1, vec![3.0, 9.0, 1.0, 5.0]));
}
