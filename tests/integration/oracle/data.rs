//! Tables of seeded rows, as SQL and as the samples that the rows mean.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, NaiveTime, Offset, TimeZone};
use chrono_tz::{Europe::Berlin, Tz};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::reference::{Labels, Sample, UNKNOWN};
use super::values::number;

const DAY: i64 = 86_400_000;
pub const WIDE: [&str; 5] = ["host", "dc", "rack", "live", UNKNOWN];
const NARROW: [&str; 4] = ["host", "a", "b", UNKNOWN];
const ROWS: usize = 1500;

/// Where the rows lie: New Year, the 23-hour and the 25-hour day of Berlin; milliseconds.
pub const WINDOWS: [(i64, i64); 3] = [
    (1_735_344_000_000, 1_735_344_000_000 + 9 * DAY),
    (1_743_249_600_000, 1_743_249_600_000 + 2 * DAY),
    (1_761_393_600_000, 1_761_393_600_000 + 2 * DAY),
];

/// How the time is stored.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    Timestamptz,
    Timestamp(Tz),
    Date(Tz),
    EpochSeconds,
    EpochMillis,
    EpochFloat,
    EpochNumeric,
    EpochNanos,
}

/// One series' labels: as the columns of an `INSERT`, and as they read.
pub type Series = (String, Labels);

pub struct Table {
    /// The metric as a selector spells it, without braces.
    pub metric: &'static str,
    pub create: String,
    pub insert: String,
    pub toml: String,
    pub samples: Vec<Sample>,
    pub labels: &'static [&'static str],
    /// Whether only aggregations are asked: where tags alone do not tell series apart.
    pub always_aggregated: bool,
}

/// Several tables of the same labels under one selector.
pub fn together(metric: &'static str, tables: &[&Table]) -> Table {
    let named = |table: &Table| {
        let name = table.metric.to_owned();
        table.samples.clone().into_iter().map(move |mut sample| {
            sample.labels.insert("__name__".into(), name.clone());
            sample
        })
    };
    let samples = tables.iter().copied().flat_map(named).collect();
    let none = String::new;
    let labels = tables[0].labels;
    Table { metric, create: none(), insert: none(), toml: none(), samples, labels, always_aggregated: true }
}

impl Time {
    fn column(self) -> (&'static str, String) {
        let zoned = |zone: Tz| format!("{{ column = \"ts\", zone = \"{}\" }}", zone.name());
        let epoch = |unit: &str| format!("{{ column = \"ts\", type = \"epoch\", unit = \"{unit}\" }}");
        match self {
            Self::Timestamptz => ("timestamptz", "\"ts\"".into()),
            Self::Timestamp(zone) => ("timestamp", zoned(zone)),
            Self::Date(zone) => ("date", zoned(zone)),
            Self::EpochSeconds => ("int", epoch("s")),
            Self::EpochMillis => ("bigint", epoch("ms")),
            Self::EpochFloat => ("float8", epoch("s")),
            Self::EpochNumeric => ("numeric", epoch("s")),
            Self::EpochNanos => ("bigint", epoch("ns")),
        }
    }

    /// Times that are in no range.
    const fn never(self) -> &'static [&'static str] {
        match self {
            Self::EpochSeconds | Self::EpochMillis | Self::EpochNanos => &["NULL", "0", "-1"],
            Self::EpochNumeric => &["NULL", "'NaN'", "1e400", "-1e400", "-0.5"],
            Self::EpochFloat => &["NULL", "'NaN'", "'Infinity'", "'-Infinity'", "1e300", "-0.5"],
            _ => &["NULL", "'infinity'", "'-infinity'", "'0044-03-15 BC'", "'9999-12-31'"],
        }
    }

    /// The literal near that instant and the instant that it means, both in microseconds.
    fn store(self, at: i64, dice: &mut StdRng) -> (String, i64) {
        let utc = |us: i64| DateTime::from_timestamp_micros(us).unwrap().naive_utc();
        let wall = |zone: Tz| {
            let local = utc(at) + zone.offset_from_utc_datetime(&utc(at)).fix();
            let skipped: NaiveDateTime = "2025-03-30T02:00:00".parse().unwrap();
            let odd = zone == Berlin && dice.random_bool(0.05);
            if odd { skipped + Duration::milliseconds(at / 1000 % 3_600_000) } else { local }
        };
        match self {
            Self::Timestamptz => (format!("'{}+00'", utc(at)), at),
            Self::Timestamp(zone) => {
                let wall = { wall }(zone);
                (format!("'{wall}'"), instant(zone, wall))
            }
            Self::Date(zone) => {
                let date = { wall }(zone).date();
                (format!("'{date}'"), instant(zone, date.and_time(NaiveTime::MIN)))
            }
            Self::EpochSeconds => (at.div_euclid(1_000_000).to_string(), at.div_euclid(1_000_000) * 1_000_000),
            Self::EpochMillis => (at.div_euclid(1000).to_string(), at.div_euclid(1000) * 1000),
            // Finer than a microsecond: rounds up to it, over the edges of buckets and of ranges too.
            Self::EpochFloat if dice.random_bool(0.3) => {
                let below = at - 1;
                (format!("{}.{:06}7", below.div_euclid(1_000_000), below.rem_euclid(1_000_000)), at)
            }
            Self::EpochFloat | Self::EpochNumeric => {
                (format!("{}.{:06}", at.div_euclid(1_000_000), at.rem_euclid(1_000_000)), at)
            }
            Self::EpochNanos if dice.random_bool(0.3) => (format!("{}700", at - 1), at),
            Self::EpochNanos => (format!("{at}000"), at),
        }
    }
}

