//! Numbers in several typed columns, in texts and in JSON: what is no finite number is no sample.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use sqlx::PgPool;

use crate::oracle::check;
use crate::oracle::data::{Series, Table, Time, WIDE, columns, rows_with};

use super::dimensions::serve;

/// A value's SQL and the numbers that it means.
type Form = (&'static str, &'static [f64]);

/// A wide table whose rows end with these columns, filled with these forms.
fn table(name: &'static str, ddl: &str, columns_of_value: &str, declared: &str, forms: &'static [Form]) -> Table {
    let create = format!(
        "CREATE TABLE {name} (ts timestamptz, host text, dc varchar(9), rack int, live boolean, {ddl});
         CREATE INDEX ON {name} (host, ts);"
    );
    let toml = format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [\"host\", \"dc\", \"rack\", \"live\"]\n{declared}\n"
    );
    let mut dice = StdRng::seed_from_u64(700);
    let series: Vec<Series> = (0..16).map(|_| columns(&mut dice)).collect();
    let named = format!("ts, host, dc, rack, live, {columns_of_value}");
    let (insert, samples) = rows_with(name, &named, Time::Timestamptz, &series, &mut dice, |dice| {
        let (sql, numbers) = forms.choose(dice).unwrap();
        ((*sql).to_owned(), numbers.to_vec())
    });
    Table { metric: name, create, insert, toml, samples, labels: &WIDE, always_aggregated: false }
}

const TEXTS: &[Form] = &[
    ("'21.5'", &[21.5]),
    ("'-3'", &[-3.0]),
    ("' 7 '", &[7.0]),
    ("'+1.5e2'", &[150.0]),
    ("'.5'", &[0.5]),
    ("'9.'", &[9.0]),
    ("'1e-400'", &[0.0]),
    ("'9007199254740993'", &[9_007_199_254_740_992.0]),
    ("'on'", &[1.0]),
    ("'off'", &[0.0]),
    ("'it''s \"5\"'", &[5.0]),
    ("'On'", &[]),
    ("'unavailable'", &[]),
    ("'unknown'", &[]),
    ("''", &[]),
    ("'NaN'", &[]),
    ("'Infinity'", &[]),
    ("'1e999'", &[]),
    ("'12 %'", &[]),
    ("'1,5'", &[]),
    ("'0x10'", &[]),
    ("'--'", &[]),
    ("'😀'", &[]),
    ("repeat('9', 500)", &[]),
    ("NULL", &[]),
];

#[sqlx::test(migrations = false)]
async fn texts_answer_where_they_are_numbers(pool: PgPool) {
    let map =
        "map = { on = 1, off = 0, 'it''s \"5\"' = 5 }".replace("''", "'").replace("'it's \"5\"'", "\"it's \\\"5\\\"\"");
    let declared = format!("{map}\n[source.metric.of_text]\ncolumn = \"state\"");
    let tables = [
        table("of_text", "state text", "state", &declared, TEXTS),
        table("of_varchar", "state varchar(600)", "state", &declared.replace("of_text", "of_varchar"), TEXTS),
    ];
    check(&pool, tables.iter()).await;
}

const TYPED: &[Form] = &[
    ("5, NULL, NULL, NULL, NULL", &[5.0]),
    ("NULL, 2.5, NULL, NULL, NULL", &[2.5]),
    ("NULL, NULL, '3.25', NULL, NULL", &[3.25]),
    ("NULL, NULL, 'n/a', NULL, NULL", &[]),
    ("NULL, NULL, 'n/a', true, NULL", &[]),
    ("NULL, NULL, NULL, true, NULL", &[1.0]),
    ("NULL, NULL, NULL, false, 9", &[0.0]),
    ("NULL, NULL, NULL, NULL, 1e400", &[f64::INFINITY]),
    ("7, 8, '9', true, 10", &[7.0]),
    ("NULL, 'NaN', '9', true, 10", &[f64::NAN]),
    ("NULL, NULL, NULL, NULL, NULL", &[]),
];

#[sqlx::test(migrations = false)]
async fn the_first_column_that_is_not_null_is_the_value(pool: PgPool) {
    let ddl = "l bigint, d float8, s text, b boolean, n numeric";
    let declared = "[source.metric.of_typed]\ncolumn = [\"l\", \"d\", \"s\", \"b\", \"n\"]";
    let numbers = "[source.metric.of_numbers]\ncolumn = [\"l\", \"d\"]";
    const NUMBERS: &[Form] =
        &[("1, 2.5", &[1.0]), ("NULL, 2.5", &[2.5]), ("NULL, 'Infinity'", &[f64::INFINITY]), ("NULL, NULL", &[])];
    let tables = [
        table("of_typed", ddl, "l, d, s, b, n", declared, TYPED),
        table("of_numbers", "l bigint, d float8", "l, d", numbers, NUMBERS),
    ];
    check(&pool, tables.iter()).await;
}

