//! Values of labels of joined rows, in every picker: they obey the metric, the other matchers and the range.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

const TABLES: &str = "
    CREATE TABLE sites (code text PRIMARY KEY, city text);
    INSERT INTO sites VALUES ('p', 'Paris'), ('q', 'Quito'), ('r', 'Rome');
    CREATE TABLE hosts (id int PRIMARY KEY, name text, site text);
    INSERT INTO hosts VALUES (1, 'one', 'p'), (2, 'two', 'p'), (3, 'three', 'q'), (4, 'unused', 'r');
    CREATE TABLE jm (ts timestamptz NOT NULL, host_id int, dc text, v float8);
    INSERT INTO jm SELECT '2025-06-01Z'::timestamptz + i * interval '1 min', 1 + i % 3,
        CASE WHEN i % 3 = 0 THEN 'eu' ELSE 'us' END, i FROM generate_series(0, 99) i;
    INSERT INTO jm VALUES ('2025-05-01Z', 4, 'eu', 1);
    CREATE TABLE other (ts timestamptz NOT NULL, host_id int, w float8);
    INSERT INTO other VALUES ('2025-06-01 00:10Z', 2, 1);";

const FILE: &str = r#"
    [[source]]
    relation = "jm"
    time = "ts"
    labels = ["dc"]
    [source.metric.jm]
    column = "v"
    [[source.join]]
    relation = "hosts"
    on = { host_id = "id" }
    labels = ["name", "site"]
    [[source.join.join]]
    relation = "sites"
    on = { site = "code" }
    labels = ["city"]
    [[source]]
    relation = "other"
    time = "ts"
    labels = []
    [source.metric.other]
    column = "w"
    [[source.join]]
    relation = "hosts"
    on = { host_id = "id" }
    labels = ["name"]
"#;

async fn start(pool: &PgPool) -> Server {
    sql(pool, TABLES).await;
    let name = pool.connect_options().get_database().expect("a database").to_owned();
    let file = std::env::temp_dir().join(format!("datebin-{name}.toml"));
    std::fs::write(&file, FILE).expect("a file");
    Server::with(pool, Setup { file: Some(file), ..Setup::default() }).await
}

fn hour() -> Value {
    json!({"from": "2025-06-01T00:00:00Z", "to": "2025-06-01T01:00:00Z"})
}

fn texts(body: &Value, key: &str) -> Vec<String> {
    let text = |element: &Value| element.get(key).unwrap_or(element).as_str().expect("a text").to_owned();
    body.as_array().unwrap_or_else(|| panic!("{body}")).iter().map(text).collect()
}

async fn check(pool: &PgPool) {
    let server = start(pool).await;
    for (query, expected) in [
        ("label_values(jm{dc=\"eu\"}, name)", &["one"][..]),
        ("label_values(jm, name)", &["one", "three", "two"]),
        ("label_values(jm{site=\"q\"}, name)", &["three"]),
        ("label_values(jm{site=\"q\"}, dc)", &["us"]),
        ("label_values(jm{name=\"one\"}, site)", &["p"]),
        ("label_values(jm{city=\"Paris\"}, name)", &["one", "two"]),
        ("label_values(jm, city)", &["Paris", "Quito"]),
        ("label_values(jm{dc=\"eu\"}, city)", &["Paris"]),
        ("label_values(jm{dc=~\"e.\",name!=\"one\"}, name)", &[]),
        ("label_values(other, name)", &["two"]),
        ("label_values(name)", &["one", "three", "two"]),
        ("label_values(jm{dc=\"nowhere\"}, name)", &[]),
    ] {
        let answer = server.post("/variable", json!({"payload": {"target": query}, "range": hour()})).await;
        assert_eq!(texts(&answer.body, "__text"), expected, "{query}");
        assert_eq!(answer.header("warning"), "", "{query}");
    }
    let wider = json!({"from": "2025-05-01T00:00:00Z", "to": "2025-06-01T00:01:00Z"});
    let answer = server.post("/variable", json!({"payload": "label_values(jm, name)", "range": wider})).await;
    assert_eq!(texts(&answer.body, "__text"), ["one", "unused"]);

    // No range: all rows that are found, or the newest.
    let searched = server.post("/search", json!({"target": "label_values(jm{dc=\"us\"}, name)"})).await.body;
    assert_eq!(searched, json!(["three", "two"]));
    let filter = json!([{"key": "dc", "operator": "=", "value": "us"}]);
    let tags = server.post("/tag-values", json!({"key": "name", "filters": filter, "timeRange": hour()})).await.body;
    assert_eq!(texts(&tags, "text"), ["three", "two"]);
    let payload = json!({"label:dc": ["eu"], "label:site": ["p"]});
    let offered = server
        .post("/metric-payload-options", json!({"metric": "jm", "name": "label:name", "payload": payload}))
        .await
        .body;
    assert_eq!(texts(&offered, "value"), ["one"]);
}

