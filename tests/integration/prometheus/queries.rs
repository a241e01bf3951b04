//! `query` and `query_range`: parameters, forms of answers, limits. What expressions mean is tested elsewhere.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::TABLES;
use crate::support::{Server, Setup, sql};

/// 2026-01-05 00:10 UTC.
const AT: i64 = 1_767_571_800;

async fn server(pool: &PgPool) -> Server {
    sql(pool, TABLES).await;
    let clock = datebin::time::Clock::Fixed(AT * 1000);
    Server::with(pool, Setup { clock, ..Setup::default() }).await
}

#[sqlx::test(migrations = false)]
async fn each_type_has_its_form(pool: PgPool) {
    let server = server(&pool).await;
    for (query, expected) in [
        ("1%2B1&time=4", json!({"resultType": "scalar", "result": [4, "2"]})),
        ("1/0&time=4.5", json!({"resultType": "scalar", "result": [4.5, "+Inf"]})),
        ("0/0", json!({"resultType": "scalar", "result": [AT, "NaN"]})),
        ("%22a%5C%22%22&time=1.0015", json!({"resultType": "string", "result": [1.002, "a\""]})),
        ("nothing", json!({"resultType": "vector", "result": []})),
        ("vector(1)", json!({"resultType": "vector", "result": [{"metric": {}, "value": [AT, "1"]}]})),
        (
            "host_stats_cpu{host=\"web-1\"}",
            json!({"resultType": "vector", "result": [
                {"metric": {"__name__": "host_stats_cpu", "host": "web-1", "region": "eu"}, "value": [AT, "10"]}]}),
        ),
        (
            "sort_desc(sum by (region) (host_stats_cpu))",
            json!({"resultType": "vector", "result": [
                {"metric": {"region": "eu"}, "value": [AT, "19"]}, {"metric": {}, "value": [AT, "8"]}]}),
        ),
        (
            "host_stats_cpu{host=\"web-1\"}[5m]",
            json!({"resultType": "matrix", "result": [
                {"metric": {"__name__": "host_stats_cpu", "host": "web-1", "region": "eu"},
                 "values": [[AT - 180, "7"], [AT, "10"]]}]}),
        ),
    ] {
        assert_eq!(server.data(&format!("/api/v1/query?query={query}")).await, expected, "{query}");
        let posted = server.form("/api/v1/query", &format!("query={query}")).await;
        assert_eq!((posted.status, &posted.body["data"]), (200, &expected), "{query}");
    }
    // `resultType` comes first.
    let text =
        server.client.get(format!("{}/api/v1/query?query=1&time=4", server.base)).send().await.unwrap().text().await;
    assert_eq!(text.unwrap(), r#"{"status":"success","data":{"resultType":"scalar","result":[4,"1"]}}"#);
}

#[sqlx::test(migrations = false)]
async fn the_end_of_a_range_is_its_own_and_its_series_are_in_order(pool: PgPool) {
    let server = server(&pool).await;
    let range = async |query: &str| server.data(&format!("/api/v1/query_range?query={query}")).await["result"].clone();
    // The last step is at AT - 40, where the newest sample is 7.
    let (start, end) = (AT - 240, AT + 10);
    for (query, expected) in [("%40%20end()", "10"), ("", "7")] {
        let found =
            range(&format!("host_stats_cpu%7Bhost%3D%22web-1%22%7D{query}&start={start}&end={end}&step=200")).await;
        assert_eq!(found[0]["values"][1], json!([AT - 40, expected]), "{query}: {found}");
    }
    let found = range(&format!("sort_desc(sum%20by(region)(host_stats_cpu))&start={AT}&end={AT}&step=60")).await;
    assert_eq!(
        found,
        json!([{"metric": {}, "values": [[AT, "8"]]}, {"metric": {"region": "eu"}, "values": [[AT, "19"]]}])
    );
}

#[sqlx::test(migrations = false)]
async fn histograms_of_several_metrics_are_not_one(pool: PgPool) {
    let rows = "CREATE TABLE h (ts timestamptz, name text, le text, value float8); \
        INSERT INTO h SELECT to_timestamp(1767571800), n, le, v FROM (VALUES ('p_bucket', '1', 10), ('p_bucket', '+Inf', 10), \
        ('q_bucket', '4', 0), ('q_bucket', '8', 100), ('q_bucket', '+Inf', 100)) AS b(n, le, v)";
    sql(&pool, rows).await;
    let server = server(&pool).await;
    for (metric, median) in [("p_bucket", "0.5"), ("q_bucket", "6")] {
        let found = server.data(&format!("/api/v1/query?query=histogram_quantile(0.5,{metric})")).await;
        assert_eq!(found["result"][0]["value"][1], median, "{found}");
    }
    let both = "query=histogram_quantile(0.5,{__name__=~\"[pq]_bucket\"})".replace('"', "%22");
    let refused = server.form("/api/v1/query", &both).await;
    assert_eq!((refused.status, &refused.body["errorType"]), (422, &json!("execution")), "{}", refused.body);
    let unnamed = server.form("/api/v1/query", "query=label_join(host_stats_cpu,%22z%22,%22,%22,%22%22)").await;
    assert_eq!((unnamed.status, &unnamed.body["errorType"]), (422, &json!("execution")), "{}", unnamed.body);
}

/// One metric in two tables, as the numbers and the whole numbers of Zabbix: where one ends the other one begins.
#[sqlx::test(migrations = false)]
async fn of_two_tables_the_larger_sample_of_an_instant_counts_at_their_seam_too(pool: PgPool) {
    let rows = "CREATE TABLE fractions (ts timestamptz NOT NULL, metric text NOT NULL, host text, value float8);
        CREATE TABLE wholes (LIKE fractions);
        INSERT INTO fractions SELECT to_timestamp(1767571680) + n * interval '60 s', 'two', 'x', v
            FROM (VALUES (0, 7.13), (1, 1)) AS s(n, v);
        INSERT INTO wholes SELECT to_timestamp(1767571680) + n * interval '60 s', 'two', 'x', v
            FROM (VALUES (0, 7), (1, 5)) AS s(n, v)";
    sql(&pool, rows).await;
    let source = |relation: &str| {
        format!(
            "[[source]]\nrelation = \"{relation}\"\ntime = \"ts\"\nname = \"metric\"\nvalue = \"value\"\nlabels = [\"host\"]\n"
        )
    };
    for (first, second) in [("fractions", "wholes"), ("wholes", "fractions")] {
        let server = Server::declared(&pool, &format!("{}{}", source(first), source(second))).await;
        // From whatever instant on it is read, a sample is the same.
        for (query, at, expected) in [
            ("two", 1_767_571_680, "7.13"),
            ("max_over_time(two[1m])", 1_767_571_680, "7.13"),
            ("sum_over_time(two[1m])", 1_767_571_680, "7.13"),
            ("sum_over_time(two[2m])", 1_767_571_740, "12.129999999999999"),
            ("two", 1_767_571_740, "5"),
        ] {
            let found = server.data(&format!("/api/v1/query?query={query}&time={at}")).await;
            assert_eq!(found["result"][0]["value"][1], expected, "{first} {query}: {found}");
        }
    }
}

#[sqlx::test(migrations = false)]
async fn a_range_has_the_points_that_were_asked_for(pool: PgPool) {
    let server = server(&pool).await;
    let range = async |query: &str| server.data(&format!("/api/v1/query_range?query={query}")).await["result"].clone();
    let constant = |points: &[i64]| {
        let points: Vec<Value> = points.iter().map(|at| json!([at, "1"])).collect();
        json!([{"metric": {}, "values": points}])
    };
    assert_eq!(range("1&start=10&end=31&step=10").await, constant(&[10, 20, 30]));
    assert_eq!(range("1&start=10&end=10&step=10s").await, constant(&[10]));
    assert_eq!(range("nothing&start=10&end=20&step=1").await, json!([]));
    let most = range("1&start=0&end=11000&step=1").await;
    assert_eq!(most[0]["values"].as_array().unwrap().len(), 11_001);
    let host = |host: &str, region: &[&str], values: Value| {
        let mut metric = json!({"__name__": "host_stats_cpu", "host": host});
        region.iter().for_each(|region| metric["region"] = json!(region));
        json!({"metric": metric, "values": values})
    };
    // Minute n has host n % 3, and the newest sample of five minutes counts.
    let expected = json!([
        host("web-0", &["eu"], json!([[AT - 60, "9"], [AT, "9"]])),
        host("web-1", &["eu"], json!([[AT - 60, "7"], [AT, "10"]])),
        host("web-2", &[], json!([[AT - 60, "8"], [AT, "8"]])),
    ]);
    let times = format!("start={}&end={}&step=60", AT - 60, AT);
    assert_eq!(range(&format!("host_stats_cpu&{times}")).await, expected);
    let both =
        server.form("/api/v1/query_range?step=60", &format!("query=host_stats_cpu&start={}&end={AT}", AT - 60)).await;
    assert_eq!(both.body["data"]["result"], expected);
    let iso = "start=2026-01-05T00:09:00Z&end=2026-01-05T01:10:00.0009%2B01:00&step=1m";
    assert_eq!(range(&format!("host_stats_cpu&{iso}")).await, expected);
}

#[sqlx::test(migrations = false)]
async fn a_limit_cuts_series_and_says_so(pool: PgPool) {
    let server = server(&pool).await;
    let times = format!("start={AT}&end={AT}&step=60");
    for path in
        ["/api/v1/query?query=host_stats_cpu".to_owned(), format!("/api/v1/query_range?query=host_stats_cpu&{times}")]
    {
        for (limit, series, cut) in [("", 3, false), ("0", 3, false), ("2", 2, true), ("3", 3, false), ("9", 3, false)]
        {
            let answer = server.get(&format!("{path}&limit={limit}")).await;
            assert_eq!(answer.body["data"]["result"].as_array().unwrap().len(), series, "{path} {limit}");
            let warnings = cut.then(|| json!(["results truncated due to limit"]));
            assert_eq!(answer.body.get("warnings"), warnings.as_ref(), "{path} {limit}");
        }
        assert_eq!(server.get(&format!("{path}&limit=-1")).await.status, 400);
    }
    assert_eq!(server.get("/api/v1/query?query=1&limit=1").await.body.get("warnings"), None);
}

#[sqlx::test(migrations = false)]
async fn bad_questions_say_where(pool: PgPool) {
    let server = server(&pool).await;
    let position = |text: &str| format!("invalid parameter \"query\": {text}");
    for (query, said) in [
        ("", "invalid parameter \"query\": unknown position: parse error: ".to_owned()),
        ("query=", "invalid parameter \"query\": unknown position: parse error: ".to_owned()),
        ("query=%20", "invalid parameter \"query\": ".to_owned()),
        ("query=sum(up", position("1:")),
        ("query=sum(up))", position("1:9: parse error: ")),
        ("query=up%0A%20%20%2B%20%29", position("2:6: parse error: ")),
        ("query=rate(up)", position("1:6: parse error: ")),
        ("query=nofunction(up)", position("1:1: parse error: ")),
        ("query=up&time=x", "invalid parameter \"time\": cannot parse \"x\" to a valid timestamp".to_owned()),
        ("query=up&timeout=x", "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration".to_owned()),
        ("query=up&lookback_delta=x", "invalid parameter \"lookback_delta\": ".to_owned()),
    ] {
        let answer = server.form("/api/v1/query", query).await;
        assert_eq!((answer.status, &answer.body["errorType"]), (400, &json!("bad_data")), "{query}");
        let text = answer.body["error"].as_str().unwrap();
        assert!(text.starts_with(&said), "{query}: {text}");
    }
    for query in ["%22text%22", "up[5m]", "up[5m:1m]"] {
        let answer = server.get(&format!("/api/v1/query_range?query={query}&start=1&end=2&step=1")).await;
        assert_eq!((answer.status, &answer.body["errorType"]), (400, &json!("bad_data")), "{query}: {}", answer.body);
    }
    for query in
        ["host_stats_cpu%20*%20on()%20host_stats_cpu", "label_replace(host_stats_cpu,%22host%22,%22%22,%22%22,%22%22)"]
    {
        let answer = server.get(&format!("/api/v1/query?query={query}")).await;
        assert_eq!((answer.status, &answer.body["errorType"]), (422, &json!("execution")), "{query}: {}", answer.body);
    }
    // The connection is as good as before.
    assert_eq!(server.get("/api/v1/query?query=1").await.status, 200);
}

#[sqlx::test(migrations = false)]
async fn times_and_lookback_are_those_of_the_question(pool: PgPool) {
    let server = server(&pool).await;
    let count = async |query: &str| {
        let data = server.data(&format!("/api/v1/query?query=count(host_stats_cpu){query}")).await;
        data["result"][0]["value"][1].as_str().map(str::to_owned)
    };
    assert_eq!(count("").await.as_deref(), Some("3"));
    assert_eq!(count("&lookback_delta=90s").await.as_deref(), Some("2"));
    assert_eq!(count("&lookback_delta=0").await.as_deref(), Some("3"));
    // Less than a millisecond: no sample is so young.
    assert_eq!(count("&lookback_delta=0.0000001").await, None);
    assert_eq!(count("&timeout=1_0").await.as_deref(), Some("3"));
    // Ten hours of samples end at 09:59.
    assert_eq!(count("&time=2026-01-05T10:05:00Z").await, None);
    assert_eq!(count("&time=2026-01-05T10:05:00Z&lookback_delta=1h").await.as_deref(), Some("3"));
    for time in ["1e30", "-1e30", "Inf", "-Inf", "1767571800000", "0", "-62135596800", "253402300800"] {
        let answer = server.get(&format!("/api/v1/query?query=host_stats_cpu&time={time}")).await;
        assert!(matches!(answer.status, 200 | 400 | 422), "{time}: {}", answer.body);
        let range = format!("start={time}&end={time}&step=60");
        let answer = server.get(&format!("/api/v1/query_range?query=rate(host_stats_cpu[5m])&{range}")).await;
        assert!(matches!(answer.status, 200 | 400 | 422), "{time}: {}", answer.body);
    }
}

#[sqlx::test(migrations = false)]
async fn a_question_ends_when_its_time_is_over(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE base (ts timestamptz, v float8);
                INSERT INTO base VALUES ('2026-01-05 00:09Z', 1);
                CREATE VIEW slow AS SELECT ts, v + pg_sleep(30)::text::float8 * 0 AS v FROM base",
    )
    .await;
    let toml = "[[source]]\nrelation = \"slow\"\ntime = \"ts\"\n[source.metric.slow]\ncolumn = \"v\"\n";
    let clock = datebin::time::Clock::Fixed(AT * 1000);
    let server = Server::declared_with(&pool, toml, Setup { clock, ..Setup::default() }).await;
    for (query, timeout) in [("slow", "200ms"), ("slow", "0.2"), ("slow", "0"), ("1", "0"), ("vector(1)", "1e-9")] {
        let answer = server.form("/api/v1/query", &format!("query={query}&timeout={timeout}")).await;
        assert_eq!((answer.status, &answer.body["errorType"]), (503, &json!("timeout")), "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[sqlx::test(migrations = false)]
async fn expressions_are_written_in_their_canonical_form(pool: PgPool) {
    let server = Server::start(&pool).await;
    let query = "query=sum(rate(up%7Bb%3D%22x%22%7D%5B300s%5D))by(job)";
    let expected = json!({"status": "success", "data": "sum by (job) (rate(up{b=\"x\"}[5m]))"});
    assert_eq!(server.get(&format!("/api/v1/format_query?{query}")).await.body, expected);
    assert_eq!(server.form("/api/v1/format_query", query).await.body, expected);
    let tree = server.form("/api/v1/parse_query", "query=-up%7Ba%3D~%22b%22%7D").await.body["data"].clone();
    assert_eq!(
        (&tree["type"], &tree["op"], &tree["expr"]["type"]),
        (&json!("unaryExpr"), &json!("-"), &json!("vectorSelector"))
    );
    assert_eq!(tree["expr"]["matchers"][0], json!({"name": "a", "type": "=~", "value": "b"}));
    for path in ["format_query", "parse_query"] {
        for (query, said) in
            [("", "unknown position: "), ("?query=sum(up", "1:7: parse error: "), ("?query=nofunction()", "1:1: ")]
        {
            let answer = server.get(&format!("/api/v1/{path}{query}")).await;
            assert_eq!((answer.status, &answer.body["errorType"]), (400, &json!("bad_data")), "{path} {query}");
            let text = answer.body["error"].as_str().unwrap();
            assert!(text.starts_with(&format!("invalid parameter \"query\": {said}")), "{path} {query}: {text}");
        }
    }
}

/// Prometheus has one sample of a series at a time; that there are more rows is said each time, from the cache too.
#[sqlx::test(migrations = false)]
async fn rows_that_share_their_time_are_not_left_out_silently(pool: PgPool) {
    let rows = "
        CREATE TABLE sales (id serial PRIMARY KEY, sold_on date NOT NULL, store_id int NOT NULL, amount numeric(10,2) NOT NULL);
        INSERT INTO sales (sold_on, store_id, amount) SELECT date '2026-01-01' + i / 20, 1 + i % 2, 10 + i % 10 FROM generate_series(0, 59) AS i;
        CREATE TABLE apart (at timestamptz, store text, amount float8, PRIMARY KEY (store, at));
        INSERT INTO apart SELECT timestamptz '2026-01-04 23:00Z' + i * interval '1 min', 's' || i % 2, i FROM generate_series(0, 59) AS i;
        ANALYZE;";
    sql(&pool, rows).await;
    let clock = datebin::time::Clock::Fixed(AT * 1000);
    let server = Server::with(&pool, Setup { clock, cache: 1 << 20, ..Setup::default() }).await;
    let said = async |query: &str| {
        let asked = format!("/api/v1/query_range?query={query}&start={}&end={AT}&step=3600", AT - 3 * 86_400);
        server.get(&asked).await.body["infos"].clone()
    };
    let all = "the Prometheus API takes the latest, at equal times the one with the largest value, and the other endpoints all of them";
    let expected = json!([format!("sales_amount: several rows of one series have the same time; {all}")]);
    for _ in 0..2 {
        assert_eq!(said("sum(sum_over_time(sales_amount[1d]))").await, expected);
    }
    assert_eq!(said("sum(sum_over_time(apart_amount[1h]))").await, Value::Null);
}

#[sqlx::test(migrations = false)]
async fn rows_of_two_sources_that_share_their_time_are_said_too(pool: PgPool) {
    let rows = "
        CREATE TABLE old (at timestamptz, metric text, host text, value float8);
        CREATE TABLE new (LIKE old);
        INSERT INTO old SELECT timestamptz '2026-01-04 23:00Z' + i / 2 * interval '1 min', 'load', 'h', i FROM generate_series(0, 9) AS i;
        INSERT INTO new SELECT timestamptz '2026-01-05 00:00Z' + i * interval '1 min', 'load', 'h', i FROM generate_series(0, 4) AS i;";
    sql(&pool, rows).await;
    let source = |relation: &str| {
        format!(
            "[[source]]\nrelation = \"{relation}\"\ntime = \"at\"\nname = \"metric\"\nvalue = \"value\"\nlabels = [\"host\"]\n"
        )
    };
    let server = Server::declared(&pool, &(source("old") + &source("new"))).await;
    let said = async |from: i64| {
        let asked = format!("/api/v1/query?query=sum_over_time(load[30m])&time={from}");
        server.get(&asked).await.body["infos"].clone()
    };
    assert_eq!(said(AT).await, Value::Null, "those of the newer source stand alone");
    let infos = said(AT - 3600).await;
    assert!(infos[0].as_str().is_some_and(|info| info.starts_with("load: several rows of one series")), "{infos}");
}
