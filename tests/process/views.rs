//! Views over tables with policies: whose policies are in force, and that datebin knows it.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use sqlx::AssertSqlSafe;

use datebin::access::Secret;

use crate::cluster::Cluster;
use crate::program::{Program, answer};

/// Tables with row-level security. `bound` and `viewer` are bound by the policies of all of them, `free` by those of none, and
/// `bound` owns two.
const TABLES: &str = "
    CREATE ROLE bound LOGIN PASSWORD 'hunter2-of-the-tests';
    CREATE ROLE free LOGIN BYPASSRLS PASSWORD 'hunter2-of-the-tests';
    CREATE ROLE viewer;
    CREATE TABLE foreign_rows (ts timestamptz NOT NULL, owner text NOT NULL, value double precision);
    INSERT INTO foreign_rows SELECT t, o, 1
    FROM generate_series('2018-04-15 00:00Z'::timestamptz, '2018-04-15 06:00Z', '10 min') AS t, unnest(ARRAY['alice', 'bob']) AS o;
    CREATE TABLE owned AS TABLE foreign_rows; ALTER TABLE owned OWNER TO bound;
    CREATE TABLE forced AS TABLE foreign_rows; ALTER TABLE forced OWNER TO bound; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
    CREATE TABLE rollup (bucket timestamptz NOT NULL, owner text NOT NULL, average double precision, n bigint);
    INSERT INTO rollup SELECT date_trunc('hour', ts, 'UTC'), owner, 100, count(*) FROM foreign_rows GROUP BY 1, 2;
    DO $$ DECLARE name text; BEGIN
        FOREACH name IN ARRAY ARRAY['foreign_rows', 'owned', 'forced'] LOOP
            EXECUTE format('ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON %1$I USING (
                owner = nullif(current_setting(''datebin.token'', true), '''')
                OR nullif(current_setting(''datebin.token'', true), '''') IS NULL)', name);
        END LOOP;
    END $$;";

/// Views over a table: the end of the name, its owner, whether it reads as its invoker, and what it reads.
const VIEWS: [(&str, &str, bool, &str); 11] = [
    ("_free", "free", false, ""),
    ("_viewer", "viewer", false, ""),
    ("_bound", "bound", false, ""),
    ("_asked", "free", true, ""),
    ("_asked_viewer", "viewer", true, ""),
    ("_free_asked", "free", false, "_asked"),
    ("_viewer_asked", "viewer", false, "_asked"),
    ("_asked_free", "viewer", true, "_free"),
    ("_free_viewer", "free", false, "_viewer"),
    ("_viewer_free", "viewer", false, "_free"),
    ("_asked_asked", "free", true, "_asked_viewer"),
];

const TABLE_NAMES: [&str; 3] = ["foreign_rows", "owned", "forced"];

/// Makes the views, and a materialized one of each table; the names of all relations.
async fn made(cluster: &Cluster) -> Vec<String> {
    cluster.sql(TABLES).await;
    let mut connection = cluster.connect().await;
    let version: String = sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut connection).await.expect("text");
    // Views of the invoker exist from PostgreSQL 15 on.
    let has_invoker = version.parse::<u32>().expect("a number") >= 150_000;
    let mut relations = Vec::new();
    let mut text = String::new();
    for table in TABLE_NAMES {
        relations.push(table.to_owned());
        for (end, owner, is_invoker, below) in VIEWS {
            if (is_invoker || below.starts_with("_asked")) && !has_invoker {
                continue;
            }
            let with = if is_invoker { "WITH (security_invoker = on)" } else { "" };
            text += &format!(
                "CREATE VIEW {table}{end} {with} AS TABLE {table}{below}; ALTER VIEW {table}{end} OWNER TO {owner};\n"
            );
            relations.push(format!("{table}{end}"));
        }
        text += &format!(
            "CREATE MATERIALIZED VIEW {table}_kept AS TABLE {table}; CREATE VIEW {table}_of_kept AS TABLE {table}_kept;\n"
        );
        relations.extend([format!("{table}_kept"), format!("{table}_of_kept")]);
    }
    text += "GRANT SELECT ON ALL TABLES IN SCHEMA public TO bound, free, viewer;";
    sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("the views");
    relations
}

