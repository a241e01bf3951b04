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
    let before: i64 = sqlx::query_scalar(CALLS).fetch_one(&mut connection).await.expect("a count");
    assert_eq!(before, 4);
    let mut program = Program::serve(&cluster, &[]).await;
    for target in ["inlet_temperature", "inlet_temperature{host=\"a\"}", "{__name__=~\".*temperature\"}"] {
        let answer = program.ask(target).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.body);
    }
    let range = json!({"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"});
    let values = program.post("/tag-values", &json!({"key": "host", "range": range})).await.body;
    assert_eq!(values, json!([{"text": "a"}, {"text": "b"}]));
    assert_eq!(program.post("/query", &question("sum by (host) (outlet_temperature)")).await.status, 200);
    program.signal("-TERM");
    assert!(program.ended(crate::program::LONG).await.success());
    // The program's sessions have written their counts when they are gone.
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin'";
    crate::program::eventually(crate::program::LONG, "its sessions are gone", async || {
        let count: i64 = sqlx::query_scalar(sessions).fetch_one(&mut connection).await.expect("a count");
        (count == 0).then_some(())
    })
    .await;
    let after: i64 = sqlx::query_scalar(CALLS).fetch_one(&mut connection).await.expect("a count");
    assert_eq!(after, before, "something planted was called");
}
