//! What the server's errors mean for the person at the panel: one relation for each SQLSTATE.

use serde_json::json;
use sqlx::PgPool;

use crate::support::{Server, sql};

const LOAD: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text, value float8);
    INSERT INTO cpu SELECT '2025-06-01Z'::timestamptz + i * interval '1 min', 'a', 1 FROM generate_series(0, 59) AS i;
    CREATE FUNCTION fail(code text, value float8) RETURNS float8 LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the secret words' USING ERRCODE = code; END $$;
    DO $$ DECLARE code text; BEGIN
        FOREACH code IN ARRAY ARRAY['55000','55P03','22P02','22003','22012','22P05','22023','21000','P0001','HV000','25006',
                                    '42501','42P01','42703','42883','0A000','53100','53200','53400','54001','XX000','XX001',
                                    '40001','40P01','57014','58030','08001','38000'] LOOP
            EXECUTE format('CREATE VIEW %I AS SELECT ts, host, fail(%L, value) AS value FROM cpu', 'v_' || lower(code), code);
        END LOOP;
    END $$;
    CREATE MATERIALIZED VIEW never_filled AS SELECT ts, host, value FROM cpu WITH NO DATA;
    CREATE VIEW cast_fails AS SELECT ts, host, (host || 'x')::float8 AS value FROM cpu;
    CREATE VIEW many_rows AS SELECT ts, host, (SELECT c.value FROM cpu AS c LIMIT 2) AS value FROM cpu;
    CREATE TABLE written (n int);
    CREATE FUNCTION writes() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.written VALUES (1); RETURN 1; END $$;
    CREATE VIEW writing AS SELECT ts, host, value + writes() AS value FROM cpu;";

#[sqlx::test(migrations = false)]
async fn each_sqlstate_has_its_answer(pool: PgPool) {
    sql(&pool, LOAD).await;
    let server = Server::start(&pool).await;
    for (metric, status, code, says) in [
        ("v_55000", 422, "relation_broken", "55000"),
        ("never_filled", 422, "relation_broken", "REFRESH MATERIALIZED VIEW"),
        ("v_55p03", 504, "timeout", "locked"),
        ("v_22p02", 422, "relation_broken", "22P02"),
        ("cast_fails", 422, "relation_broken", "not of the type"),
        ("v_22003", 422, "bad_data", "22003"),
        ("v_22012", 422, "bad_data", "divides by zero"),
        ("v_22p05", 422, "bad_data", "UTF-8"),
        ("v_22023", 422, "bad_data", "22023"),
        ("v_21000", 422, "relation_broken", "21000"),
        ("many_rows", 422, "relation_broken", "more than one row"),
        ("v_p0001", 422, "relation_broken", "P0001"),
        ("v_38000", 422, "relation_broken", "a function"),
        ("v_hv000", 422, "relation_broken", "foreign server"),
        ("v_25006", 422, "relation_broken", "25006"),
        ("writing", 422, "relation_broken", "writes when it is read"),
        ("v_42501", 422, "relation_broken", "GRANT"),
        ("v_42p01", 422, "relation_broken", "42P01"),
        ("v_42703", 422, "relation_broken", "42703"),
        ("v_42883", 422, "relation_broken", "42883"),
        ("v_0a000", 422, "relation_broken", "0A000"),
        ("v_53100", 503, "database_unavailable", "disk is full"),
        ("v_53200", 503, "database_unavailable", "out of memory"),
        ("v_53400", 422, "relation_broken", "temp_file_limit"),
        ("v_54001", 422, "relation_broken", "too complex"),
        ("v_xx000", 422, "relation_broken", "damaged data"),
        ("v_xx001", 422, "relation_broken", "damaged data"),
        ("v_40001", 503, "database_unavailable", "again"),
        ("v_40p01", 503, "database_unavailable", "again"),
        ("v_57014", 504, "timeout", "took too long"),
        ("v_58030", 503, "database_unavailable", "again"),
        ("v_08001", 503, "database_unavailable", "another database"),
    ] {
        let body = json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"}, "targets": [{"target": metric}],
        });
        let answer = server.post("/query", body).await;
        let told = answer.body["error"].to_string();
        assert_eq!((answer.status, &answer.body["error"]["code"]), (status, &json!(code)), "{metric}: {told}");
        assert!(told.contains(says), "{metric}: {told}");
        assert!(!told.contains("secret") && !told.contains("in a minute"), "{metric}: {told}");
        assert!(status == 503 || !told.contains("again"), "{metric}: {told}");
    }
    // None of these cost the session: they are the statement's errors, not the connection's.
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%v_08001%' \
                    AND application_name = 'datebin'";
    let kept: i64 = sqlx::query_scalar(sessions).fetch_one(&pool).await.expect("a count");
    assert_eq!(kept, 1, "one session serves them all");
}

