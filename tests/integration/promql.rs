//! Questions in Prometheus' language, asked of the engine.

mod lanes;
mod subqueries;

use datebin::engine::PromQuestion;
use datebin::error::Kind;
use datebin::frame::{PromSeries, PromValue};
use datebin::time::Steps;
use sqlx::PgPool;

use crate::support::{Server, sql};

const T0: i64 = 1_735_732_800_000; // 2025-01-01T12:00:00Z

/// Two hosts; `a` falls from 30 to 5 once, and `b` has a NULL in the middle.
const TABLE: &str = r#"
CREATE TABLE reqs (ts timestamptz NOT NULL, host text NOT NULL, total float8, PRIMARY KEY (host, ts));
INSERT INTO reqs SELECT to_timestamp(1735732800 + 15 * i), 'a', CASE WHEN i < 8 THEN 10 * i ELSE 10 * (i - 8) + 5 END
  FROM generate_series(0, 19) i;
INSERT INTO reqs SELECT to_timestamp(1735732800 + 15 * i), 'b', nullif(i, 6) FROM generate_series(0, 12) i;
"#;
const FILE: &str = "[[source]]\nrelation = \"public.reqs\"\ntime = \"ts\"\nlabels = [\"host\"]\n\
    [source.metric.reqs_total]\ncolumn = \"total\"\nkind = \"counter\"\n";

/// To twelve digits, so that a test may state what it means.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap()
}

fn shown(value: &PromValue) -> Vec<String> {
    let line = |one: &PromSeries| {
        let labels: Vec<String> = one.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let points: Vec<String> = one
            .points
            .iter()
            .map(|point| format!("{}@{}", rounded(point.value), (point.ms - T0) as f64 / 1000.0))
            .collect();
        format!("{{{}}} {}", labels.join(","), points.join(" "))
    };
    match value {
        PromValue::Scalar(point) => vec![format!("{}@{}", point.value, (point.ms - T0) / 1000)],
        PromValue::Text { text, .. } => vec![text.clone()],
        PromValue::Vector(series) | PromValue::Matrix(series) => series.iter().map(line).collect(),
    }
}

async fn asked(
    server: &Server,
    text: &str,
    steps: Steps,
    is_range: bool,
) -> Result<Vec<String>, datebin::error::Error> {
    let range_end_ms = is_range.then(|| steps.end_ms());
    let question = PromQuestion { text: text.to_owned(), steps, lookback_ms: None, range_end_ms };
    let scope = server.engine.scope().unwrap();
    Ok(shown(&scope.promql(&question).await?.value))
}

