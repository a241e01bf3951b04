//! Grids held against what they promise.

use super::super::ladder::{DAY, HOUR, MINUTE, SECOND};
use super::super::{Rounding, parse_instant};
use super::*;

fn at(text: &str) -> Millis {
    parse_instant(text, 0, Rounding::Start, &Zone::UTC).unwrap()
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn request<'a>(from: &str, to: &str, zone: &'a Zone) -> GridRequest<'a> {
    let range = TimeRange { from: at(from), to: at(to) };
    let max_points = MAX_POINTS;
    GridRequest { range, interval_ms: None, sampling_ms: None, max_points, explicit: None, zone }
}

fn edges(grid: &Grid) -> Vec<Millis> {
    (0..=grid.len()).map(|i| grid.bucket_start(i)).collect()
}

/// The hours of each bucket of a question's own step, and the first one's start.
fn hours(step: &str, name: &str, from: &str, to: &str) -> (Millis, Vec<f64>) {
    let zone = zone(name);
    let explicit = Step::parse(step);
    let grid = choose_grid(&GridRequest { explicit, ..request(from, to, &zone) }).unwrap();
    let hours = |pair: &[Millis]| (pair[1] - pair[0]) as f64 / HOUR as f64;
    (grid.start(), edges(&grid).windows(2).map(hours).collect())
}

#[test]
fn buckets_before_a_grid_continue_it() {
    let berlin = Zone::parse("Europe/Berlin").expect("a zone");
    // Two days after the clocks went forward: 6 h buckets stay where they are, days are cut by the calendar.
    let range = TimeRange { from: 1_743_458_400_000, to: 1_743_544_800_000 };
    let ask = |step| GridRequest {
        range,
        interval_ms: None,
        sampling_ms: None,
        max_points: 100,
        explicit: Some(step),
        zone: &berlin,
    };
    let even = choose_grid(&ask(Step::Millis(6 * 3_600_000))).expect("a grid");
    let before = even.before(12, &berlin).expect("earlier buckets");
    assert_eq!((before.len(), before.end()), (12, even.start()));
    assert_eq!(before.bucket_start(0), even.start() - 12 * 6 * 3_600_000);
    let days = choose_grid(&ask(Step::Days(1))).expect("a grid");
    let before = days.before(3, &berlin).expect("earlier buckets");
    assert_eq!((before.len(), before.end()), (3, days.start()));
    assert_eq!(days.start() - before.start(), (24 + 23 + 24) * 3_600_000);
}

#[test]
fn the_seed_request() {
    let seed = request("2018-04-15T04:57:48.126Z", "2018-04-15T05:42:32.733Z", &Zone::UTC);
    let seed = GridRequest { interval_ms: Some(2_000), ..seed };
    for (max_points, step, len, start) in [
        (928, "5s", 538, "2018-04-15T04:57:45Z"),
        (1, "2h", 1, "2018-04-15T04:00:00Z"),
        (0, "2h", 1, "2018-04-15T04:00:00Z"),
        (2, "1h", 2, "2018-04-15T04:00:00Z"),
        (302, "10s", 270, "2018-04-15T04:57:40Z"),
        (10_000, "2s", 1_343, "2018-04-15T04:57:48Z"),
        (u32::MAX, "2s", 1_343, "2018-04-15T04:57:48Z"),
    ] {
        let grid = choose_grid(&GridRequest { max_points, ..seed }).unwrap();
        assert_eq!((grid.step(), grid.len()), (Step::parse(step).unwrap(), len), "{max_points}");
        assert_eq!(grid.start(), at(start));
        assert!(grid.end() >= seed.range.to && grid.end() - seed.range.to < grid.step().length_ms());
        let step_ms = grid.step().length_ms();
        assert_eq!(grid.shape(), GridShape::Regular { origin: grid.start(), step_ms });
        assert_eq!((grid.index_of(grid.start() - 1), grid.index_of(grid.end())), (None, None));
        assert_eq!(grid.index_of(grid.bucket_end(0)), (len > 1).then_some(1));
    }
}

#[test]
fn what_a_chosen_step_is_at_least() {
    let day = request("2025-03-10", "2025-03-11", &Zone::UTC);
    for (interval_ms, sampling_ms, step) in [
        (None, None, Step::Millis(10 * SECOND)),
        (Some(0), Some(-1), Step::Millis(10 * SECOND)),
        (Some(i64::MIN), None, Step::Millis(10 * SECOND)),
        (Some(20_000), Some(60_000), Step::Millis(MINUTE)),
        (Some(61_000), Some(60_000), Step::Millis(2 * MINUTE)),
        (Some(13 * HOUR), None, Step::Days(1)),
        (Some(25 * HOUR), None, Step::Days(7)),
        (None, Some(i64::MAX), Step::WholeRange),
    ] {
        let grid = choose_grid(&GridRequest { interval_ms, sampling_ms, ..day }).unwrap();
        assert_eq!(grid.step(), step, "{interval_ms:?} {sampling_ms:?}");
    }
    let across = request("1999-12-31T23:59:59Z", "2000-01-01T00:00:01Z", &Zone::UTC);
    let grid = choose_grid(&GridRequest { max_points: 1, ..across }).unwrap();
    assert_eq!((grid.step(), grid.start(), grid.end()), (Step::Days(7), at("1999-12-27"), at("2000-01-03")));
    let across = request("1999-12-01", "2000-01-10", &Zone::UTC);
    let grid = choose_grid(&GridRequest { max_points: 1, ..across }).unwrap();
    assert_eq!((grid.step(), grid.len()), (Step::WholeRange, 1));
    assert_eq!((grid.start(), grid.end()), (across.range.from, across.range.to));
}

