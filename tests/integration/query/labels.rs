//! Labels of every type that can be one: what is shown selects.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql};

const ROWS: &str = r#"
    CREATE TYPE mood AS ENUM ('zen', 'angry');
    CREATE TABLE typed (ts timestamptz NOT NULL, mood mood, id uuid, code char(6), n smallint NOT NULL, ok boolean,
        meta jsonb, note json, value double precision);
    CREATE INDEX ON typed (mood, ts);
    CREATE INDEX ON typed (id);
    CREATE INDEX ON typed (code);
    CREATE INDEX ON typed (n);
    INSERT INTO typed VALUES
        ('2025-01-01 00:01Z', 'zen', '0190163d-8694-739b-aea5-966c26f8ad91', 'ab', -7, true,
            '{"os": {"name": "linux", "version": 1.50}}', '{"who": "me"}', 1),
        ('2025-01-01 00:01Z', 'angry', 'ffffffff-ffff-ffff-ffff-ffffffffffff', 'cd ef', 7, false,
            '{"os": {"name": "", "version": null}}', '{"who": ["a",  "b"]}', 1),
        ('2025-01-01 00:01Z', NULL, NULL, '', 8, NULL, '[]', 'null', 1),
        ('2025-01-01 00:01Z', NULL, NULL, NULL, 8, NULL, NULL, NULL, 1);"#;

const TOML: &str = r#"
    [[source]]
    relation = "typed"
    time = "ts"
    labels = ["mood", "id", "code", "n", "ok", { name = "os", json = ["meta", "os", "name"] },
        { name = "version", json = ["meta", "os", "version"] }, { name = "who", json = ["note", "who"] }]
    [source.metric.typed]
    column = "value""#;

#[sqlx::test(migrations = false)]
async fn the_shown_value_of_a_label_selects_its_series(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::declared(&pool, TOML).await;
    let ask = async |target: &str, label: &str| {
        let body = json!({
            "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T01:00:00Z"}, "targets": [{"target": target}],
        });
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
        answer.drawn().iter().map(|e| e["tags"][label].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    for (label, shown) in [
        ("mood", vec!["", "angry", "zen"]),
        ("id", vec!["", "0190163d-8694-739b-aea5-966c26f8ad91", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
        ("code", vec!["", "ab", "cd ef"]),
        ("n", vec!["-7", "7", "8"]),
        ("ok", vec!["", "false", "true"]),
        ("os", vec!["", "linux"]),
        ("version", vec!["", "1.50"]),
        ("who", vec!["", r#"["a", "b"]"#, "me"]),
    ] {
        let by = format!("sum by ({label}) (typed)");
        assert_eq!(ask(&by, label).await, shown, "{label}");
        for value in &shown {
            let escaped = value.replace('.', r"\.").replace('[', r"\[").replace(']', r"\]").replace('"', r#"\""#);
            for target in
                [format!("{label}=\"{escaped}\""), format!("{label}=~\"({escaped}|)()\", {label}=\"{escaped}\"")]
            {
                assert_eq!(ask(&format!("sum by ({label}) (typed{{{target}}})"), label).await, [*value], "{target}");
            }
            let others: Vec<&str> = shown.iter().copied().filter(|other| other != value).collect();
            assert_eq!(ask(&format!("sum by ({label}) (typed{{{label}!=\"{escaped}\"}})"), label).await, others);
        }
        for nonsense in ["NULL", "007", "zen ", "ZEN", "AB", "{}", "99999999999999999999", "TRUE", "t"] {
            let wanted: Vec<&str> = if nonsense == "{}" && label != "n" { vec![""] } else { vec![] };
            assert_eq!(ask(&format!("sum by ({label}) (typed{{{label}=\"{nonsense}\"}})"), label).await, wanted);
            let none = ask(&format!("sum by ({label}) (typed{{{label}=~\"x{nonsense}.*\"}})"), label).await;
            assert!(none.is_empty(), "{label} {nonsense}");
        }
    }
    assert_eq!(ask("typed", "n").await, ["-7", "7", "8"]);
}

#[sqlx::test(migrations = false)]
async fn an_empty_member_of_an_enum_is_an_absent_label(pool: PgPool) {
    let rows = "CREATE TYPE flag AS ENUM ('', 'on');
        CREATE TABLE flagged (ts timestamptz NOT NULL, flag flag, value double precision);
        INSERT INTO flagged VALUES
            ('2025-01-01 00:01Z', '', 1), ('2025-01-01 00:01Z', NULL, 2), ('2025-01-01 00:01Z', 'on', 4);";
    sql(&pool, rows).await;
    let server = Server::start(&pool).await;
    for (matcher, expected) in [("flag=\"\"", 1.5), ("flag!=\"\"", 4.0), ("flag!=\"on\"", 1.5)] {
        let target = format!("sum(flagged{{{matcher}}})");
        let elements = server.query("2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z", 1, &target).await;
        // NULL and the empty member are one series, whose value is the average of its samples.
        assert_eq!(elements[0]["datapoints"][0][0], json!(expected), "{matcher}");
    }
}
