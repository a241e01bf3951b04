//! What is said of a database in which discovery finds nothing: where it looked, and what to do.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use datebin::access::Secret;
use serde_json::{Value, json};

use crate::cluster::{Cluster, PASSWORD};
use crate::program::{LONG, Program, answer, eventually, ran};

/// Tables that nobody finds: `public` is empty.
const ELSEWHERE: &str = "
    CREATE SCHEMA iot; CREATE SCHEMA telemetry; CREATE SCHEMA empty;
    CREATE TABLE iot.rooms (ts timestamptz NOT NULL, room text, degrees float8);
    CREATE VIEW iot.warm AS SELECT * FROM iot.rooms WHERE degrees > 20;
    CREATE TABLE telemetry.load (ts timestamptz NOT NULL, host text, value float8) PARTITION BY RANGE (ts);
    CREATE TABLE telemetry.load_2024 PARTITION OF telemetry.load FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');";

const FOUND_ELSEWHERE: &str = "No metrics: datebin searched the schema public, which has no tables. The schemas iot and telemetry have 3 tables \
    that this role may read: set [discovery] schemas = [\"iot\", \"telemetry\"], or the role's search_path.";

/// A role that may read nothing yet.
const LEAST: &str = "
    CREATE ROLE reader LOGIN PASSWORD 'reader';
    CREATE TABLE rooms (ts timestamptz NOT NULL, room text, degrees float8);
    CREATE SCHEMA iot; CREATE TABLE iot.load (ts timestamptz NOT NULL, host text, value float8);";

fn as_reader(cluster: &Cluster) -> String {
    cluster.url().replace("datebin:", "reader:").replace(PASSWORD, "reader")
}

fn declare(cluster: &Cluster, text: &str) {
    std::fs::write(cluster.directory.join("datebin.toml"), text).expect("the catalog's file");
}

/// What `check` prints of the database as a whole, and `discover` as comments.
fn notes(cluster: &Cluster, url: &str) -> (Vec<String>, Vec<String>) {
    let run = |command: &str| ran(&cluster.directory, &[("DATABASE_URL", url)], &[command]);
    let lines = |output: &Output, mark: &str| {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter_map(|line| line.strip_prefix(mark).map(str::to_owned)).collect::<Vec<_>>()
    };
    let found = run("discover");
    let mut comments = lines(&found, "# ");
    comments.retain(|line| {
        line.starts_with("No metrics") || line.starts_with("The schema") || line.contains("schemas names")
    });
    // Whoever keeps the file in a file reads it on the screen as well, where there is nothing.
    let told = String::from_utf8_lossy(&found.stderr);
    let told: String =
        told.lines().filter(|line| !line.starts_with("datebin: preset")).map(|line| format!("{line}\n")).collect();
    let is_empty = comments.iter().any(|line| line.starts_with("No metrics"));
    let expected = comments.iter().map(|line| format!("datebin: {line}\n")).collect::<String>();
    assert_eq!(told, if is_empty { expected } else { String::new() });
    (lines(&run("check"), "  ! note: "), comments)
}