/// The relations of which the role sees fewer rows with a token than without.
async fn hidden(cluster: &Cluster, role: &str, relations: &[String]) -> BTreeSet<String> {
    let mut connection = cluster.connect().await;
    let mut hidden = BTreeSet::new();
    for relation in relations {
        let text = format!("BEGIN; SET LOCAL ROLE {role}; SET LOCAL datebin.token = 'alice'");
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut connection).await.expect("a transaction");
        let count = AssertSqlSafe(format!("SELECT count(DISTINCT owner) FROM {relation}"));
        let owners: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("a count");
        sqlx::raw_sql("ROLLBACK").execute(&mut connection).await.expect("the end");
        hidden.extend((owners < 2).then(|| relation.clone()));
    }
    hidden
}

/// The relations whose rollup is not used for a token, which is told by its greater values.
async fn unrolled(program: &Program, relations: &[String]) -> BTreeSet<String> {
    let mut unrolled = BTreeSet::new();
    for relation in relations {
        let body = json!({
            "range": {"from": "2018-04-15T00:00:00Z", "to": "2018-04-15T06:00:00Z"}, "maxDataPoints": 100,
            "targets": [{"target": format!("max(m_{relation})"), "refId": "A", "payload": {"step": "1h"}}],
        });
        let request = program.client.post(format!("{}/query", program.base)).body(body.to_string());
        let answer = answer(request.header("authorization", "Bearer secret-of-alice")).await.expect("an answer");
        let values: BTreeSet<String> =
            answer.body[0]["datapoints"].as_array().into_iter().flatten().map(|point| point[0].to_string()).collect();
        let text = values.iter().cloned().collect::<Vec<_>>().join(" ");
        assert!(text == "1.0" || text == "100.0", "{relation}: {} {}", answer.status, answer.body);
        unrolled.extend((text == "1.0").then(|| relation.clone()));
    }
    unrolled
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_behind_views_are_those_that_postgresql_applies() {
    let cluster = Cluster::start();
    let relations = made(&cluster).await;
    let source = |relation: &String| {
        format!(
            "[[source]]\nrelation = \"{relation}\"\ntime = \"ts\"\nlabels = [\"owner\"]\n[source.metric.m_{relation}]\ncolumn = \"value\"\n\
             [[source.rollup]]\nrelation = \"rollup\"\nstep = \"1h\"\ntime = \"bucket\"\ncolumns = {{ avg = \"average\", count = \"n\" }}\n"
        )
    };
    let file = format!("[discovery]\nenabled = false\n{}", relations.iter().map(source).collect::<String>());
    std::fs::write(cluster.directory.join("datebin.toml"), file).expect("the catalog");
    let tokens = cluster.directory.join("tokens.toml");
    let digits = Secret::of(b"secret-of-alice").digits();
    std::fs::write(&tokens, format!("[[token]]\nname = \"alice\"\nsha256 = \"{digits}\"\n")).expect("tokens");
    std::fs::set_permissions(&tokens, Permissions::from_mode(0o600)).expect("its mode");
    for role in ["bound", "free"] {
        let url = cluster.url().replace("datebin:", &format!("{role}:"));
        let program = Program::serve(&cluster, &[("DATABASE_URL", &url), ("DATEBIN_TOKENS", "tokens.toml")]).await;
        let hidden = hidden(&cluster, role, &relations).await;
        assert_eq!(unrolled(&program, &relations).await, hidden, "{role}");
        // The test tells them apart: some are hidden from this role, and some are not.
        assert!(!hidden.is_empty() && hidden.len() < relations.len(), "{role}: {hidden:?}");
    }
}
