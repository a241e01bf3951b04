//! Bodies that are long in one part: while they are read, compared and refused, the process answers others and stays small.

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::patience::patience;
use crate::program::Program;
use crate::vitals::{Vitals, Watch};

use std::time::Duration;

const LOAD: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision);
    CREATE INDEX ON load (host, ts);
    INSERT INTO load SELECT '2018-04-15 04:55Z', host, 1 FROM unnest(array['a', 'b', 'c']) AS host;";

const MIB: u64 = 1 << 20;

fn body(targets: Value, more: Value) -> Value {
    let mut body = json!({
        "range": {"from": "2018-04-15T04:50:00Z", "to": "2018-04-15T05:00:00Z"}, "maxDataPoints": 1, "targets": targets,
    });
    body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    body
}

/// A program that has answered once, and its resident memory then.
async fn idle(cluster: &Cluster) -> (Program, u64) {
    cluster.sql(LOAD).await;
    let program = Program::serve(cluster, &[]).await;
    let one = program.post("/query", &body(json!([{"target": "load"}]), json!({}))).await;
    assert_eq!(one.status, 200, "{}", one.body);
    let resident = Watch::begin(&program).end().peak;
    (program, resident)
}

fn assert_calm(vitals: Vitals) {
    assert!(vitals.slowest < patience(Duration::from_millis(200)), "{vitals:?}");
    assert!(vitals.typical < Duration::from_millis(200), "{vitals:?}");
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bodies_of_many_filters_leave_others_alone() {
    let cluster = Cluster::start();
    let (program, _) = idle(&cluster).await;
    let filters: Vec<Value> =
        (0..70_000).map(|n| json!({"key": "host", "operator": "!=", "value": format!("v{n}")})).collect();
    let long = body(json!([{"target": "load"}]), json!({"adhocFilters": filters}));
    let watch = Watch::begin(&program);
    let (one, other) = tokio::join!(program.post("/query", &long), program.post("/query", &long));
    assert_calm(watch.end());
    for answer in [one, other] {
        assert_eq!((answer.status, code(&answer.body)), (422, "too_many_filters"), "{}", answer.body);
        assert!(answer.took < patience(Duration::from_secs(2)), "took {:?}", answer.took);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn picked_values_are_not_copied_for_each_selector() {
    let cluster = Cluster::start();
    let (program, idle) = idle(&cluster).await;
    let picked: Vec<String> = (0..20_000).map(|n| format!("host-{n}")).chain(["a".to_owned()]).collect();
    // A balanced tree of 1,024 selectors.
    let tree = (0..10).fold("sum(load)".to_owned(), |tree, _| format!("({tree}+{tree})"));
    let payload = json!({"filters": {"host": picked}});
    let question = body(json!([{"target": tree, "payload": payload}]), json!({}));
    let watch = Watch::begin(&program);
    let sum = program.post("/query", &question).await;
    let vitals = watch.end();
    assert_eq!((sum.status, &sum.body[0]["datapoints"][0][0]), (200, &json!(1024.0)), "{}", sum.body);
    assert_calm(vitals);
    // One copy for each selector would take a thousand MiB.
    assert!(vitals.peak < idle + 64 * MIB, "{vitals:?} after {idle}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_patterns_leave_others_alone() {
    let cluster = Cluster::start();
    let (program, idle) = idle(&cluster).await;
    let watch = Watch::begin(&program);
    for (count, status, refused) in [(2000, 422, "too_many_filters"), (900, 400, "bad_target")] {
        for pattern in ["(?:a{1,99}){1,60}", "(?:[a-z]{1,99}){1,9}"] {
            let matchers: Vec<String> = (0..count).map(|n| format!("host!~\"{pattern}{n}\"")).collect();
            let target = format!("load{{{}}}", matchers.join(","));
            let answer = program.post("/query", &body(json!([{"target": target}]), json!({}))).await;
            assert_eq!((answer.status, code(&answer.body)), (status, refused), "{count} of {pattern}: {}", answer.body);
        }
    }
    let vitals = watch.end();
    assert_calm(vitals);
    assert!(vitals.peak < idle + 128 * MIB, "{vitals:?} after {idle}");
}