#[sqlx::test(migrations = false)]
async fn a_statement_at_its_limit_and_one_that_cannot_run_keep_their_session(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE card (ts timestamptz NOT NULL, host text NOT NULL, value float8);
         INSERT INTO card SELECT '2025-06-01Z', 'h' || i, 1 FROM generate_series(1, 1500) AS i;
         CREATE FUNCTION cannot() RETURNS float8 LANGUAGE plpgsql AS $$
         BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '0A000'; END $$;
         CREATE FUNCTION counted() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN
             PERFORM pg_advisory_lock(4242, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4242
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))::int);
             RETURN 0; END $$;
         CREATE VIEW cannot_run AS SELECT ts, host, value + counted() + cannot() AS value FROM card LIMIT 1;",
    )
    .await;
    // A lock of a session stays where its transaction fails: one for each time that the view was read.
    let runs = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 4242 AND granted \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let server = Server::start(&pool).await;
    let pid = async || -> Vec<i32> {
        let statement = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND \
                         application_name = 'datebin' AND query LIKE '%FROM \"public\".%' ORDER BY 1";
        sqlx::query_scalar(statement).fetch_all(&pool).await.expect("the sessions")
    };
    let ask = async |target: &str| {
        let body = json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"}, "maxDataPoints": 1,
            "targets": [{"target": target}],
        });
        server.post("/query", body).await
    };
    assert_eq!(ask("count(card)").await.status, 200);
    let before = pid().await;
    assert_eq!(before.len(), 1, "{before:?}");
    for (target, code) in [("card", "too_many_series"), ("cannot_run", "relation_broken"), ("card", "too_many_series")]
    {
        let answer = ask(target).await;
        assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &json!(code)), "{}", answer.body);
        assert_eq!(pid().await, before, "{target}: the same session as before");
    }
    let runs: i64 = sqlx::query_scalar(runs).fetch_one(&pool).await.expect("a count");
    assert_eq!(runs, 1, "what cannot run is run once");
}

#[sqlx::test(migrations = false)]
async fn json_columns_alike_in_their_first_bytes_are_told_apart(pool: PgPool) {
    let long = "a".repeat(60);
    let setup = format!(
        "CREATE TABLE devices (id int PRIMARY KEY, \"{long}_1\" text, \"{long}_2\" text);
         INSERT INTO devices VALUES (1, '{{\"k\": \"one\"}}', '{{\"k\": \"two\"}}');
         CREATE TABLE m (ts timestamptz NOT NULL, device_id int, value float8);
         INSERT INTO m VALUES ('2025-06-01 00:30Z', 1, 5);"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(setup)).execute(&pool).await.expect("the fixture");
    let file = format!(
        "[[source]]\nrelation = \"m\"\nlabels = []\n[[source.join]]\nrelation = \"devices\"\non = {{ device_id = \"id\" }}\n\
         labels = [{{ name = \"first\", json = [\"{long}_1\", \"k\"] }}, {{ name = \"second\", json = [\"{long}_2\", \"k\"] }}]\n"
    );
    let path = std::env::temp_dir().join(format!("datebin-alike-{}.toml", std::process::id()));
    std::fs::write(&path, file).expect("a file");
    let server = Server::with(&pool, crate::support::Setup { file: Some(path.clone()), ..Default::default() }).await;
    let ask = async |matchers: &str| {
        let target = format!("sum(m{{{matchers}}})");
        let body = json!({
            "range": {"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"}, "maxDataPoints": 1,
            "targets": [{"target": target}],
        });
        let answer = server.post("/query", body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.drawn().iter().map(|series| series["datapoints"][0][0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ask("first=\"one\", second=\"two\"").await, [json!(5.0)]);
    assert_eq!(ask("first=\"two\"").await, Vec::<serde_json::Value>::new());
    let _gone = std::fs::remove_file(path);
}

#[sqlx::test(migrations = false)]
async fn a_bare_name_means_the_first_on_the_search_path_and_says_so(pool: PgPool) {
    sql(
        &pool,
        "CREATE SCHEMA other; CREATE TABLE cpu (ts timestamptz NOT NULL, value float8);
         CREATE TABLE other.cpu (ts timestamptz NOT NULL, value float8);
         INSERT INTO cpu VALUES ('2025-06-01 00:30Z', 1); INSERT INTO other.cpu VALUES ('2025-06-01 00:30Z', 2);
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = other, public', current_database()); END $$;",
    )
    .await;
    let file =
        datebin::catalog::file::CatalogFile::parse("[discovery]\nenabled = false\n[[source]]\nrelation = \"cpu\"\n");
    let config = datebin::db::DatabaseConfig::new(&crate::support::url(&pool)).expect("a URL");
    let (snapshot, _) = datebin::db::load(&config, &file.expect("a file"), None).await.expect("a catalog");
    assert_eq!(snapshot.sources()[0].relation.to_string(), "other.cpu");
    assert!(
        snapshot.notes().iter().any(|note| note.contains("other.cpu") && note.contains("public.cpu")),
        "{:?}",
        snapshot.notes()
    );
}
