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
        for (matcher, expected) in [
            (format!("label=\"{text}\""), 1.0),
            (format!("label=\"({text}|nothing)\""), 1.0),
            (format!("label!=\"{text}\""), 6.0),
            (format!("label=~\"{text}|no.*\""), 1.0),
            ("label=~\"NO.*|\"".to_owned(), if *table == "of_domain" { 6.0 } else { 4.0 }),
        ] {
            let body = json!({"range": {"from": "2025-03-29T00:00:00Z", "to": "2025-03-30T00:00:00Z"}, "maxDataPoints": 2,
                "targets": [{"target": format!("sum({table}{{{matcher}}})")}]});
            let answer = server.post("/query", body).await;
            assert_eq!(answer.body[0]["datapoints"][0][0], expected, "{table} {matcher}: {}", answer.body);
        }
    }
}
