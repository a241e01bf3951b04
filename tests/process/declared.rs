//! Declarations of `datebin.toml` that are wrong, and databases that give no catalog.

use std::fs;

use serde_json::json;

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::program::{LONG, Program, eventually, ran};

const ONE_WRONG: &str = "
    [[source]]
    relation = \"no_such_table\"

    [[source]]
    relation = \"cpu\"
    [source.metric.load]
    column = \"value\"

    [[source]]
    relation = \"other\"
    [source.metric.load]
    column = \"value\"
    ";

async fn counted(program: &Program, name: &str) -> Option<f64> {
    let page = program.get("/metrics").await.body.as_str().expect("a text").to_owned();
    page.lines().find_map(|line| line.strip_prefix(&format!("datebin_{name} "))).and_then(|text| text.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_relation_leaves_only_itself_out() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql("CREATE TABLE other AS SELECT * FROM cpu").await;
    let file = cluster.directory.join("catalog.toml");
    fs::write(&file, ONE_WRONG).expect("a file");
    let path = file.display().to_string();
    let program = Program::serve(&cluster, &[("DATEBIN_CONFIG", &path)]).await;
    assert_eq!(program.ask("load").await.status, 200);
    // The relation, and the second of two metrics with one name.
    let complaints: Vec<String> = program.complaints().iter().map(|line| line["fields"].to_string()).collect();
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("no_such_table") && complaints[1].contains("public.other"), "{complaints:?}");
    let ready = program.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["left_out"]), (200, &json!(2)), "{}", ready.body);
    assert!(!ready.body.to_string().contains("no_such"), "{}", ready.body);
    assert_eq!(counted(&program, "catalog_declarations_left_out").await, Some(2.0));

    let url = cluster.url();
    let settings = [("DATABASE_URL", url.as_str()), ("DATEBIN_CONFIG", path.as_str())];
    let checked = ran(&cluster.directory, &settings, &["check"]);
    let text = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.code(), Some(1), "{text}");
    assert!(text.contains("no_such_table") && text.contains("public.other"), "{text}");

    let strict = [settings[0], settings[1], ("DATEBIN_STRICT", "true"), ("DATEBIN_LISTEN", "127.0.0.1:0")];
    let refused = ran(&cluster.directory, &strict, &["serve"]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("no_such_table"), "{text}");

    fs::write(&file, "[[source]]\nrelation = \"cpu\"\n[source.metric.mended]\ncolumn = \"value\"\n").expect("a file");
    program.good(LONG, "mended").await;
    assert_eq!(program.get("/readyz").await.body.get("left_out"), None);
    // A declared relation that is dropped later leaves only itself out, too.
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM other; DROP TABLE cpu").await;
    program.signal("-HUP");
    program.good(LONG, "fresh").await;
    assert_eq!(program.get("/readyz").await.body["left_out"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unloaded_catalog_says_why() {
    let cluster = Cluster::start();
    let wrong_password = cluster.url_with("opensesame");
    let missing = format!("{}_missing", cluster.url());
    for (url, why) in [(wrong_password, "refuses the login"), (missing, "does not exist")] {
        let program = Program::start(&cluster, &[("DATABASE_URL", &url)]).await;
        let said = async || program.ask("cpu").await.body.to_string().contains(why).then_some(());
        eventually(LONG, why, said).await;
        let answer = program.ask("cpu").await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert!(!answer.body.to_string().contains("opensesame"), "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_views_cost_neither_the_catalog_nor_their_last_names() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster
        .sql(
            "CREATE FUNCTION nap(name text) RETURNS text LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_catalog.pg_sleep(0.3); RETURN name; END $$;
             CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value float8);
             INSERT INTO samples SELECT ts, 'm' || g, 1 FROM cpu, generate_series(1, 3) AS g;
             CREATE VIEW slow1 AS SELECT ts, nap(metric) AS metric, value FROM samples;
             CREATE VIEW slow2 AS SELECT * FROM slow1;
             CREATE VIEW quick AS SELECT * FROM samples",
        )
        .await;
    let file = cluster.directory.join("catalog.toml");
    let narrow = |relation: &str| {
        format!(
            "[[source]]\nrelation = \"{relation}\"\ntime = \"ts\"\nname = \"metric\"\nvalue = \"value\"\nprefix = \"{relation}_\"\nlabels = []\n"
        )
    };
    fs::write(&file, ["slow1", "slow2", "quick"].map(narrow).concat()).expect("a file");
    let path = file.display().to_string();
    let settings =
        [("DATEBIN_CONFIG", path.as_str()), ("DATEBIN_STATEMENT_TIMEOUT", "400ms"), ("DATEBIN_REFRESH", "300ms")];
    let program = Program::serve(&cluster, &settings).await;
    program.good(LONG, "quick_m1").await;
    assert_eq!(program.ask("slow1_m1").await.status, 422);
    let named: Vec<String> = program.complaints().iter().map(|line| line["fields"].to_string()).collect();
    assert!(named.iter().any(|line| line.contains("slow1") && line.contains("left out")), "{named:?}");
    assert!(named.iter().any(|line| line.contains("slow2") && line.contains("left out")), "{named:?}");
    // Refreshes go on, and do not read the views again.
    cluster.sql("CREATE TABLE fresh AS SELECT * FROM cpu; CREATE INDEX ON fresh (ts)").await;
    program.good(LONG, "fresh").await;
    assert_eq!(program.complaints().len(), named.len(), "said once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_becomes_slow_keeps_its_last_names() {
    let cluster = Cluster::start();
    cluster
        .sql(
            "CREATE FUNCTION nap(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN name; END $$;
             CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value float8);
             INSERT INTO samples SELECT '2018-04-15 04:55Z', 'm' || g, g FROM generate_series(1, 3) AS g;
             CREATE VIEW turning AS SELECT ts, nap(metric) AS metric, value FROM samples",
        )
        .await;
    let file = cluster.directory.join("catalog.toml");
    let narrow = "[[source]]\nrelation = \"turning\"\ntime = \"ts\"\nname = \"metric\"\nvalue = \"value\"\nprefix = \"t_\"\nlabels = []\n";
    fs::write(&file, narrow).expect("a file");
    let path = file.display().to_string();
    let settings =
        [("DATEBIN_CONFIG", path.as_str()), ("DATEBIN_STATEMENT_TIMEOUT", "400ms"), ("DATEBIN_REFRESH", "1h")];
    let program = Program::serve(&cluster, &settings).await;
    let names = async || program.get("/search").await.body;
    let before = names().await;
    assert!(["t_m1", "t_m2", "t_m3"].iter().all(|name| before.to_string().contains(name)), "{before}");
    assert_eq!(program.ask("t_m2").await.body[0]["datapoints"][0][0], json!(2.0));
    let slow = "CREATE OR REPLACE FUNCTION nap(name text) RETURNS text LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_catalog.pg_sleep(0.3); RETURN name; END $$";
    let fast =
        "CREATE OR REPLACE FUNCTION nap(name text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN name; END $$;
                INSERT INTO samples VALUES ('2018-04-15 04:55Z', 'm4', 4)";
    let kept = "public.turning: its names cannot be listed (that takes too long; an index on the name would find them); those of \
                before are kept";
    cluster.sql(slow).await;
    program.signal("-HUP");
    let said = async || program.complaints().iter().any(|line| line["fields"]["message"] == kept).then_some(());
    eventually(LONG, "the names are read anew", said).await;
    assert_eq!(names().await, before);
    assert_eq!(program.get("/readyz").await.status, 200);
    // The name is known, and its rows take too long.
    let answer = program.ask("t_m2").await;
    assert_eq!((answer.status, &answer.body["error"]["code"]), (504, &json!("timeout")), "{}", answer.body);
    cluster.sql(fast).await;
    assert_eq!(program.ask("t_m2").await.body[0]["datapoints"][0][0], json!(2.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_view_keeps_nothing_else_from_healing() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster
        .sql(
            "CREATE FUNCTION lost() RETURNS float8 LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT v FROM nowhere); END $$;
             CREATE VIEW broken AS SELECT ts, host, value + lost() AS value FROM cpu;
             CREATE TABLE changing AS SELECT ts, host, value AS value, value AS volts FROM cpu;
             CREATE INDEX ON changing (ts)",
        )
        .await;
    let program = Program::serve(&cluster, &[("DATEBIN_REFRESH", "1h")]).await;
    assert_eq!(program.ask("changing_volts").await.status, 200);
    let answer = program.ask("broken").await;
    // A refresh did not help, so that trying again will not.
    assert_eq!((answer.status, &answer.body["error"]["code"]), (422, &json!("relation_broken")), "{}", answer.body);
    assert!(answer.body.to_string().contains("42P01") && !answer.body.to_string().contains("again"), "{}", answer.body);
    cluster.sql("ALTER TABLE changing ALTER COLUMN volts TYPE text USING 'x'; ALTER TABLE changing DROP COLUMN volts; ALTER TABLE changing ADD COLUMN volts numeric DEFAULT 7; ALTER TABLE changing ALTER COLUMN ts TYPE timestamp").await;
    let healed = program.ask("changing_volts").await;
    assert_eq!(healed.status, 200, "{}", healed.body);
}
