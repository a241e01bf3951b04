//! Payloads in code mode and in builder mode, with the escapes of each.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::{asked, notices, values};
use crate::support::{Answer, Server, sql};

/// Two samples of each host in one minute: v and v + 2.
const ROWS: &str = r#"
    CREATE TABLE cpu (ts timestamptz NOT NULL, host text, region text, value float8);
    INSERT INTO cpu SELECT t, host, region, v + extract(second FROM t) / 10 - 1
    FROM (VALUES ('web.01', 'eu', 1), ('webx01', 'eu', 2), ('a/b', 'eu', 4), ('it''s', 'us', 8), ('x"y', 'us', 16),
            ('C:\d', 'us', 32), ('p', 'us', 64), ('q', NULL, 128), (NULL, 'us', 256), ('(m|n)', 'us', 512)) AS s (host, region, v),
        unnest(ARRAY['2025-01-01 00:00:10Z', '2025-01-01 00:00:30Z']::timestamptz[]) AS t;
    CREATE TABLE mem (ts timestamptz NOT NULL, host text, value float8);
    INSERT INTO mem VALUES ('2025-01-01 00:00:10Z', 'p', 1);"#;

const RANGE: (&str, &str) = ("2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z");

async fn built(server: &Server, target: &str, payload: Value) -> Answer {
    asked(server, RANGE, json!({"target": target, "refId": "A", "payload": payload})).await
}

/// Tags and points of all series, whatever they are called.
fn drawn(answer: &Answer) -> Vec<(Value, Value)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.drawn().iter().map(|element| (element["tags"].clone(), element["datapoints"].clone())).collect()
}

/// The hosts of all series in order, the absent one first.
fn hosts(answer: &Answer) -> Vec<String> {
    let host = |(tags, _): &(Value, Value)| tags["host"].as_str().unwrap_or_default().to_owned();
    let mut hosts: Vec<String> = drawn(answer).iter().map(host).collect();
    hosts.sort();
    hosts
}

#[sqlx::test(migrations = false)]
async fn members_wrap_the_metric(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (payload, written) in [
        (json!({"over_time": "max"}), "max_over_time(cpu[$__interval])"),
        (json!({"over_time": "max_over_time", "aggregation": "sum"}), "sum(max_over_time(cpu[$__interval]))"),
        (
            json!({"over_time": "min", "aggregation": "sum", "by": ["region"]}),
            "sum by (region) (min_over_time(cpu[$__interval]))",
        ),
        (json!({"aggregation": "avg", "by": "(host|region)"}), "avg by (host, region) (cpu)"),
        (json!({"aggregation": "avg", "by": "host,region"}), "avg by (host, region) (cpu)"),
        (json!({"aggregation": "avg", "by": "[\"host\",\"region\"]"}), "avg by (host, region) (cpu)"),
        (json!({"aggregation": ["max"], "by": "", "over_time": []}), "max(cpu)"),
        (json!({"aggregation": "topk(2)"}), "topk(2, cpu)"),
        (json!({"aggregation": "p50", "by": ["region"]}), "quantile by (region) (0.5, cpu)"),
        (
            json!({"aggregation": "sum", "by": ["region"], "filters": {"host": ["p", "q"]}}),
            "sum by (region) (cpu{host=~\"p|q\"})",
        ),
        (json!({"aggregation": "none", "over_time": "default", "by": []}), "cpu"),
    ] {
        let wanted = drawn(&asked(&server, RANGE, json!({"target": written})).await);
        let answer = built(&server, "cpu", payload.clone()).await;
        assert_eq!(drawn(&answer), wanted, "{payload}");
        assert_eq!(notices(&answer), Vec::<&str>::new(), "{payload}");
    }
}