const DOCUMENTS: &[Form] = &[
    (r#"'{"a": {"b.c": 5}}'"#, &[5.0]),
    (r#"'{"a": {"b.c": -2.5e2, "x": 1}}'"#, &[-250.0]),
    (r#"'{"a": {"b.c": "21.5"}}'"#, &[21.5]),
    (r#"'{"a": {"b.c": true}}'"#, &[1.0]),
    (r#"'{"a": {"b.c": false}}'"#, &[0.0]),
    (r#"'{"a": {"b.c": "on"}}'"#, &[1.0]),
    (r#"'{"a": {"b.c": null}}'"#, &[]),
    (r#"'{"a": {"b.c": [5]}}'"#, &[]),
    (r#"'{"a": {"b.c": {"d": 1}}}'"#, &[]),
    (r#"'{"a": {"b.c": "much"}}'"#, &[]),
    (r#"'{"a": {"b.c": 1e400}}'"#, &[]),
    (r#"'{"a": {"b.c": 1e-400}}'"#, &[0.0]),
    (r#"'{"a": 5}'"#, &[]),
    (r#"'{"a.b.c": 5}'"#, &[]),
    ("'[5]'", &[]),
    ("'5'", &[]),
    ("'null'", &[]),
    ("'{}'", &[]),
    ("NULL", &[]),
];

const BROKEN: &[Form] = &[
    (r#"'{"a": {"b.c": 5}}'"#, &[5.0]),
    (r#"' { "a" : { "b.c" : [ ] , "b.c" : 6 } , "o": [[[1, {"x": "}"}]]] } '"#, &[6.0]),
    (r#"'{"a": {"b.c": 5}'"#, &[]),
    (r#"'{"a": {"b.c": 05}}'"#, &[]),
    (r#"'{"a": {"b.c": 5},}'"#, &[]),
    (r#"'{a: {"b.c": 5}}'"#, &[]),
    (r#"'{"a": {"b.c": 5}} x'"#, &[]),
    (r#"'{"s": "\x", "a": {"b.c": 5}}'"#, &[]),
    (r#"'{"s": "\u0000", "a": {"b.c": 5}}'"#, &[]),
    (r#"'{"s": "\ud800", "a": {"b.c": 5}}'"#, &[]),
    (r#"'{"s": "\ud83d\ude00 \" \\", "a": {"b.c": 5}}'"#, &[5.0]),
    (r#"'{"a": {"b.c": tru}}'"#, &[]),
    (r#"'{"a": {"b.c": 1 2}}'"#, &[]),
    ("'plain'", &[]),
    ("''", &[]),
    ("NULL", &[]),
];

#[sqlx::test(migrations = false)]
async fn members_of_documents_answer_where_they_are_numbers(pool: PgPool) {
    let declared = |name: &str| format!("map = {{ on = 1 }}\n[source.metric.{name}]\njson = [\"doc\", \"a\", \"b.c\"]");
    let tables = [
        table("of_jsonb", "doc jsonb", "doc", &declared("of_jsonb"), DOCUMENTS),
        table("of_json", "doc json", "doc", &declared("of_json"), DOCUMENTS),
        table("of_document", "doc text", "doc", &declared("of_document"), DOCUMENTS),
        table("of_broken", "doc text", "doc", &declared("of_broken"), BROKEN),
    ];
    check(&pool, tables.iter()).await;
}

const ARRAYS: &[Form] = &[
    (r#"'{"readings": [{"v": 1}, {"v": "2.5"}, {"v": null}, {"w": 9}, 7, {"v": "x"}]}'"#, &[1.0, 2.5]),
    (r#"'{"readings": [{"v": -4}]}'"#, &[-4.0]),
    (r#"'{"readings": []}'"#, &[]),
    (r#"'{"readings": {"v": 5}}'"#, &[]),
    (r#"'{"readings": 5}'"#, &[]),
    (r#"'{}'"#, &[]),
    ("'[]'", &[]),
    ("NULL", &[]),
];

const PLAIN: &[Form] =
    &[("'[1, \"2\", null, [3], {}, true]'", &[1.0, 2.0, 1.0]), ("'[]'", &[]), ("'5'", &[]), ("NULL", &[])];

#[sqlx::test(migrations = false)]
async fn each_element_of_an_array_is_a_sample(pool: PgPool) {
    let members = "each = [\"payload\", \"readings\"]\n[source.metric.of_elements]\njson = [\"v\"]";
    let plain = "each = [\"payload\"]\n[source.metric.of_plain]\njson = []";
    let tables = [
        table("of_elements", "payload jsonb", "payload", members, ARRAYS),
        table("of_plain", "payload json", "payload", plain, PLAIN),
    ];
    check(&pool, tables.iter()).await;
}

const FLOATS: &[Form] =
    &[("'NaN'", &[]), ("1.5", &[1.5]), ("-2", &[-2.0]), ("'Infinity'", &[f64::INFINITY]), ("NULL", &[])];

#[sqlx::test(migrations = false)]
async fn nan_samples_do_not_exist_where_the_file_says_so(pool: PgPool) {
    let skip = |name: &str| format!("nan = \"skip\"\n[source.metric.{name}]\ncolumn = \"value\"");
    let several = "nan = \"skip\"\n[source.metric.of_both]\ncolumn = [\"value\", \"note\"]";
    const BOTH: &[Form] = &[("'NaN', '5'", &[]), ("1.5, 'x'", &[1.5]), ("NULL, '6'", &[6.0]), ("NULL, 'x'", &[])];
    let tables = [
        table("of_float8", "value float8", "value", &skip("of_float8"), FLOATS),
        table("of_numeric", "value numeric", "value", &skip("of_numeric"), FLOATS),
        table("of_both", "value float8, note text", "value, note", several, BOTH),
    ];
    check(&pool, tables.iter()).await;
}

#[sqlx::test(migrations = false)]
async fn what_is_no_number_is_counted_on_the_panel(pool: PgPool) {
    crate::support::sql(
        &pool,
        "CREATE TABLE states (ts timestamptz, entity text, state text);
         INSERT INTO states SELECT '2025-06-01Z'::timestamptz + n * interval '1 min', 'lamp', s
         FROM unnest('{1,on,x,unavailable,3,NULL}'::text[]) WITH ORDINALITY AS s(s, n);
         INSERT INTO states VALUES ('2025-06-01 00:02Z', 'door', 'open'), ('2025-06-01 00:03Z', 'cat', 'x')",
    )
    .await;
    let text = "[[source]]\nrelation = \"states\"\ntime = \"ts\"\nlabels = [\"entity\"]\nvalue = \"state\"\n\
                map = { on = 1 }\n";
    let server = serve(&pool, "SELECT 1", text).await;
    for target in
        ["states_state", "sum(states_state)", "quantile_over_time(0.5, states_state[1h])", "rate(states_state[1h])"]
    {
        let body = serde_json::json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"}, "maxDataPoints": 1,
            "targets": [{"target": target, "refId": "A"}],
        });
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.drawn().len(), 1, "{target}: {}", answer.body);
        let notices = answer.body[0]["meta"]["notices"].to_string();
        assert!(
            notices.contains("states_state: 4 values are not numbers and were skipped"),
            "{target}: {}",
            answer.body
        );
    }
}

#[sqlx::test(migrations = false)]
async fn every_numeric_member_is_a_metric(pool: PgPool) {
    crate::support::sql(
        &pool,
        r#"CREATE TABLE stats (ts timestamptz, db text, data jsonb);
           INSERT INTO stats VALUES
             ('2025-06-01 00:00Z', 'a', '{"commits": 10, "text": "x", "flag": true, "nothing": null, "quoted": "2.5"}'),
             ('2025-06-01 00:01Z', 'a', '{"commits": 14, "late": 1, "deep": {"n": 1}, "list": [1]}'),
             ('2025-06-01 00:02Z', 'b', '{"commits": "broken"}'), ('2025-06-01 00:03Z', 'b', '[1]'), ('2025-06-01 00:04Z', 'b', NULL)"#,
    )
    .await;
    let text = "[discovery]\nenabled = false\n[[source]]\nrelation = \"stats\"\ntime = \"ts\"\nlabels = [\"db\"]\n\
                value = { json = [\"data\"], all = true }\n[source.metric.commits]\nkind = \"counter\"\nunit = \"ops\"\n\
                [source.metric.rows_seen]\nrows = true\n";
    let server = serve(&pool, "SELECT 1", text).await;
    let names = server.post("/search", serde_json::json!({"target": ""})).await;
    let expected = ["rows_seen", "stats_commits", "stats_flag", "stats_late", "stats_quoted"];
    assert_eq!(names.body, serde_json::json!(expected));
    let (from, to) = ("2025-06-01T00:00:00Z", "2025-06-01T01:00:00Z");
    for (target, expected) in [
        ("stats_commits", 12.0),
        ("increase(stats_commits[1h])", 4.0),
        ("stats_flag", 1.0),
        ("stats_quoted", 2.5),
        ("sum(rows_seen)", 5.0),
        ("rows_seen{db=\"b\"}", 3.0),
    ] {
        let found = server.query(from, to, 1, target).await;
        assert_eq!(found[0]["datapoints"][0][0], serde_json::json!(expected), "{target}: {found:?}");
    }
}
