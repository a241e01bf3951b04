//! Labels of every type that has a text.

use std::fmt::Write as _;

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::data::{Series, Table, Time, rows};
use super::dice;
use super::reference::{Labels, UNKNOWN};

/// A value of a type: as SQL, and as it reads.
type Value = (&'static str, &'static str);

/// A label's name, which is also its column's, its type, and its values.
type Column = (&'static str, &'static str, &'static [Value]);

/// Types of text.
pub const WORDS: [Column; 6] = [
    ("rel", "name", &[("'pg_class'", "pg_class"), ("'web.01'", "web.01"), ("''", "")]),
    ("sign", "\"char\"", &[("'a'", "a"), ("'b'", "b"), ("'1'", "1"), ("''", "")]),
    ("code", "char(4)", &[("'a'", "a"), ("'30'", "30"), ("'x y'", "x y"), ("''", "")]),
    ("state", "oracle_state", &[("'on'", "on"), ("'(a|b)'", "(a|b)"), ("''", "")]),
    ("zone", "oracle_text", &[("'eu'", "eu"), ("'US'", "US"), ("''", "")]),
    ("deep", "oracle_deep", &[("'web_01'", "web_01"), ("'-- 😀'", "-- 😀")]),
];

/// Addresses and numbers of things.
pub const THINGS: [Column; 6] = [
    ("net", "cidr", &[("'10.1.0.0/16'", "10.1.0.0/16"), ("'2001:db8::/32'", "2001:db8::/32")]),
    ("mac", "macaddr", &[("'08:00:2b:01:02:03'", "08:00:2b:01:02:03"), ("'08002b010204'", "08:00:2b:01:02:04")]),
    ("thing", "oid", &[("30", "30"), ("4294967295", "4294967295"), ("0", "0")]),
    (
        "node",
        "uuid",
        &[
            ("'00000000-0000-0000-0000-000000000007'", "00000000-0000-0000-0000-000000000007"),
            ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ],
    ),
    ("hash", "bytea", &[("'\\x01ff'", "\\x01ff"), ("'\\x'", "\\x")]),
    ("host", "inet", &[("'10.0.0.7'", "10.0.0.7"), ("'10.0.0.7/24'", "10.0.0.7/24"), ("'::1/64'", "::1/64")]),
];

/// Numbers and days. Equal numbers are one text: without trailing zeros, unless the column has a scale.
pub const NUMBERS: [Column; 6] = [
    ("price", "numeric", &[("1.10", "1.1"), ("1.1", "1.1"), ("30", "30"), ("-0.5", "-0.5")]),
    ("cents", "numeric(6,2)", &[("1.1", "1.10"), ("30", "30.00")]),
    (
        "day",
        "date",
        &[
            ("'2024-02-29'", "2024-02-29"),
            ("'0001-01-01'", "0001-01-01"),
            ("'infinity'", "infinity"),
            ("'0044-03-15 BC'", "0044-03-15 BC"),
        ],
    ),
    ("small", "smallint", &[("1", "1"), ("-2", "-2")]),
    ("big", "oracle_int", &[("7", "7"), ("9007199254740993", "9007199254740993")]),
    ("live", "boolean", &[("true", "true"), ("false", "false")]),
];

/// Numbers that are measured; the two zeros are one value.
pub const MEASURES: [Column; 4] = [
    ("ratio", "float8", &[("'-0'", "0"), ("'0'", "0"), ("1e300", "1e+300"), ("'NaN'", "NaN"), ("0.1", "0.1")]),
    ("grade", "float4", &[("'-0'", "0"), ("0.1", "0.1"), ("'-Infinity'", "-Infinity"), ("1e-7", "1e-07")]),
    (
        "limit",
        "numeric",
        &[("'Infinity'", "Infinity"), ("'NaN'", "NaN"), ("0.00", "0"), ("1e20", "100000000000000000000")],
    ),
    ("far", "date", &[("'-infinity'", "-infinity"), ("'12024-02-29'", "12024-02-29"), ("'infinity'", "infinity")]),
];

/// Types of extensions; equal texts in another case are two texts.
pub const CONTRIB: [Column; 2] = [
    ("word", "citext", &[("'web'", "web"), ("'WEB'", "WEB"), ("'x'", "x"), ("''", "")]),
    ("path", "ltree", &[("'a.b'", "a.b"), ("'a.B'", "a.B"), ("'web'", "web"), ("''", "")]),
];

/// What the columns' types need.
pub const TYPES: &str = "
    CREATE TYPE oracle_state AS ENUM ('on', 'off', '(a|b)', '');
    CREATE DOMAIN oracle_text AS varchar(20) CHECK (value <> 'none');
    CREATE DOMAIN oracle_deeper AS text;
    CREATE DOMAIN oracle_deep AS oracle_deeper;
    CREATE DOMAIN oracle_int AS bigint;";

/// A wide table whose labels are these columns.
pub fn typed(name: &'static str, columns: &[Column], labels: &'static [&'static str], seed: u64) -> Table {
    let mut dice = dice(seed);
    let (mut defined, mut declared, mut named) = (String::new(), Vec::new(), String::new());
    for (column, ty, _) in columns {
        write!(defined, "\"{column}\" {ty}, ").unwrap();
        write!(named, "\"{column}\", ").unwrap();
        declared.push(format!("\"{column}\""));
    }
    let create = format!("CREATE TABLE {name} (ts timestamptz, {defined}value float8);");
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [{}]\n[source.metric.{name}]\ncolumn = \"value\"\n",
        declared.join(", ")
    );
    let series: Vec<Series> = (0..20).map(|_| one(columns, &mut dice)).collect();
    let named = format!("ts, {named}value");
    let (insert, samples) = rows(name, &named, Time::Timestamptz, "float8", &series, &mut dice);
    Table { metric: name, create, insert, toml, samples, labels, always_aggregated: false }
}

fn one(columns: &[Column], dice: &mut StdRng) -> Series {
    let (mut sql, mut labels) = (String::new(), Labels::new());
    for (column, _, values) in columns {
        let Some((literal, text)) = values.get(dice.random_range(0..=values.len())) else {
            sql.push_str("NULL, ");
            continue;
        };
        write!(sql, "{literal}, ").unwrap();
        labels.extend((!text.is_empty()).then(|| ((*column).to_owned(), (*text).to_owned())));
    }
    (sql, labels)
}

pub const OF_WORDS: [&str; 7] = ["rel", "sign", "code", "state", "zone", "deep", UNKNOWN];
pub const OF_THINGS: [&str; 7] = ["net", "mac", "thing", "node", "hash", "host", UNKNOWN];
pub const OF_NUMBERS: [&str; 7] = ["price", "cents", "day", "small", "big", "live", UNKNOWN];
pub const OF_MEASURES: [&str; 5] = ["ratio", "grade", "limit", "far", UNKNOWN];
pub const OF_CONTRIB: [&str; 3] = ["word", "path", UNKNOWN];