async fn instant(server: &Server, text: &str, seconds: i64) -> Vec<String> {
    asked(server, text, Steps::instant(T0 + 1000 * seconds), false).await.unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

async fn range(server: &Server, text: &str, (start, step, len): (i64, i64, u32)) -> Vec<String> {
    let steps = Steps::even(T0 + 1000 * start, 1000 * step, len);
    asked(server, text, steps, true).await.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

#[sqlx::test(migrations = false)]
async fn selectors_and_functions_of_ranges_mean_what_prometheus_means(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    for (text, seconds, answer) in [
        ("1 + 1", 4, vec!["2@4"]),
        ("\"text\"", 0, vec!["text"]),
        ("reqs_total", 60, vec!["{__name__=reqs_total,host=a} 40@60", "{__name__=reqs_total,host=b} 4@60"]),
        // A NULL ends the series until the next sample; a sample at the very end of the lookback does not count.
        ("reqs_total{host=\"b\"}", 100, vec![]),
        ("reqs_total{host=\"b\"}", 105, vec!["{__name__=reqs_total,host=b} 7@105"]),
        ("reqs_total{host=\"b\"}", 479, vec!["{__name__=reqs_total,host=b} 12@479"]),
        ("reqs_total{host=\"b\"}", 480, vec![]),
        ("timestamp(reqs_total{host=\"a\"})", 62, vec!["{host=a} 1735732860@62"]),
        ("count_over_time(reqs_total[1m])", 120, vec!["{host=a} 4@120", "{host=b} 3@120"]),
        // 45 s between the first and the last of four samples, half a spacing to the window's start.
        ("increase(reqs_total{host=\"a\"}[1m])", 60, vec!["{host=a} 40@60"]),
        ("rate(reqs_total{host=\"a\"}[1m])", 150, vec!["{host=a} 0.555555555556@150"]),
        ("sum(reqs_total)", 60, vec!["{} 44@60"]),
        ("reqs_total{host=\"b\"}[30s]", 60, vec!["{__name__=reqs_total,host=b} 3@45 4@60"]),
        ("max_over_time(sum(reqs_total)[1m:15s])", 60, vec!["{} 44@60"]),
        ("reqs_total{host=\"a\"} @ 1735732830", 300, vec!["{__name__=reqs_total,host=a} 20@300"]),
        ("reqs_total{host=\"a\"} offset 30s", 60, vec!["{__name__=reqs_total,host=a} 20@60"]),
        ("sort_desc(reqs_total)", 60, vec!["{__name__=reqs_total,host=a} 40@60", "{__name__=reqs_total,host=b} 4@60"]),
        ("sort(reqs_total)", 60, vec!["{__name__=reqs_total,host=b} 4@60", "{__name__=reqs_total,host=a} 40@60"]),
        ("no_such_metric", 60, vec![]),
        ("absent(no_such_metric{x=\"y\"})", 60, vec!["{x=y} 1@60"]),
        // A pattern says nothing of the labels, though only one value matches it.
        ("absent(no_such_metric{x=~\"y\"})", 60, vec!["{} 1@60"]),
        ("absent(no_such_metric{x=~\"y\",x=\"y\"})", 60, vec!["{x=y} 1@60"]),
        ("absent(no_such_metric{x=\"y\",x=\"z\"})", 60, vec!["{} 1@60"]),
        ("{host=\"b\"}", 60, vec!["{__name__=reqs_total,host=b} 4@60"]),
    ] {
        assert_eq!(instant(&server, text, seconds).await, answer, "{text}");
    }
    for (text, steps, answer) in [
        ("reqs_total{host=\"b\"}", (75, 15, 4), vec!["{__name__=reqs_total,host=b} 5@75 7@105 8@120"]),
        (
            "topk(1, reqs_total)",
            (105, 15, 3),
            vec!["{__name__=reqs_total,host=a} 70@105 15@135", "{__name__=reqs_total,host=b} 8@120"],
        ),
        ("time()", (0, 1, 2), vec!["{} 1735732800@0 1735732801@1"]),
    ] {
        assert_eq!(range(&server, text, steps).await, answer, "{text}");
    }
    for (text, kind) in [
        ("rate(reqs_total)", Kind::BadTarget),
        ("reqs_total[5m] + 1", Kind::BadTarget),
        ("{host=~\".*\"}", Kind::BadTarget),
        ("reqs_total + on(x) reqs_total", Kind::Execution),
        ("label_replace(reqs_total, \"x\", \"\", \"y\", \"(\")", Kind::Execution),
    ] {
        let error = asked(&server, text, Steps::instant(T0 + 60_000), false).await.unwrap_err();
        assert_eq!(error.kind, kind, "{text}: {error:?}");
    }
}

/// Two metrics whose series have the same labels.
const PAIR: &str = r#"
CREATE TABLE pair (ts timestamptz NOT NULL, host text NOT NULL, one float8, two float8);
INSERT INTO pair SELECT to_timestamp(1735732800 + 15 * i), host, 2 * i, 1 FROM generate_series(0, 8) i, (VALUES ('a'), ('b')) h (host);
"#;
const PAIR_FILE: &str = "[[source]]\nrelation = \"public.pair\"\ntime = \"ts\"\nlabels = [\"host\"]\n\
    [source.metric.pair_one]\ncolumn = \"one\"\n[source.metric.pair_two]\ncolumn = \"two\"\n";

/// Each was found by random expressions; the values are those of Prometheus 3.5.
#[sqlx::test(migrations = false)]
async fn the_edges_of_functions_are_those_of_prometheus(pool: PgPool) {
    sql(&pool, PAIR).await;
    let server = Server::declared(&pool, PAIR_FILE).await;
    let nan_and_two = "(label_replace(vector(NaN), \"host\", \"c\", \"\", \"\") or pair_one{host=\"a\"})";
    for (text, answer) in [
        // NaN ranks below every number.
        (&*format!("quantile(1, {nan_and_two})"), vec!["{} 8@60"]),
        ("quantile(0, vector(Inf) or pair_two)", vec!["{} 1@60"]),
        // An infinity decides alone.
        ("clamp_max(vector(-Inf), NaN)", vec!["{} -inf@60"]),
        ("clamp(vector(1), Inf, NaN)", vec!["{} inf@60"]),
        ("clamp_min(vector(1), NaN)", vec!["{} NaN@60"]),
        // The value's label is set before it is dropped.
        ("count_values without (host) (\"host\", pair_one)", vec!["{} 2@60"]),
        // The mean of values whose sum is beyond float64.
        ("avg(pair_two * 1.5e308) / 1e307", vec!["{} 15@60"]),
        // One number for all series.
        ("quantile_over_time(scalar(pair_two{host=\"a\"}) - 1, pair_one[1m])", vec!["{host=a} 2@60", "{host=b} 2@60"]),
        // Names alone tell series apart, and those of `absent_over_time` are of no matter.
        ("absent_over_time({__name__=~\"pair_.*\"}[1m])", vec![]),
        ("absent(nope{host=~\"a|b\", host=\"a\"})", vec!["{host=a} 1@60"]),
        ("absent(nope{host=\"a\", host=~\"a|b\"})", vec!["{} 1@60"]),
        // A number is refused where it is used only.
        ("topk(NaN, nope)", vec![]),
        ("double_exponential_smoothing(nope[1m], 0.5, 1)", vec![]),
        // Of two decimals that are equally near the even one.
        ("count_values(\"v\", vector(83.288360595703125))", vec!["{v=83.28836059570312} 1@60"]),
        ("count_values(\"v\", vector(0.5) or pair_two * Inf)", vec!["{v=+Inf} 2@60", "{v=0.5} 1@60"]),
        // No sample is a native histogram.
        ("histogram_avg(pair_one) or histogram_count(pair_one) or histogram_sum(pair_one)", vec![]),
        ("histogram_stddev(pair_one) or histogram_stdvar(pair_one) or vector(1)", vec!["{} 1@60"]),
        // An empty list says nothing beside a number.
        ("time() + on() 1", vec!["1735732861@60"]),
        ("pair_one{host=\"a\"} + on() group_left (x) 1", vec!["{host=a} 9@60"]),
        ("1 == bool on() 1", vec!["1@60"]),
        ("bottomk(0, pair_one)", vec![]),
        ("year(vector(1e15))", vec!["{} 31690708@60"]),
        ("year(vector(NaN))", vec!["{} 292277026596@60"]),
    ] {
        assert_eq!(instant(&server, text, 60).await, answer, "{text}");
    }
    for text in [
        "topk(NaN, pair_one)",
        "topk(scalar(nope), pair_one)",
        "double_exponential_smoothing(pair_one[1m], 0.5, 1)",
        "double_exponential_smoothing(pair_one[1m], 0, 0.5)",
        "count_over_time({__name__=~\"pair_.*\"}[1m])",
        // What is ranked is computed though nothing of it is kept.
        "topk(0, pair_one + on() pair_two)",
        "bottomk(scalar(pair_one{host=\"a\"}) - 9, pair_one + on() pair_two)",
        "histogram_avg(pair_one + on() pair_two)",
    ] {
        let error = asked(&server, text, Steps::instant(T0 + 60_000), false).await.unwrap_err();
        assert_eq!(error.kind, Kind::Execution, "{text}: {error:?}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_may_be_wrong_with_an_answer_is_said_at_its_place(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE cpu (ts timestamptz NOT NULL, host text NOT NULL, value float8 NOT NULL, PRIMARY KEY (host, ts));
         INSERT INTO cpu SELECT to_timestamp(1735732800 + 60 * i), 'a', i % 2 FROM generate_series(0, 2) i;
         CREATE TABLE h (ts timestamptz NOT NULL, le text NOT NULL, value float8 NOT NULL, PRIMARY KEY (le, ts));
         INSERT INTO h SELECT to_timestamp(1735732920), le, n
           FROM (VALUES ('1', 10), ('2', 5), ('+Inf', 20), ('x', 20)) AS b (le, n);",
    )
    .await;
    let file = "[[source]]\nrelation = \"public.cpu\"\ntime = \"ts\"\nlabels = [\"host\"]\n\
        [[source]]\nrelation = \"public.h\"\ntime = \"ts\"\nlabels = [\"le\"]\n[source.metric.h_bucket]\ncolumn = \"value\"\n";
    let server = Server::declared(&pool, file).await;
    let phi =
        |phi: &str, at: &str| format!("PromQL warning: quantile value should be between 0 and 1, got {phi} ({at})");
    let counter = |at: &str| {
        format!(
            "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"cpu\" ({at})"
        )
    };
    let le = "PromQL warning: bucket label \"le\" is missing or has a malformed value of \"x\" for metric name \"h_bucket\" (1:25)";
    let falls = "PromQL info: input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name \"h_bucket\" (1:25)";
    // As Prometheus 3.5.3 answers, over the same samples.
    for (text, warnings, infos) in [
        ("quantile(2, cpu)", vec![phi("2", "1:10")], vec![]),
        ("quantile(2, nosuch)", vec![phi("2", "1:10")], vec![]),
        ("quantile(scalar(nosuch), cpu)", vec![phi("NaN", "1:10")], vec![]),
        ("quantile_over_time(2, cpu[5m])", vec![phi("2", "1:20")], vec![]),
        ("quantile_over_time(2, nosuch[5m])", vec![], vec![]),
        ("quantile_over_time(scalar(cpu) + 19, cpu[5m])", vec![phi("19", "1:20")], vec![]),
        ("histogram_fraction(-Inf, 1.5, (h_bucket))", vec![le.replace("1:25", "1:32")], vec![]),
        ("histogram_quantile(2, nosuch)", vec![phi("2", "1:20")], vec![]),
        ("histogram_quantile(0.5, h_bucket)", vec![le.to_owned()], vec![falls.to_owned()]),
        ("rate(cpu[5m])", vec![], vec![counter("1:6")]),
        ("rate(cpu[30s])", vec![], vec![]),
        ("irate(cpu[5m])", vec![], vec![]),
        ("sum(increase(cpu[5m])) + quantile(-1, cpu)", vec![phi("-1", "1:35")], vec![counter("1:14")]),
        ("max_over_time(rate(cpu[5m])[2m:1m])", vec![], vec![counter("1:20")]),
    ] {
        let steps = Steps::instant(T0 + 130_000);
        let question = PromQuestion { text: text.to_owned(), steps, lookback_ms: None, range_end_ms: None };
        let answer = server.engine.scope().unwrap().promql(&question).await.unwrap();
        assert_eq!((answer.warnings, answer.infos), (warnings, infos), "{text}");
    }
}