#[sqlx::test(migrations = false)]
async fn filters_select_exactly_the_values_in_every_format(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let all = ["", "(m|n)", "C:\\d", "a/b", "it's", "p", "q", "web.01", "webx01", "x\"y"];
    for (picked, expected) in [
        // As picked from a list, and as the variable formats write them: regex, glob, json, csv, pipe, raw.
        (json!("web.01"), vec!["web.01"]),
        (json!(r"web\.01"), vec!["web.01"]),
        (json!([r"web\.01", r"a\/b"]), vec!["a/b", "web.01"]),
        (json!(["web.01", "a/b", "it's", "x\"y"]), vec!["a/b", "it's", "web.01", "x\"y"]),
        (json!(r"(web\.01|a\/b)"), vec!["a/b", "web.01"]),
        (json!([r"(web\.01|a\/b)", "p"]), vec!["a/b", "p", "web.01"]),
        (json!("{web.01,a/b}"), vec!["a/b", "web.01"]),
        (json!(r#"["web.01","x\"y"]"#), vec!["web.01", "x\"y"]),
        (json!(r#""x\"y""#), vec!["x\"y"]),
        (json!("web.01,it's"), vec!["it's", "web.01"]),
        (json!("web.01|p"), vec!["p", "web.01"]),
        (json!("C:\\d"), vec!["C:\\d"]),
        (json!(r"C:\\d"), vec!["C:\\d"]),
        (json!(["(m|n)"]), vec!["(m|n)"]),
        (json!(r"\(m\|n\)"), vec!["(m|n)"]),
        // Nothing picked is no filter; an empty selection that was interpolated is the absent label.
        (json!([]), all.to_vec()),
        (json!(""), all.to_vec()),
        (json!([""]), all.to_vec()),
        (json!(null), all.to_vec()),
        (json!("()"), vec![""]),
        (json!("$__all"), all.to_vec()),
        (json!(".*"), all.to_vec()),
        (json!(".+"), all[1..].to_vec()),
        (json!(7), vec![]),
    ] {
        let nested = built(&server, "cpu", json!({"filters": {"host": picked}})).await;
        assert_eq!(hosts(&nested), expected, "{picked}");
        let flat = built(&server, "cpu", json!({"label:host": picked, "filters": "[object Object]"})).await;
        assert_eq!(hosts(&flat), expected, "label:host {picked}");
    }
    let both = json!({"label:host": ["p", "q"], "filters": {"region": "us"}});
    assert_eq!(hosts(&built(&server, "cpu", both).await), ["p"]);
    let empty = built(&server, "cpu", json!({"filters": {"host": "()"}})).await;
    assert_eq!(notices(&empty), ["\"host\" is empty: only series without that label are selected"]);
}

#[sqlx::test(migrations = false)]
async fn expressions_take_what_fits_them(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    let payload = json!({"over_time": "max", "aggregation": "sum", "filters": {"host": ["p"]}});
    let answer = built(&server, "cpu + on (host) mem", payload).await;
    assert_eq!(values(&answer), [("cpu + on (host) mem".to_owned(), vec![Some(66.0)])]);
    let told =
        "`over_time` is ignored: `max_over_time` is applied to a metric, and the target is an expression already";
    assert_eq!(notices(&answer), [told]);
    let answer = built(&server, "7", json!({"aggregation": "sum", "label:host": "p"})).await;
    assert_eq!(values(&answer), [("7".to_owned(), vec![Some(7.0)])]);
    assert_eq!(
        notices(&answer),
        [
            "the filters are ignored: the target reads no metric",
            "`aggregation` is ignored: `sum` needs series, and the target is a number"
        ]
    );
}

#[sqlx::test(migrations = false)]
async fn what_means_nothing_is_a_notice(pool: PgPool) {
    sql(&pool, ROWS).await;
    let server = Server::start(&pool).await;
    for (payload, expected) in [
        (json!({"over_time": "maxx"}), "`over_time` is ignored, as \"maxx\" is unknown: did you mean max"),
        (
            json!({"over_time": "quantile"}),
            "`over_time` is ignored: `quantile` needs a number, such as `quantile(0.95)`",
        ),
        (json!({"over_time": "max(5)"}), "`over_time` is ignored: `max` takes no number"),
        (json!({"aggregation": "som"}), "`aggregation` is ignored, as \"som\" is unknown: did you mean sum?"),
        (json!({"aggregation": "topk"}), "`aggregation` is ignored: `topk` needs a number, such as `topk(5)`"),
        (json!({"aggregation": "sum(5)"}), "`aggregation` is ignored: `sum` takes no number"),
        (
            json!({"by": ["host"]}),
            "`by` is ignored: it names the labels that an `aggregation` keeps, and none is picked",
        ),
        (json!({"x": {"y": []}}), "the member \"x\" of the payload is ignored: no option is called so"),
        (json!({"fill": "prevous"}), "`fill` is ignored, as \"prevous\" is unknown: did you mean previous?"),
        (json!({"fill": "?"}), "`fill` is ignored, as \"?\" is unknown: expected none, null, zero, previous, linear"),
        (json!({"reduce": "m5"}), "`reduce` is ignored, as \"m5\" is unknown: expected bucket, minmax, m4"),
        (json!({"format": "tabel"}), "`format` is ignored, as \"tabel\" is unknown: did you mean table?"),
        (
            json!({"step": "soon"}),
            "`step` is ignored, as \"soon\" is unknown: expected a length such as 30s, 1h, 1d, 1mo",
        ),
        (
            json!({"tz": "Europe/Berlln"}),
            "`tz` is ignored, as \"Europe/Berlln\" is unknown: did you mean Europe/Berlin",
        ),
    ] {
        let answer = built(&server, "mem", payload.clone()).await;
        assert_eq!(values(&answer).len(), 1, "{payload}");
        let notices = notices(&answer);
        assert!(notices.len() == 1 && notices[0].starts_with(expected), "{payload}: {notices:?}");
    }
    for payload in [json!([1, 2]), json!(7), json!("text"), json!(null), json!(true), json!({})] {
        let answer = built(&server, "mem", payload.clone()).await;
        assert_eq!(
            answer.body,
            json!([{"target": "mem", "title": "mem", "refId": "A", "tags": {"host": "p"},
            "datapoints": [[1.0, 1_735_689_600_000_i64]]}]),
            "{payload}"
        );
    }
}