/// The warnings about schemas.
fn warnings(program: &Program) -> Vec<String> {
    let all = program.complaints();
    all.iter().filter_map(|line| line["fields"]["message"].as_str()).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_catalog_says_where_the_tables_are_once_per_change() {
    let cluster = Cluster::start();
    cluster.sql(ELSEWHERE).await;
    let told = vec![FOUND_ELSEWHERE.to_owned()];
    assert_eq!(notes(&cluster, &cluster.url()), (told.clone(), told.clone()));
    let program = Program::serve(&cluster, &[]).await;
    assert_eq!(program.get("/explorer/catalog").await.body["notes"], json!(told));
    let refreshes = async || {
        let page = program.get("/metrics").await.body;
        let line = page.as_str()?.lines().find(|line| line.starts_with("datebin_catalog_refreshes_total"))?.to_owned();
        line.rsplit(' ').next()?.parse::<u64>().ok()
    };
    for _ in 0..2 {
        let before = refreshes().await.expect("a number");
        // Just started, the program may not listen yet.
        let read = async || {
            cluster.sql("NOTIFY datebin_reload").await;
            refreshes().await.filter(|now| *now > before)
        };
        eventually(LONG, "the catalog is read again", read).await;
    }
    assert_eq!(warnings(&program), told);
    // A change is news, and what is found then needs no reason.
    cluster.sql("CREATE TABLE iot.doors (ts timestamptz NOT NULL, opened float8); NOTIFY datebin_reload").await;
    let changed = told[0].replace("3 tables", "4 tables");
    let warned = async || (warnings(&program).len() == 2).then(|| warnings(&program));
    assert_eq!(eventually(LONG, "the change is said", warned).await, [told[0].clone(), changed]);
    cluster.sql("CREATE TABLE public.cpu (ts timestamptz PRIMARY KEY, value float8); NOTIFY datebin_reload").await;
    let listed = async || (program.get("/search").await.body == json!(["cpu"])).then_some(());
    eventually(LONG, "the metric is listed", listed).await;
    assert_eq!(program.get("/explorer/catalog").await.body["notes"], json!([]));
    assert_eq!(warnings(&program).len(), 2);
    // What is not searched is worth a note where the whole catalog is asked for.
    let beside = vec![
        "The schemas iot and telemetry have 4 tables that this role may read, and are not searched: to search them too, set \
         [discovery] schemas = [\"public\", \"iot\", \"telemetry\"]."
            .to_owned(),
    ];
    assert_eq!(notes(&cluster, &cluster.url()), (beside.clone(), beside));
    declare(&cluster, "[discovery]\nschemas = [\"public\"]\n");
    assert_eq!(notes(&cluster, &cluster.url()), (Vec::new(), Vec::new()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_read_is_said_with_the_grant() {
    let cluster = Cluster::start();
    cluster.sql(LEAST).await;
    let url = as_reader(&cluster);
    let grants = |schema: &str| {
        format!("GRANT USAGE ON SCHEMA {schema} TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO reader;")
    };
    let closed = format!("The schema iot has 1 table that the role reader may not read: {}", grants("iot"));
    let told = |reason: &str, more: &str| vec![format!("No metrics: datebin searched the schema {reason}.{more}")];
    let first = told(
        "public, which has 1 table, of which the role reader may read none: GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        &format!(" {closed}"),
    );
    let (checked, discovered) = notes(&cluster, &url);
    assert_eq!(discovered, first);
    assert_eq!(checked[0], first[0]);
    // A schema that the file names and that the role may not use, and names that are no schema's.
    declare(&cluster, "[discovery]\nschemas = [\"iot\", \"iott\", \"pg_catalog\"]\n");
    let named = vec![
        format!("[discovery] schemas names `iot`, which the role reader may not use: {}", grants("iot")),
        "[discovery] schemas names `iott`, which is no schema of this database; did you mean `iot`?".to_owned(),
        "[discovery] schemas names `pg_catalog`, which is never searched".to_owned(),
    ];
    let none = "No metrics: [discovery] schemas names no schema that can be searched. The schemas iot and public have 2 tables that the role \
                reader may not read: GRANT USAGE ON SCHEMA iot TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA iot TO reader;";
    let all = [named.clone(), vec![none.to_owned()]].concat();
    let (checked, discovered) = notes(&cluster, &url);
    assert_eq!((checked, discovered), (all.clone(), all));
    // With the rights there is nothing to say; what is no schema stays said.
    cluster.sql("GRANT USAGE ON SCHEMA iot TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA iot TO reader").await;
    assert_eq!(notes(&cluster, &url).1, named[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_without_metrics_and_a_file_without_discovery_are_told_apart() {
    let cluster = Cluster::start();
    let said = |file: &str| {
        declare(&cluster, file);
        notes(&cluster, &cluster.url()).1.concat()
    };
    let nothing = "No metrics: datebin searched the schema public, which has no tables. The database ";
    let right = " has no tables in any other schema: is it the right one?";
    let found = said("");
    assert!(found.starts_with(nothing) && found.ends_with(right), "{found}");
    cluster.sql("CREATE TABLE notes (body text)").await;
    let place = "No metrics: datebin searched the schema public,";
    let needs = "what a metric needs, a time and a number.";
    assert_eq!(said(""), format!("{place} and its table has not {needs}"));
    cluster.sql("CREATE TABLE pages (body text)").await;
    assert_eq!(said(""), format!("{place} and none of its 2 tables has {needs}"));
    assert_eq!(
        said("presets = [\"zabbix\"]\n[discovery]\nenabled = false\n"),
        format!("{place} and [discovery] enabled = false leaves its tables to the presets, which know none of them.")
    );
    cluster.sql("CREATE TABLE stored (ts timestamptz NOT NULL, metric text NOT NULL, value float8)").await;
    assert_eq!(said(""), format!("{place} and the rows of public.stored name no metric yet."));
    assert_eq!(
        said("[discovery]\nenabled = false\n"),
        "No metrics: [discovery] enabled = false, and datebin.toml declares no source that has a metric. Declare one in [[source]], \
         or set enabled = true."
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn schemas_are_named_only_to_callers_who_see_everything() {
    let cluster = Cluster::start();
    cluster.sql(ELSEWHERE).await;
    let token = |name: &str, lines: &str| {
        let digits = Secret::of(format!("secret-of-{name}").as_bytes()).digits();
        format!("[[token]]\nname = \"{name}\"\nsha256 = \"{digits}\"\n{lines}\n")
    };
    let file = cluster.directory.join("tokens.toml");
    std::fs::write(&file, token("all", "") + &token("some", "metrics = [\"cpu*\"]")).expect("tokens");
    std::fs::set_permissions(&file, Permissions::from_mode(0o600)).expect("its mode");
    let program = Program::serve(&cluster, &[("DATEBIN_TOKENS", "tokens.toml")]).await;
    let asked = async |name: &str, path: &str| {
        let request = program.client.get(format!("{}{path}", program.base));
        answer(request.header("authorization", format!("Bearer secret-of-{name}"))).await.expect("an answer").body
    };
    assert_eq!(asked("all", "/explorer/catalog").await["notes"], json!([FOUND_ELSEWHERE]));
    for path in [
        "/explorer/catalog",
        "/explorer/check",
        "/explorer/discovered",
        "/explorer/undeclared",
        "/search",
        "/readyz",
        "/metrics",
        "/query?target=cpu",
        "/api/v1/query?query=cpu",
        "/api/v1/labels",
        "/api/v1/metadata",
        "/api/v1/status/config",
    ] {
        let body = asked("some", path).await.to_string();
        assert!(!body.contains("iot") && !body.contains("telemetry"), "{path}: {body}");
    }
    assert_eq!(asked("some", "/explorer/catalog").await["notes"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn own_annotations_are_a_source_only_where_they_are() {
    let cluster = Cluster::start();
    let program = Program::serve(&cluster, &[]).await;
    let listed = async || program.get("/explorer/catalog").await.body["annotations"].clone();
    assert_eq!(listed().await, json!([]));
    let made = ran(&cluster.directory, &[("DATABASE_URL", &cluster.url())], &["migrate"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    cluster.sql("NOTIFY datebin_reload").await;
    let own = async || Some(listed().await).filter(|listed| *listed != Value::Array(Vec::new()));
    assert_eq!(eventually(LONG, "the table is listed", own).await, json!(["datebin: datebin.annotations, time time"]));
}
