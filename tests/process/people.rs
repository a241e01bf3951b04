//! People behind one token, whose rows PostgreSQL's own policies tell apart.

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use datebin::access::Secret;

use crate::bouncer::Bouncer;
use crate::cluster::{Cluster, PASSWORD};
use crate::program::{Answer, Program, answer, question};

/// Rows of Alice and of Bob, in a table of values and in one of stored names; a role that may read less; and rows that a
/// function finds whose body names its table without a schema.
const ROWS: &str = "
    CREATE TABLE own (ts timestamptz NOT NULL, owner text NOT NULL, host text NOT NULL, value double precision);
    CREATE TABLE stored (ts timestamptz NOT NULL, metric text NOT NULL, owner text NOT NULL, value double precision);
    CREATE TABLE hidden (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO own SELECT '2018-04-15 04:55Z', o, o || '-host', CASE o WHEN 'alice' THEN 1 ELSE 2 END
    FROM unnest(ARRAY['alice', 'bob']) AS o;
    INSERT INTO stored SELECT ts, owner || '_temperature', owner, value FROM own;
    INSERT INTO hidden SELECT ts, host, value FROM own;
    ANALYZE;
    CREATE ROLE reader LOGIN PASSWORD 'hunter2-of-the-tests';
    CREATE ROLE analyst; CREATE ROLE viewer; GRANT analyst, viewer TO reader;
    GRANT SELECT ON own, stored, hidden TO reader, analyst;
    GRANT SELECT ON own, stored TO viewer;
    ALTER TABLE own ENABLE ROW LEVEL SECURITY;
    ALTER TABLE stored ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON own USING (owner = nullif(current_setting('datebin.user', true), ''));
    CREATE POLICY mine ON stored USING (owner = nullif(current_setting('datebin.user', true), '')
        OR nullif(current_setting('datebin.token', true), '') IS NULL);";

fn token(name: &str, lines: &str) -> String {
    let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
    format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\nuser = \"header\"\n{lines}\n")
}

/// Asks for a person.
async fn asked(program: &Program, (name, login): (&str, &str), path: &str, body: Option<&Value>) -> Answer {
    let url = format!("{}{path}", program.base);
    let request = match body {
        Some(body) => program.client.post(url).body(body.to_string()),
        None => program.client.get(url),
    };
    let request = request.header("authorization", format!("Bearer secret-of-{name}"));
    let request = if login.is_empty() { request } else { request.header("x-grafana-user", login) };
    answer(request).await.expect("an answer")
}

/// A server for these people, with so many bytes of cache.
async fn served(cluster: &Cluster, url: &str, cache: &str) -> Program {
    cluster.sql(ROWS).await;
    served_as_is(cluster, url, cache).await
}

/// The same once the rows are there.
async fn served_as_is(cluster: &Cluster, url: &str, cache: &str) -> Program {
    let tokens = cluster.directory.join("tokens.toml");
    let text = [
        token("plain", ""),
        token("roles", "roles = { alice = \"analyst\", \"*\" = \"viewer\" }"),
        token("alices", "labels = 'host=\"alice-host\"'"),
        token("bobs", "labels = 'host=\"bob-host\"'"),
        token("few", "roles = { alice = \"analyst\", bob = \"nobody_of_that_name\" }"),
    ];
    std::fs::write(&tokens, text.concat()).expect("the file of tokens");
    let file = tokens.display().to_string();
    let settings = [
        ("DATABASE_URL", url),
        ("DATEBIN_TOKENS", &file),
        ("DATEBIN_CACHE_BYTES", cache),
        ("DATEBIN_QUEUE", "1000"),
        ("DATEBIN_POOL_WAIT", "60s"),
        ("DATEBIN_REQUEST_TIMEOUT", "60s"),
    ];
    Program::serve(cluster, &settings).await
}

fn reader(url: &str) -> String {
    url.replace("datebin:", "reader:")
}

/// How many of so many questions of two people in turn were answered with the rows of who asked, and nobody else's.
async fn right(program: &Program, questions: usize) -> usize {
    let one = async |number: usize| {
        let (person, value) = if number.is_multiple_of(2) { ("alice", 1.0) } else { ("bob", 2.0) };
        let answer = asked(program, ("plain", person), "/query", Some(&question("own"))).await;
        let series = answer.body.as_array().map_or(0, Vec::len);
        let points = answer.body[0]["datapoints"].as_array().map_or(&[][..], Vec::as_slice);
        // One value tells whose rows were read.
        let is_own = !points.is_empty() && points.iter().all(|point| point[0].as_f64() == Some(value));
        let is_right = answer.status == 200 && series == 1 && is_own;
        assert!(is_right || number > 0, "{person}: {} {}", answer.status, answer.body);
        is_right
    };
    let right: Vec<bool> = stream::iter(0..questions).map(one).buffer_unordered(16).collect().await;
    right.into_iter().filter(|right| *right).count()
}

