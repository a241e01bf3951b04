//! `GET /chart.svg` and what the explorer asks: the answer as a picture.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

const TABLE: &str = "
    CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value double precision, PRIMARY KEY (host, ts));
    INSERT INTO load SELECT '2024-01-01Z'::timestamptz + n * interval '1 min', h, n
        FROM generate_series(0, 59) AS n, unnest(ARRAY['a', 'b']) AS h WHERE n NOT BETWEEN 20 AND 39;
    CREATE TABLE deploys (at timestamptz NOT NULL, until timestamptz, what text);
    INSERT INTO deploys VALUES ('2024-01-01 00:10Z', NULL, 'v1'), ('2024-01-01 00:30Z', '2024-01-01 00:35Z', 'v2');";

const FILE: &str = r#"
    time_zone = "Europe/Prague"
    [discovery]
    enabled = false
    [[source]]
    relation = "public.load"
    time = "ts"
    labels = ["host"]
    [source.metric.load]
    column = "value"
    unit = "percent"
    [[annotations]]
    name = "deploys"
    relation = "public.deploys"
    time = "at"
    time_end = "until"
    title = "what""#;

const RANGE: &str = "from=1704067200000&to=1704070800000&step=1m";

/// A text answer: status, content type, body.
async fn text(server: &Server, path: &str) -> (u16, String, String) {
    let answer = server.client.get(format!("{}{path}", server.base)).send().await.expect("an answer");
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    (answer.status().as_u16(), kind.unwrap_or_default(), answer.text().await.expect("a body"))
}

