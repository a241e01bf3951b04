//! A label of any type is found by its index, although it is compared as it reads.

use datebin::ast::{Matcher, Span, Test};
use serde_json::json;
use sqlx::PgPool;

use crate::explain::{explained, matched};
use crate::support::{Server, sql};

const TYPES: &str = "
    CREATE SCHEMA \"own types\";
    CREATE TYPE \"own types\".\"st ate\" AS ENUM ('on', 'off', '');
    CREATE DOMAIN switch AS \"own types\".\"st ate\";
    DO $$ BEGIN
        IF (SELECT count(*) = 2 FROM pg_available_extensions WHERE name IN ('citext', 'ltree')) THEN
            CREATE EXTENSION citext SCHEMA \"own types\";
            CREATE EXTENSION ltree SCHEMA \"own types\";
        END IF;
    END $$;";

/// A table for each type: its name, the type, two values that are stored, and the first as it is asked for.
const LABELS: [(&str, &str, &str, &str, &str); 12] = [
    ("of_enum", "\"own types\".\"st ate\"", "on", "off", "on"),
    ("of_domain", "switch", "on", "", "on"),
    ("of_char", "\"char\"", "a", "b", "a"),
    ("of_bpchar", "char(4)", "a", "b", "a"),
    ("of_boolean", "boolean", "true", "false", "true"),
    ("of_date", "date", "infinity", "2025-01-01", "infinity"),
    ("of_cents", "numeric(6,2)", "1.5", "2", "1.50"),
    ("of_price", "numeric", "1.50", "2", "1.5"),
    ("of_ratio", "float8", "-0", "0.5", "0"),
    ("of_address", "inet", "2001:db8::1", "10.0.0.1", "2001:db8::1"),
    ("of_word", "\"own types\".citext", "web", "WEB", "web"),
    ("of_path", "\"own types\".ltree", "a.b", "a.B", "a.b"),
];

#[sqlx::test(migrations = false)]
async fn a_label_of_any_type_is_found_by_its_index_and_by_its_text(pool: PgPool) {
    sql(&pool, TYPES).await;
    let there = "SELECT count(*) FROM pg_extension WHERE extname IN ('citext', 'ltree')";
    let there: i64 = sqlx::query_scalar(there).fetch_one(&pool).await.unwrap();
    let labels = if there == 2 { &LABELS[..] } else { &LABELS[..10] };
    let mut file = "[discovery]\nenabled = false\n".to_owned();
    for (table, ty, one, other, _) in labels {
        let fixture = format!(
            "CREATE TABLE {table} (ts timestamptz NOT NULL, label {ty}, value float8);
             INSERT INTO {table} VALUES ('2025-03-29 06:00Z', '{one}', 1), ('2025-03-29 06:00Z', '{other}', 2),
                 ('2025-03-29 06:00Z', NULL, 4);
             CREATE INDEX ON {table} (label, ts);"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(fixture)).execute(&pool).await.expect("the fixture");
        file.push_str(&format!("[[source]]\nrelation = \"{table}\"\ntime = \"ts\"\nlabels = [\"label\"]\n"));
        file.push_str(&format!("[source.metric.{table}]\ncolumn = \"value\"\n"));
    }
    let server = Server::declared(&pool, &file).await;
    for (table, _, _, _, text) in labels {
        let test = Test::In(vec![(*text).to_owned(), "nothing".to_owned()].into());
        let matcher = Matcher { label: "label".into(), test, span: Span::default() };
        let plan = explained(&pool, &matched(&server, table, vec![matcher])).await;
        let condition = plan.lines().find(|line| line.trim_start().starts_with("Index Cond: "));
        let condition = condition.unwrap_or_else(|| panic!("{table} has no index condition:\n{plan}"));
        assert!(condition.contains("label") && condition.contains(" ANY (") && condition.contains("ts >= "), "{plan}");
        // NULL and the empty text are one series, which has their average.
        let (rest, absent) = if *table == "of_domain" { (3.0, 3.0) } else { (6.0, 4.0) };
        for (matcher, expected) in [
            (format!("label=\"{text}\""), 1.0),
            (format!("label=\"({text}|nothing)\""), 1.0),
            (format!("label!=\"{text}\""), rest),
            (format!("label=~\"{text}|no.*\""), 1.0),
            ("label=~\"NO.*|\"".to_owned(), absent),
        ] {
            let body = json!({"range": {"from": "2025-03-29T00:00:00Z", "to": "2025-03-30T00:00:00Z"}, "maxDataPoints": 2,
                "targets": [{"target": format!("sum({table}{{{matcher}}})")}]});
            let answer = server.post("/query", body).await;
            assert_eq!(answer.body[0]["datapoints"][0][0], expected, "{table} {matcher}: {}", answer.body);
        }
    }
}

#[sqlx::test(migrations = false)]
async fn order_and_absence_are_conditions_on_the_bare_column(pool: PgPool) {
    let mut file = "[discovery]\nenabled = false\n".to_owned();
    for (table, ty, bound) in [
        ("prices", "numeric", "1.5"),
        ("ratios", "float8", "1.5"),
        ("shares", "float4", "1.5"),
        ("counts", "int8", "2"),
    ] {
        let fixture = format!(
            "CREATE TABLE {table} (ts timestamptz NOT NULL, label {ty}, value float8);
             INSERT INTO {table} SELECT '2025-03-29 06:00Z', n, n FROM generate_series(1, 3) AS n;
             INSERT INTO {table} VALUES ('2025-03-29 06:00Z', NULL, 10);
             CREATE INDEX ON {table} (label);"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(fixture)).execute(&pool).await.expect("the fixture");
        for (name, condition) in [("high", format!("label>={bound}")), ("low", format!("label<{bound}"))] {
            file.push_str(&format!(
                "[[source]]\nrelation = \"{table}\"\ntime = \"ts\"\nlabels = [\"label\"]\nwhere = '{condition}'\n\
                 [source.metric.{name}_{table}]\ncolumn = \"value\"\n"
            ));
        }
    }
    let server = Server::declared(&pool, &file).await;
    for table in ["prices", "ratios", "shares", "counts"] {
        for (name, sign, expected) in [("high", "label >= ", 5.0), ("low", "label < ", 1.0)] {
            let metric = format!("{name}_{table}");
            let plan = explained(&pool, &matched(&server, &metric, Vec::new())).await;
            let condition = plan.lines().find(|line| line.contains("Index Cond: ")).unwrap_or_default();
            assert!(condition.contains(sign), "{metric}: {plan}");
            let answer =
                server.query("2025-03-29T00:00:00Z", "2025-03-30T00:00:00Z", 1, &format!("sum({metric})")).await;
            assert_eq!(answer[0]["datapoints"][0][0], expected, "{metric}");
        }
        let test = Test::In(vec![String::new()].into());
        let matcher = Matcher { label: "label".into(), test, span: Span::default() };
        let plan = explained(&pool, &matched(&server, &format!("high_{table}"), vec![matcher])).await;
        let condition = plan.lines().find(|line| line.contains("Index Cond: ")).unwrap_or_default();
        assert!(condition.contains("(label IS NULL)"), "{plan}");
    }
}
