//! What an operator reads: the log of requests, the audit, and the numbers of an outage.

use serde_json::{Value, json};

use datebin::access::Secret;

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::program::{LONG, Program, eventually, question};

/// The lines of requests, or of the audit.
fn lines(program: &Program, message: &str) -> Vec<Value> {
    program.log().into_iter().filter(|line| line["fields"]["message"] == message).collect()
}

async fn some_lines(program: &Program, message: &str, count: usize) -> Vec<Value> {
    eventually(LONG, message, async || Some(lines(program, message)).filter(|lines| lines.len() >= count)).await
}

fn tokens(cluster: &Cluster) -> String {
    let file = cluster.directory.join("tokens.toml");
    let digits = Secret::of(b"hunter2-of-grafana").digits();
    let text = format!("[[token]]\nname = \"grafana\"\nsha256 = \"{digits}\"\nuser = \"header\"\n");
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

/// Asks as Alice, with an id of the caller's.
async fn asked(program: &Program, target: &str, id: &str) -> u16 {
    let request = program.client.post(format!("{}/query", program.base)).body(question(target).to_string());
    let request = request.header("authorization", "Bearer hunter2-of-grafana").header("x-grafana-user", "alice");
    request.header("x-request-id", id).send().await.expect("an answer").status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_line_and_a_failed_one_is_said_at_info() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let tokens = tokens(&cluster);
    let settings = [("DATEBIN_TOKENS", tokens.as_str()), ("DATEBIN_LOG", "info,datebin=debug")];
    let program = Program::serve(&cluster, &settings).await;
    assert_eq!(asked(&program, "cpu{host=\"hunter2-host\"}", "good-1").await, 200);
    assert_eq!(asked(&program, "hunter2-metric", "bad-1").await, 422);
    assert_eq!(program.get("/search").await.status, 401);
    let lines = eventually(LONG, "three lines", async || {
        let lines = lines(&program, "request");
        let asked: Vec<Value> = lines
            .into_iter()
            .filter(|line| !line["fields"]["route"].as_str().is_some_and(|route| route.ends_with("z")))
            .collect();
        (asked.len() >= 3).then_some(asked)
    })
    .await;
    let good = lines.iter().find(|line| line["fields"]["id"] == "good-1").expect("a line");
    let fields = &good["fields"];
    assert_eq!(good["level"], "DEBUG");
    let said =
        json!([fields["method"], fields["route"], fields["status"], fields["code"], fields["token"], fields["person"]]);
    assert_eq!(said, json!(["POST", "/query", 200, "ok", "grafana", "alice"]));
    assert!(
        fields["duration_ms"].as_f64().is_some_and(|ms| ms > 0.0) && fields["bytes"].as_u64().is_some_and(|n| n > 0)
    );
    let bad = lines.iter().find(|line| line["fields"]["id"] == "bad-1").expect("a line");
    assert_eq!((&bad["level"], &bad["fields"]["status"]), (&json!("INFO"), &json!(422)));
    let unknown = lines.iter().find(|line| line["fields"]["status"] == 401).expect("a line");
    assert_eq!((&unknown["level"], &unknown["fields"]["code"]), (&json!("INFO"), &json!("unauthorized")));
    assert!(unknown["fields"].get("token").is_none(), "{unknown}");
    // Neither a secret nor a word of a question is in the log.
    let log = program.log().iter().map(Value::to_string).collect::<String>();
    assert!(!log.contains("hunter2-"), "{log}");
    assert!(lines_of_audit(&program).is_empty());
}

fn lines_of_audit(program: &Program) -> Vec<Value> {
    lines(program, "audit")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_says_who_read_what_whatever_the_log_says() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let tokens = tokens(&cluster);
    for (audit, has_texts) in [("metrics", false), ("full", true)] {
        // The test itself reads the address from the log.
        let settings =
            [("DATEBIN_TOKENS", tokens.as_str()), ("DATEBIN_LOG", "off,datebin::cli=info"), ("DATEBIN_AUDIT", audit)];
        let program = Program::serve(&cluster, &settings).await;
        assert_eq!(asked(&program, "cpu{host!=\"hunter2-host\"}", "one").await, 200);
        assert_eq!(asked(&program, "no_such_metric", "two").await, 422);
        let found = some_lines(&program, "audit", 2).await;
        let fields = &found[0]["fields"];
        let said = json!([fields["id"], fields["token"], fields["person"], fields["route"], fields["metrics"]]);
        assert_eq!(said, json!(["one", "grafana", "alice", "/query", "cpu"]));
        let range = (fields["from"].as_str().expect("a time"), fields["to"].as_str().expect("a time"));
        assert!(range.0.starts_with("2018-04-15T04:50:00") && range.1.starts_with("2018-04-15T05:00:"), "{range:?}");
        assert!(fields["rows"].as_u64().is_some_and(|rows| rows > 0), "{fields}");
        assert!(fields["statements"].as_u64().is_some_and(|count| count > 0), "{fields}");
        assert_eq!((&fields["status"], &fields["code"]), (&json!(200), &json!("ok")));
        assert_eq!(fields["targets"].as_str().is_some_and(|text| text.contains("hunter2-host")), has_texts, "{fields}");
        let failed = &found[1]["fields"];
        assert_eq!(
            (&failed["status"], &failed["code"], &failed["rows"]),
            (&json!(422), &json!("unknown_metric"), &json!(0))
        );
        assert!(lines(&program, "request").is_empty());
    }
}

/// A number of `GET /metrics`.
async fn counted(program: &Program, name: &str) -> f64 {
    let page = program.get("/metrics").await.body.as_str().expect("a text").to_owned();
    let line = page.lines().find_map(|line| line.strip_prefix(&format!("datebin_{name} ")));
    line.expect("the metric").parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_and_refused_sessions_are_counted() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    let program = Program::serve(&cluster, &[]).await;
    assert_eq!((counted(&program, "database_up").await, counted(&program, "database_outages_total").await), (1.0, 0.0));
    cluster.down();
    let down = async || (counted(&program, "database_up").await == 0.0).then_some(());
    eventually(LONG, "the outage is known", down).await;
    let counts = async || (counted(&program, "database_outages_total").await == 1.0).then_some(());
    eventually(LONG, "the outage is counted", counts).await;
    cluster.up();
    program.good(LONG, "cpu").await;
    assert_eq!(counted(&program, "database_up").await, 1.0);
    // The server has no room for more sessions than there are.
    cluster
        .sql("CREATE ROLE few LOGIN PASSWORD 'hunter2-of-the-tests' CONNECTION LIMIT 3; GRANT SELECT ON cpu TO few")
        .await;
    let url = cluster.url().replace("datebin:", "few:");
    let crowded = Program::serve(&cluster, &[("DATABASE_URL", url.as_str())]).await;
    let ask = || crowded.ask("cpu");
    let refused = async || {
        futures_util::future::join_all((0..8).map(|_| ask())).await;
        (counted(&crowded, "sessions_failed_total").await >= 1.0).then_some(())
    };
    eventually(LONG, "a refused session is counted", refused).await;
    assert!(counted(&crowded, "sessions_opened_total").await >= 1.0);
}
