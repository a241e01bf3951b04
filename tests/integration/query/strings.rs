//! Strings of the JSON dialect, ad hoc filters and legends, end to end.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Answer, Server, sql};

const ROWS: &str = r#"
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text, size text, value double precision);
    INSERT INTO cpu SELECT '2025-01-01 00:01Z', host, size, 1 FROM (VALUES ('web.01', '9'), ('web_01', '10'),
        ('a', '9.5'), ('b', 'large'), ('{a}', NULL), (NULL, ''), ('c|d', '1e1'), (E'x\ny', '-3')) AS v (host, size);
    CREATE TABLE mem (ts timestamptz NOT NULL, host text, value double precision);
    INSERT INTO mem VALUES ('2025-01-01 00:01Z', 'a', 1);
    CREATE TABLE narrow (ts timestamptz NOT NULL, metric text, host text, value double precision);
    INSERT INTO narrow SELECT '2025-01-01 00:01Z', metric, 'a', 1
    FROM unnest(ARRAY['cpu.load', 'disk free (%)', '(cpu|mem)', 'a+b', 'x"y']) AS metric;"#;

async fn asked(server: &Server, target: &str, filters: Value) -> Answer {
    let body = json!({
        "range": {"from": "2025-01-01T00:00:00Z", "to": "2025-01-01T01:00:00Z"}, "maxDataPoints": 100,
        "targets": [{"target": target, "refId": "A"}], "adhocFilters": filters,
    });
    server.post("/query", body).await
}

/// The values of a label, the absent one as the empty text.
fn label(answer: &Answer, name: &str) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.drawn().iter().map(|e| e["tags"][name].as_str().unwrap_or_default().to_owned()).collect()
}

fn legends(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.as_array().expect("elements").iter().map(|e| e["target"].as_str().expect("a legend")).collect()
}

fn notices(answer: &Answer) -> Vec<&str> {
    let notices = answer.body[0]["meta"]["notices"].as_array().into_iter().flatten();
    notices.map(|notice| notice["text"].as_str().expect("a text")).collect()
}

const ALL: [&str; 8] = ["", "a", "b", "c|d", "web.01", "web_01", "x\ny", "{a}"];

