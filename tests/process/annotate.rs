//! `datebin annotate`, and who may add annotations.

use serde_json::{Value, json};

use datebin::access::Secret;

use crate::bouncer::Bouncer;
use crate::cluster::{Cluster, PASSWORD};
use crate::program::{LONG, Program, answer, eventually, ran};

/// A role that may read, and two that it may be: one of them may write.
const ROLES: &str = "
    CREATE ROLE reader LOGIN NOINHERIT PASSWORD 'hunter2-of-the-tests';
    CREATE ROLE writer; CREATE ROLE viewer; GRANT writer, viewer TO reader;
    GRANT USAGE ON SCHEMA datebin TO reader, writer, viewer;
    GRANT SELECT ON datebin.annotations TO reader, writer, viewer;
    GRANT INSERT ON datebin.annotations TO writer;";

/// Runs the command: whether it succeeded, what it printed, what it said.
fn annotated(cluster: &Cluster, url: &str, arguments: &[&str]) -> (bool, String, String) {
    let all = [&["annotate"], arguments].concat();
    let output = ran(&cluster.directory, &[("DATABASE_URL", url)], &all);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn reader(url: &str) -> String {
    url.replace("datebin:", "reader:")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_shell_adds_what_the_role_may_add() {
    let cluster = Cluster::start();
    let url = cluster.url();
    let (done, _, said) = annotated(&cluster, &url, &["x"]);
    assert!(
        !done && said.contains("there is no table datebin.annotations; the operator runs `datebin migrate`"),
        "{said}"
    );
    let made = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["migrate"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    cluster.sql(ROLES).await;

    let (done, id, said) = annotated(&cluster, &url, &["deploy 1.4", "--tags", "deploy,prod", "--from", "-5m"]);
    assert!(done && id == "datebin:1" && said.ends_with("Z: deploy 1.4 [deploy, prod]"), "{id} {said}");
    let told =
        ["maintenance", "--text", "db", "--from", "2024-01-01 00:10", "--to", "2024-01-01 00:20", "--tz", "Asia/Tokyo"];
    let (done, id, said) = annotated(&cluster, &url, &told);
    assert!(done && id == "datebin:2", "{said}");
    assert_eq!(said, "added at 2023-12-31T15:10:00.000Z until 2023-12-31T15:20:00.000Z: maintenance");
    let stored =
        "SELECT string_agg(concat_ws('|', title, text, tags::text, round(extract(epoch FROM now() - time) / 60) < 60,
        time_end - time), E'\\n' ORDER BY id) FROM datebin.annotations";
    let stored: String = sqlx::query_scalar(stored).fetch_one(&mut cluster.connect().await).await.expect("the rows");
    assert_eq!(stored, "deploy 1.4||{deploy,prod}|t\nmaintenance|db|{}|f|00:10:00");

    for (arguments, expected) in [
        (
            &["x", "--from", "now", "--to", "-5m"][..],
            "the annotation ends before it begins: --to now-5m is before --from now",
        ),
        (&["x", "--from", "soon"], "--from: cannot read \"soon\" as a time"),
        (&["x", "--tz", "Mars"], "\"Mars\" is not an IANA time zone"),
        (&[" "], "the annotation says nothing"),
    ] {
        let (done, id, said) = annotated(&cluster, &url, arguments);
        assert!(!done && id.is_empty() && said.contains(expected), "{arguments:?}: {said}");
    }
    let (done, _, said) = annotated(&cluster, &reader(&url), &["x"]);
    assert!(
        !done && said.contains("GRANT SELECT, INSERT ON datebin.annotations") && said.contains("role reader"),
        "{said}"
    );
    assert!(!said.contains(PASSWORD), "{said}");
    let (done, _, said) = annotated(&cluster, "postgres://u:hunter2@127.0.0.1:1/d", &["x"]);
    assert!(!done && said.contains("127.0.0.1:1/d (role u)") && !said.contains("hunter2"), "{said}");
}

fn tokens(cluster: &Cluster) -> String {
    let digits = Secret::of(b"secret").digits();
    let text = format!(
        "[[token]]\nname = \"grafana\"\nsha256 = \"{digits}\"\nwrite = true\nuser = \"header\"\nroles = {{ alice = \"writer\", \"*\" = \"viewer\" }}\n"
    );
    let file = cluster.directory.join("tokens.toml");
    std::fs::write(&file, text).expect("the file of tokens");
    file.display().to_string()
}

async fn added(program: &Program, person: &str) -> (u16, Value) {
    let body = json!({"time": "now", "title": person}).to_string();
    let request = program.client.post(format!("{}/annotation", program.base)).body(body);
    let request = request.header("authorization", "Bearer secret").header("content-type", "application/json");
    let answer = answer(request.header("x-grafana-user", person)).await.expect("an answer");
    (answer.status, answer.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_person_decides_also_behind_a_pooler() {
    let cluster = Cluster::start();
    let made = ran(&cluster.directory, &[("DATABASE_URL", &cluster.url())], &["migrate"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    cluster.sql(ROLES).await;
    let file = tokens(&cluster);
    let direct = reader(&cluster.url());
    let settings = [("DATABASE_URL", direct.as_str()), ("DATEBIN_TOKENS", file.as_str()), ("DATEBIN_AUDIT", "metrics")];
    let program = Program::serve(&cluster, &settings).await;
    let (status, body) = added(&program, "alice").await;
    assert_eq!(status, 201, "{body}");
    let (status, body) = added(&program, "bob").await;
    assert_eq!((status, &body["error"]["code"]), (403, &json!("forbidden")), "{body}");
    assert!(body["message"].as_str().is_some_and(|said| said.contains("GRANT SELECT, INSERT")), "{body}");
    let of_alice = |line: &Value| line["fields"]["message"] == "audit" && line["fields"]["person"] == "alice";
    let audited =
        eventually(LONG, "the audit", async || program.log().into_iter().find(of_alice)).await["fields"].clone();
    let told = ["token", "route", "metrics", "status", "statements"].map(|name| audited[name].clone());
    let expected = [json!("grafana"), json!("/annotation"), json!("annotations/datebin"), json!(201), json!(1)];
    assert_eq!(told, expected, "{audited}");
    drop(program);

    let pool = "pool_mode = transaction\ndefault_pool_size = 2";
    let Some(bouncer) = Bouncer::before(&cluster, "the test of annotations", pool).await else { return };
    let program =
        Program::serve(&cluster, &[("DATABASE_URL", &reader(&bouncer.url())), ("DATEBIN_TOKENS", &file)]).await;
    let (status, body) = added(&program, "alice").await;
    assert_eq!(status, 201, "{body}");
    let (status, _) = added(&program, "bob").await;
    assert_eq!(status, 403);
    let titles: Vec<String> = sqlx::query_scalar("SELECT title FROM datebin.annotations")
        .fetch_all(&mut cluster.connect().await)
        .await
        .expect("the rows");
    assert_eq!(titles, ["alice", "alice"]);
}