/// 1,000 unless the environment asks for more.
fn questions() -> usize {
    std::env::var("DATEBIN_TEST_QUESTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

/// Every list and dialect shows a person its own rows.
async fn assert_own_world(program: &Program, name: &str) {
    let range = json!({"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"});
    let bodies = [
        ("/search", json!({"target": ""})),
        ("/metrics", json!({})),
        ("/query", question("own")),
        ("/query", question("sum(own)")),
        ("/query", question("{__name__=~\".*temperature\"}")),
        ("/variable", json!({"payload": "label_values(own, owner)", "range": range})),
        ("/variable", json!({"payload": "metrics()", "range": range})),
        ("/tag-values", json!({"key": "owner", "range": range})),
        ("/tag-keys", json!({"range": range})),
    ];
    let paths = [
        "/query?target=own&from=2018-04-15T04:50:00Z&to=2018-04-15T05:00:00Z",
        "/api/v1/query?query=own&time=2018-04-15T04:56:00Z",
        "/api/v1/query_range?query=own&start=2018-04-15T04:50:00Z&end=2018-04-15T05:00:00Z&step=60",
        "/api/v1/series?match[]=own",
        "/api/v1/labels",
        "/api/v1/label/__name__/values",
        "/api/v1/label/owner/values",
        "/api/v1/metadata",
    ];
    for (person, other) in [("alice", "bob"), ("bob", "alice")] {
        let mut told = 0;
        for (path, body) in &bodies {
            let answer = asked(program, (name, person), path, Some(body)).await;
            let text = answer.body.to_string();
            assert_eq!(answer.status, 200, "{path} {body}: {text}");
            assert!(!text.contains(other), "{path} {body} shows {person}: {text}");
            told += usize::from(text.contains(person));
        }
        for path in paths {
            let answer = asked(program, (name, person), path, None).await;
            let text = answer.body.to_string();
            assert_eq!(answer.status, 200, "{path}: {text}");
            assert!(!text.contains(other), "{path} shows {person}: {text}");
            told += usize::from(text.contains(person));
        }
        assert!(told >= 12, "{person} is shown its own in {told} answers");
    }
    // Nobody has no rows.
    let answer = asked(program, (name, ""), "/search", Some(&json!({"target": "temperature"}))).await;
    assert_eq!((answer.status, answer.body), (200, json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_person_sees_its_own_rows() {
    let cluster = Cluster::start();
    let program = served(&cluster, &reader(&cluster.url()), "0").await;
    assert_own_world(&program, "plain").await;
    assert_eq!(right(&program, questions()).await, questions());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_caller_made_known_answers_no_other() {
    let cluster = Cluster::start();
    let program = served(&cluster, &reader(&cluster.url()), "64MiB").await;
    // Sixteen questions at once, so that statements under way might be shared as well.
    assert_eq!(right(&program, 200).await, 200);
    assert_own_world(&program, "plain").await;
    assert_own_world(&program, "plain").await;
    // Tokens without a person see the rows that their matchers leave.
    for (name, mine, other) in [("alices", "alice", "bob"), ("bobs", "bob", "alice"), ("alices", "alice", "bob")] {
        for target in ["hidden", "hidden{host=~\".*host\"}"] {
            let text = asked(&program, (name, ""), "/query", Some(&question(target))).await.body.to_string();
            assert!(text.contains(mine) && !text.contains(other), "{name} {target}: {text}");
        }
    }
    // A role that may not read a relation is not shown what another role read of it.
    for (login, status) in [("alice", 200), ("bob", 422), ("alice", 200), ("carol", 422)] {
        let answer = asked(&program, ("roles", login), "/query", Some(&question("hidden"))).await;
        assert_eq!(answer.status, status, "{login}: {}", answer.body);
    }
    // All of that was with a cache that knows answers.
    let request = program.client.post(format!("{}/query", program.base)).body(question("own").to_string());
    let request = request.header("authorization", "Bearer secret-of-plain").header("x-grafana-user", "alice");
    let known = request.send().await.expect("an answer");
    let timing = known.headers()["server-timing"].to_str().expect("text");
    assert!(timing.contains("cache;desc=\"hit\""), "{timing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_person_sees_its_own_rows_through_a_pooler_of_transactions() {
    let cluster = Cluster::start();
    let pool = "pool_mode = transaction\ndefault_pool_size = 3";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of people", pool).await else { return };
    let program = served(&cluster, &reader(&bouncer.url()), "0").await;
    assert_own_world(&program, "plain").await;
    assert_eq!(right(&program, questions()).await, questions());
}

/// What another client of a pooler left in its sessions is nobody's: not its role, its path, or whom it asked for.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_client_left_in_a_pooled_session_does_no_harm() {
    let cluster = Cluster::start();
    let pool = "pool_mode = transaction\ndefault_pool_size = 3";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of sessions that are left", pool).await else { return };
    cluster.sql(ROWS).await;
    let url = reader(&bouncer.url());
    // Each holds a session of the server while it sets, so that all of them are set.
    let mut others = Vec::new();
    for _ in 0..3 {
        let options: sqlx::postgres::PgConnectOptions = url.parse().expect("a URL");
        let options = options.extra_float_digits(None::<i8>).statement_cache_capacity(0);
        let mut other = sqlx::ConnectOptions::connect(&options).await.expect("a client of the pooler");
        sqlx::raw_sql(
            "BEGIN; SET search_path = pg_catalog; SET ROLE viewer; SELECT set_config('datebin.token', 'another', false);
             SELECT set_config('datebin.user', 'another', false)",
        )
        .execute(&mut other)
        .await
        .expect("it sets");
        others.push(other);
    }
    for other in &mut others {
        sqlx::raw_sql("COMMIT").execute(other).await.expect("it commits");
    }
    let program = served_as_is(&cluster, &url, "0").await;
    assert_own_world(&program, "plain").await;
    // The role of the other client may not read this.
    assert_eq!(asked(&program, ("plain", "alice"), "/query", Some(&question("hidden"))).await.status, 200);
    drop(others);
}

/// Names that are stored in rows are asked of PostgreSQL for each person: a table that is locked hides no other metric.
#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_of_names_costs_a_person_its_own_metrics_only() {
    let cluster = Cluster::start();
    let program = served(&cluster, &reader(&cluster.url()), "0").await;
    let mut owner = cluster.connect().await;
    let mut transaction = sqlx::Connection::begin(&mut owner).await.expect("a transaction");
    sqlx::raw_sql("LOCK TABLE stored IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.expect("the lock");
    let begun = std::time::Instant::now();
    let own = question("own");
    let six = (0..6).map(|_| asked(&program, ("plain", "alice"), "/query", Some(&own)));
    for answer in futures_util::future::join_all(six).await {
        assert_eq!((answer.status, &answer.body[0]["datapoints"][0][0]), (200, &json!(1.0)), "{}", answer.body);
    }
    let range = json!({"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"});
    let annotations = json!({"range": range, "annotation": {"name": "a", "query": ""}});
    assert_eq!(asked(&program, ("plain", "alice"), "/annotations", Some(&annotations)).await.status, 200);
    let values = json!({"payload": "label_values(own, owner)", "range": range});
    assert_eq!(
        asked(&program, ("plain", "alice"), "/variable", Some(&values)).await.body,
        json!([{"__text": "alice", "__value": "alice"}])
    );
    let label = "/api/v1/query?query=own&time=2018-04-15T04:56:00Z";
    assert_eq!(asked(&program, ("plain", "alice"), label, None).await.body["data"]["result"][0]["value"][1], "1");
    // What may be a name in that table is not said to be none.
    for (path, body, status) in [
        ("/query", Some(question("alice_temperature")), 504),
        ("/query", Some(question("nothing")), 504),
        ("/api/v1/query?query=nothing", None, 503),
        ("/search", Some(json!({"target": ""})), 504),
    ] {
        let answer = asked(&program, ("plain", "alice"), path, body.as_ref()).await;
        let text = answer.body.to_string();
        assert_eq!(answer.status, status, "{path}: {text}");
        // Which table that is, is not for everybody to know.
        let told = "some metrics that you may see were not found in time";
        assert!(text.contains(told) && !text.contains("public.stored"), "{path}: {text}");
    }
    assert!(
        begun.elapsed() < std::time::Duration::from_secs(12),
        "one look at the table is shared: {:?}",
        begun.elapsed()
    );
    transaction.rollback().await.expect("the end of the lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_take_on_roles_and_what_a_role_may_not_read_is_unknown() {
    let cluster = Cluster::start();
    let program = served(&cluster, &reader(&cluster.url()), "0").await;
    let asked_for = async |name: &str, login: &str, target: &str| {
        let answer = asked(&program, (name, login), "/query", Some(&question(target))).await;
        (answer.status, answer.body["error"]["code"].as_str().unwrap_or_default().to_owned(), answer.body.to_string())
    };
    assert_eq!(asked_for("roles", "alice", "hidden").await.0, 200);
    for login in ["bob", "carol", "", "*"] {
        let (status, code, text) = asked_for("roles", login, "hidden").await;
        assert_eq!((status, code.as_str()), (422, "unknown_metric"), "{login}: {text}");
        let (_, _, unknown) = asked_for("roles", login, "hidder").await;
        assert_eq!(text, unknown.replace("hidder", "hidden"), "{login}");
        let names = asked(&program, ("roles", login), "/search", Some(&json!({"target": ""}))).await.body;
        assert!(!names.to_string().contains("hidden"), "{login}: {names}");
        assert_eq!(asked_for("roles", login, "own").await.0, 200, "{login}");
    }
    assert_eq!(asked_for("few", "alice", "hidden").await.0, 200);
    for login in ["bob", "carol", ""] {
        let (status, code, text) = asked_for("few", login, "own").await;
        assert_eq!((status, code.as_str()), (403, "forbidden"), "{login}: {text}");
        assert!(!text.contains("nobody_of_that_name"), "{text}");
    }
    // A role of one question is not the next one's.
    for (login, expected) in [("alice", 200), ("bob", 422), ("alice", 200), ("carol", 422)] {
        assert_eq!(asked_for("roles", login, "hidden").await.0, expected, "{login}");
    }
    assert!(program.complaints().iter().all(|line| !line.to_string().contains(PASSWORD)));
}

/// A policy and a view whose functions name tables without their schema.
const UNQUALIFIED: &str = "
    CREATE SCHEMA app;
    CREATE TABLE app.members (login text, owner text);
    INSERT INTO app.members VALUES ('alice', 'alice'), ('bob', 'bob');
    GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON app.members TO reader;
    SET search_path = app, public;
    CREATE FUNCTION app.mine() RETURNS text LANGUAGE sql STABLE AS
        $$ SELECT owner FROM members WHERE login = nullif(current_setting('datebin.user', true), '') $$;
    CREATE TABLE app.bills (ts timestamptz NOT NULL, owner text NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO app.bills SELECT ts, owner, host, value FROM own;
    GRANT SELECT ON app.bills TO reader;
    ALTER TABLE app.bills ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON app.bills USING (owner = app.mine());
    CREATE FUNCTION app.factor() RETURNS float8 LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT 10 FROM members LIMIT 1); END $$;
    CREATE VIEW app.scaled AS SELECT ts, host, value * app.factor() AS value FROM public.hidden;
    GRANT SELECT ON app.scaled TO reader;
    ALTER ROLE reader SET search_path = app, public;";

#[tokio::test(flavor = "multi_thread")]
async fn functions_find_names_without_a_schema_as_they_do_for_the_role() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    cluster.sql(UNQUALIFIED).await;
    let tokens = cluster.directory.join("tokens.toml");
    std::fs::write(&tokens, token("plain", "")).expect("the file of tokens");
    let (file, direct) = (tokens.display().to_string(), reader(&cluster.url()));
    let pool = "pool_mode = transaction\ndefault_pool_size = 4";
    let bouncer = Bouncer::before(&cluster, "the test of names without a schema", pool).await;
    let pooled = bouncer.as_ref().map(|bouncer| reader(&bouncer.url()));
    for url in std::iter::once(&direct).chain(pooled.as_ref()) {
        let usual = [("DATABASE_URL", url.as_str()), ("DATEBIN_TOKENS", file.as_str())];
        let none = [usual[0], usual[1], ("DATEBIN_SEARCH_PATH", "pg_catalog")];
        let closed = Program::serve(&cluster, &none).await;
        for target in ["bills", "scaled"] {
            let answer = asked(&closed, ("plain", "alice"), "/query", Some(&question(target))).await;
            assert_eq!(
                (answer.status, &answer.body["error"]["code"]),
                (422, &json!("relation_broken")),
                "{}",
                answer.body
            );
        }
        drop(closed);
        let named = [usual[0], usual[1], ("DATEBIN_SEARCH_PATH", "app, public")];
        for told in [&usual[..], &named[..]] {
            finds_names(&Program::serve(&cluster, told).await).await;
        }
    }
}

/// Two people see their own rows through functions that name no schema.
async fn finds_names(program: &Program) {
    for (person, value) in [("alice", 1.0), ("bob", 2.0)] {
        let bills = asked(program, ("plain", person), "/query", Some(&question("bills"))).await;
        assert_eq!(bills.status, 200, "{}", bills.body);
        assert_eq!((bills.body.as_array().map(Vec::len), &bills.body[0]["datapoints"][0][0]), (Some(1), &json!(value)));
        let scaled = asked(program, ("plain", person), "/query", Some(&question("sum(scaled)"))).await;
        assert_eq!(scaled.body[0]["datapoints"][0][0], 30.0, "{}", scaled.body);
    }
}
