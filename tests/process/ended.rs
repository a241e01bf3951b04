//! Sessions that the server ends while they are idle.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::database::CPU;
use crate::program::{LONG, Program, eventually, question};

const ANNOTATED: &str = "
    CREATE TABLE deploys (started_at timestamptz NOT NULL, service text);
    INSERT INTO deploys VALUES ('2018-04-15 04:55Z', 'shop');";
const FILE: &str = "
    [[annotations]]
    name = \"deploys\"
    relation = \"deploys\"
    time = \"started_at\"
    title = \"service\"
    text = \"service\"";
/// The sessions of questions; the watcher and the listener have others.
const IDLE: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'datebin' AND query LIKE '%cpu%'";

/// How many ways there are.
const WAYS: usize = 14;

/// Every way to ask, with what the answer holds.
async fn ask(program: &Program, way: usize) -> Value {
    let range = json!({"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"});
    let annotations = json!({"range": range, "annotation": {"name": "x", "query": "", "enable": true}});
    let options = json!({"metric": "cpu", "name": "label:host", "payload": {}, "range": range});
    let picked = json!({"payload": {"target": "label_values(cpu, host)"}, "range": range});
    let answer = match way {
        0 => program.post("/query", &question("cpu")).await,
        1 => program.post("/annotations", &annotations).await,
        2 => program.post("/tag-values", &json!({"key": "host"})).await,
        3 => program.post("/variable", &picked).await,
        4 => program.post("/search", &json!({"target": "label_values(cpu, host)"})).await,
        5 => program.post("/tag-keys", &json!({"filters": [{"key": "host", "operator": "=", "value": "a"}]})).await,
        6 => program.post("/metric-payload-options", &options).await,
        7 => program.get("/api/v1/query?query=cpu&time=2018-04-15T04:56:00Z").await,
        8 => {
            program
                .get("/api/v1/query_range?query=cpu&start=2018-04-15T04:55:00Z&end=2018-04-15T04:56:00Z&step=10")
                .await
        }
        9 => program.get("/api/v1/labels?match[]=cpu").await,
        10 => program.get("/api/v1/label/host/values?match[]=cpu").await,
        11 => program.get("/api/v1/series?match[]=cpu&start=2018-04-15T04:50:00Z&end=2018-04-15T05:00:00Z").await,
        12 => program.get("/search?target=cpu").await,
        _ => program.get("/query?target=cpu&from=2018-04-15T04:50:00Z&to=2018-04-15T05:00:00Z").await,
    };
    assert_eq!(answer.status, 200, "way {way}: {}", answer.body);
    answer.body
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_question_after_a_pause_is_answered_on_every_path() {
    let cluster = Cluster::start();
    cluster.sql(CPU).await;
    cluster.sql(ANNOTATED).await;
    cluster.sql("ALTER ROLE datebin SET idle_session_timeout = '200ms'").await;
    let file = cluster.directory.join("catalog.toml");
    std::fs::write(&file, FILE).expect("a file");
    let settings = [("DATEBIN_CONFIG", file.to_str().expect("a path")), ("DATEBIN_REFRESH", "1h")];
    let program = Program::serve(&cluster, &settings).await;
    let mut connection = cluster.connect().await;
    sqlx::raw_sql("SET idle_session_timeout = 0").execute(&mut connection).await.expect("the test's own session");
    for way in 0..WAYS {
        let expected = ask(&program, way).await;
        let is_filled =
            ["a", "cpu", "host", "shop"].iter().any(|word| expected.to_string().contains(&format!("\"{word}\"")));
        assert!(is_filled, "way {way}: {expected}");
        // Several idle sessions, all of which the server ends.
        let answers = join_all((0..10).map(|_| program.ask("cpu"))).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
        let mut gone = async || {
            let count: i64 = sqlx::query_scalar(IDLE).fetch_one(&mut connection).await.expect("a count");
            // The counting statement itself has the word, but another name.
            (count == 0).then_some(())
        };
        eventually(LONG, "the server ends the idle sessions", async || gone().await).await;
        assert_eq!(ask(&program, way).await, expected, "way {way}");
    }
    assert_eq!(program.complaints(), Vec::<Value>::new());
}
