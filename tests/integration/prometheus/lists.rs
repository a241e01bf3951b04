//! `labels`, `label/NAME/values`, `series` and `metadata`.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::TABLES;
use crate::support::{Server, sql};

const JANUARY: &str = "start=1767571200&end=1767607200";

/// A selector in a URL.
fn encoded(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

fn matching(selectors: &[&str]) -> String {
    selectors.iter().map(|text| format!("&match[]={}", encoded(text))).collect()
}

#[sqlx::test(migrations = false)]
async fn names_of_labels_are_those_of_the_series_that_are_meant(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let all = json!(["__name__", "größe", "host", "job", "region", "site.name"]);
    assert_eq!(server.data("/api/v1/labels").await, all);
    // codemirror-promql sends an empty body.
    assert_eq!(server.form("/api/v1/labels", "").await.body["data"], all);
    assert_eq!(
        server.data(&format!("/api/v1/labels?{JANUARY}")).await,
        json!(["__name__", "größe", "host", "region", "site.name"])
    );
    for (selectors, expected) in [
        (&["host_stats_cpu"][..], json!(["__name__", "host", "region"])),
        (&["host_stats_cpu{host=\"web-2\"}"], json!(["__name__", "host"])),
        (&["requests_total"], json!(["__name__", "site.name"])),
        (&["{\"room.temperature\"}"], json!(["__name__", "größe"])),
        (
            &["{__name__=~\"requests.*|old.*\"}", "host_stats_mem"],
            json!(["__name__", "host", "job", "region", "site.name"]),
        ),
        (&["{job=\"a_b\"}"], json!(["__name__", "job"])),
        (&["nothing"], json!([])),
        (&["{nothing=\"x\"}"], json!([])),
        (&["host_stats_cpu{host=\"x\"}"], json!([])),
    ] {
        let path = format!("/api/v1/labels?{}", matching(selectors));
        assert_eq!(server.data(&path).await, expected, "{selectors:?}");
        let posted = server.form("/api/v1/labels?", &matching(selectors)).await;
        assert_eq!(posted.body["data"], expected, "{selectors:?}");
    }
    let iso = "start=2026-01-05T00:00:00.000Z&end=2026-01-05T10:00:00.000Z";
    assert_eq!(server.data(&format!("/api/v1/labels?{iso}&match[]=old_total")).await, json!([]));
    assert_eq!(server.data("/api/v1/labels?start=2&end=1").await, json!([]));
}

#[sqlx::test(migrations = false)]
async fn values_of_a_label_are_verbatim_and_of_the_range(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let values = async |label: &str, query: &str| server.data(&format!("/api/v1/label/{label}/values?{query}")).await;
    let names = json!(["host_stats_cpu", "host_stats_mem", "old_total", "requests_total", "room.temperature"]);
    assert_eq!(values("__name__", "").await, names);
    let of_january = json!(["host_stats_cpu", "host_stats_mem", "requests_total", "room.temperature"]);
    assert_eq!(values("__name__", JANUARY).await, of_january);
    assert_eq!(values("__name__", "start=1748700000&end=1748800000").await, json!(["old_total"]));
    assert_eq!(values("host", "").await, json!(["web-0", "web-1", "web-2"]));
    assert_eq!(values("host", &matching(&["host_stats_mem"])).await, json!(["web-0"]));
    assert_eq!(values("host", &matching(&["{region=\"eu\"}"])).await, json!(["web-0", "web-1"]));
    assert_eq!(values("host", "start=1767571200&end=1767571200").await, json!(["web-0"]));
    assert_eq!(
        values("__name__", &matching(&["{__name__=~\".*_mem\",host=~\"web-(0|1)\"}"])).await,
        json!(["host_stats_mem"])
    );
    assert_eq!(values("__name__", &matching(&["{host=\"web-1\"}"])).await, json!(["host_stats_cpu"]));
    for name in ["site.name", "U__site_2e_name", "site%2Ename"] {
        assert_eq!(values(name, "").await, json!(["a\"b\\c\nd"]), "{name}");
    }
    for name in ["gr%C3%B6%C3%9Fe", "U__gr_f6__df_e"] {
        assert_eq!(values(name, "").await, json!([" e\u{301} <b>"]), "{name}");
    }
    for unknown in ["nothing", "bad-name", "le", "U__nothing_", "a%2Fb"] {
        assert_eq!(values(unknown, "").await, json!([]), "{unknown}");
    }
    let posted = server.form("/api/v1/label/host/values", "").await;
    assert_eq!((posted.status, posted.header("allow")), (405, "GET"));
}

#[sqlx::test(migrations = false)]
async fn each_series_is_listed_once(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let series = async |selectors: &[&str]| server.data(&format!("/api/v1/series?{}", matching(selectors))).await;
    let cpu = |host: &str, region: &[&str]| {
        let mut labels = json!({"__name__": "host_stats_cpu", "host": host});
        region.iter().for_each(|region| labels["region"] = Value::from(*region));
        labels
    };
    let all = json!([cpu("web-0", &["eu"]), cpu("web-1", &["eu"]), cpu("web-2", &[])]);
    assert_eq!(series(&["host_stats_cpu"]).await, all);
    assert_eq!(series(&["host_stats_cpu", "host_stats_cpu{host=~\"web.*\"}"]).await, all);
    let mem = json!({"__name__": "host_stats_mem", "host": "web-0", "region": "eu"});
    assert_eq!(series(&["{host=\"web-0\"}"]).await, json!([cpu("web-0", &["eu"]), mem]));
    let request = json!([{"__name__": "requests_total", "site.name": "a\"b\\c\nd"}]);
    assert_eq!(series(&["{\"site.name\"!=\"\"}"]).await, request);
    assert_eq!(series(&["nothing", "{x!=\"\"}"]).await, json!([]));
    let old = format!("/api/v1/series?{JANUARY}{}", matching(&["old_total"]));
    assert_eq!(server.data(&old).await, json!([]));
    // The URL and the body are merged.
    let both =
        server.form("/api/v1/series?match[]=old_total", &format!("limit=9{}", matching(&["host_stats_mem"]))).await;
    assert_eq!(both.body["data"], json!([mem, {"__name__": "old_total", "job": "a_b"}]));
    assert_eq!(both.body.get("warnings"), None);
}

#[sqlx::test(migrations = false)]
async fn a_limit_cuts_and_says_so(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    for (path, whole) in [
        ("/api/v1/labels", 6),
        ("/api/v1/label/host/values", 3),
        ("/api/v1/label/__name__/values", 5),
        ("/api/v1/series?match[]=host_stats_cpu", 3),
    ] {
        let joint = if path.contains('?') { '&' } else { '?' };
        for limit in [0, 1, 2, whole, 40_000] {
            let answer = server.get(&format!("{path}{joint}limit={limit}")).await;
            let entries = answer.body["data"].as_array().unwrap();
            let expected = if limit == 0 { whole } else { limit.min(whole) };
            assert_eq!(entries.len(), expected, "{path} {limit}");
            assert!(entries.is_sorted_by_key(Value::to_string), "{path} {limit}");
            let warnings = (expected < whole).then(|| json!(["results truncated due to limit"]));
            assert_eq!(answer.body.get("warnings"), warnings.as_ref(), "{path} {limit}");
        }
        for limit in ["-1", "x", "1.5"] {
            let answer = server.get(&format!("{path}{joint}limit={limit}")).await;
            assert_eq!((answer.status, &answer.body["errorType"]), (400, &json!("bad_data")), "{path} {limit}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn metadata_has_kind_help_and_unit(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let gauge = |help: &str| json!([{"type": "gauge", "help": help, "unit": ""}]);
    let all = server.data("/api/v1/metadata").await;
    assert_eq!(all["host_stats_cpu"], gauge("How busy it is."));
    assert_eq!(all["requests_total"], json!([{"type": "counter", "help": "", "unit": ""}]));
    assert_eq!(all.as_object().unwrap().len(), 5);
    assert_eq!(server.data("/api/v1/metadata?metric=host_stats_mem").await, json!({"host_stats_mem": gauge("")}));
    assert_eq!(server.data("/api/v1/metadata?metric=nothing").await, json!({}));
    assert_eq!(server.data("/api/v1/metadata?limit=2&limit_per_metric=1").await.as_object().unwrap().len(), 2);
    assert_eq!(server.get("/api/v1/metadata?limit=x").await.status, 400);
}

#[sqlx::test(migrations = false)]
async fn metrics_of_every_kind_are_listed(pool: PgPool) {
    let table = "CREATE TABLE doc (ts timestamptz NOT NULL, host text, v float8, body jsonb);
                 INSERT INTO doc VALUES ('2026-01-05Z', 'a', 1, '{\"t\": 1.5, \"u\": 2}')";
    sql(&pool, table).await;
    let declared = "[[source]]\nrelation = \"doc\"\ntime = \"ts\"\nlabels = [\"host\"]\n[source.metric.v]\ncolumn = \"v\"\n\
                    [source.metric.t]\njson = [\"body\", \"t\"]\n[source.metric.u]\njson = [\"body\", \"u\"]\n[source.metric.seen]\nrows = true\n";
    let server = Server::declared(&pool, declared).await;
    assert_eq!(server.data("/api/v1/labels").await, json!(["__name__", "host"]));
    assert_eq!(server.data("/api/v1/label/host/values").await, json!(["a"]));
    let series = server.data("/api/v1/series?match[]=%7Bhost=%22a%22%7D").await;
    let names: Vec<&str> = series.as_array().unwrap().iter().map(|one| one["__name__"].as_str().unwrap()).collect();
    assert_eq!(names, ["seen", "t", "u", "v"]);
}

#[sqlx::test(migrations = false)]
async fn selectors_of_one_request_share_its_patterns(pool: PgPool) {
    sql(&pool, TABLES).await;
    let server = Server::start(&pool).await;
    let selector = |n: usize| format!("match[]=%7Bhost=~%22(a%7B1,60%7D)%7B1,15%7D{n}%22%7D");
    let equal = vec![selector(1); 400].join("&");
    assert_eq!(server.data(&format!("/api/v1/series?{equal}")).await, json!([]));
    let others: Vec<String> = (0..400).map(selector).collect();
    let answer = server.get(&format!("/api/v1/series?{}", others.join("&"))).await;
    let is_refused = answer.body["error"].as_str().is_some_and(|error| error.contains("larger than 8 MiB together"));
    assert!(answer.status == 400 && is_refused, "{}: {}", answer.status, answer.body);
}
