//! Several databases in one process, each under a path of its own.

use std::fs;

use serde_json::{Value, json};

use crate::cluster::{Cluster, PASSWORD};
use crate::patience::patience;
use crate::program::{Answer, LONG, Program, answer, command, eventually, question, ran};
use crate::promtool::approved;

/// The same metric with another value in each database.
const SALES: &str = "CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT t, 'a', 1 FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 04:59:50Z', '10 s') AS t";
const STAFF: &str = "CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON cpu (host, ts);
    INSERT INTO cpu SELECT t, 'a', 2 FROM generate_series('2018-04-15 04:50Z'::timestamptz, '2018-04-15 04:59:50Z', '10 s') AS t;
    CREATE TABLE rooms (ts timestamptz NOT NULL, room text NOT NULL, value double precision);
    CREATE INDEX ON rooms (room, ts)";

/// SHA-256 of `test`.
const SHA: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

async fn cluster() -> Cluster {
    let cluster = Cluster::start();
    cluster.sql("CREATE DATABASE sales").await;
    cluster.sql("CREATE DATABASE staff").await;
    for (name, tables) in [("sales", SALES), ("staff", STAFF)] {
        let mut connection =
            <sqlx::PgConnection as sqlx::Connection>::connect(&url(&cluster, name)).await.expect("a connection");
        sqlx::raw_sql(tables).execute(&mut connection).await.expect("the fixture");
    }
    cluster
}

fn url(cluster: &Cluster, database: &str) -> String {
    format!("postgres://datebin:{PASSWORD}@127.0.0.1:{}/{database}", cluster.port)
}

/// Serves with settings, without the database of `DATABASE_URL`, and waits for paths to be ready.
async fn serve(cluster: &Cluster, settings: &[(&str, &str)], ready: &[&str]) -> Program {
    let program = Program::start(cluster, &[&[("DATABASE_URL", "")], settings].concat()).await;
    for path in ready {
        let is_ready = async || (program.get(path).await.status == 200).then_some(());
        eventually(LONG, &format!("{path} is ready"), is_ready).await;
    }
    program
}