/// What PostgreSQL's `AT TIME ZONE` makes of a clock reading: of two instants the later one, and in a skipped hour
/// the offset before it.
fn instant(zone: Tz, wall: NaiveDateTime) -> i64 {
    match zone.from_local_datetime(&wall) {
        LocalResult::Single(only) => only.timestamp_micros(),
        LocalResult::Ambiguous(one, other) => one.max(other).timestamp_micros(),
        LocalResult::None => {
            let before = zone.from_local_datetime(&(wall - Duration::hours(3))).single().unwrap();
            (wall - before.offset().fix()).and_utc().timestamp_micros()
        }
    }
}

/// A wide table: labels are columns.
pub fn wide(name: &'static str, time: Time, value: &'static str, seed: u64) -> Table {
    let (ty, declared) = time.column();
    let create = format!(
        "CREATE TABLE {name} (ts {ty}, host text, dc varchar(9), rack int, live boolean, value {value});
         CREATE INDEX ON {name} (host, ts);"
    );
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = {declared}\nlabels = [\"host\", \"dc\", \"rack\", \"live\"]\n\
         [source.metric.{name}]\ncolumn = \"value\"\n"
    );
    let mut dice = StdRng::seed_from_u64(seed);
    let series: Vec<Series> = (0..16).map(|_| columns(&mut dice)).collect();
    let (insert, samples) = rows(name, "ts, host, dc, rack, live, value", time, value, &series, &mut dice);
    Table { metric: name, create, insert, toml, samples, labels: &WIDE, always_aggregated: false }
}

const HOSTS: [&str; 8] = ["web.01", "web_01", "a", "b", "x\"y\\|z", "-- 😀", "(a|b)", "it's {c,d}"];

/// The labels of a wide table's columns host, dc, rack and live.
pub fn columns(dice: &mut StdRng) -> Series {
    let mut labels = Labels::new();
    let mut sql = String::new();
    let mut text = |name: &str, values: &[&str], dice: &mut StdRng, sql: &mut String| {
        let value = match dice.random_range(0..6) {
            0 => return sql.push_str("NULL, "),
            1 => "",
            _ => *values.choose(dice).unwrap(),
        };
        write!(sql, "'{}', ", value.replace('\'', "''")).unwrap();
        if !value.is_empty() {
            labels.insert(name.into(), value.into());
        }
    };
    text("host", &HOSTS, dice, &mut sql);
    text("dc", &["eu", "us"], dice, &mut sql);
    for (name, values) in [("rack", ["1", "2", "30"].as_slice()), ("live", &["true", "false"])] {
        match values.choose(dice).filter(|_| dice.random_bool(0.7)) {
            Some(value) => {
                write!(sql, "{value}, ").unwrap();
                labels.insert(name.into(), (*value).into());
            }
            None => sql.push_str("NULL, "),
        }
    }
    (sql, labels)
}

