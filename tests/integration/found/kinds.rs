//! Labels, keys of joins and values of every type.

use std::io::Write as _;

use sqlx::PgPool;

use super::{offered, read, values};
use crate::support::{Server, sql};

const HOUR: (&str, &str) = ("2025-06-02T00:00:00Z", "2025-06-02T01:00:00Z");

/// A table for each type with three series of 1, 2 and 3, an index on label and time, and NULL in a fourth.
const TABLES: &str = "
    CREATE DOMAIN address AS inet;
    DO $$ DECLARE form record; BEGIN
    FOR form IN SELECT * FROM (VALUES
        ('name', '{h1,h2,h3}'), ('text', '{h1,h2,h3}'), ('inet', '{10.0.0.1,10.0.0.0/8,::1}'), ('address', '{10.0.0.1,10.0.0.0/8,::1}'),
        ('cidr', '{10.0.0.0/8,192.168.0.0/16,::/0}'), ('macaddr', '{08:00:2b:01:02:01,08:00:2b:01:02:02,08:00:2b:01:02:03}'),
        ('macaddr8', '{08:00:2b:01:02:01:00:00,08:00:2b:01:02:02:00:00,08:00:2b:01:02:03:00:00}'),
        ('oid', '{1,2,4000000000}'), ('uuid', '{00000000-0000-0000-0000-000000000001,00000000-0000-0000-0000-000000000002,00000000-0000-0000-0000-000000000003}'),
        ('numeric', '{1.50,2,3}'), ('date', '{2025-06-01,2025-06-02,2025-06-03}'), ('float8', '{0.1,2,1e+300}'), ('float4', '{0.1,2,3}'),
        ('bytea', '{\"\\\\x01\",\"\\\\x02\",\"\\\\xff\"}'), ('\"char\"', '{a,b,c}'), ('bit(2)', '{01,10,11}'), ('pg_lsn', '{0/1,0/2,0/3}'), ('boolean', '{true,false}')
        ) AS plain
    LOOP
        EXECUTE format('CREATE TABLE %I (label %s, ts timestamptz NOT NULL, other int NOT NULL, value float8)', 'by_' || regexp_replace(form.column1, '[^a-z0-9]', '', 'g'), form.column1);
        EXECUTE format('INSERT INTO %I SELECT l::%s, timestamptz ''2025-06-02Z'' + i * interval ''1 min'', 1, n
            FROM generate_series(0, 59) AS i, unnest(%L::text[]) WITH ORDINALITY AS v(l, n)', 'by_' || regexp_replace(form.column1, '[^a-z0-9]', '', 'g'), form.column1, form.column2);
        EXECUTE format('CREATE UNIQUE INDEX ON %I (label, ts, other)', 'by_' || regexp_replace(form.column1, '[^a-z0-9]', '', 'g'));
    END LOOP; END $$;
    ANALYZE;";

/// The texts of the three labels of each table.
const TEXTS: &[(&str, [&str; 3])] = &[
    ("name", ["h1", "h2", "h3"]),
    ("text", ["h1", "h2", "h3"]),
    ("inet", ["10.0.0.1", "10.0.0.0/8", "::1"]),
    ("address", ["10.0.0.1", "10.0.0.0/8", "::1"]),
    ("cidr", ["10.0.0.0/8", "192.168.0.0/16", "::/0"]),
    ("macaddr", ["08:00:2b:01:02:01", "08:00:2b:01:02:02", "08:00:2b:01:02:03"]),
    ("macaddr8", ["08:00:2b:01:02:01:00:00", "08:00:2b:01:02:02:00:00", "08:00:2b:01:02:03:00:00"]),
    ("oid", ["1", "2", "4000000000"]),
    (
        "uuid",
        [
            "00000000-0000-0000-0000-000000000001",
            "00000000-0000-0000-0000-000000000002",
            "00000000-0000-0000-0000-000000000003",
        ],
    ),
    ("numeric", ["1.5", "2", "3"]),
    ("date", ["2025-06-01", "2025-06-02", "2025-06-03"]),
    ("float8", ["0.1", "2", "1e+300"]),
    ("float4", ["0.1", "2", "3"]),
    ("bytea", ["\\x01", "\\x02", "\\xff"]),
    ("\"char\"", ["a", "b", "c"]),
    ("bit(2)", ["01", "10", "11"]),
    ("pg_lsn", ["0/1", "0/2", "0/3"]),
];

/// Texts that no value of some types has.
const FOREIGN: [&str; 8] = ["", "x y", "10.0.0.1/33", "-1", "99999999999999999999", "1e999", "2025-02-30", "\\xz"];

#[sqlx::test(migrations = false)]
async fn every_type_that_has_a_text_is_a_label(pool: PgPool) {
    sql(&pool, TABLES).await;
    let (found, _) = read(&pool, "").await;
    for line in offered(&found) {
        assert!(line.contains("| ts | label other |"), "{line}");
    }
    assert_eq!(found.sources().len(), TEXTS.len() + 1);
    let server = Server::start(&pool).await;
    for (ty, texts) in TEXTS {
        let metric = table(ty);
        let drawn = values(&server, HOUR, &metric).await;
        let found: Vec<(bool, f64)> = texts
            .iter()
            .zip([1.0, 2.0, 3.0])
            .map(|(text, n)| (drawn.iter().any(|(k, v)| k.contains(&format!("{text:?}")) && *v == n), n))
            .collect();
        assert!(found.iter().all(|(is, _)| *is) && drawn.len() == 3, "{ty}: {drawn:?}");
        filters(&server, ty, texts).await;
        let range = serde_json::json!({"from": HOUR.0, "to": HOUR.1});
        let target = format!("label_values({metric}, label)");
        let answer = server.post("/variable", serde_json::json!({"payload": {"target": target}, "range": range})).await;
        let mut listed: Vec<String> = answer
            .body
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|one| Some(one["__value"].as_str()?.to_owned()))
            .collect();
        listed.sort();
        let mut expected: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        expected.sort();
        assert_eq!(listed, expected, "{ty}");
    }
}

