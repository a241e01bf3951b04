//! Whole days: steps of several of them, weeks that begin on another day, and dates, which are days of whoever asks.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::support::{Server, Setup, sql};

/// A server that knows no more than the file says.
async fn with_file(pool: &PgPool, text: &str) -> Server {
    let name = pool.connect_options().get_database().expect("a database").to_owned();
    let file = std::env::temp_dir().join(format!("datebin-{name}-{}.toml", text.len()));
    std::fs::write(&file, text).expect("a file");
    Server::with(pool, Setup { file: Some(file), ..Setup::default() }).await
}

/// The local date and hour of each bucket, and its value.
async fn buckets(server: &Server, zone: &str, (from, to): (&str, &str), target: &str, step: &str) -> Vec<String> {
    let targets = json!([{"target": target, "payload": {"step": step}}]);
    let body = json!({"range": {"from": from, "to": to}, "timezone": zone, "targets": targets});
    let answer = server.post("/query", body).await;
    let zone: chrono_tz::Tz = zone.parse().expect("a zone");
    let shown = |point: &Value| {
        let at = chrono::DateTime::from_timestamp_millis(point[1].as_i64().unwrap()).unwrap().with_timezone(&zone);
        format!("{} {}", at.format("%m-%d %H:%M"), point[0])
    };
    answer.body[0]["datapoints"].as_array().unwrap_or_else(|| panic!("{}", answer.body)).iter().map(shown).collect()
}

#[sqlx::test(migrations = false)]
async fn steps_of_whole_days_are_cut_in_the_zone(pool: PgPool) {
    sql(
        &pool,
        "CREATE TABLE hours (ts timestamptz NOT NULL, value float8); INSERT INTO hours SELECT generate_series(
        '2025-03-01 00:00Z'::timestamptz, '2025-04-30 00:00Z', '1 h'), 1;",
    )
    .await;
    let server = Server::start(&pool).await;
    // Wednesday 26 March to Saturday 5 April in Berlin, where 30 March has 23 hours; Monday 2000-01-03 is 9,214 days
    // before Wednesday 26 March.
    let range = ("2025-03-25T23:00:00Z", "2025-04-04T22:00:00Z");
    let target = "sum_over_time(hours[$__interval])";
    for (step, expected) in [
        (
            "2d",
            &["03-26 00:00 48.0", "03-28 00:00 48.0", "03-30 00:00 47.0", "04-01 00:00 48.0", "04-03 00:00 48.0"][..],
        ),
        ("3d", &["03-25 00:00 72.0", "03-28 00:00 71.0", "03-31 00:00 72.0", "04-03 00:00 72.0"]),
        ("7d", &["03-24 00:00 167.0", "03-31 00:00 168.0"]),
        ("1w", &["03-24 00:00 167.0", "03-31 00:00 168.0"]),
        ("2w", &["03-24 00:00 335.0"]),
        ("14d", &["03-24 00:00 335.0"]),
    ] {
        assert_eq!(buckets(&server, "Europe/Berlin", range, target, step).await, expected, "{step}");
    }
    let hours = buckets(&server, "Europe/Berlin", range, target, "48h").await;
    assert!(hours.first().is_some_and(|hour| hour.contains("00:00")), "{hours:?}");
    assert!(hours.last().is_some_and(|hour| hour.contains("01:00")), "exact steps do not follow the clocks: {hours:?}");

    let server = with_file(&pool, "week_starts = \"sunday\"\n").await;
    let weeks = buckets(&server, "Europe/Berlin", range, target, "7d").await;
    assert_eq!(weeks, ["03-23 00:00 168.0", "03-30 00:00 167.0"]);
    assert_eq!(buckets(&server, "Europe/Berlin", range, target, "3d").await[0], "03-25 00:00 72.0");
    let ladder = json!({"range": {"from": "2025-03-01T00:00:00Z", "to": "2025-04-01T00:00:00Z"}, "maxDataPoints": 7,
        "targets": [{"target": "hours"}]});
    let first = server.post("/query", ladder).await.body[0]["datapoints"][0][1].as_i64();
    assert_eq!(first, Some(1_740_268_800_000), "Sunday 23 February");
    let week = server.get("/query?target=sum_over_time(hours[$__range])&from=now-1w/w&to=now/w&step=1y").await;
    assert_eq!(week.status, 200, "{}", week.body);
}

