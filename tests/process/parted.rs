//! Relations of very many partitions: what `check` says of them, and a server that cannot lock them all.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::{Program, question, ran};

/// A partition for each hour of thirty days, with an index on each.
const PARTED: &str = "
    CREATE TABLE parted (ts timestamptz NOT NULL, host text NOT NULL, value float8) PARTITION BY RANGE (ts);
    CREATE INDEX ON parted (host, ts);";
const PARTITIONS: &str = "
    DO $$ BEGIN FOR n IN 0..719 LOOP
        EXECUTE format('CREATE TABLE parted_%s PARTITION OF parted FOR VALUES FROM (%L) TO (%L)', n,
            '2018-04-01Z'::timestamptz + n * interval '1 h', '2018-04-01Z'::timestamptz + (n + 1) * interval '1 h');
        IF n % 20 = 0 THEN COMMIT; END IF;
    END LOOP; END $$";
const ROWS: &str = "INSERT INTO parted VALUES ('2018-04-15 04:55Z', 'a', 1), ('2018-04-15 04:55Z', 'b', 2)";
const RULES: &str = "host all all 127.0.0.1/32 password\n";

#[tokio::test(flavor = "multi_thread")]
async fn more_partitions_than_can_be_locked_name_the_setting() {
    let cluster = Cluster::stopped();
    cluster.configure("\nmax_locks_per_transaction = 10\nmax_connections = 20\n", RULES);
    cluster.up();
    for statements in [PARTED, PARTITIONS, ROWS] {
        cluster.sql(statements).await;
    }
    let program = Program::serve(&cluster, &[]).await;
    // Of ten minutes one partition is locked.
    let near = program.ask("sum(parted)").await;
    assert_eq!((near.status, &near.body[0]["datapoints"][0][0]), (200, &serde_json::json!(3.0)), "{}", near.body);
    let mut far = question("sum(parted)");
    far["range"] = serde_json::json!({"from": "2018-04-01T00:00:00Z", "to": "2018-04-30T00:00:00Z"});
    let told = program.post("/query", &far).await;
    let text = told.body.to_string();
    assert_eq!((told.status, &told.body["error"]["code"]), (422, &Value::from("relation_broken")), "{text}");
    assert!(text.contains("max_locks_per_transaction") && text.contains("53200") && !text.contains("again"), "{text}");
    // Lists and the Prometheus API say the same.
    let values = serde_json::json!({"payload": {"target": "label_values(parted, host)"}, "range": far["range"]});
    let listed = program.post("/variable", &values).await;
    let over = program.get("/api/v1/query?query=sum_over_time(parted[29d])&time=2018-04-30T00:00:00Z").await;
    for answer in [listed, over] {
        let text = answer.body.to_string();
        assert!(answer.status == 422 && text.contains("max_locks_per_transaction"), "{}: {text}", answer.status);
    }
    assert_eq!(program.ask("sum(parted)").await.status, 200, "the others are answered");

    let url = cluster.url();
    let checked = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["check"]);
    let said = format!("{}{}", String::from_utf8_lossy(&checked.stdout), String::from_utf8_lossy(&checked.stderr));
    let room = "a question over all 720 parts locks about 1440 relations, and the server has room for 200 locks: it may \
                fail with 53200, \"out of shared memory\"";
    for line in [room, "ALTER SYSTEM SET max_locks_per_transaction = 1024;"] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

/// Forty partitions: few hosts with many rows each, and many with few.
const STRATEGIES: &str = "
    CREATE TABLE dense (ts timestamptz NOT NULL, host text NOT NULL, site text, value float8) PARTITION BY RANGE (ts);
    CREATE TABLE seldom (ts timestamptz NOT NULL, host text NOT NULL, value float8) PARTITION BY RANGE (ts);
    CREATE TABLE whole (ts timestamptz NOT NULL, host text NOT NULL, value float8);
    DO $$ DECLARE name text; BEGIN FOREACH name IN ARRAY ARRAY['dense', 'seldom'] LOOP FOR n IN 0..39 LOOP
        EXECUTE format('CREATE TABLE %1$s_%2$s PARTITION OF %1$s FOR VALUES FROM (%3$L) TO (%4$L)', name, n,
            '2024-01-01Z'::timestamptz + n * interval '1 day', '2024-01-01Z'::timestamptz + (n + 1) * interval '1 day');
    END LOOP; END LOOP; END $$;
    CREATE INDEX ON dense (host, ts);
    CREATE INDEX ON dense (ts);
    CREATE INDEX ON seldom (host, ts);
    CREATE INDEX ON seldom (ts);
    CREATE INDEX ON whole (host, ts);
    INSERT INTO dense SELECT '2024-01-01Z'::timestamptz + n * interval '4 min', 'h' || n % 3, 's' || n % 2, n FROM generate_series(0, 14399) AS n;
    INSERT INTO seldom SELECT '2024-01-01Z'::timestamptz + n * interval '4 min', 'h' || n % 3000, n FROM generate_series(0, 14399) AS n;
    INSERT INTO whole SELECT * FROM seldom;
    ANALYZE;";

#[tokio::test(flavor = "multi_thread")]
async fn how_values_over_partitions_are_found_is_said() {
    let cluster = Cluster::start();
    cluster.sql(STRATEGIES).await;
    let url = cluster.url();
    let checked = ran(&cluster.directory, &[("DATABASE_URL", &url)], &["check", "--format", "json"]);
    let report: Value = serde_json::from_slice(&checked.stdout).expect("JSON");
    let strategy = |relation: &str, label: &str| {
        let sources = report["sources"].as_array().expect("sources");
        let source = sources.iter().find(|source| source["relation"] == relation).expect("the source");
        let labels = source["labels"].as_array().expect("labels");
        let found = labels.iter().find(|one| one["name"] == label).unwrap_or_else(|| panic!("{label}: {source}"));
        found["strategy"].as_str().expect("a text").to_owned()
    };
    let walked = "the rows of the range, or where it has over 200000 of them a walk of an index within the range";
    assert_eq!(strategy("public.dense", "host"), walked);
    assert_eq!(
        strategy("public.dense", "site"),
        "the rows of the range; without one those of the newest, within a time budget"
    );
    let read = "the rows of the range, in those of the 40 parts that it touches";
    assert_eq!(strategy("public.seldom", "host"), read);
    assert_eq!(strategy("public.whole", "host"), "a walk along an index that leads with it");
}
