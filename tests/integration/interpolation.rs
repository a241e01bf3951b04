//! What Grafana puts into a question, and what it leaves there: braces, variables that nobody replaced, seconds.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, sql};

const CPU: &str = "
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, region text, value float8);
    INSERT INTO cpu SELECT '2025-01-01 12:00Z'::timestamptz + n * interval '1 min', host, region, n
    FROM (VALUES ('h1', 'eu'), ('h2', 'eu'), ('h3', 'us'), ('xx', 'us')) AS h(host, region), generate_series(0, 119) AS n;";

/// The hosts, or else the regions, of the series of a target; their error when there is one.
async fn selected(server: &Server, target: &str) -> Result<Vec<String>, String> {
    let range = json!({"from": "2025-01-01T12:00:00Z", "to": "2025-01-01T13:00:00Z"});
    let answer = server.post("/query", json!({"range": range, "targets": [{"target": target}]})).await;
    if answer.status != 200 {
        assert_eq!(answer.status, 400, "{target}: {}", answer.body);
        return Err(answer.body["message"].as_str().unwrap().to_owned());
    }
    let named = |element: &&Value| {
        let tags = &element["tags"];
        tags["host"].as_str().or_else(|| tags["region"].as_str()).unwrap_or_default().to_owned()
    };
    Ok(answer.drawn().iter().map(named).collect())
}

