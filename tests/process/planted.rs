//! Operators and functions that somebody made in a schema of the role's search path: our own text runs none of them.

use serde_json::json;

use crate::cluster::Cluster;
use crate::program::{Program, question};

/// Each fits our texts better than PostgreSQL's own, wherever names are looked up in `public` as well.
const PLANTED: &str = "
    CREATE TABLE readings (ts timestamptz NOT NULL, metric varchar(40) NOT NULL, host varchar(40), value double precision);
    CREATE INDEX ON readings (metric, ts);
    CREATE INDEX ON readings (host, ts);
    INSERT INTO readings SELECT '2018-04-15 04:55Z', m, h, 1
    FROM unnest(ARRAY['inlet_temperature', 'outlet_temperature']) AS m, unnest(ARRAY['a', 'b']) AS h;
    CREATE TABLE epochs (epoch bigint NOT NULL, host varchar(40), value double precision);
    INSERT INTO epochs VALUES (1523768100, 'a', 1);
    ANALYZE;
    CREATE FUNCTION spy(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1::text OPERATOR(pg_catalog.>) $2::text; END $$;
    CREATE FUNCTION spy_same(varchar, varchar) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1::text OPERATOR(pg_catalog.=) $2::text; END $$;
    CREATE FUNCTION spy_text(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1::text OPERATOR(pg_catalog.=) $2; END $$;
    CREATE FUNCTION spy_both(text[], text[]) RETURNS text[] LANGUAGE plpgsql AS $$ BEGIN RETURN pg_catalog.array_cat($1, $2); END $$;
    CREATE FUNCTION spy_oid(oid, bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1::bigint OPERATOR(pg_catalog.=) $2; END $$;
    CREATE OPERATOR > (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = spy);
    CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = spy_same);
    CREATE OPERATOR = (LEFTARG = varchar, RIGHTARG = text, FUNCTION = spy_text);
    CREATE OPERATOR || (LEFTARG = text[], RIGHTARG = text[], FUNCTION = spy_both);
    CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = bigint, FUNCTION = spy_oid);
    CREATE FUNCTION octet_length(varchar) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END $$;
    CREATE FUNCTION unnest(name[]) RETURNS SETOF name LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT pg_catalog.unnest($1); END $$;
    CREATE FUNCTION unnest(oid[]) RETURNS SETOF oid LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT pg_catalog.unnest($1); END $$;
    CREATE FUNCTION unnest(bigint[]) RETURNS SETOF bigint LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT pg_catalog.unnest($1); END $$;
    CREATE FUNCTION spy_times(integer, float8) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN $1::float8 OPERATOR(pg_catalog.*) $2; END $$;
    CREATE OPERATOR * (LEFTARG = integer, RIGHTARG = float8, FUNCTION = spy_times);
    CREATE FUNCTION spy_over(float8, integer) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN $1 OPERATOR(pg_catalog./) $2::float8; END $$;
    CREATE OPERATOR / (LEFTARG = float8, RIGHTARG = integer, FUNCTION = spy_over);
    CREATE FUNCTION spy_join(text, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN $1; END $$;
    CREATE OPERATOR || (LEFTARG = text, RIGHTARG = integer, FUNCTION = spy_join);
    -- As good as PostgreSQL's own, where the role looks here first.
    CREATE FUNCTION spy_since(timestamptz, timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1 OPERATOR(pg_catalog.>=) $2; END $$;
    CREATE OPERATOR >= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = spy_since);
    CREATE FUNCTION spy_equal(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN $1 OPERATOR(pg_catalog.=) $2; END $$;
    CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = spy_equal);
    CREATE FUNCTION date_bin(interval, timestamptz, timestamptz) RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN RETURN $2; END $$;
    CREATE FUNCTION date_part(text, timestamptz) RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN 0; END $$;
    CREATE FUNCTION \"left\"(varchar, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN pg_catalog.left($1::text, $2); END $$;
    ALTER ROLE datebin SET track_functions = 'all';";

const CALLS: &str = "SELECT coalesce(sum(calls), 0)::int8 FROM pg_stat_user_functions";

#[tokio::test(flavor = "multi_thread")]
async fn what_others_planted_in_the_search_path_is_never_called() {
    let cluster = Cluster::start();
    cluster.sql(PLANTED).await;
    let mut connection = cluster.connect().await;
    // The tracking works, and the plants are taken where names are looked up in the path.
    let taken: i64 = sqlx::query_scalar("SELECT count(*) FROM readings WHERE metric > 'a'::varchar")
        .fetch_one(&mut connection)
        .await
        .expect("a count");
    assert_eq!(taken, 4);
    sqlx::Connection::close(connection).await.expect("the session ends, and its counts are written");
    let mut connection = cluster.connect().await;
    // PostgreSQL 14 writes them a moment later.
    let before = 4_i64;
    crate::program::eventually(crate::program::LONG, "four calls are counted", async || {
        let calls: i64 = sqlx::query_scalar(CALLS).fetch_one(&mut connection).await.expect("a count");
        (calls == before).then_some(())
    })
    .await;
    // As usual, and with a role that looks in the schema before it looks in PostgreSQL's own.
    for (path, set) in
        [("as it was", "SELECT 1"), ("public first", "ALTER ROLE datebin SET search_path = public, pg_catalog")]
    {
        cluster.sql(set).await;
        asked_everything(Program::serve(&cluster, &[]).await).await;
        // The program's sessions have written their counts when they are gone.
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin'";
        crate::program::eventually(crate::program::LONG, "its sessions are gone", async || {
            let count: i64 = sqlx::query_scalar(sessions).fetch_one(&mut connection).await.expect("a count");
            (count == 0).then_some(())
        })
        .await;
        let after: i64 = sqlx::query_scalar(CALLS).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(after, before, "something planted was called, with the path {path}");
    }
}

/// Asks what makes all kinds of statements, and ends the program.
async fn asked_everything(mut program: Program) {
    for target in ["inlet_temperature", "inlet_temperature{host=\"a\"}", "{__name__=~\".*temperature\"}"] {
        let answer = program.ask(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    }
    let range = json!({"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"});
    let values = program.post("/tag-values", &json!({"key": "host", "range": range})).await.body;
    assert_eq!(values, json!([{"text": "a"}, {"text": "b"}]));
    assert_eq!(program.post("/query", &question("sum by (host) (outlet_temperature)")).await.status, 200);
    for target in [
        "rate(outlet_temperature[5m])",
        "topk(1, outlet_temperature{host=\"a\"})",
        "max_over_time(outlet_temperature[10m])",
    ] {
        let answer = program.ask(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    }
    for path in ["/api/v1/labels", "/api/v1/label/host/values", "/api/v1/query?query=inlet_temperature&time=1523768200"]
    {
        let answer = program.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    program.signal("-TERM");
    assert!(program.ended(crate::program::LONG).await.success());
}

/// A view and a table that run a function of somebody who may create in the schema, and views that run none of his.
const UNTRUSTED: &str = "
    CREATE ROLE mallory;
    GRANT CREATE, USAGE ON SCHEMA public TO mallory;
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
    INSERT INTO samples VALUES ('2018-04-15 04:55Z', 'flow', 7);
    GRANT SELECT ON samples TO mallory;
    SET ROLE mallory;
    CREATE FUNCTION spy() RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN 'pressure'; END $$;
    CREATE VIEW spying AS SELECT ts, spy() AS metric, value FROM samples;
    CREATE VIEW behind AS SELECT ts, metric, value FROM spying;
    CREATE VIEW harmless AS SELECT ts, upper(metric) AS metric, value FROM samples;
    CREATE TABLE guarded (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY spied ON guarded USING (spy() = 'pressure');
    CREATE TYPE citext AS (x int);
    CREATE FUNCTION cast_spy(citext) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'pressure of a cast'; END $$;
    CREATE CAST (citext AS text) WITH FUNCTION cast_spy(citext);
    CREATE TABLE casting (ts timestamptz NOT NULL, metric citext, value double precision);
    INSERT INTO casting VALUES ('2018-04-15 04:55Z', ROW(1), 1);
    CREATE FUNCTION plan_spy(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN 1; END $$;
    CREATE TABLE indexed (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
    INSERT INTO indexed VALUES ('2018-04-15 04:55Z', 'pressure of a plan', 1);
    CREATE INDEX ON indexed (ts) WHERE plan_spy(1) > 0;
    CREATE TABLE checked (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, CHECK (plan_spy(1) > 0))
        PARTITION BY RANGE (ts);
    CREATE TABLE checked_all PARTITION OF checked DEFAULT;
    CREATE FUNCTION last_spy(text, text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $2; END $$;
    RESET ROLE;
    CREATE AGGREGATE last_of(text) (SFUNC = last_spy, STYPE = text);
    CREATE VIEW gathered AS SELECT ts, last_of('pressure of an aggregate') AS metric, avg(value) AS value FROM indexed GROUP BY 1;
    CREATE ROLE viewer LOGIN PASSWORD 'viewer';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer;
    ALTER ROLE viewer SET track_functions = 'all';";

#[tokio::test(flavor = "multi_thread")]
async fn discovery_runs_no_code_of_untrusted_roles() {
    let cluster = Cluster::start();
    cluster.sql(UNTRUSTED).await;
    let url = cluster.url().replacen("datebin:", "viewer:", 1);
    let url = format!("postgres://viewer:viewer@{}", url.split_once('@').expect("a host").1);
    let catalog = cluster.directory.join("trusted.toml");
    for (trusted, is_listed) in [("[]", false), ("['mallory']", true)] {
        std::fs::write(&catalog, format!("[discovery]\ntrusted = {trusted}\n")).expect("the catalog file");
        let file = catalog.display().to_string();
        let program = Program::serve(&cluster, &[("DATABASE_URL", &url), ("DATEBIN_CONFIG", &file)]).await;
        let names = program.get("/api/v1/label/__name__/values").await.body.to_string();
        assert!(names.contains("flow") && names.contains("FLOW"), "{names}");
        assert_eq!(names.contains("pressure"), is_listed, "{names}");
        let notes =
            program.log().iter().filter(|line| line.to_string().contains("the untrusted role `mallory`")).count();
        assert_eq!(notes, if is_listed { 0 } else { 6 });
    }
}

/// Views of somebody who may create in the schema, which a file names beside its sources, and one that a pattern catches.
const NAMED: &str = "
    CREATE ROLE mallory;
    GRANT CREATE, USAGE ON SCHEMA public TO mallory;
    CREATE TABLE data_1 (ts timestamptz NOT NULL, value double precision);
    INSERT INTO data_1 VALUES ('2018-04-15 04:55Z', 7);
    CREATE TABLE rooms (ts timestamptz NOT NULL, room integer, value double precision);
    INSERT INTO rooms VALUES ('2018-04-15 04:55Z', 1, 7);
    GRANT SELECT ON data_1, rooms TO mallory;
    SET ROLE mallory;
    CREATE FUNCTION spy(text) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN $1; END $$;
    CREATE VIEW called AS SELECT 1 AS id, spy('flow') AS name;
    CREATE VIEW described AS SELECT 1 AS id, spy('hall') AS hall;
    CREATE VIEW more_1 AS SELECT ts, spy('pressure') AS metric, value FROM data_1;
    RESET ROLE;
    CREATE ROLE viewer LOGIN PASSWORD 'hunter2-of-the-tests';
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO viewer;
    ALTER ROLE viewer SET track_functions = 'all';";

const NAMING_FILE: &str = "
    [[source]]
    relation = \"data_*\"
    names = { relation = \"called\", key = \"id\", name = \"name\" }
    [[source]]
    relation = \"more_*\"
    name = \"metric\"
    value = \"value\"
    [[source]]
    relation = \"rooms\"
    labels = []
    [source.metric.warmth]
    column = \"value\"
    [[source.join]]
    relation = \"described\"
    on = { room = \"id\" }
    labels = [\"hall\"]
    [discovery]
    enabled = false\n";

#[tokio::test(flavor = "multi_thread")]
async fn untrusted_code_beside_a_declared_source_is_said_once() {
    let cluster = Cluster::start();
    cluster.sql(NAMED).await;
    let url = cluster.url().replacen("datebin:", "viewer:", 1);
    let file = cluster.directory.join("datebin.toml");
    let note = |relation: &str| {
        format!(
            "public.{relation}: reading its rows runs code of the untrusted role `mallory`; they are read, as datebin.toml names the \
             relation: add the role to discovery.trusted, or do not name it"
        )
    };
    let barred = "public.more_1: reading its rows runs code of the untrusted role `mallory`, so it is left out; declare it, or add \
                  the role to discovery.trusted";
    for (trusted, is_said) in [("", true), ("trusted = ['mallory']\n", false)] {
        std::fs::write(&file, format!("{NAMING_FILE}{trusted}")).expect("the catalog file");
        let program = Program::serve(&cluster, &[("DATABASE_URL", &url)]).await;
        // What the file names is read; what its pattern alone catches is not, unless the role is trusted.
        let names = program.get("/search").await.body;
        let expected = if is_said { json!(["flow", "warmth"]) } else { json!(["flow", "pressure", "warmth"]) };
        assert_eq!(names, expected);
        assert!(program.ask("warmth").await.body.to_string().contains("hall"));
        program.signal("-HUP");
        crate::program::eventually(crate::program::LONG, "it is read again", async || {
            let page = program.get("/metrics").await.body.to_string();
            page.contains("datebin_catalog_refreshes_total 2").then_some(())
        })
        .await;
        let said = |text: &str| {
            program.complaints().iter().filter(|line| line["fields"]["message"].as_str() == Some(text)).count()
        };
        let ended = crate::program::ran(&cluster.directory, &[("DATABASE_URL", &url)], &["check"]);
        let checked = String::from_utf8(ended.stdout).expect("text");
        for text in [note("called"), note("described"), barred.to_owned()] {
            assert_eq!(said(&text), usize::from(is_said), "{text}");
            assert_eq!(checked.matches(&text).count(), usize::from(is_said), "{text}: {checked}");
        }
    }
}