#[sqlx::test(migrations = false)]
async fn strings_read_as_the_table_says(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let present: Vec<&str> = ALL[1..].to_vec();
    let but = |out: &[&str]| ALL.iter().copied().filter(|host| !out.contains(host)).collect::<Vec<_>>();
    let cases: Vec<(&str, Vec<&str>)> = vec![
        (r#"host=~"web\.01""#, vec!["web.01"]),
        (r#"host=~"web.01""#, vec!["web.01", "web_01"]),
        (r#"host=~"(web\.01|web\.02)""#, vec!["web.01"]),
        (r#"host=~"web\\.01""#, vec!["web.01"]),
        (r#"host="web\.01""#, vec!["web.01"]),
        (r#"host="web.01""#, vec!["web.01"]),
        (r#"host="(a|b)""#, vec!["a", "b"]),
        (r#"host="{a,b}""#, vec!["a", "b"]),
        (r#"host="{a}""#, vec!["{a}"]),
        (r#"host="{c|d,x}""#, vec!["c|d"]),
        (r#"host="(c\|d|x)""#, vec!["c|d"]),
        (r#"host!="(a|b)""#, but(&["a", "b"])),
        (r#"host!="{a,b}""#, but(&["a", "b"])),
        (r#"host=".*""#, ALL.to_vec()),
        (r#"host=~".*""#, ALL.to_vec()),
        (r#"host!=".*""#, vec![]),
        (r#"host!~".*""#, vec![]),
        (r#"host=".+""#, present.clone()),
        (r#"host=~".+""#, present.clone()),
        (r#"host!=".+""#, vec![""]),
        (r#"host="""#, vec![""]),
        (r#"host=~"()""#, vec![""]),
        (r#"host!="""#, present),
        (r#"host=~"x.y""#, vec!["x\ny"]),
        (r#"host!~"[a-z].*""#, vec!["", "{a}"]),
        (r#"host=~"a|""#, vec!["", "a"]),
        // A brace that begins no count is a brace, as RE2 reads it.
        (r#"host=~"{a}.*""#, vec!["{a}"]),
        (r#"host=~"[{].{2}|x{,1}.+""#, vec!["{a}"]),
        (r#"host=~"\p{L}{1,}""#, vec!["a", "b"]),
        (r#"nosuch="""#, ALL.to_vec()),
        (r#"nosuch="a""#, vec![]),
        (r#"nosuch!="a""#, ALL.to_vec()),
        (r#"nosuch=~"a.*""#, vec![]),
        (r#"nosuch!~"a.+""#, ALL.to_vec()),
    ];
    for (matcher, expected) in cases {
        let answer = asked(&server, &format!("cpu{{{matcher}}}"), json!([])).await;
        assert_eq!(label(&answer, "host"), expected, "{matcher}");
    }
    let empty = asked(&server, r#"cpu{host=~"()"}"#, json!([])).await;
    assert_eq!(notices(&empty), ["\"host\" is empty: only series without that label are selected"]);
    let unknown = asked(&server, r#"cpu{nosuch!="a"}"#, json!([])).await;
    assert_eq!(notices(&unknown), ["cpu has no label \"nosuch\"; it reads as empty"]);
    let nothing = asked(&server, r#"cpu{nosuch="a"}"#, json!([])).await;
    assert!(nothing.headers["warning"].to_str().expect("a text").contains("cpu has no label 'nosuch'"));
    let labels = asked(&server, "sum by ((host|size)) (cpu)", json!([])).await;
    assert_eq!(label(&labels, "host"), ALL);
    let none = asked(&server, "sum by (nosuch) (cpu)", json!([])).await;
    assert_eq!(legends(&none), ["sum by (nosuch) (cpu)"]);
    assert_eq!(notices(&none), ["cpu has no label \"nosuch\"; it reads as empty"]);
}

#[sqlx::test(migrations = false)]
async fn whole_targets_are_names_first(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (target, expected) in [
        ("mem", vec!["mem"]),
        (" mem ", vec!["mem"]),
        ("cpu.load", vec!["cpu.load"]),
        (r"cpu\.load", vec!["cpu.load"]),
        ("disk free (%)", vec!["disk free (%)"]),
        (r"disk free \(%\)", vec!["disk free (%)"]),
        // A name that is stored just so comes before the list.
        ("(cpu|mem)", vec!["(cpu|mem)"]),
        ("(mem|cpu.load)", vec!["cpu.load", "mem"]),
        (r"(mem|cpu\.load|a\+b)", vec!["a+b", "cpu.load", "mem"]),
        ("{mem,cpu.load}", vec!["cpu.load", "mem"]),
        ("a+b", vec!["a+b"]),
        ("x\"y", vec!["x\"y"]),
        (r#"{__name__=~"cpu\..*|mem"}"#, vec!["cpu.load", "mem"]),
    ] {
        let answer = asked(&server, target, json!([])).await;
        assert_eq!(legends(&answer), expected, "{target}");
        assert_eq!(answer.body[0]["refId"], "A");
    }
    for target in ["cpuu", "(cpuu|mem)", "sum(cpuu)"] {
        let unknown = asked(&server, target, json!([])).await;
        assert_eq!((unknown.status, unknown.body["error"]["code"].as_str()), (422, Some("unknown_metric")), "{target}");
        assert!(unknown.body["error"]["hint"].as_str().expect("a hint").contains("did you mean cpu"), "{target}");
    }
    // What exists, or stands there already, is no correction.
    for target in
        [r#"mem{host="a" size="1"}"#, "mem{", "mem[5m", "mem + +", "mem by", "sum(mem", "mem 漢字 +", "cpu.load +"]
    {
        let wrong = asked(&server, target, json!([])).await;
        assert_eq!((wrong.status, wrong.body["error"]["code"].as_str()), (400, Some("bad_target")), "{target}");
        assert!(!wrong.body["error"]["hint"].to_string().contains("did you mean"), "{target}: {}", wrong.body);
    }
    let near = asked(&server, "disk fre (%)", json!([])).await;
    assert_eq!(near.body["error"]["hint"].as_str(), Some("did you mean disk free (%)?"), "{}", near.body);
}

#[sqlx::test(migrations = false)]
async fn legends_name_the_metric_and_what_differs(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (target, expected) in [
        (r#"cpu{host="a"}"#, vec!["cpu"]),
        (r#"(cpu|cpu){host="a"}"#, vec!["cpu"]),
        (r#"cpu{host=~"(a|b)"}"#, vec![r#"cpu{host="a", size="9.5"}"#, r#"cpu{host="b", size="large"}"#]),
        (r#"cpu{host="{,a}"}"#, vec!["cpu{}", r#"cpu{host="a", size="9.5"}"#]),
        ("sum(cpu)", vec!["sum(cpu)"]),
        (r#"sum by (host) (cpu{host=~"a|b"})"#, vec![r#"{host="a"}"#, r#"{host="b"}"#]),
        (r#"(cpu{host=~"a|b"})"#, vec![r#"cpu{host="a", size="9.5"}"#, r#"cpu{host="b", size="large"}"#]),
        (r#"max_over_time(cpu{host="a"}[1m])"#, vec![r#"max_over_time(cpu{host="a"}[1m])"#]),
    ] {
        assert_eq!(legends(&asked(&server, target, json!([])).await), expected, "{target}");
    }
}

#[sqlx::test(migrations = false)]
async fn all_ten_operators_of_ad_hoc_filters(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let filter = |key: &str, operator: &str, value: &str| json!({"key": key, "operator": operator, "value": value});
    let several = |key: &str, operator: &str, values: &[&str]| json!({"key": key, "operator": operator, "value": values[0], "values": values});
    let but = |out: &[&str]| ALL.iter().copied().filter(|host| !out.contains(host)).collect::<Vec<_>>();
    for (filter, expected) in [
        (filter("host", "=", "web.01"), vec!["web.01"]),
        (filter("host", "=", "(a|b)"), vec![]),
        (filter("host", "=", ""), vec![""]),
        (filter("host", "!=", "a"), but(&["a"])),
        (filter("host", "=~", "web.*"), vec!["web.01", "web_01"]),
        (filter("host", "=~", "(a|b)"), vec!["a", "b"]),
        (filter("host", "!~", "web.*|a"), but(&["web.01", "web_01", "a"])),
        (several("host", "=|", &["a", "b", "zz"]), vec!["a", "b"]),
        (several("host", "!=|", &["a", "b"]), but(&["a", "b"])),
        // Numbers against numbers, else by bytes; 10 = 1e1 > 9.5 > 9 > -3, and "large" > "9".
        (filter("size", ">", "9"), vec!["a", "b", "c|d", "web_01"]),
        (filter("size", ">=", "9"), vec!["a", "b", "c|d", "web.01", "web_01"]),
        (filter("size", "<", "9.5"), vec!["web.01", "x\ny"]),
        (filter("size", "<=", "9.5"), vec!["a", "web.01", "x\ny"]),
        (filter("size", "<", "zzz"), vec!["a", "b", "c|d", "web.01", "web_01", "x\ny"]),
        (filter("size", ">", ""), vec!["a", "b", "c|d", "web.01", "web_01", "x\ny"]),
        (filter("size", "<", ""), vec![]),
        (filter("__proto__", "=", "x"), ALL.to_vec()),
        (filter("host", "=~", ".*"), ALL.to_vec()),
    ] {
        let answer = asked(&server, "cpu", json!([filter])).await;
        assert_eq!(label(&answer, "host"), expected, "{filter}");
    }
    let two = json!([filter("host", "=~", "web.*"), filter("size", ">", "9.7")]);
    assert_eq!(label(&asked(&server, "cpu", two).await, "host"), ["web_01"]);
    let ignored = asked(&server, "mem", json!([filter("size", "=", "9"), filter("host", "=", "a")])).await;
    assert_eq!(label(&ignored, "host"), ["a"]);
    assert_eq!(notices(&ignored), ["the filter on \"size\" is ignored: mem has no such label"]);
    let odd = asked(&server, "mem", json!([filter("host", "~~", "9")])).await;
    assert_eq!(notices(&odd), ["the filter on \"host\" is ignored: its operator \"~~\" is unknown"]);
}

#[sqlx::test(migrations = false)]
async fn a_panel_that_does_not_say_gets_a_thousand_points(pool: PgPool) {
    sql(&pool, super::SECONDS).await;
    let server = Server::start(&pool).await;
    for max in [json!(null), json!(0), json!("0"), json!(-5), json!(1000)] {
        let body = json!({
            "range": {"from": "2018-04-15T05:00:00Z", "to": "2018-04-15T05:45:00Z"}, "maxDataPoints": max,
            "targets": [{"target": "seed"}],
        });
        let answer = server.post("/query", body).await;
        // 2,700 seconds: 1,351 buckets of two would be too many, 541 of five are not.
        assert_eq!(super::times(&answer.body[0]).len(), 540, "{max}");
    }
}
