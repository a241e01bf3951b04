//! One metric in two sources, each with rollups: its name is in the row or in a joined one, which may be missing.

use std::fmt::Write as _;

use super::data::{Series, Table, Time, rows};
use super::dice;
use super::reference::{Labels, UNKNOWN};

const LABELS: [&str; 4] = ["host", "place", "site", UNKNOWN];

/// id, stored name, place, site.
type Item = (u32, &'static str, Option<&'static str>, Option<u32>);

const ITEMS: [Item; 6] = [
    (1, "rolled", Some("hall"), Some(1)),
    (2, "rolled", None, Some(2)),
    (3, "rolled", Some(""), Some(9)),
    (4, "rolled", Some("a"), None),
    // Reads the same as the first: one series.
    (5, "rolled", Some("hall"), Some(1)),
    (6, "other", Some("hall"), Some(1)),
];

const SITES: [(u32, Option<&str>); 2] = [(1, Some("eu")), (2, None)];

/// Marks the samples of another metric, or of none.
const STRANGER: &str = "!";

const CREATE: &str = "
    CREATE TABLE rolled_items (id int PRIMARY KEY, key text, place text, site int);
    CREATE TABLE rolled_sites (id int PRIMARY KEY, name text);
    CREATE TABLE rolled_all (ts timestamptz, item int, host text, value numeric(12,3));
    CREATE TABLE rolled_one (ts timestamptz, key text, place text, site text, host text, value numeric(12,3));
    CREATE TABLE rolled_two (\"at\" timestamp, item int, host text, value numeric(12,3));
    CREATE INDEX ON rolled_one (key, ts);
    CREATE INDEX ON rolled_two (item, \"at\");
";

/// The hours have a hole and end within the second window, the days end before the third: both hold less than the raw
/// rows. First and last of an hour are nowhere exact here: NULL and the empty text are one label, and there are two
/// sources.
const SPLIT: &str = ";
    INSERT INTO rolled_one SELECT ts, key, place, rolled_sites.name, host, value FROM rolled_all AS t
        JOIN rolled_items ON rolled_items.id = t.item LEFT JOIN rolled_sites ON rolled_sites.id = rolled_items.site
        WHERE hashtext(t::text) % 2 = 0;
    INSERT INTO rolled_two SELECT ts AT TIME ZONE 'UTC', item, host, value FROM rolled_all AS t
        WHERE hashtext(t::text) % 2 <> 0 OR NOT EXISTS (SELECT FROM rolled_items WHERE rolled_items.id = t.item);
    CREATE TABLE rolled_one_1h AS SELECT date_trunc('hour', ts, 'UTC') AS ts, key, place, site, host, avg(value) AS mean,
        min(value) AS low, max(value) AS high, count(value) AS n,
        (array_agg(value ORDER BY ts, value) FILTER (WHERE value IS NOT NULL))[1] AS opening,
        (array_agg(value ORDER BY ts DESC, value DESC) FILTER (WHERE value IS NOT NULL))[1] AS closing FROM rolled_one
        WHERE isfinite(ts) AND ts < '2025-03-30 20:00Z' AND ts NOT BETWEEN '2024-12-29 07:00Z' AND '2024-12-30 11:59:59.999999Z'
        GROUP BY 1, 2, 3, 4, 5;
    CREATE TABLE rolled_two_1d AS SELECT \"at\"::date AS day, item, host, sum(value) AS s, count(value) AS n, max(value) AS high
        FROM rolled_two WHERE isfinite(\"at\") AND \"at\" < '2025-10-01' GROUP BY 1, 2, 3;
";

const TOML: &str = r#"
    [[source]]
    relation = "rolled_one"
    time = "ts"
    name = "key"
    value = "value"
    labels = ["host", "place", "site"]
    [[source.rollup]]
    relation = "rolled_one_1h"
    step = "1h"
    columns = { avg = "mean", min = "low", max = "high", count = "n", first = "opening", last = "closing" }
    [[source]]
    relation = "rolled_two"
    time = { column = "at", zone = "UTC" }
    value = "value"
    labels = ["host"]
    [[source.rollup]]
    relation = "rolled_two_1d"
    step = "1d"
    time = "day"
    columns = { sum = "s", count = "n", max = "high" }
    [[source.join]]
    relation = "rolled_items"
    on = { item = "id" }
    name = "key"
    labels = ["place"]
    [[source.join.join]]
    relation = "rolled_sites"
    on = { site = "id" }
    labels = [{ name = "site", column = "name" }]
"#;

pub fn rolled(seed: u64) -> Table {
    let mut create = CREATE.to_owned();
    for (id, key, place, site) in ITEMS {
        let site = site.map_or("NULL".to_owned(), |site| site.to_string());
        write!(create, "INSERT INTO rolled_items VALUES ({id}, '{key}', {}, {site});", literal(place)).unwrap();
    }
    for (id, name) in SITES {
        write!(create, "INSERT INTO rolled_sites VALUES ({id}, {});", literal(name)).unwrap();
    }
    let mut series: Vec<Series> = Vec::new();
    // The row of item 77 is missing.
    for id in [Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(77), None] {
        for host in [None, Some(""), Some("a"), Some("web.01")] {
            let item = id.map_or("NULL".to_owned(), |id| id.to_string());
            series.push((format!("{item}, {}, ", literal(host)), labels(id, host)));
        }
    }
    let columns = "ts, item, host, value";
    let (mut insert, mut samples) =
        rows("rolled_all", columns, Time::Timestamptz, "numeric(12,3)", &series, &mut dice(seed));
    samples.retain(|sample| !sample.labels.contains_key(STRANGER));
    insert.push_str(SPLIT);
    Table { metric: "rolled", create, insert, toml: TOML.into(), samples, labels: &LABELS, always_aggregated: false }
}

fn literal(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| format!("'{text}'"))
}

fn labels(id: Option<u32>, host: Option<&str>) -> Labels {
    let mut labels = Labels::new();
    let mut set = |name: &str, value: Option<&str>| {
        labels.extend(value.filter(|value| !value.is_empty()).map(|value| (name.to_owned(), value.to_owned())));
    };
    set("host", host);
    let item = ITEMS.iter().find(|item| Some(item.0) == id && item.1 == "rolled");
    set(STRANGER, item.is_none().then_some(STRANGER));
    set("place", item.and_then(|item| item.2));
    let site = item.and_then(|item| item.3);
    set("site", SITES.iter().find(|row| Some(row.0) == site).and_then(|row| row.1));
    labels
}