/// Equal, one of, none of, a pattern, and texts that the type does not have.
async fn filters(server: &Server, ty: &str, texts: &[&str; 3]) {
    let name = table(ty);
    let sum = |matcher: String| format!("sum({name}{{label{matcher}}})");
    for (at, text) in texts.iter().enumerate() {
        let own = values(server, HOUR, &sum(format!("={text:?}"))).await;
        assert_eq!(own.into_values().collect::<Vec<_>>(), [at as f64 + 1.0], "{ty} {text}");
    }
    let without = values(server, HOUR, &sum(format!("!={:?}", texts[0]))).await;
    assert_eq!(without.into_values().collect::<Vec<_>>(), [5.0], "{ty}");
    let pattern = format!("=~{:?}", format!(".*{}", regex::escape(&texts[2][1.min(texts[2].len() - 1)..])));
    let matched = values(server, HOUR, &sum(pattern)).await;
    assert!(matched.into_values().next().is_some_and(|sum| sum >= 3.0), "{ty}");
    let foreign = format!("({})", FOREIGN.map(regex::escape).join("|"));
    let all = values(server, HOUR, &sum(format!("!={foreign:?}"))).await;
    assert_eq!(all.into_values().collect::<Vec<_>>(), [6.0], "{ty}");
    assert!(values(server, HOUR, &sum(format!("={foreign:?}"))).await.is_empty(), "{ty}");
}