/// Documents and the labels that they mean; a column `host` beside them wins over a member of that name.
const DOCUMENTS: &[(&str, &[(&str, &str)])] = &[
    ("NULL", &[]),
    ("'{}'", &[]),
    (r#"'{"a": ""}'"#, &[]),
    (r#"'{"a": null, "b": ""}'"#, &[]),
    ("'null'", &[]),
    ("'[\"a\", 1]'", &[]),
    ("'\"a\"'", &[]),
    ("'5'", &[]),
    (r#"'{"host": "document"}'"#, &[]),
    (r#"'{"host": "other", "a": "x"}'"#, &[("a", "x")]),
    (r#"'{"a": "x"}'"#, &[("a", "x")]),
    (r#"'{"a": "x", "b": null}'"#, &[("a", "x")]),
    (r#"'{"a": "y", "b": 1}'"#, &[("a", "y"), ("b", "1")]),
    (r#"'{"a": "y", "b": "1"}'"#, &[("a", "y"), ("b", "1")]),
    (r#"'{"b": 1.10}'"#, &[("b", "1.10")]),
    (r#"'{"b": 12345678901234567890123}'"#, &[("b", "12345678901234567890123")]),
    (r#"'{"b": 1e400, "a": "x"}'"#, &[("b", BIG), ("a", "x")]),
    (r#"'{"b": true}'"#, &[("b", "true")]),
    (r#"'{"b": {"k":1,"j":[1,2]}}'"#, &[("b", r#"{"j": [1, 2], "k": 1}"#)]),
    (r#"'{"b": ["p","q"], "a": "é\"\\"}'"#, &[("b", r#"["p", "q"]"#), ("a", "é\"\\")]),
];

/// jsonb stores numerics: 1e400 has 401 digits.
const BIG: &str = concat!(
    "1",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
);

/// A narrow table: the metric's name is in a column, labels in a document and in one column.
pub fn narrow(name: &'static str, metric: &'static str, seed: u64) -> Table {
    let create = format!(
        "CREATE TABLE {name} (ts timestamptz, metric text, host text, labels jsonb, value float8);
         INSERT INTO {name} SELECT ts, '{name} other', 'a', '{{}}', 1 FROM generate_series('2025-03-30Z'::timestamptz,
             '2025-03-31Z', '1 h') AS ts;"
    );
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nname = \"metric\"\nvalue = \"value\"\n\
         labels = [\"host\", {{ json = [\"labels\"], all = true }}]\n"
    );
    let mut dice = StdRng::seed_from_u64(seed);
    let mut series = Vec::new();
    for (document, members) in DOCUMENTS {
        for (sql, host) in [("NULL", ""), ("''", ""), ("'a'", "a"), ("'b'", "b")] {
            let mut labels: Labels = members.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            labels.extend((!host.is_empty()).then(|| ("host".into(), host.into())));
            series.push((format!("'{metric}', {sql}, {document}, "), labels));
        }
    }
    let columns = "ts, metric, host, labels, value";
    let (insert, samples) = rows(name, columns, Time::Timestamptz, "float8", &series, &mut dice);
    Table { metric, create, insert, toml, samples, labels: &NARROW, always_aggregated: false }
}

pub fn rows(
    name: &str,
    columns: &str,
    time: Time,
    value: &str,
    series: &[Series],
    dice: &mut StdRng,
) -> (String, Vec<Sample>) {
    rows_with(name, columns, time, series, dice, |dice| {
        let (text, number) = number(value, dice);
        (text, number.into_iter().collect())
    })
}

/// Rows with a value of any form: its SQL, and the numbers that it means.
pub fn rows_with(
    name: &str,
    columns: &str,
    time: Time,
    series: &[Series],
    dice: &mut StdRng,
    value: impl Fn(&mut StdRng) -> (String, Vec<f64>),
) -> (String, Vec<Sample>) {
    let mut insert = format!("INSERT INTO {name} ({columns}) VALUES ");
    let mut samples = Vec::new();
    let mut before = 0_i64;
    let silent = WINDOWS[1].0 + DAY / 2;
    for row in 0..ROWS {
        let (start, end) = *WINDOWS.choose(dice).unwrap();
        let mut at = dice.random_range(start * 1000..end * 1000);
        at -= match dice.random_range(0..10) {
            0..3 => at.rem_euclid(3_600_000_000),
            3..5 => at.rem_euclid(60_000_000),
            5..7 => at.rem_euclid(1000),
            _ => 0,
        };
        if dice.random_bool(0.15) && row > 0 {
            at = before;
        }
        before = at;
        if (silent..silent + 3_600_000).contains(&(at / 1000)) {
            at += 3_600_000_000;
        }
        let (sql, labels) = series.choose(dice).unwrap();
        let (literal, at) = time.store(at, dice);
        let (text, numbers) = value(dice);
        let separator = if row == 0 { "" } else { ", " };
        write!(insert, "{separator}({literal}, {sql}{text})").unwrap();
        samples.extend(numbers.into_iter().map(|value| Sample { at, labels: labels.clone(), value }));
    }
    for never in time.never() {
        let (sql, _) = series.choose(dice).unwrap();
        write!(insert, ", ({never}, {sql}{})", value(dice).0).unwrap();
    }
    let distinct: BTreeSet<_> = samples.iter().map(|sample| &sample.labels).collect();
    assert!(distinct.len() > 6, "too few series to be worth a test");
    (insert, samples)
}
