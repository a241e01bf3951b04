//! Steps of whole days, months and quarters where clocks change, with weeks that begin on either day.

use std::fmt::Write as _;

use chrono::{Days, TimeZone as _, Weekday};
use chrono_tz::{Africa, America, Asia, Australia, Europe, Pacific, Tz};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use super::data::{Table, WIDE, columns};
use super::grid::{Calendar, midnight};
use super::reference::{Sample, Span};
use super::values::number;
use super::{ask, dice};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const ROWS: usize = 2000;

/// Clock changes: by an hour at night, by half an hour, at midnight (which is left out, or comes twice), by a whole date.
const CHANGES: [(Tz, i64); 12] = [
    (Europe::Berlin, 1_743_296_400_000),
    (Europe::Berlin, 1_761_440_400_000),
    (Australia::Lord_Howe, 1_743_865_200_000),
    (Australia::Lord_Howe, 1_759_591_800_000),
    (America::Sao_Paulo, 1_518_919_200_000),
    (America::Sao_Paulo, 1_541_300_400_000),
    (America::Havana, 1_730_610_000_000),
    (America::St_Johns, 1_289_097_060_000),
    (Africa::Cairo, 1_714_082_400_000),
    (Asia::Kathmandu, 504_901_800_000),
    (Pacific::Apia, 1_325_239_200_000),
    (Tz::UTC, 1_735_689_600_000),
];

/// Steps of whole days and more, each with its length in days.
const STEPS: [(&str, i64); 12] = [
    ("1d", 1),
    ("2d", 2),
    ("3d", 3),
    ("5d", 5),
    ("7d", 7),
    ("1w", 7),
    ("10d", 10),
    ("14d", 14),
    ("2w", 14),
    ("1mo", 30),
    ("2mo", 60),
    ("1q", 91),
];

/// A table with rows around every change, many of them at or just before a midnight there.
pub fn table(name: &'static str, seed: u64) -> Table {
    let mut dice = dice(seed);
    let create = format!(
        "CREATE TABLE {name} (ts timestamptz, host text, dc varchar(9), rack int, live boolean, value float8);
         CREATE INDEX ON {name} (ts);"
    );
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [\"host\", \"dc\", \"rack\", \"live\"]\n\
         [source.metric.{name}]\ncolumn = \"value\"\n"
    );
    let series: Vec<_> = (0..8).map(|_| columns(&mut dice)).collect();
    let mut insert = format!("INSERT INTO {name} VALUES ");
    let mut samples = Vec::new();
    for row in 0..ROWS {
        let at = instant(&mut dice);
        let (sql, labels) = series.choose(&mut dice).unwrap();
        let (text, value) = number("float8", &mut dice);
        let separator = if row == 0 { "" } else { ", " };
        write!(insert, "{separator}(to_timestamp({at} / 1000.0), {sql}{text})").unwrap();
        samples.extend(value.map(|value| Sample { at: at * 1000, labels: labels.clone(), value }));
    }
    Table { metric: name, create, insert, toml, samples, labels: &WIDE, always_aggregated: false }
}

fn instant(dice: &mut StdRng) -> i64 {
    let (zone, change) = *CHANGES.choose(dice).unwrap();
    match dice.random_range(0..4) {
        0 => change + dice.random_range(-60 * DAY..60 * DAY),
        1 => change + dice.random_range(-26 * HOUR..26 * HOUR),
        _ => {
            let date = zone.timestamp_millis_opt(change).unwrap().date_naive() - Days::new(8);
            let start = midnight(date + Days::new(dice.random_range(0..16)), zone);
            start + *[-1, 0, 0, 1].choose(dice).unwrap()
        }
    }
}

/// A range of some buckets around a change.
pub fn span(weeks_from: Weekday, dice: &mut StdRng) -> Span {
    let (zone, change) = *CHANGES.choose(dice).unwrap();
    let (step, days) = *STEPS.choose(dice).unwrap();
    let covered = dice.random_range(1..=12 * days * DAY);
    let from = change - dice.random_range(0..covered);
    let stray = dice.random_bool(0.2).then(|| CHANGES.choose(dice).unwrap().0);
    let calendar = Calendar { zone: stray.unwrap_or(zone), weeks_from };
    // The ladder has days, weeks, months and quarters as well.
    let (interval, step) = if dice.random_bool(0.2) { (days * DAY, None) } else { (1000, Some(step)) };
    Span { from, to: from + covered, interval, max: 20, calendar, step }
}

/// Questions about one such range.
pub fn questions(table: &Table, weeks_from: Weekday, dice: &mut StdRng) -> Vec<super::reference::Question> {
    ask::about(table, &span(weeks_from, dice), super::QUESTIONS, dice)
}
