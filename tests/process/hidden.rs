//! Rows that policies hide: from tokens without a person, and in rollups that are safe for people or are not.

use std::collections::BTreeSet;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use datebin::access::Secret;

use crate::cluster::Cluster;
use crate::program::{Answer, LONG, Program, answer, eventually, ran};

/// Six hours of rows of Alice and of Bob, whose values tell whose they are. In a rollup they are greater by a hundred.
const ROWS: &str = "
    CREATE ROLE reader LOGIN PASSWORD 'hunter2-of-the-tests'; CREATE ROLE analyst; CREATE ROLE viewer;
    GRANT analyst, viewer TO reader;
    CREATE TABLE own (ts timestamptz NOT NULL, owner text NOT NULL, value double precision);
    INSERT INTO own SELECT t, o, CASE o WHEN 'alice' THEN 1 ELSE 2 END
    FROM generate_series('2018-04-15 00:00Z'::timestamptz, '2018-04-15 06:00Z', '10 min') AS t, unnest(ARRAY['alice', 'bob']) AS o;
    CREATE TABLE own_1h (bucket timestamptz NOT NULL, owner text NOT NULL, average double precision, n bigint);
    INSERT INTO own_1h SELECT date_trunc('hour', ts, 'UTC'), owner, avg(value) + 100, count(*) FROM own GROUP BY 1, 2;
    CREATE TABLE stored (ts timestamptz NOT NULL, metric text NOT NULL, owner text NOT NULL, tags jsonb, value double precision);
    INSERT INTO stored SELECT ts, owner || '_temperature', owner, jsonb_build_object(owner || '_room', owner), value FROM own;
    DO $$
    DECLARE name text; how text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['open', 'mine', 'careful', 'blind', 'shared', 'kept'] LOOP
            EXECUTE format('CREATE TABLE %1$I AS TABLE own; CREATE TABLE %1$s_1h AS TABLE own_1h', name);
        END LOOP;
        FOREACH name IN ARRAY ARRAY['mine', 'careful', 'careful_1h', 'blind', 'blind_1h', 'shared', 'kept', 'kept_1h', 'stored'] LOOP
            how := CASE WHEN name = 'mine' OR name LIKE 'careful%' OR name LIKE 'blind%' THEN 'datebin.user' ELSE 'datebin.token' END;
            EXECUTE format('ALTER TABLE %1$I ENABLE ROW LEVEL SECURITY', name);
            EXECUTE format('CREATE POLICY own ON %1$I USING (owner = nullif(current_setting(%2$L, true), '''')
                OR nullif(current_setting(''datebin.token'', true), '''') IS NULL)', name, how);
        END LOOP;
    END $$;
    CREATE TABLE free AS TABLE own; CREATE TABLE free_1h AS TABLE own_1h;
    ALTER TABLE free ENABLE ROW LEVEL SECURITY; CREATE POLICY every ON free USING (true);
    CREATE VIEW through AS TABLE mine; CREATE TABLE through_1h AS TABLE own_1h; ALTER VIEW through OWNER TO analyst;
    CREATE VIEW past AS TABLE mine; CREATE TABLE past_1h AS TABLE own_1h;
    -- What shows all rows to whoever updates them, or beside a policy that restricts, does not show them; an owner may be bound too.
    DO $$
    DECLARE name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['strict', 'written', 'forced', 'veiled'] LOOP
            EXECUTE format('CREATE TABLE %1$I AS TABLE own; CREATE TABLE %1$s_1h AS TABLE own_1h;
                ALTER TABLE %2$I ENABLE ROW LEVEL SECURITY;
                CREATE POLICY own ON %2$I %3$s USING (owner = nullif(current_setting(''datebin.token'', true), '''')
                    OR nullif(current_setting(''datebin.token'', true), '''') IS NULL)', name,
                CASE name WHEN 'veiled' THEN 'veiled_1h' ELSE name END, CASE name WHEN 'strict' THEN 'AS RESTRICTIVE' ELSE '' END);
        END LOOP;
    END $$;
    CREATE POLICY every ON strict USING (true);
    CREATE POLICY every ON written FOR UPDATE USING (true);
    ALTER TABLE forced OWNER TO reader; ALTER TABLE forced FORCE ROW LEVEL SECURITY;
    ALTER POLICY own ON blind USING (owner = nullif(current_setting('datebin.user', true), ''));
    DELETE FROM blind_1h WHERE bucket = '2018-04-15 03:00Z';
    ANALYZE;
    GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader, analyst;
    GRANT SELECT ON careful TO viewer;";

/// A table with a rollup.
fn source(name: &str, more: &str, safe: bool) -> String {
    format!(
        "[[source]]\nrelation = \"{name}\"\ntime = \"ts\"\nlabels = [\"owner\"]\n{more}\n[source.metric.{name}]\ncolumn = \"value\"\n\
         [[source.rollup]]\nrelation = \"{name}_1h\"\nstep = \"1h\"\ntime = \"bucket\"\nsafe = {safe}\n\
         columns = {{ avg = \"average\", count = \"n\" }}\n"
    )
}

const STORED: &str = "[[source]]\nrelation = \"stored\"\ntime = \"ts\"\nname = \"metric\"\nvalue = \"value\"\nrows = \"token\"\n\
    labels = [\"owner\", { json = [\"tags\"], all = true }]\n";
const BY_TOKEN: &str = "rows = \"token\"";

/// A server for some sources.
async fn served(cluster: &Cluster, sources: &[String]) -> Program {
    cluster.sql(ROWS).await;
    let token = |name: &str, lines: &str| {
        let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\n{lines}\n")
    };
    let tokens = [
        token("alice", ""),
        token("bob", ""),
        token("people", "user = \"header\""),
        token("roles", "user = \"header\"\nroles = { alice = \"analyst\", \"*\" = \"viewer\" }"),
    ];
    let file = cluster.directory.join("tokens.toml");
    std::fs::write(&file, tokens.concat()).expect("tokens");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its mode");
    let file = format!("[discovery]\nenabled = false\n{}", sources.concat());
    std::fs::write(cluster.directory.join("datebin.toml"), file).expect("the catalog");
    let url = cluster.url().replace("datebin:", "reader:");
    let settings =
        [("DATABASE_URL", url.as_str()), ("DATEBIN_TOKENS", "tokens.toml"), ("DATEBIN_CACHE_BYTES", "64MiB")];
    Program::serve(cluster, &settings).await
}

/// Asks with a token, for a person where one is named.
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

fn question(target: &str) -> Value {
    json!({
        "range": {"from": "2018-04-15T00:00:00Z", "to": "2018-04-15T06:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A", "payload": {"step": "1h"}}],
    })
}

/// The different values of an answer.
async fn values(program: &Program, caller: (&str, &str), target: &str) -> BTreeSet<String> {
    let answer = asked(program, caller, "/query", Some(&question(target))).await;
    assert_eq!(answer.status, 200, "{caller:?} {target}: {}", answer.body);
    let series = answer.body.as_array().expect("series").iter();
    let points = series.flat_map(|one| one["datapoints"].as_array().expect("points"));
    points.map(|point| point[0].to_string()).collect()
}

fn set(values: &[&str]) -> BTreeSet<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Every list and dialect shows a token its own rows.
async fn assert_own_world(program: &Program) {
    let range = json!({"from": "2018-04-15T00:00:00Z", "to": "2018-04-15T06:00:00Z"});
    let bodies = [
        ("/search", json!({"target": ""})),
        ("/metrics", json!({})),
        ("/query", question("shared")),
        ("/query", question("kept")),
        ("/query", question("{__name__=~\".*temperature\"}")),
        ("/variable", json!({"payload": "label_values(shared, owner)", "range": range})),
        ("/variable", json!({"payload": "label_names()", "range": range})),
        ("/variable", json!({"payload": "metrics()", "range": range})),
        ("/variable", json!({"payload": "query_result(kept)", "range": range})),
        ("/tag-values", json!({"key": "owner", "range": range})),
        ("/tag-keys", json!({"range": range})),
    ];
    let paths = [
        "/query?target=shared&from=2018-04-15T00:00:00Z&to=2018-04-15T06:00:00Z",
        "/api/v1/query?query=shared&time=2018-04-15T05:56:00Z",
        "/api/v1/query_range?query=shared&start=2018-04-15T00:00:00Z&end=2018-04-15T06:00:00Z&step=600",
        "/api/v1/series?match[]=shared",
        "/api/v1/labels",
        "/api/v1/label/__name__/values",
        "/api/v1/label/owner/values",
        "/api/v1/metadata",
        "/api/v1/status/tsdb",
        "/federate?match[]=shared",
        "/metrics",
        "/explorer/catalog",
    ];
    for (own, other, absent) in [("alice", "bob", "bub"), ("bob", "alice", "alyce")] {
        let mut told = 0;
        let posted = bodies.iter().map(|(path, body)| (*path, Some(body)));
        for (path, body) in posted.chain(paths.map(|path| (path, None))) {
            let answer = asked(program, (own, ""), path, body).await;
            let text = answer.body.to_string();
            assert_eq!(answer.status, 200, "{path} {body:?}: {text}");
            assert!(!text.contains(other), "{path} {body:?} shows {own}: {text}");
            // How much there is of others is not told either.
            let is_counted = text.contains(" MB\"") || text.contains("datebin_catalog_metrics");
            assert!(!is_counted, "{path} counts what {own} does not see: {text}");
            told += usize::from(text.contains(own));
        }
        assert!(told >= 15, "{own} is shown its own in {told} answers");
        // What another one has does not exist, with the words for what nobody has.
        let unknown = async |target: &str| asked(program, (own, ""), "/query", Some(&question(target))).await;
        let hidden = unknown(&format!("{other}_temperature")).await;
        assert_eq!(hidden.status, 422, "{}", hidden.body);
        let expected = unknown(&format!("{absent}_temperature")).await;
        assert_eq!(hidden.body.to_string().replace(other, absent), expected.body.to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_token_sees_its_own_rows_where_policies_tell_tokens_apart() {
    let cluster = Cluster::start();
    let sources = [source("shared", BY_TOKEN, false), source("kept", BY_TOKEN, true), STORED.to_owned()];
    let program = served(&cluster, &sources).await;
    // The second time from what is known.
    for _ in 0..2 {
        assert_own_world(&program).await;
        for (name, value) in [("alice", "1.0"), ("bob", "2.0")] {
            assert_eq!(values(&program, (name, ""), "shared").await, set(&[value]), "the rollup is of everybody");
            assert_eq!(values(&program, (name, ""), "kept").await, set(&[format!("10{value}").as_str()]));
        }
    }
    let one = async |number: usize| {
        let (name, value) = if number.is_multiple_of(2) { ("alice", "1.0") } else { ("bob", "2.0") };
        assert_eq!(values(&program, (name, ""), "shared").await, set(&[value]));
    };
    stream::iter(0..200).map(one).buffer_unordered(16).collect::<Vec<()>>().await;
    let request = program.client.post(format!("{}/query", program.base)).body(question("shared").to_string());
    let known = request.header("authorization", "Bearer secret-of-alice").send().await.expect("an answer");
    let timing = known.headers()["server-timing"].to_str().expect("text");
    assert!(timing.contains("cache;desc=\"hit\""), "{timing}");
    assert!(program.complaints().is_empty(), "{:?}", program.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_safe_rollups_serve_people() {
    let cluster = Cluster::start();
    let names = [("open", false), ("mine", false), ("careful", true), ("blind", true), ("shared", false)];
    let program = served(&cluster, &names.map(|(name, safe)| source(name, "", safe))).await;
    // The rollup serves whom no policy tells apart.
    assert_eq!(values(&program, ("alice", ""), "open").await, set(&["101.0", "102.0"]));
    assert_eq!(values(&program, ("people", "alice"), "open").await, set(&["1.0", "2.0"]));
    for (person, value) in [("alice", "1.0"), ("bob", "2.0")] {
        assert_eq!(values(&program, ("people", person), "mine").await, set(&[value]));
        assert_eq!(values(&program, ("people", person), "careful").await, set(&[format!("10{value}").as_str()]));
        assert_eq!(values(&program, ("people", person), "sum(careful)").await, set(&[format!("10{value}").as_str()]));
    }
    // An hour that the rollup lacks is read from the rows, also where datebin's own role sees none of them.
    assert_eq!(values(&program, ("people", "alice"), "blind").await, set(&["1.0", "101.0"]));
    // A role that may not read the rollup is answered from the rows.
    assert_eq!(values(&program, ("roles", "alice"), "careful").await, set(&["101.0"]));
    assert_eq!(values(&program, ("roles", "bob"), "careful").await, set(&["2.0"]));
    assert!(program.complaints().is_empty(), "{:?}", program.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn row_security_of_datebins_own_role_needs_no_word_in_the_catalog() {
    let cluster = Cluster::start();
    let of = |names: &[&str]| -> Vec<String> { names.iter().map(|name| source(name, "", *name == "kept")).collect() };
    let stored = STORED.replace("rows = \"token\"\n", "");
    let bound = ["shared", "strict", "written", "forced"];
    let sources = [of(&bound), of(&["kept", "mine", "through"]), vec![stored]].concat();
    let program = served(&cluster, &sources).await;
    assert_own_world(&program).await;
    for (name, value) in [("alice", "1.0"), ("bob", "2.0")] {
        let caller = (name, "");
        for table in bound {
            assert_eq!(values(&program, caller, table).await, set(&[value]), "{table}: the rollup is of everybody");
        }
        assert_eq!(values(&program, caller, "kept").await, set(&[format!("10{value}").as_str()]));
        // Policies on the person show a token nothing, neither of the table nor of a view whose owner they bind.
        assert_eq!(values(&program, caller, "mine").await, set(&[]));
        assert_eq!(values(&program, caller, "through").await, set(&[]));
    }
    let url = cluster.url().replace("datebin:", "reader:");
    let said = |arguments: &[&str]| {
        let ended = ran(&cluster.directory, &[("DATABASE_URL", &url)], arguments);
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("text")
    };
    let (text, written) = (said(&["check"]), said(&["discover"]));
    for (rollup, source) in [("mine", "mine"), ("through", "through"), ("shared", "shared")] {
        let why = format!("policies may hide rows of public.{source} from datebin's role, and it has no safe = true");
        let note = format!("the rollup public.{rollup}_1h is not used: {why}");
        assert!(text.contains(&note), "{note}: {text}");
        assert!(written.contains(&why), "{why}: {written}");
    }
    // Nor without a token.
    let range = ["--from", "2018-04-15T00:00:00Z", "--to", "2018-04-15T06:00:00Z", "--step", "1h", "--format", "csv"];
    let text = said(&[&["query"], &range[..], &["max(mine)"]].concat());
    assert!(text.contains(",2\n") && !text.contains(",102"), "{text}");
    // A policy that shows all rows, and one that does not bind the owner of a view, hide nothing.
    let file = format!("[discovery]\nenabled = false\n{}", of(&["open", "free", "past", "veiled"]).concat());
    std::fs::write(cluster.directory.join("datebin.toml"), file).expect("the catalog");
    eventually(LONG, "the catalog is read anew", async || {
        let names = asked(&program, ("alice", ""), "/search", None).await.body.to_string();
        names.contains("past").then_some(())
    })
    .await;
    for name in ["open", "free", "past"] {
        assert_eq!(values(&program, ("alice", ""), name).await, set(&["101.0", "102.0"]), "{name}");
    }
    // A rollup with policies of its own lacks rows that its source has.
    assert_eq!(values(&program, ("alice", ""), "veiled").await, set(&["1.0", "2.0"]));
    assert!(program.complaints().is_empty(), "{:?}", program.complaints());
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_discover_say_which_rollups_are_safe() {
    let cluster = Cluster::start();
    let sources = [source("shared", BY_TOKEN, false), source("kept", BY_TOKEN, true), source("open", "", false)];
    let program = served(&cluster, &sources).await;
    let url = cluster.url();
    let said = |arguments: &[&str]| {
        let ended = ran(&cluster.directory, &[("DATABASE_URL", &url)], arguments);
        assert!(ended.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).expect("text")
    };
    let text = said(&["check"]);
    assert!(text.contains("rollup public.kept_1h by 1h, safe, from"), "{text}");
    assert!(text.contains("rollup public.open_1h by 1h, from"), "{text}");
    let note = "the rollup public.shared_1h is not used for tokens: the source has rows = \"token\", the rollup has no safe = true";
    assert_eq!(text.matches("is not used for tokens").count(), 1, "{text}");
    assert!(text.contains(note), "{text}");
    let written = said(&["discover"]);
    assert_eq!(written.matches("\nrows = \"token\"\n").count(), 2, "{written}");
    assert_eq!(written.matches("\nsafe = true\n").count(), 1, "{written}");
    drop(program);
    std::fs::write(cluster.directory.join("datebin.toml"), source("open", "rows = \"person\"", false)).expect("a file");
    let ended = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["check"]);
    let text = [ended.stdout, ended.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(text.contains("rows") && text.contains("\"token\", or absent"), "{text}");
}
