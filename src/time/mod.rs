//! Ranges, steps, the aligned grid of buckets, time zones and the clock.
//!
//! A leaf: pure functions over milliseconds, no IO. Only [`Clock`] knows what time it is.
//!
//! - [`parse_instant`] reads every spelling of an instant that clients send, [`TimeRange`] is a checked
//!   pair of them;
//! - [`Step`] is a bucket width, [`choose_grid`] picks one and cuts the range into a [`Grid`];
//! - [`Zone`] answers what a zone's clocks show, including where they jump.

mod clock;
mod grid;
mod ladder;
mod range;
mod rfc3339;
mod steps;
mod zone;

pub use clock::Clock;
pub use grid::{Grid, GridError, GridRequest, GridShape, MAX_POINTS, choose_grid};
pub use ladder::Step;
pub use range::{RangeError, Rounding, TimeRange, parse_instant};
pub use rfc3339::{parse_rfc3339, to_rfc3339};
pub use steps::{StepRuns, Steps};
pub use zone::Zone;

/// Milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
pub type Millis = i64;

#[cfg(test)]
mod tests {
    use chrono_tz::TZ_VARIANTS;

    use super::ladder::LADDER;
    use super::range::{MAX_INSTANT, MIN_INSTANT};
    use super::*;

    const YEAR_1900: Millis = -2_208_988_800_000;
    const YEAR_2040: Millis = 2_208_988_800_000;

    /// Deterministic random questions (splitmix64).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, bound: i64) -> i64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((mixed ^ (mixed >> 31)) >> 1) as i64 % bound
        }

        /// Anything from 1 to `bound`, small and large numbers alike.
        fn scaled(&mut self, bound: i64) -> i64 {
            let shift = self.below(i64::from(64 - bound.leading_zeros()));
            1 + self.below((bound >> shift).max(1))
        }

        fn zone(&mut self) -> Zone {
            let index = self.below(TZ_VARIANTS.len() as i64) as usize;
            Zone::parse(TZ_VARIANTS[index].name()).unwrap()
        }

        fn request<'a>(&mut self, zone: &'a Zone, earliest: Millis, latest: Millis) -> GridRequest<'a> {
            let length = self.scaled(latest - earliest);
            let from = earliest + self.below(latest - earliest - length + 1);
            let range = TimeRange::new(from, from + length).unwrap();
            let interval_ms = (self.below(2) == 0).then(|| self.scaled(2 * length));
            let sampling_ms = (self.below(3) == 0).then(|| self.scaled(100_000));
            let max_points = self.scaled(3_000) as u32;
            GridRequest { range, interval_ms, sampling_ms, max_points, explicit: None, zone }
        }
    }

    fn starts(grid: &Grid) -> Vec<Millis> {
        (0..grid.len()).map(|index| grid.bucket_start(index)).collect()
    }

    /// How many buckets a step makes of the request's range.
    fn count(step: Step, request: &GridRequest<'_>) -> u64 {
        let asked = GridRequest { explicit: Some(step), max_points: MAX_POINTS, ..*request };
        match choose_grid(&asked) {
            Ok(grid) => u64::from(grid.len()),
            Err(GridError::TooManyPoints { buckets, .. }) => buckets,
            Err(other) => unreachable!("{other}"),
        }
    }

    /// Whether a ladder step is long enough and keeps to the points, both as the range lies and
    /// wherever it may slide to.
    fn is_roomy(step: Step, request: &GridRequest<'_>) -> bool {
        let (length, max) = (step.length_ms(), u64::from(request.max_points));
        let anywhere = (request.range.length_ms() as u64).div_ceil(length as u64) + 1;
        let least = request.interval_ms.unwrap_or(0).max(request.sampling_ms.unwrap_or(0));
        length >= least && anywhere <= max && count(step, request) <= max
    }

    #[test]
    fn every_grid_covers_its_range_within_its_points() {
        let mut dice = Dice(1);
        for case in 0..6_000 {
            let zone = dice.zone();
            let (earliest, latest) = if case % 3 == 0 { (MIN_INSTANT, MAX_INSTANT) } else { (YEAR_1900, YEAR_2040) };
            let request = dice.request(&zone, earliest, latest);
            let grid = choose_grid(&request).unwrap();
            let (len, range, said) = (grid.len(), request.range, format!("{request:?} {grid:?}"));
            assert!((1..=request.max_points).contains(&len), "{said}");
            assert!(grid.start() <= range.from && range.from < grid.bucket_end(0), "{said}");
            assert!(grid.bucket_start(len - 1) < range.to && range.to <= grid.end(), "{said}");
            assert!(starts(&grid).is_sorted_by(|one, next| one < next), "{said}");
            let index = dice.below(i64::from(len)) as u32;
            let (first, last) = (grid.bucket_start(index), grid.bucket_end(index) - 1);
            assert_eq!((grid.index_of(first), grid.index_of(last)), (Some(index), Some(index)));
        }
    }

    #[test]
    fn the_chosen_step_is_the_first_roomy_one() {
        let (mut dice, mut roomy) = (Dice(2), 0);
        for _ in 0..3_000 {
            let zone = dice.zone();
            let request = dice.request(&zone, YEAR_1900, YEAR_2040);
            if let Some(expected) = LADDER.into_iter().find(|step| is_roomy(*step, &request)) {
                assert_eq!(choose_grid(&request).unwrap().step(), expected, "{request:?}");
                roomy += 1;
            }
        }
        assert!(roomy > 1_500, "only {roomy} questions had a roomy step");
    }

    #[test]
    fn a_sliding_range_moves_no_bucket() {
        let (mut dice, mut compared) = (Dice(3), 0);
        for _ in 0..6_000 {
            let zone = dice.zone();
            let first = dice.request(&zone, YEAR_1900, YEAR_2040 - 10_000);
            let slid = 1_000 * (1 + dice.below(3));
            let range = TimeRange::new(first.range.from + slid, first.range.to + slid).unwrap();
            let second = GridRequest { range, ..first };
            let (one, two) = (choose_grid(&first).unwrap(), choose_grid(&second).unwrap());
            // Where no step is roomy in both places, the grid may have to change.
            if !(is_roomy(one.step(), &second) && is_roomy(two.step(), &first)) {
                continue;
            }
            assert_eq!(one.step(), two.step(), "{first:?}");
            // Exact steps are aligned by the offset at the start.
            let exact = matches!(one.shape(), GridShape::Regular { .. });
            if exact && zone.offset_ms(first.range.from) != zone.offset_ms(range.from) {
                continue;
            }
            let both = two.start()..one.end().max(two.start());
            let shared = |grid: &Grid| starts(grid).into_iter().filter(|at| both.contains(at)).collect::<Vec<_>>();
            assert_eq!(shared(&one), shared(&two), "{first:?}");
            compared += i32::from(!shared(&one).is_empty());
        }
        assert!(compared > 2_000, "only {compared} pairs of grids overlap");
    }
}
