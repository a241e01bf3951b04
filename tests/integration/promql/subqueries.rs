//! Subqueries whose windows leave gaps: only the times in the windows are evaluated.

use datebin::error::Kind;
use datebin::time::Steps;
use sqlx::PgPool;

use super::{T0, asked, instant, range};
use crate::support::{Server, sql};

/// A sample each 30 s around noon of each of six days; `b` has gaps.
const TABLE: &str = r#"
CREATE TABLE load (ts timestamptz NOT NULL, host text NOT NULL, value float8, PRIMARY KEY (host, ts));
CREATE INDEX ON load (ts);
INSERT INTO load SELECT to_timestamp(1735732800 + 86400 * d + 30 * i), 'a', (i * 37 + d * 11) % 53
  FROM generate_series(0, 5) d, generate_series(-60, 20) i;
INSERT INTO load SELECT to_timestamp(1735732800 + 86400 * d + 30 * i), 'b', (i * 17 + d * 5) % 41
  FROM generate_series(0, 5) d, generate_series(-60, 20) i WHERE (i + 2 * d) % 9 > 2;
ANALYZE load;
"#;
const FILE: &str = "[[source]]\nrelation = \"public.load\"\ntime = \"ts\"\nlabels = [\"host\"]\n[source.metric.load]\ncolumn = \"value\"\n";
const DAY: i64 = 86_400;

#[sqlx::test(migrations = false)]
async fn windows_far_apart_are_answered_over_years(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    // Three years of days: 19 million times at 5 s, of which windows have 13,176.
    let answer = range(&server, "max_over_time(load{host=\"a\"}[1m:5s])", (-800 * DAY, DAY, 1098)).await;
    assert_eq!(answer, ["{host=a} 0@0 11@86400 22@172800 33@259200 44@345600 18@432000"]);
    // Of windows that touch all times are needed.
    let steps = Steps::even(T0, 3_600_000, 720);
    let error = asked(&server, "max_over_time(load[1h:1s])", steps, true).await.unwrap_err();
    assert_eq!(
        (error.kind, error.hint.as_deref()),
        (Kind::Unsupported, Some("give it a longer step or a shorter range"))
    );
}

/// A range gives at each step what an instant there gives.
#[sqlx::test(migrations = false)]
async fn windows_far_apart_mean_what_each_of_them_means(pool: PgPool) {
    sql(&pool, TABLE).await;
    let server = Server::declared(&pool, FILE).await;
    for text in [
        "max_over_time(load[1m:5s])",
        "avg_over_time(rate(load[2m])[5m:20s])",
        "sum_over_time(sum(load)[7m:])",
        "sum_over_time(max_over_time(load[90s:10s])[4m:20s])",
        "quantile_over_time(0.4, (load > bool 20)[5m:15s] offset 3m)",
        "count_over_time(timestamp(load)[10m:45s])",
        "last_over_time(load[3m:1m] @ 1735732800)",
        "sum_over_time(vector(time())[2m:25s])",
        "min_over_time(absent(load)[30m:10m])",
        "stddev_over_time(load[1m:7s])",
        "max_over_time(sum by (host) (load offset 1m)[20s:3s]) + on (host) load",
    ] {
        for step in [DAY, DAY + 60, DAY / 2, 7 * 3600, DAY - 35] {
            let (start, len) = (-2 * DAY - 17, 8);
            let whole = range(&server, text, (start, step, len)).await;
            let mut points: Vec<(String, String)> = Vec::new();
            for line in &whole {
                let (labels, found) = line.split_once(' ').expect("points");
                points.extend(found.split(' ').map(|point| (labels.to_owned(), point.to_owned())));
            }
            let mut expected = Vec::new();
            for at in 0..i64::from(len) {
                let found = instant(&server, text, start + at * step).await;
                let split =
                    |line: &String| line.split_once(' ').map(|(labels, point)| (labels.to_owned(), point.to_owned()));
                expected.extend(found.iter().filter_map(split));
            }
            points.sort();
            expected.sort();
            assert_eq!(points, expected, "{text} at {step}");
        }
    }
}