const SALES: &str = "
    CREATE TABLE sales (day date NOT NULL, shop text NOT NULL, amount float8);
    CREATE INDEX ON sales (day);
    INSERT INTO sales SELECT '2025-03-01'::date + n, s, n + 1 FROM generate_series(0, 9) AS n, unnest(ARRAY['x', 'y']) AS s;";

#[sqlx::test(migrations = false)]
async fn a_date_is_a_day_of_whoever_asks(pool: PgPool) {
    sql(&pool, SALES).await;
    let server = Server::start(&pool).await;
    // 5 March in New York, in Tokyo and in UTC: the bar of that day, which is 5 for each shop.
    for (zone, from, to) in [
        ("America/New_York", "2025-03-05T05:00:00Z", "2025-03-06T05:00:00Z"),
        ("Asia/Tokyo", "2025-03-04T15:00:00Z", "2025-03-05T15:00:00Z"),
        ("UTC", "2025-03-05T00:00:00Z", "2025-03-06T00:00:00Z"),
    ] {
        for (target, step, expected) in [
            ("sum(sales_amount)", "1d", &["03-05 00:00 10.0"][..]),
            ("sum(sales_amount)", "6h", &["03-05 00:00 10.0"]),
            ("sum(sales_amount{shop=~\"x|z.*\"})", "1d", &["03-05 00:00 5.0"]),
            ("sum(delta(sales_amount[$__interval]))", "1d", &["03-05 00:00 2.0"]),
            ("sum(sum_over_time(sales_amount[2d]))", "1d", &["03-05 00:00 18.0"]),
            ("sum(sales_amount offset 1d)", "1d", &["03-05 00:00 8.0"]),
        ] {
            assert_eq!(buckets(&server, zone, (from, to), target, step).await, expected, "{zone} {target} {step}");
        }
        let filled = json!({"range": {"from": from, "to": to}, "timezone": zone,
            "targets": [{"target": "sum(sales_amount)", "payload": {"step": "12h", "fill": "previous"}}]});
        let values: Vec<f64> = server.post("/query", filled).await.body[0]["datapoints"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| point[0].as_f64().unwrap())
            .collect();
        assert_eq!(values, [10.0, 10.0], "{zone}");
        let kept = json!({"range": {"from": from, "to": to}, "timezone": zone,
            "targets": [{"target": "sales_amount{shop=\"x\"}", "payload": {"reduce": "m4"}}]});
        let kept = server.post("/query", kept).await.body[0]["datapoints"].as_array().unwrap().len();
        assert_eq!(kept, 1, "{zone}");
    }
    let range = ("2025-03-01T05:00:00Z", "2025-03-11T04:00:00Z");
    let weeks =
        buckets(&server, "America/New_York", range, "sum(sum_over_time(sales_amount[$__interval]))", "1w").await;
    assert_eq!(weeks, ["02-24 00:00 6.0", "03-03 00:00 84.0", "03-10 00:00 20.0"]);
    let names = json!({"payload": "label_values(sales_amount, shop)", "range": {"from": "2025-03-10T20:00:00Z", "to": "2025-03-11T03:00:00Z"}});
    assert_eq!(server.post("/variable", names).await.body.as_array().map(Vec::len), Some(2));
}

#[sqlx::test(migrations = false)]
async fn a_declared_zone_holds_for_everybody(pool: PgPool) {
    sql(&pool, SALES).await;
    let file = "[[source]]\nrelation = \"sales\"\ntime = { column = \"day\", zone = \"Asia/Tokyo\" }\nlabels = [\"shop\"]\n\
                [source.metric.sales]\ncolumn = \"amount\"\n";
    let server = with_file(&pool, file).await;
    let range = ("2025-03-05T05:00:00Z", "2025-03-06T05:00:00Z");
    // Midnight of 6 March in Tokyo is 10 in the morning of 5 March in New York.
    assert_eq!(buckets(&server, "America/New_York", range, "sum(sales)", "1h").await, ["03-05 10:00 12.0"]);
}