#[sqlx::test(migrations = false)]
async fn braces_mean_any_of_them(pool: PgPool) {
    sql(&pool, CPU).await;
    let server = Server::start(&pool).await;
    for (target, hosts) in [
        ("cpu{host=~\"{h1,h2}\"}", &["h1", "h2"][..]),
        ("cpu{host!~\"{h1,h2}\"}", &["h3", "xx"]),
        ("cpu{host=~\"h{1,3}\"}", &[]),
        ("cpu{host=~\"x{1,2}\"}", &["xx"]),
        ("cpu{host=~\"{h,x}.\"}", &["h1", "h2", "h3", "xx"]),
        ("cpu{host=~\"h{a,3}\"}", &["h3"]),
        ("cpu{host=~\"{h.,h2}\"}", &["h2"]),
        ("cpu{host=~\"$__all\"}", &["h1", "h2", "h3", "xx"]),
        ("cpu{host=~\"{h1,$__all}\"}", &["h1", "h2", "h3", "xx"]),
        ("cpu{host=\"${__all:regex}\",region=\"us\"}", &["h3", "xx"]),
        ("cpu{host!=\"$__all\"}", &[]),
        ("sum by ({host,region}) (cpu)", &["h1", "h2", "h3", "xx"]),
        ("sum without ({host,dc}) (cpu)", &["eu", "us"]),
    ] {
        assert_eq!(selected(&server, target).await, Ok(hosts.iter().map(ToString::to_string).collect()), "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_variable_that_nobody_replaced_is_an_error_that_names_it(pool: PgPool) {
    sql(&pool, CPU).await;
    let server = Server::start(&pool).await;
    for target in [
        "cpu{host=~\"$x\"}",
        "cpu{host!=\"[[x]]\"}",
        "cpu{host=~\"${x:regex}\"}",
        "cpu{host=~\"{h1,$x}\"}",
        "${x}",
        "cpu_[[x]]",
        "rate(cpu[$x])",
        "cpu offset $x",
        "sum by ($x) (cpu)",
        "cpu{$x=\"a\"}",
        "count_values(\"$x\", cpu)",
        "label_replace(cpu, \"[[x]]\", \"$1\", \"host\", \"(.*)\")",
    ] {
        let error = selected(&server, target).await.unwrap_err();
        assert!(error.contains("`x`") && error.contains("not replaced"), "{target}: {error}");
    }
    assert_eq!(selected(&server, r#"cpu{host=~"\$x"}"#).await, Ok(Vec::new()));
    let refused = [
        ("/query", json!({"targets": [{"target": "cpu", "payload": {"aggregation": "$x"}}]})),
        (
            "/query",
            json!({"targets": [{"target": "cpu"}], "adhocFilters": [{"key": "host", "operator": "=", "value": "$x"}]}),
        ),
        ("/query", json!({"targets": [{"target": "cpu"}], "filters": [{"key": "$x", "operator": "=~", "value": "a"}]})),
        ("/variable", json!({"payload": {"target": "label_values(cpu{region=\"$x\"}, host)"}})),
        ("/variable", json!({"payload": {"target": "label_values(cpu, $x)"}})),
        ("/variable", json!({"payload": {"target": "label_values($x, host)"}})),
        ("/variable", json!({"payload": {"target": "metrics([[x]])"}})),
        ("/variable", json!({"payload": {"target": "query_result(sum($x))"}})),
        ("/variable", json!({"payload": {"target": "$x"}})),
        ("/variable", json!({"payload": {"metric": "cpu", "label": "host", "filters": {"region": "$x"}}})),
        ("/search", json!({"target": "label_values(cpu{region=~\"${x}\"}, host)"})),
    ];
    for (path, body) in refused {
        let answer = server.post(path, body.clone()).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert_eq!((answer.status, message.contains("`x`")), (400, true), "{path} {body}: {}", answer.body);
    }
    let opened = json!({"metric": "cpu{region=~\"$x\"}", "name": "label:host", "payload": {"label:region": "us"}});
    let offered = server.post("/metric-payload-options", opened).await.body;
    assert_eq!(offered, json!([{"label": "h3", "value": "h3"}, {"label": "xx", "value": "xx"}]));
}

#[sqlx::test(migrations = false)]
async fn offsets_know_the_lengths_that_brackets_know(pool: PgPool) {
    sql(&pool, CPU).await;
    let server = Server::start(&pool).await;
    for (from, target, expected) in [
        ("12:10", "cpu{host=\"h1\"} offset $__interval", [7.0, 12.0]),
        ("12:10", "cpu{host=\"h1\"} offset -${__interval}", [17.0, 22.0]),
        ("12:10", "cpu{host=\"h1\"} offset ${__range_s}s", [2.0, 7.0]),
        ("12:10", "cpu{host=\"h1\"} offset -$__range", [22.0, 27.0]),
        ("12:10", "max_over_time(cpu{host=\"h1\"}[10m] offset ${__interval_ms}ms)", [9.0, 14.0]),
        ("12:10", "cpu{host=\"h1\"} offset 5m", [7.0, 12.0]),
    ] {
        let (from, to) = (format!("2025-01-01T{from}:00Z"), "2025-01-01T12:20:00Z");
        let body =
            json!({"range": {"from": from, "to": to}, "targets": [{"target": target, "payload": {"step": "5m"}}]});
        let answer = server.post("/query", body).await;
        let points = answer.body[0]["datapoints"].as_array().expect("points");
        let values: Vec<f64> = points.iter().map(|point| point[0].as_f64().unwrap()).collect();
        assert_eq!(values, expected, "{target}");
    }
    // The day before, whatever its length: 23 hours on 30 March in Berlin.
    sql(
        &pool,
        "CREATE TABLE hours (ts timestamptz NOT NULL, value float8); INSERT INTO hours SELECT generate_series(
        '2025-03-27 23:00Z'::timestamptz, '2025-04-01 21:00Z', '1 h'), 1;",
    )
    .await;
    let server = Server::start(&pool).await;
    let body = json!({"range": {"from": "2025-03-29T23:00:00Z", "to": "2025-03-31T22:00:00Z"}, "timezone": "Europe/Berlin",
        "targets": [{"target": "sum_over_time(hours[$__interval] offset $__interval)", "payload": {"step": "1d"}}]});
    let points = &server.post("/query", body).await.body[0]["datapoints"];
    assert_eq!(*points, json!([[24.0, 1_743_289_200_000_i64], [23.0, 1_743_372_000_000_i64]]));
}

#[sqlx::test(migrations = false)]
async fn a_bare_number_of_ten_digits_is_seconds(pool: PgPool) {
    sql(&pool, CPU).await;
    let server = Server::start(&pool).await;
    let target = "target=max(cpu)&step=1h&format=rows";
    let expected = json!([{"time": 1_735_732_800_000_i64, "value": 29.5}]);
    for range in [
        "from=1735732800&to=1735736400",
        "from=1735732800.0&to=1735736400000",
        "from=1735732800000&to=2025-01-01T13:00:00Z",
    ] {
        assert_eq!(server.get(&format!("/query?{target}&{range}")).await.body, expected, "{range}");
    }
    let body = json!({"range": {"from": 1_735_732_800, "to": 1_735_736_400}, "targets": [{"target": "count(cpu)"}]});
    assert_eq!(server.post("/query", body).await.body[0]["datapoints"][0][1], 1_735_732_800_000_i64);
    let variable = json!({"payload": "label_values(cpu, host)", "range": {"from": 1_735_732_800, "to": "1735736400"}});
    assert_eq!(server.post("/variable", variable).await.body.as_array().map(Vec::len), Some(4));
}