#[test]
fn exact_steps_are_aligned_to_the_zones_midnight() {
    let (from, to) = ("2025-05-05T07:00:00Z", "2025-05-05T09:00:00Z");
    assert_eq!(hours("1h", "Asia/Kathmandu", from, to), (at("2025-05-05T06:15:00Z"), vec![1.0; 3]));
    assert_eq!(hours("12h", "Asia/Kathmandu", from, to), (at("2025-05-05T06:15:00Z"), vec![12.0]));
    assert_eq!(hours("1d", "Asia/Kathmandu", from, to), (at("2025-05-04T18:15:00Z"), vec![24.0]));
    assert_eq!(hours("24h", "Asia/Kathmandu", from, to), (at("2025-05-04T18:15:00Z"), vec![24.0]));
    assert_eq!(hours("1h", "UTC", "1969-12-31T22:30:00Z", "1970-01-01").0, at("1969-12-31T22:00:00Z"));
}

/// One case a line: step, zone, range, then the first bucket's start and every bucket's hours.
const CALENDAR: &str = "
    1d Europe/Berlin       2025-03-29T12:00Z 2025-03-31T12:00Z = 2025-03-28T23:00Z 24 23 24
    1d Europe/Berlin       2025-10-25T22:00Z 2025-10-26T23:00Z = 2025-10-25T22:00Z 25
    1d Australia/Lord_Howe 2025-04-05T14:00Z 2025-04-07T00:00Z = 2025-04-05T13:00Z 24.5 24
    1d Australia/Lord_Howe 2025-10-04T14:00Z 2025-10-05T00:00Z = 2025-10-04T13:30Z 23.5
    1d America/Sao_Paulo   2018-11-03T12:00Z 2018-11-05T03:00Z = 2018-11-03T03:00Z 24 23 24
    1d America/Sao_Paulo   2018-02-17T12:00Z 2018-02-18T12:00Z = 2018-02-17T02:00Z 25 24
    1d Pacific/Apia        2011-12-29T12:00Z 2011-12-30T12:00Z = 2011-12-29T10:00Z 24 24
    1d America/St_Johns    2010-11-07T02:45Z 2010-11-07T05:00Z = 2010-11-07T02:30Z 25
    1w Europe/Berlin       2024-12-31T12:00Z 2025-01-06T12:00Z = 2024-12-29T23:00Z 168 168
    1w Europe/Berlin       2025-03-25T00:00Z 2025-03-26T00:00Z = 2025-03-23T23:00Z 167
    1mo UTC                2024-02-10        2024-03-01        = 2024-02-01        696
    1mo Europe/Berlin      2024-02-10        2024-03-05        = 2024-01-31T23:00Z 696 743
    1q UTC                 2024-03-31        2024-04-02        = 2024-01-01        2184 2184
    1y UTC                 1969-06-01        1970-01-01        = 1969-01-01        8760
    5y UTC                 2024-01-01        2025-01-01        = 2020-01-01        43848";

#[test]
fn calendar_steps_follow_the_zone() {
    for line in CALENDAR.trim().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = words[6..].iter().map(|hours| hours.parse().unwrap()).collect();
        assert_eq!(hours(words[0], words[1], words[2], words[3]), (at(words[5]), expected), "{line}");
    }
}

#[test]
fn four_quarters_in_181_days_are_not_three_points() {
    let tight = request("2018-12-31T23:59:59.999Z", "2019-07-01T00:00:00.001Z", &Zone::UTC);
    assert_eq!(tight.range.length_ms(), 181 * DAY + 2);
    let tight = GridRequest { max_points: 3, ..tight };
    let grid = choose_grid(&tight).unwrap();
    assert_eq!((grid.step(), grid.len()), (Step::Months(12), 2));
    let explicit = Some(Step::Months(3));
    let (fits, max) = (Step::Months(12), 3);
    assert_eq!(
        choose_grid(&GridRequest { explicit, ..tight }),
        Err(GridError::TooManyPoints { step: Step::Months(3), buckets: 4, max, fits })
    );
}

#[test]
fn unusable_questions_are_refused_in_words() {
    let all = request("0001-01-01", "9999-12-31", &Zone::UTC);
    let says = |request| choose_grid(&request).unwrap_err().to_string();
    for step in [Step::Millis(1), Step::Days(1), Step::Days(7), Step::Days(2), Step::Months(1)] {
        let text = says(GridRequest { explicit: Some(step), ..all });
        assert!(text.contains("but at most 11000 are allowed: use a step of 1y or longer"), "{text}");
    }
    let text = says(GridRequest { explicit: Some(Step::Months(12)), max_points: 2, ..all });
    assert_eq!(text, "a step of 1y gives 9999 points, but at most 2 are allowed: no step fits, ask for more points");
    for step in [Step::Millis(0), Step::Millis(i64::MAX), Step::Months(0), Step::Months(u32::MAX)] {
        let refused = choose_grid(&GridRequest { explicit: Some(step), ..all });
        assert_eq!(refused, Err(GridError::UnusableStep { step }));
    }
    for (from, to) in [(5, 4), (5, 5), (i64::MIN, i64::MAX), (0, i64::MAX)] {
        let range = TimeRange { from, to };
        assert!(matches!(choose_grid(&GridRequest { range, ..all }), Err(GridError::Range(_))));
    }
    let grid = choose_grid(&GridRequest { explicit: Some(Step::WholeRange), max_points: 1, ..all });
    assert_eq!(grid.unwrap().len(), 1);
}