#[sqlx::test(migrations = false)]
async fn dates_of_annotations_and_of_rollups_are_days_too(pool: PgPool) {
    sql(&pool, SALES).await;
    sql(
        &pool,
        "CREATE TABLE holidays (day date NOT NULL, name text);
        INSERT INTO holidays VALUES ('2025-03-05', 'five');
        CREATE TABLE sales_w AS SELECT date_trunc('week', day)::date AS week, shop, sum(amount) AS s, count(*) AS n
        FROM sales GROUP BY 1, 2;",
    )
    .await;
    let file = "[[annotations]]\nname = \"holidays\"\nrelation = \"holidays\"\ntime = \"day\"\ntext = \"name\"\n\
                [[source]]\nrelation = \"sales\"\ntime = \"day\"\nlabels = [\"shop\"]\n[source.metric.sales]\ncolumn = \"amount\"\n\
                [[source.rollup]]\nrelation = \"sales_w\"\nstep = \"7d\"\ntime = \"week\"\n\
                columns = { sales = { sum = \"s\", count = \"n\" } }\n";
    let server = with_file(&pool, file).await;
    for (zone, midnight) in
        [("America/New_York", 1_741_150_800_000_i64), ("Asia/Tokyo", 1_741_100_400_000), ("UTC", 1_741_132_800_000)]
    {
        let asked = json!({"range": {"from": midnight, "to": midnight + 1000}, "timezone": zone, "targets": [{"refId": "Anno", "target": ""}]});
        let found = server.post("/query", asked).await.body;
        assert_eq!(found[0]["rows"][0][0], midnight, "{zone}: {found}");
        let got = server.get(&format!("/annotations?from={midnight}&to={}&tz={zone}", midnight + 1000)).await.body;
        assert_eq!(got[0]["time"], midnight, "{zone}: {got}");
        let range = json!({"from": midnight - 86_400_000 * 2, "to": midnight + 86_400_000 * 4});
        let asked = json!({"range": range, "timezone": zone, "targets": [{"target": "sum(sum_over_time(sales[$__interval]))", "payload": {"step": "1w"}}]});
        let points = server.post("/query", asked).await.body[0]["datapoints"].clone();
        assert_eq!(points, json!([[84.0, midnight - 86_400_000 * 2]]), "{zone}");
    }
}

/// A row an hour for four weeks, and their counts by the week and by the day; each count is planted.
const WEEKS: &str = "
    CREATE TABLE w (ts timestamptz NOT NULL, value float8);
    INSERT INTO w SELECT '2025-06-01Z'::timestamptz + n * interval '1 h', n FROM generate_series(0, 671) AS n;
    CREATE INDEX ON w (ts);
    CREATE TABLE w_1w AS SELECT date_trunc('week', ts, 'UTC') AS ts, 100000 + count(*) AS n FROM w GROUP BY 1;
    CREATE TABLE w_1d AS SELECT date_trunc('day', ts, 'UTC') AS ts, 1000 + count(*) AS n FROM w GROUP BY 1;";

#[sqlx::test(migrations = false)]
async fn weeks_from_sunday_come_from_a_rollup_of_days(pool: PgPool) {
    sql(&pool, WEEKS).await;
    let rollup = |step: &str| {
        format!("[[source.rollup]]\nrelation = \"w_{step}\"\nstep = \"{step}\"\ncolumns = {{ count = \"n\" }}\n")
    };
    let source = "[[source]]\nrelation = \"w\"\nlabels = []\n[source.metric.w]\ncolumn = \"value\"\n";
    for (first, from, to, expected) in [
        ("monday", "2025-06-09T00:00:00Z", "2025-06-16T00:00:00Z", 100_168.0),
        ("sunday", "2025-06-08T00:00:00Z", "2025-06-15T00:00:00Z", 7_168.0),
    ] {
        let file = format!("week_starts = \"{first}\"\n{source}{}{}", rollup("1w"), rollup("1d"));
        let server = Server::declared(&pool, &file).await;
        let question = json!({"range": {"from": from, "to": to},
            "targets": [{"target": "count_over_time(w[$__interval])", "payload": {"step": "1w"}}]});
        let answer = server.post("/query", question).await;
        assert_eq!(answer.body[0]["datapoints"][0][0], json!(expected), "{first}: {}", answer.body);
    }
}