/// The table of a type, which is its metric.
fn table(ty: &str) -> String {
    format!("by_{}", ty.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

#[sqlx::test(migrations = false)]
async fn the_index_on_a_label_of_any_type_serves(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (ty, texts) in
        TEXTS.iter().filter(|(ty, _)| !ty.starts_with(['"', 'b']) || *ty == "bytea").filter(|(ty, _)| *ty != "pg_lsn")
    {
        let metric = table(ty);
        let matcher = datebin::ast::Matcher {
            label: "label".to_owned(),
            test: datebin::ast::Test::In(vec![texts[0].to_owned()].into()),
            span: datebin::ast::Span::default(),
        };
        let plan = crate::explain::explained(&pool, &crate::explain::matched(&server, &metric, vec![matcher])).await;
        let condition =
            plan.lines().find(|line| line.contains("Index Cond: ")).unwrap_or_else(|| panic!("{ty}:\n{plan}"));
        assert!(condition.contains("label") && condition.contains("= ANY ('{"), "{ty}: {condition}");
    }
}

#[sqlx::test(migrations = false)]
async fn paths_of_ltree_are_labels(pool: PgPool) {
    if sqlx::query("CREATE EXTENSION ltree").execute(&pool).await.is_err() {
        // Past the harness, which keeps what a passing test prints.
        let line = "\nSKIPPED: this server has no extension `ltree`; postgresql-contrib has it\n";
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    let tables = "
        CREATE DOMAIN place AS ltree;
        CREATE TABLE by_ltree (label ltree, ts timestamptz NOT NULL, other int NOT NULL, value float8, UNIQUE (label, ts, other));
        CREATE TABLE by_place (label place, ts timestamptz NOT NULL, other int NOT NULL, value float8, UNIQUE (label, ts, other));
        CREATE TABLE walked (path ltree, ts timestamptz NOT NULL, value float8);
        DO $$ DECLARE name text; BEGIN FOREACH name IN ARRAY ARRAY['by_ltree', 'by_place'] LOOP
            EXECUTE format('INSERT INTO %I SELECT l::ltree, timestamptz ''2025-06-02Z'' + i * interval ''1 min'', 1, n
                FROM generate_series(0, 59) AS i, unnest(ARRAY[''a.b'', ''a.B'', ''web'']) WITH ORDINALITY AS v(l, n)', name);
        END LOOP; END $$;
        INSERT INTO walked SELECT ('site.' || n)::ltree, timestamptz '2025-06-02Z' + i * interval '1 min', n
            FROM generate_series(0, 59) AS i, generate_series(1, 3) AS n;
        CREATE INDEX ON walked (path, ts);";
    sql(&pool, tables).await;
    for _ in 0..2 {
        let expected = [
            "by_ltree | ts | label other | by_ltree",
            "by_place | ts | label other | by_place",
            "walked | ts | path | walked",
        ];
        assert_eq!(offered(&read(&pool, "").await.0), expected);
        sql(&pool, "ANALYZE").await;
    }
    let server = Server::start(&pool).await;
    for ty in ["ltree", "place"] {
        filters(&server, ty, &["a.b", "a.B", "web"]).await;
    }
    let drawn = values(&server, HOUR, "walked{path=~\"site.[12]\"}").await;
    assert_eq!(drawn.into_values().collect::<Vec<_>>(), [1.0, 2.0]);
    let wanted = serde_json::json!({"target": "label_values(by_ltree, label)"});
    let range = serde_json::json!({"from": HOUR.0, "to": HOUR.1});
    let answer = server.post("/variable", serde_json::json!({"payload": wanted, "range": range})).await;
    let listed: Vec<&str> = answer.body.as_array().unwrap().iter().filter_map(|one| one["__value"].as_str()).collect();
    assert_eq!(listed.len(), 3, "{}", answer.body);
}

#[sqlx::test(migrations = false)]
async fn three_databases_are_three_counters(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE snap (captured timestamptz NOT NULL, datname name, xact_commit bigint);
         INSERT INTO snap SELECT '2025-01-01 12:00Z'::timestamptz + i * interval '1 min', (array['app','shop','test'])[d]::name, d * 1000000 + i * 60 * d
             FROM generate_series(0, 59) AS i, generate_series(1, 3) AS d;
         ANALYZE;",
    )
    .await;
    let server = Server::start(&pool).await;
    let range = ("2025-01-01T12:10:00Z", "2025-01-01T12:50:00Z");
    for point in
        server.query(range.0, range.1, 5, "sum(rate(snap_xact_commit[10m]))").await[0]["datapoints"].as_array().unwrap()
    {
        assert!((point[0].as_f64().unwrap() - 6.0).abs() < 1e-9, "{point}");
    }
}

#[sqlx::test(migrations = false)]
async fn intervals_are_seconds_and_money_is_a_number(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE runs (ts timestamptz, job text, took interval, cost money);
         INSERT INTO runs SELECT '2025-06-02Z'::timestamptz + i * interval '1 min', 'j', interval '1 h 30 s', 3.5::numeric::money FROM generate_series(0, 59) AS i;",
    )
    .await;
    let (found, _) = read(&pool, "").await;
    assert_eq!(offered(&found), ["runs | ts | job | runs_cost runs_took"]);
    let server = Server::start(&pool).await;
    for (metric, expected) in [("runs_took", 3630.0), ("runs_cost", 3.5), ("max_over_time(runs_took[1h])", 3630.0)] {
        assert_eq!(values(&server, HOUR, metric).await.into_values().collect::<Vec<_>>(), [expected], "{metric}");
    }
}

#[sqlx::test(migrations = false)]
async fn rows_are_joined_by_keys_of_any_type(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE dims (o oid PRIMARY KEY, b bytea UNIQUE, ip inet UNIQUE, d date UNIQUE, n name UNIQUE, label text);
         INSERT INTO dims VALUES (1, '\\x01', '10.0.0.1', '2025-06-01', 'a', 'one'), (2, '\\x02', '10.0.0.2', '2025-06-02', 'b', 'two');
         CREATE TABLE facts (ts timestamptz, o oid, b bytea, ip inet, d date, n name, t text, v float8);
         INSERT INTO facts SELECT '2025-06-02Z'::timestamptz + i * interval '1 min', o, b, ip, d, n, host(ip), o::text::int FROM dims, generate_series(0, 59) AS i;",
    )
    .await;
    for (own, theirs) in [("o", "o"), ("b", "b"), ("ip", "ip"), ("d", "d"), ("n", "n")] {
        let toml = format!(
            "[discovery]\nenabled = false\n[[source]]\nrelation = \"facts\"\ntime = \"ts\"\nlabels = []\nvalue = \"v\"\n[[source.join]]\nrelation = \"dims\"\non = {{ {own} = \"{theirs}\" }}\nlabels = [\"label\"]\n"
        );
        let server = Server::declared(&pool, &toml).await;
        assert_eq!(
            values(&server, HOUR, "sum by (label) (facts_v)").await.into_values().collect::<Vec<_>>(),
            [1.0, 2.0],
            "{own}"
        );
        assert_eq!(
            values(&server, HOUR, "sum(facts_v{label=\"two\"})").await.into_values().collect::<Vec<_>>(),
            [2.0],
            "{own}"
        );
    }
}
