//! Tables whose policies, and views whose functions, fail when names are read from their rows.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use datebin::access::Secret;

use crate::bouncer::Bouncer;
use crate::cluster::Cluster;
use crate::program::{Answer, LONG, Program, answer, eventually, question, ran};

/// A table that works, a function that fails as it is told, and tables of names and of documents.
const ROWS: &str = "
    CREATE TABLE own (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    INSERT INTO own VALUES ('2018-04-15 04:55Z', 'a', 1);
    CREATE TABLE secret (x int);
    CREATE FUNCTION fails(how text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$ BEGIN
        CASE how WHEN 'unset' THEN PERFORM current_setting('app.tenant');
            WHEN 'zero' THEN PERFORM 1 / (length(how) - 4);
            WHEN 'denied' THEN PERFORM x FROM secret;
            WHEN 'absent' THEN PERFORM no_such_function();
            WHEN 'raised' THEN RAISE EXCEPTION 'told to';
            ELSE NULL; END CASE;
        RETURN true;
    END $$;
    DO $$ DECLARE how text; BEGIN
        FOREACH how IN ARRAY ARRAY['unset', 'zero', 'denied', 'absent', 'raised'] LOOP
            EXECUTE format('CREATE TABLE %1$s_names (ts timestamptz NOT NULL, metric text NOT NULL, value double precision);
                INSERT INTO %1$s_names VALUES (''2018-04-15 04:55Z'', ''metric_%1$s'', 2)', how);
        END LOOP;
    END $$;
    CREATE TABLE numbers (ts timestamptz NOT NULL, data jsonb NOT NULL);
    INSERT INTO numbers VALUES ('2018-04-15 04:55Z', '{\"inside\": 3}');
    CREATE TABLE tagged (ts timestamptz NOT NULL, tags jsonb NOT NULL, value double precision);
    INSERT INTO tagged VALUES ('2018-04-15 04:55Z', '{\"rack\": \"r1\"}', 4);
    ANALYZE;
    CREATE ROLE reader LOGIN PASSWORD 'hunter2-of-the-tests';
    GRANT SELECT ON own, unset_names, zero_names, denied_names, absent_names, raised_names, numbers, tagged TO reader;";

/// Policies that fail for everybody, which a policy that shows all rows would not change.
const FAILING: &str = "
    DO $$ DECLARE how text; BEGIN
        FOREACH how IN ARRAY ARRAY['unset', 'zero', 'denied', 'absent', 'raised'] LOOP
            EXECUTE format('ALTER TABLE %1$s_names ENABLE ROW LEVEL SECURITY;
                CREATE POLICY failing ON %1$s_names USING (fails(%1$L))', how);
        END LOOP;
    END $$;
    ALTER TABLE numbers ENABLE ROW LEVEL SECURITY; CREATE POLICY failing ON numbers USING (fails('unset'));
    ALTER TABLE tagged ENABLE ROW LEVEL SECURITY; CREATE POLICY failing ON tagged USING (fails('zero'));";

const UNSET: &str = "the relation reads a setting that is not set, or needs what does not exist (SQLSTATE 42704); the operator \
     writes current_setting('name', true) in its policies, views and functions; the log has the name";
const ZERO: &str = "the relation divides by zero (SQLSTATE 22012); the operator finds the row, or makes the relation's own \
     expressions tolerate it";
const DENIED: &str = "the relation, or one that it reads, may not be read (SQLSTATE 42501); GRANT datebin's role, or the role of \
     the caller, SELECT on them and EXECUTE on the functions that they call";
const ABSENT: &str = "a function or operator that the relation needs does not exist (SQLSTATE 42883); the operator makes it, or \
     finds the difference with `datebin check`; the log has its name";
const RAISED: &str =
    "a function of the relation fails (SQLSTATE P0001); the operator finds the server's own words in the log";

const REASONS: [(&str, &str); 5] =
    [("unset", UNSET), ("zero", ZERO), ("denied", DENIED), ("absent", ABSENT), ("raised", RAISED)];

const FILE: &str = "[[source]]\nrelation = \"tagged\"\nlabels = [{ json = [\"tags\"], all = true }]\n[source.metric.tagged]\ncolumn = \"value\"\n\
     [[source]]\nrelation = \"numbers\"\nlabels = []\nvalue = { json = [\"data\"], all = true }\n";

fn reader(url: &str) -> String {
    url.replace("datebin:", "reader:")
}

/// What is said of each relation that cannot be read.
fn notes(names: &str, members: &str) -> Vec<String> {
    let of = |relation: &str, what: &str, why: &str, kept: &str| format!("public.{relation}: {what} ({why}); {kept}");
    let listed = "its names cannot be listed";
    let own = REASONS.iter().map(|(how, why)| of(&format!("{how}_names"), listed, why, names));
    let numbers = of("numbers", listed, UNSET, names);
    let tagged = of("tagged", "the members of its label column cannot be listed", ZERO, members);
    own.chain([numbers, tagged]).collect()
}

fn messages(program: &Program) -> Vec<String> {
    program.complaints().iter().filter_map(|line| line["fields"]["message"].as_str().map(str::to_owned)).collect()
}

async fn text(program: &Program, path: &str) -> String {
    program.client.get(format!("{}{path}", program.base)).send().await.expect("an answer").text().await.expect("a text")
}

/// The status, the warnings in the header and the body of a list of names.
async fn searched(program: &Program) -> (u16, String, Value) {
    let answer = program.client.get(format!("{}/search", program.base)).send().await.expect("an answer");
    let warnings = answer.headers().get_all("warning").iter().map(|one| one.to_str().expect("a text").to_owned());
    let (status, warnings) = (answer.status().as_u16(), warnings.collect::<String>());
    (status, warnings, answer.json().await.expect("a list"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relation_that_fails_when_names_are_read_is_named_with_its_reason() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    cluster.sql(FAILING).await;
    std::fs::write(cluster.directory.join("datebin.toml"), FILE).expect("the catalog file");
    let bouncer = Bouncer::before(&cluster, "the test of names that fail", "pool_mode = transaction").await;
    let direct = reader(&cluster.url());
    let pooled = bouncer.as_ref().map(|bouncer| reader(&bouncer.url()));
    for url in std::iter::once(&direct).chain(pooled.as_ref()) {
        let program = Program::serve(&cluster, &[("DATABASE_URL", url)]).await;
        let said = messages(&program);
        let log = program.complaints().iter().map(ToString::to_string).collect::<String>();
        for note in notes("it is left out", "none are offered") {
            assert_eq!(said.iter().filter(|line| **line == note).count(), 1, "{note}: {said:?}");
        }
        assert!(log.contains("unrecognized configuration parameter \\\"app.tenant\\\""), "{log}");
        assert_eq!(program.get("/readyz").await.body["unread"], 7);
        assert!(text(&program, "/metrics").await.contains("\ndatebin_catalog_sources_unread 7\n"));
        // The others are listed and answered, and the list says that it is not whole.
        let (status, warnings, names) = searched(&program).await;
        assert_eq!((status, names), (200, json!(["own", "tagged"])));
        assert!(warnings.contains("the names of some metrics could not be read"), "{warnings}");
        assert_eq!(program.ask("own").await.status, 200);
        // Nor is a name that may be one of them just unknown.
        let unknown = program.ask("metric_unset").await;
        let said = unknown.body.to_string();
        assert_eq!((unknown.status, &unknown.body["error"]["code"]), (422, &json!("unknown_metric")), "{said}");
        assert!(said.contains("the names of some metrics could not be read"), "{said}");
        let empty = program.get("/api/v1/query?query=metric_unset").await.body;
        assert_eq!(empty["data"]["result"], json!([]));
        assert!(empty["warnings"][0].to_string().contains("the names of some metrics could not be read"), "{empty}");
        let listed = program.get("/api/v1/label/__name__/values").await.body;
        assert_eq!(listed["data"], json!(["own", "tagged"]));
        assert!(listed["warnings"].to_string().contains("the names of some metrics could not be read"), "{listed}");
        let one = program.get("/api/v1/query?query=own&time=2018-04-15T04:56:00Z").await.body;
        assert_eq!(one.get("warnings"), None, "{one}");
    }
    let settings = [("DATABASE_URL", direct.as_str())];
    for arguments in [&["check"][..], &["discover"]] {
        let ended = ran(&cluster.directory, &settings, arguments);
        let text = String::from_utf8(ended.stdout).expect("text");
        assert_eq!(ended.status.code(), Some(i32::from(arguments == ["check"])), "{text}");
        for note in notes("it is left out", "none are offered") {
            assert!(text.contains(&note), "{note}: {text}");
        }
        assert!(!text.contains("no names are known") || arguments != ["check"], "{text}");
    }
    // A catalog without any name is no empty list.
    cluster.sql("DROP TABLE own, tagged, numbers").await;
    std::fs::write(cluster.directory.join("datebin.toml"), "").expect("the catalog file");
    let program = Program::serve(&cluster, &[("DATABASE_URL", &direct)]).await;
    for path in ["/search", "/api/v1/label/__name__/values", "/api/v1/labels"] {
        let answer = program.get(path).await;
        let text = answer.body.to_string();
        assert_eq!(answer.status, 422, "{path}: {text}");
        assert!(text.contains("the names of some metrics could not be read") && !text.contains("_names"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_cannot_be_read_again_stay() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    std::fs::write(cluster.directory.join("datebin.toml"), FILE).expect("the catalog file");
    let program = Program::serve(&cluster, &[("DATABASE_URL", &reader(&cluster.url()))]).await;
    let lists = async || {
        (
            program.get("/search").await.body,
            program.post("/tag-keys", &json!({})).await.body.to_string().contains("rack"),
        )
    };
    let before = lists().await;
    assert_eq!(before.0.as_array().map(Vec::len), Some(8), "{}", before.0);
    assert!(before.1);
    cluster.sql(FAILING).await;
    program.signal("-HUP");
    let expected = notes("those of before are kept", "those of before are kept");
    eventually(LONG, "the catalog is read anew", async || {
        let said = messages(&program);
        expected.iter().all(|note| said.contains(note)).then_some(())
    })
    .await;
    assert_eq!(lists().await, before);
    for (how, why) in REASONS {
        let answer = program.ask(&format!("metric_{how}")).await;
        let code = why.split(['(', ')']).nth(1).expect("a SQLSTATE");
        let text = answer.body.to_string();
        assert!(answer.status == 422 && text.contains(code), "{how}: {text}");
    }
    // Once they can be read again nothing is said any more.
    cluster.sql("CREATE OR REPLACE FUNCTION fails(how text) RETURNS boolean LANGUAGE sql AS 'SELECT true'").await;
    program.signal("-HUP");
    eventually(LONG, "all is read", async || program.get("/readyz").await.body.get("unread").is_none().then_some(()))
        .await;
    assert_eq!(lists().await, before);
}

/// Asks for a person.
async fn asked(program: &Program, login: &str, path: &str, body: Option<&Value>) -> Answer {
    let url = format!("{}{path}", program.base);
    let request = match body {
        Some(body) => program.client.post(url).body(body.to_string()),
        None => program.client.get(url),
    };
    let request = request.header("authorization", "Bearer secret-of-people").header("x-grafana-user", login);
    answer(request).await.expect("an answer")
}

/// A server for people.
async fn served(cluster: &Cluster) -> Program {
    let digits = Secret::of(b"secret-of-people").digits();
    let tokens = cluster.directory.join("tokens.toml");
    std::fs::write(&tokens, format!("[[token]]\nname = \"people\"\nsha256 = \"{digits}\"\nuser = \"header\"\n"))
        .expect("tokens");
    std::fs::set_permissions(&tokens, Permissions::from_mode(0o600)).expect("its mode");
    let url = reader(&cluster.url());
    let settings =
        [("DATABASE_URL", url.as_str()), ("DATEBIN_TOKENS", "tokens.toml"), ("DATEBIN_METRICS_OPEN", "true")];
    Program::serve(cluster, &settings).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_fails_for_one_person_is_told_that_person() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    let policy = "ALTER TABLE zero_names ENABLE ROW LEVEL SECURITY;
        CREATE POLICY failing ON zero_names USING (fails(coalesce(current_setting('datebin.user', true), '')))";
    cluster.sql(policy).await;
    let program = served(&cluster).await;
    assert_eq!(asked(&program, "alice", "/query", Some(&question("metric_zero"))).await.status, 200);
    for (person, why) in REASONS {
        let own = asked(&program, person, "/query", Some(&question("own"))).await;
        assert_eq!((own.status, &own.body[0]["datapoints"][0][0]), (200, &json!(1.0)), "{person}: {}", own.body);
        let (message, _) = why.split_once(';').expect("a hint");
        let told = format!("some metrics that you may see cannot be found: {message}");
        for target in ["metric_zero", "nothing_of_that_name"] {
            let answer = asked(&program, person, "/query", Some(&question(target))).await;
            let text = answer.body.to_string();
            assert_eq!((answer.status, &answer.body["error"]["code"] == "unknown_metric"), (422, false), "{text}");
            assert!(text.contains(&told) && !text.contains("zero_names"), "{person}: {text}");
        }
        let query = asked(&program, person, "/api/v1/query?query=metric_zero", None).await;
        assert_eq!((query.status, &query.body["status"]), (422, &json!("error")), "{}", query.body);
        // Lists have the others, and say so where that can be said.
        let names = asked(&program, person, "/search", None).await;
        let text = names.body.to_string();
        assert!(names.status == 200 && text.contains("own") && !text.contains("metric_zero"), "{person}: {text}");
        let listed = asked(&program, person, "/api/v1/label/__name__/values", None).await.body;
        assert!(listed["warnings"].to_string().contains(&told), "{person}: {listed}");
    }
    assert_eq!(asked(&program, "alice", "/query", Some(&question("metric_zero"))).await.status, 200);
}

/// Five relations that a person cannot read may have changed: one refresh of the catalog tells that of all of them.
#[tokio::test(flavor = "multi_thread")]
async fn relations_that_fail_for_a_person_wait_for_one_refresh() {
    let cluster = Cluster::start();
    cluster.sql(ROWS).await;
    cluster
        .sql(
            "DO $$ DECLARE how text; BEGIN
                FOREACH how IN ARRAY ARRAY['unset', 'zero', 'denied', 'absent', 'raised'] LOOP
                    EXECUTE format('ALTER TABLE %1$s_names ENABLE ROW LEVEL SECURITY;
                        CREATE POLICY failing ON %1$s_names USING (fails(coalesce(current_setting(''datebin.user'', true), '''')))', how);
                END LOOP;
            END $$",
        )
        .await;
    let program = served(&cluster).await;
    let refreshes = async || {
        let page = text(&program, "/metrics").await;
        let line = page.lines().find_map(|line| line.strip_prefix("datebin_catalog_refreshes_total "));
        line.and_then(|count| count.parse::<f64>().ok()).expect("a number")
    };
    let before = refreshes().await;
    let own = asked(&program, "unset", "/query", Some(&question("own"))).await;
    assert_eq!(own.status, 200, "{}", own.body);
    // The one that is asked for, and perhaps one that was under way.
    let after = refreshes().await;
    assert!(after <= before + 2.0, "{before} {after}");
}
