//! The same series as rows of tables, and the catalog file that says how they read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, PgPool};

use crate::data::{Layout, Sample, Series, layout};

const TABLES: &str = r#"
    CREATE TABLE narrow (ts timestamptz NOT NULL, metric text NOT NULL, labels jsonb, value float8);
    CREATE TABLE wide (ts timestamptz NOT NULL, host text, dc text, cpu float8, mem float8);
    CREATE TABLE epoch (t bigint NOT NULL, host text, rack text, v float8);
    CREATE INDEX ON narrow (metric, ts);
    CREATE INDEX ON wide (ts);
    CREATE INDEX ON epoch (t);
"#;

pub const FILE: &str = r#"
[discovery]
enabled = false

[[source]]
relation = "narrow"
time = "ts"
name = "metric"
value = "value"
labels = [{ json = ["labels"], all = true }]

[[source]]
relation = "wide"
time = "ts"
labels = ["host", "dc"]
[source.metric.cpu]
column = "cpu"
[source.metric.mem]
column = "mem"

[[source]]
relation = "epoch"
time = { column = "t", type = "epoch", unit = "ms" }
labels = ["host", "rack"]
[source.metric.temperature]
column = "v"
"#;

/// Makes the tables and writes all series into them.
pub async fn write(pool: &PgPool, series: &[Series]) {
    sqlx::raw_sql(TABLES).execute(pool).await.expect("the tables");
    let of = |wanted: Layout| series.iter().filter(move |one| layout(one.name) == wanted);
    let mut rows = of(Layout::Narrow).map(narrow).collect::<Vec<_>>();
    rows.extend(of(Layout::Epoch).map(epoch));
    rows.push(wide(of(Layout::Wide)));
    for insert in rows {
        sqlx::raw_sql(AssertSqlSafe(insert)).execute(pool).await.expect("the rows");
    }
}

fn narrow(series: &Series) -> String {
    let labels = serde_json::to_string(&series.labels).unwrap();
    let row = |(sample, earlier): (&Sample, i64)| {
        let time = time(sample.ms, sample.micros - earlier);
        let value = if earlier > 0 { "12345.5".to_owned() } else { number(sample.value) };
        format!("({time}, '{}', {}, {value})", series.name, text(Some(&labels)))
    };
    // Of two rows in one millisecond the later one counts.
    let twins = series.samples.iter().filter(|sample| sample.micros > 900).map(|sample| (sample, 500));
    let rows: Vec<String> = series.samples.iter().map(|sample| (sample, 0)).chain(twins).map(row).collect();
    format!("INSERT INTO narrow VALUES {}", rows.join(", "))
}

fn epoch(series: &Series) -> String {
    let labels = ["host", "rack"].map(|label| text(series.labels.get(label).map(String::as_str)));
    let row = |sample: &Sample| format!("({}, {}, {})", sample.ms, labels.join(", "), number(sample.value));
    format!("INSERT INTO epoch VALUES {}", series.samples.iter().map(row).collect::<Vec<_>>().join(", "))
}

/// Both metrics of a series have their samples at the same times.
fn wide<'a>(series: impl Iterator<Item = &'a Series>) -> String {
    let mut by_labels: BTreeMap<_, Vec<&Series>> = BTreeMap::new();
    series.for_each(|one| by_labels.entry(&one.labels).or_default().push(one));
    let mut insert = "INSERT INTO wide VALUES ".to_owned();
    let mut separator = "";
    for (labels, columns) in by_labels {
        let labels = ["host", "dc"].map(|label| text(labels.get(label).map(String::as_str))).join(", ");
        for (at, sample) in columns[0].samples.iter().enumerate() {
            let values: Vec<String> = columns.iter().map(|column| number(column.samples[at].value)).collect();
            let time = time(sample.ms, sample.micros);
            write!(insert, "{separator}({time}, {labels}, {})", values.join(", ")).unwrap();
            separator = ", ";
        }
    }
    insert
}

fn time(ms: i64, micros: i64) -> String {
    let at = chrono::DateTime::from_timestamp_micros(ms * 1000 + micros).unwrap();
    format!("'{}+00'", at.naive_utc())
}

fn text(value: Option<&str>) -> String {
    value.map_or("NULL".to_owned(), |value| format!("'{}'", value.replace('\'', "''")))
}

fn number(value: Option<f64>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(value) if value.is_nan() => "'NaN'".to_owned(),
        Some(value) if value.is_infinite() => format!("'{}Infinity'", if value > 0.0 { "" } else { "-" }),
        Some(value) => format!("'{value:e}'"),
    }
}