#[sqlx::test(migrations = false)]
async fn values_of_joined_labels_obey_the_other_matchers(pool: PgPool) {
    check(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn so_they_do_where_an_index_finds_the_rows(pool: PgPool) {
    check(&pool).await;
    sql(&pool, "CREATE INDEX ON jm (host_id, ts); CREATE INDEX ON jm (ts)").await;
    sql(&pool, "DROP TABLE sites, hosts CASCADE; DROP TABLE other").await;
    sql(&pool, "ALTER TABLE jm RENAME TO jm_old").await;
    check_indexed(&pool).await;
}

async fn check_indexed(pool: &PgPool) {
    sql(pool, "DROP TABLE jm_old").await;
    check(pool).await;
}

#[sqlx::test(migrations = false)]
async fn without_a_range_the_newest_rows_decide(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE cpu (ts timestamptz NOT NULL, host text, region text, value float8);
        INSERT INTO cpu VALUES ('2020-01-01Z', 'a', 'eu', 1), ('2020-01-02Z', 'b', 'us', 1)",
    )
    .await;
    let server = Server::start(&pool).await;
    let search = async |target: &str| server.post("/search", json!({"target": target})).await.body;
    assert_eq!(search("label_values(cpu, host)").await, json!(["a", "b"]));
    assert_eq!(search("label_values(cpu{region=\"us\"}, host)").await, json!(["b"]));
    assert_eq!(search("label_names(cpu{region=\"us\"})").await, json!(["host", "region"]));
    let bare = server.get("/variable?query=label_values(cpu,host)").await.body;
    assert_eq!(bare, json!([]), "the last six hours");
    let ranged = json!({"payload": "label_values(cpu, host)", "range": {"from": "now-6h", "to": "now"}});
    assert_eq!(server.post("/variable", ranged).await.body, json!([]));
}

/// The values while another session holds the table, so that the time budget runs out.
#[sqlx::test(migrations = false)]
async fn a_list_that_is_not_whole_says_so_and_all_means_all(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE many (ts timestamptz NOT NULL, host text, value float8);
        INSERT INTO many SELECT '2025-06-01Z'::timestamptz + g % 60 * interval '1 min', 'h' || g % 500, g
        FROM generate_series(0, 4999) g; ANALYZE many",
    )
    .await;
    let server = Server::start(&pool).await;
    let mut lock = pool.begin().await.expect("a session");
    sqlx::query("LOCK TABLE many IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.expect("a lock");
    let day = json!({"from": "2025-06-01T00:00:00Z", "to": "2025-06-02T00:00:00Z"});
    let query = "label_values(many, host)";
    let (variable, search, options) = tokio::join!(
        server.post("/variable", json!({"payload": query, "range": day})),
        server.post("/search", json!({"target": query})),
        server.post("/metric-payload-options", json!({"metric": "many", "name": "label:host", "payload": {}})),
    );
    lock.rollback().await.expect("the end");
    for answer in [&variable, &search, &options] {
        assert_eq!(answer.status, 200);
        assert!(answer.header("warning").contains("199 datebin"), "{:?}", answer.headers);
    }
    let last = |body: &Value| body.as_array().and_then(|list| list.last().cloned()).expect("an entry");
    assert_eq!(last(&variable.body)["__value"], "$__all");
    assert_eq!(last(&search.body)["value"], "$__all");
    assert_eq!(last(&options.body)["value"], "$__all");
    // What Grafana makes of "All": every value of the list, escaped or in braces.
    for all in [r#"(h1|h2|\\$__all)"#, "{h1,h2,$__all}"] {
        let target = format!("count(many{{host=~\"{all}\"}})");
        let body = json!({"range": day, "targets": [{"target": target, "payload": {"step": "1d"}}]});
        assert_eq!(server.post("/query", body).await.body[0]["datapoints"][0][0], 500.0, "{all}");
    }
}