/// How many lines of a colour there are: runs between gaps, and the one of the legend.
fn lines(svg: &str, colour: &str) -> usize {
    svg.matches(&format!(r#"stroke="{colour}""#)).count()
}

#[sqlx::test(migrations = false)]
async fn a_chart_has_the_gaps_the_names_and_the_zone_of_its_answer(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    let (status, kind, svg) = text(&server, &format!("/chart.svg?target=load&{RANGE}&annotations=*")).await;
    assert_eq!((status, kind.as_str()), (200, "image/svg+xml; charset=utf-8"), "{svg}");
    for colour in ["#0B6BCB", "#C4500C"] {
        assert_eq!(lines(&svg, colour), 3, "{svg}");
    }
    for shown in [
        "load{host=&quot;a&quot;}  59%",
        "load{host=&quot;b&quot;}  59%",
        "01:00",
        "01:30",
        "2024-01-01 01:00:00 – 2024-01-01 02:00:00  Europe/Prague",
        "60%",
    ] {
        assert!(svg.contains(&format!("\n{shown}\n")), "{shown}: {svg}");
    }
    // The second deployment lasted: its stretch is shaded.
    assert_eq!(svg.matches(r##"opacity="0.14" fill="#8A2BE2""##).count(), 1, "{svg}");
    let again = text(&server, &format!("/chart.svg?target=load&{RANGE}&annotations=*")).await.2;
    assert_eq!(svg, again);
}

#[sqlx::test(migrations = false)]
async fn both_dialects_are_drawn_and_wrong_questions_are_errors(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    let dark = format!("/chart.svg?query=sum(load)&{RANGE}&theme=dark&width=300&height=120");
    let (status, _, svg) = text(&server, &dark).await;
    assert!(status == 200 && svg.starts_with(r#"<svg width="300" height="120" "#), "{svg}");
    assert!(svg.contains("sum(load)  118") && svg.contains("#12161C"), "{svg}");
    for (query, status, said) in [
        ("", 400, "names neither a target nor an expression"),
        ("target=load&width=5", 400, "`width` cannot be read; expected pixels from 160 to 4000"),
        ("target=load&height=1e9", 400, "`height` cannot be read"),
        ("target=load&theme=pink", 400, "`theme` cannot be read; expected light or dark"),
        ("target=lode", 422, "did you mean load?"),
        ("target=sum(load", 400, "sum(load\n        ^"),
        ("promql=sum(load))", 400, "sum(load))\n          ^"),
        ("promql=load&step=bad", 400, "\"bad\" is not a step"),
    ] {
        let answer = server.get(&format!("/chart.svg?{query}&from=1704067200000&to=1704070800000")).await;
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(answer.status == status && message.contains(said), "{query}: {} {message}", answer.status);
    }
}

#[sqlx::test(migrations = false)]
async fn a_target_that_fails_beside_others_is_said_in_the_picture(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    let answer = server.client.get(format!("{}/chart.svg?target=load&target=lode&{RANGE}", server.base));
    let answer = answer.send().await.expect("an answer");
    let warned = answer.headers().get("warning").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(answer.status(), 200);
    assert!(warned.contains("lode"), "{warned}");
    let svg = answer.text().await.expect("a picture");
    assert!(svg.contains("⚠ B: ") && lines(&svg, "#0B6BCB") == 3, "{svg}");
}

#[sqlx::test(migrations = false)]
async fn the_explorer_is_told_what_is_drawn_and_what_it_cost(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared_with(&pool, FILE, Setup { show_sql: true, ..Setup::default() }).await;
    let path = format!("/explorer/answer?target=avg(load)&{RANGE}&annotations=*&width=400&height=200");
    let answer = server.get(&path).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = &answer.body;
    let mut line = body["series"][0].clone();
    let points = line["points"].take();
    let expected = json!({"legend": "avg(load)", "colour": "#0b6bcb", "last": "59%", "min": "0%", "max": "59%", "avg": "29.5%", "points": null});
    assert_eq!(line, expected);
    assert_eq!(points[0], json!([1_704_067_200_000_i64, 0.0, "0%"]));
    assert_eq!(points.as_array().map(Vec::len), Some(40));
    let marks = json!([
        {"from": 1_704_067_800_000_i64, "until": null, "text": "v1"},
        {"from": 1_704_069_000_000_i64, "until": 1_704_069_300_000_i64, "text": "v2"},
    ]);
    assert_eq!(body["marks"], marks);
    let told = json!([body["relations"], body["zone"], body["count"], body["from"], body["to"], body["width"]]);
    assert_eq!(told, json!([["public.load"], "Europe/Prague", 1, 1_704_067_200_000_i64, 1_704_070_800_000_i64, 400]));
    assert!(body["statements"][0].as_str().is_some_and(|text| text.contains("date_bin") && text.ends_with(';')));
    assert!(answer.header("server-timing").contains("execute;dur="));
    let promql = server.get(&format!("/explorer/answer?promql=rate(load[5m])&{RANGE}")).await;
    assert_eq!((promql.status, &promql.body["relations"]), (200, &json!(["public.load"])), "{}", promql.body);
    let stepped = async |step: &str| {
        let path = format!("/explorer/answer?promql=load&from=1704067200000&to=1704070800000&step={step}");
        server.get(&path).await.body["series"].take()
    };
    let series = stepped("600").await;
    assert!(series[0]["points"].as_array().is_some_and(|points| points.len() > 3), "{series}");
    assert_eq!(series, stepped("10m").await);
    let none = server.get(&format!("/explorer/answer?target=load&{RANGE}&annotations=nosuch")).await;
    let told = "no annotation in this range matches \"nosuch\"; `annotations=*` draws all of them";
    assert!(none.body["notices"].as_array().is_some_and(|all| all.contains(&told.into())), "{}", none.body["notices"]);
    let wrong = server.get("/explorer/answer?target=sum(load").await;
    assert_eq!((wrong.status, &wrong.body["error"]["code"]), (400, &Value::from("bad_target")));
}

#[sqlx::test(migrations = false)]
async fn browsers_are_shown_the_page_and_all_others_what_they_were(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    let root = |accept: &'static str| server.client.get(&server.base).header("accept", accept).send();
    let page = root("text/html,application/xhtml+xml,*/*;q=0.8").await.expect("a page");
    let header =
        |name: &str| page.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(header("content-type"), "text/html; charset=utf-8");
    let policy = header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; script-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
    assert!(header("vary").to_lowercase().contains("accept"));
    let html = page.text().await.expect("text");
    assert!(
        html.starts_with("<!doctype html>") && !html.contains("http://datebin") && !html.contains("https://"),
        "{html}"
    );
    let plain = root("application/json, text/plain, */*").await.expect("an answer");
    assert_eq!(plain.text().await.expect("text"), r#"{"status":"ok"}"#);
}

#[sqlx::test(migrations = false)]
async fn the_catalog_says_where_everything_is(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    let mut body = server.get("/explorer/catalog").await.body;
    let facts = body["sources"][0]["facts"].take();
    assert_eq!(facts[0], "time ts");
    let expected = json!({
        "zone": "Europe/Prague",
        "notes": [],
        "sources": [{
            "relation": "public.load",
            "origin": "declared in datebin.toml",
            "facts": null,
            "metrics": [{"name": "load", "kind": "gauge", "unit": "percent", "help": null, "from": "public.load, column value"}],
            "labels": [{"label": "host", "from": "public.load, column host"}],
        }],
        "left_out": [],
        "annotations": ["deploys: public.deploys, time at"],
        "is_whole": true,
    });
    assert_eq!(body, expected);
}