/// The only value of all points.
fn value(body: &Value) -> f64 {
    body[0]["datapoints"][0][0].as_f64().expect("a point")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_metric_of_two_databases_has_two_values_in_every_dialect() {
    let cluster = cluster().await;
    let staff = cluster.directory.join("staff-url");
    fs::write(&staff, url(&cluster, "staff")).expect("a file");
    let catalog = cluster.directory.join("staff.toml");
    fs::write(&catalog, "[[source]]\nrelation = \"rooms\"\n[source.metric.warmth]\ncolumn = \"value\"\n")
        .expect("a file");
    let (sales, staff, catalog) = (url(&cluster, "sales"), staff.display().to_string(), catalog.display().to_string());
    let settings = [
        ("DATABASE_URL_SALES", sales.as_str()),
        ("DATABASE_URL_STAFF_2_FILE", &staff),
        ("DATEBIN_CONFIG_STAFF_2", &catalog),
        // The path begins as the routes of the Prometheus API do.
        ("DATEBIN_BASE_PATH", "/api"),
        ("DATEBIN_CACHE_BYTES", "64MiB"),
    ];
    let program = serve(&cluster, &settings, &["/sales/readyz", "/staff_2/readyz"]).await;
    for _ in 0..2 {
        for (path, expected) in [("/sales", 1.0), ("/staff_2", 2.0), ("//staff_2/", 2.0)] {
            let asked = program.post(&format!("{path}/query"), &question("cpu")).await;
            assert_eq!((asked.status, value(&asked.body)), (200, expected), "{path}: {}", asked.body);
            let asked = program.get(&format!("{path}/api/v1/query?query=cpu&time=1523768390")).await;
            assert_eq!(asked.body["data"]["result"][0]["value"][1], json!(expected.to_string()), "{}", asked.body);
            let flat = "query?target=cpu&from=2018-04-15T04:50:00Z&to=2018-04-15T05:00:00Z&maxDataPoints=1";
            let asked = program.get(&format!("{path}/{flat}")).await;
            assert_eq!(asked.status, 200, "{}", asked.body);
            assert!(asked.body.to_string().contains(&format!(":{expected:.1}")), "{}", asked.body);
        }
    }
    let names = async |path: &str| program.get(path).await.body.to_string();
    assert!(!names("/sales/search").await.contains("warmth"));
    assert!(names("/staff_2/search").await.contains("warmth"));
    // A browser is given the explorer under each path, and without the base path as a proxy leaves it.
    for path in ["/sales/", "/staff_2", "/sales"] {
        let page = program.client.get(format!("{}{path}", program.base)).header("accept", "text/html").send().await;
        let page = page.expect("an answer").text().await.expect("a page");
        assert!(page.contains("<html"), "{path}: {page}");
    }
    let origin = program.base.trim_end_matches("/api").to_owned();
    let asked = answer(program.client.get(format!("{origin}/sales/api/v1/query?query=cpu&time=1523768390"))).await;
    assert_eq!(asked.expect("an answer").body["data"]["result"][0]["value"][1], json!("1"));
    // The root has what is of the process, and no question is answered there.
    for (path, status) in
        [("/", 200), ("/livez", 200), ("/readyz", 200), ("/metrics", 200), ("/search", 404), ("/nobody/search", 404)]
    {
        assert_eq!(program.get(path).await.status, status, "{path}");
    }
    assert_eq!(program.post("/query", &question("cpu")).await.status, 404);
    // The database of the root, too.
    let (sales, root) = (url(&cluster, "sales"), url(&cluster, "staff"));
    let settings = [("DATABASE_URL_SALES", sales.as_str()), ("DATABASE_URL", &root), ("DATEBIN_BASE_PATH", "/api")];
    let program = serve(&cluster, &settings, &["/readyz", "/sales/readyz"]).await;
    for (path, expected) in [("", "2"), ("/sales", "1")] {
        let asked = program.get(&format!("{path}/api/v1/query?query=cpu&time=1523768390")).await;
        assert_eq!(asked.body["data"]["result"][0]["value"][1], json!(expected), "{path}: {}", asked.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_of_each_database_have_its_name() {
    let cluster = cluster().await;
    let (sales, staff) = (url(&cluster, "sales"), url(&cluster, "staff"));
    let settings =
        [("DATABASE_URL_SALES", sales.as_str()), ("DATABASE_URL_STAFF", &staff), ("DATABASE_URL", &cluster.url())];
    let settings = [&settings[..], &[("DATEBIN_AUDIT", "metrics")]].concat();
    let program = Program::start(&cluster, &settings).await;
    for path in ["/readyz", "/sales/readyz", "/staff/readyz"] {
        eventually(LONG, path, async || (program.get(path).await.status == 200).then_some(())).await;
    }
    for _ in 0..3 {
        assert_eq!(program.post("/sales/query", &question("cpu")).await.status, 200);
    }
    let page = async |path: &str| program.get(path).await.body.as_str().expect("a text").to_owned();
    let counted =
        "datebin_requests_total{database=\"sales\",method=\"POST\",route=\"/query\",status=\"200\",code=\"ok\"} 3";
    let whole = async || Some(page("/metrics").await).filter(|page| page.contains(counted));
    let whole = eventually(LONG, "three questions are counted", whole).await;
    for line in [
        "datebin_database_up{database=\"sales\"} 1",
        "datebin_database_up{database=\"staff\"} 1",
        "datebin_database_up 1",
        "datebin_catalog_metrics{database=\"sales\"} 1",
        "datebin_catalog_metrics{database=\"staff\"} 2",
    ] {
        assert!(whole.lines().any(|own| own == line), "{line}: {whole}");
    }
    for head in ["# HELP datebin_requests_total ", "# TYPE datebin_database_up ", "# HELP datebin_held_bytes "] {
        assert_eq!(whole.matches(head).count(), 1, "{head}");
    }
    approved(&whole);
    // A line of the log says which one was asked.
    let failed = program.post("/staff/query", &question("nothing")).await;
    assert_eq!(failed.status, 422);
    let said = async || {
        let of = |name: &str, message: &str| {
            program.log().iter().any(|line| line["fields"]["database"] == name && line["fields"]["message"] == message)
        };
        (of("staff", "request") && of("sales", "audit")).then_some(())
    };
    eventually(LONG, "the lines name the databases", said).await;
    // So does a line about a catalog.
    let loaded = |line: &Value| line["fields"]["message"] == "the catalog is loaded";
    let mut of: Vec<Value> =
        program.log().into_iter().filter(loaded).map(|line| line["span"]["database"].clone()).collect();
    of.sort_by_key(ToString::to_string);
    assert_eq!(of, [json!("sales"), json!("staff"), Value::Null]);
    let own = page("/staff/metrics").await;
    assert!(own.contains("datebin_database_up{database=\"staff\"} 1") && !own.contains("sales"), "{own}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_database_is_away_and_the_other_one_serves() {
    let (cluster, other) = (cluster().await, Cluster::start());
    other.sql(crate::database::CPU).await;
    let (sales, away) = (url(&cluster, "sales"), other.url());
    let settings = [("DATABASE_URL_SALES", sales.as_str()), ("DATABASE_URL_AWAY", &away)];
    let program = serve(&cluster, &settings, &["/sales/readyz", "/away/readyz", "/readyz"]).await;
    other.down();
    eventually(patience(LONG), "one is away", async || (program.get("/away/readyz").await.status == 503).then_some(()))
        .await;
    program.post("/away/query", &question("cpu")).await.assert_away();
    assert_eq!(program.post("/sales/query", &question("cpu")).await.status, 200);
    let root = program.get("/readyz").await;
    assert_eq!((root.status, &root.body), (200, &json!({"status": "ready", "databases": 2, "ready": 1})));
    let page = program.get("/metrics").await.body;
    assert!(page.as_str().expect("a text").contains("datebin_database_up{database=\"away\"} 0"), "{page}");
    other.up();
    eventually(patience(LONG), "it is back", async || (program.get("/away/readyz").await.status == 200).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_database_is_unknown_to_the_others() {
    let cluster = cluster().await;
    let tokens = cluster.directory.join("tokens.toml");
    let everywhere = SHA.replace('9', "8");
    fs::write(
        &tokens,
        format!("[[token]]\nname = \"s\"\nsha256 = \"{SHA}\"\ndatabases = [\"sales\"]\n[[token]]\nname = \"a\"\nsha256 = \"{everywhere}\"\n"),
    )
    .expect("a file");
    let (sales, staff, tokens) = (url(&cluster, "sales"), url(&cluster, "staff"), tokens.display().to_string());
    let settings =
        [("DATABASE_URL_SALES", sales.as_str()), ("DATABASE_URL_STAFF", &staff), ("DATEBIN_TOKENS", &tokens)];
    let program = serve(&cluster, &settings, &["/sales/readyz", "/staff/readyz"]).await;
    let get = async |path: &str, token: Option<&str>| -> Answer {
        let request = program.client.get(format!("{}{path}", program.base));
        let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
        answer(request).await.expect("an answer")
    };
    assert_eq!(get("/sales/search", Some("test")).await.status, 200);
    let (elsewhere, wrong) = (get("/staff/search", Some("test")).await, get("/staff/search", Some("nobody")).await);
    assert_eq!((elsewhere.status, &elsewhere.body), (401, &wrong.body));
    for path in ["/staff/metrics", "/staff/nothing", "/nothing"] {
        let expected = if path == "/nothing" { 404 } else { 401 };
        assert_eq!(get(path, Some("test")).await.status, expected, "{path}");
        assert_eq!(get(path, None).await.status, 401, "{path}");
    }
    let page = get("/metrics", Some("test")).await.body;
    let page = page.as_str().expect("a text");
    assert!(page.contains("{database=\"sales\"") && !page.contains("staff"), "{page}");
    let refused = "datebin_requests_total{method=\"GET\",route=\"\",status=\"401\",code=\"unauthorized\"} 1";
    assert!(page.lines().any(|line| line == refused), "{page}");
    for path in ["/", "/livez", "/readyz", "/staff/livez", "/staff/readyz"] {
        assert_eq!(get(path, None).await.status, 200, "{path}");
    }
}

#[test]
fn a_name_that_cannot_be_a_path_is_refused_at_the_start() {
    let cluster = Cluster::stopped();
    let url = cluster.url();
    for (name, expected) in [
        ("DATABASE_URL_METRICS", "DATABASE_URL_METRICS cannot be read: expected another name"),
        ("DATABASE_URL_API", "expected another name"),
        ("DATABASE_URL_sales", "expected a name of A to Z, 0 to 9 and _"),
        ("DATABASE_URL_A-B", "expected a name of A to Z, 0 to 9 and _"),
        ("DATABASE_URL_A_FILE", "DATABASE_URL_A_FILE cannot be read: expected a file that can be read"),
    ] {
        let settings = [(name, url.as_str()), ("DATEBIN_LISTEN", "127.0.0.1:0")];
        let done = ran(&cluster.directory, &settings, &["serve"]);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success() && said.contains(expected) && !said.contains(PASSWORD), "{name}: {said}");
    }
    let both = [("DATABASE_URL_A", url.as_str()), ("DATABASE_URL_A_FILE", "/none")];
    let done = ran(&cluster.directory, &both, &["serve"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(said.contains("one of DATABASE_URL_A and DATABASE_URL_A_FILE, not both"), "{said}");
    let shown = command(&cluster.directory, &[("DATABASE_URL_A", &url), ("DATEBIN_CONFIG_A", "/etc/a.toml")])
        .arg("config")
        .output();
    let shown = shown.expect("the program");
    let said = String::from_utf8_lossy(&shown.stdout).into_owned() + &String::from_utf8_lossy(&shown.stderr);
    assert!(shown.status.success() && said.contains("DATABASE_URL_A=postgres://datebin@127.0.0.1:"), "{said}");
    assert!(
        said.contains("DATEBIN_CONFIG_A=/etc/a.toml") && !said.contains(PASSWORD) && !said.contains("is not a setting"),
        "{said}"
    );
}
