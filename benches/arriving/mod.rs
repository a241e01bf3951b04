//! A panel of a day of 200 series that is refreshed as rows arrive: from the cache, and as a whole.

use datebin::cache::Cache;
use datebin::engine::Engine;
use sqlx::{AssertSqlSafe, PgConnection};

use super::{NOW, Panel, asked, median, rows_read, statements};

const SERIES: i64 = 200;
/// The time between two samples, and between two refreshes.
const STEP_MS: i64 = 15_000;
const ROUNDS: i64 = 7;
/// The refreshes of a round; then the whole is asked once.
const REFRESHES: i64 = 5;
const PANEL: Panel = Panel { target: "wide", days: 1, points: 1440 };
/// The whole reads at least so many times the rows of a refresh, and takes so many times as long.
const ROWS: f64 = 100.0;
const TIMES: f64 = 30.0;

/// The source, for a `datebin.toml`.
pub(super) const SOURCE: &str = r#"
[[source]]
relation = "public.refresh_wide"
interval = "15s"
labels = ["host"]
[source.metric.wide]
column = "value"
"#;

/// Makes the rows of a day.
pub(super) async fn load(connection: &mut PgConnection) {
    let text = format!(
        "DROP TABLE IF EXISTS refresh_wide;
        CREATE UNLOGGED TABLE refresh_wide (ts timestamptz NOT NULL, host text NOT NULL, value float8 NOT NULL);
        INSERT INTO refresh_wide SELECT to_timestamp(({NOW} - {STEP_MS} * n) / 1000.0), 'host-' || h, (n * h) % 997 / 8.0
            FROM generate_series(1, 5760) AS n, generate_series(1, {SERIES}) AS h ORDER BY n DESC;
        CREATE INDEX ON refresh_wide (ts); CREATE INDEX ON refresh_wide (host, ts); ANALYZE refresh_wide"
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.expect("a table");
}

/// Prints what a refresh costs beside the whole.
pub(super) async fn measure(connection: &mut PgConnection, engine: &Engine) {
    let control = Engine { cache: Cache::off(), ..engine.clone() };
    Box::pin(asked(engine, NOW, &PANEL)).await;
    let (mut now, mut refreshes, mut wholes, mut rows) = (NOW, Vec::new(), Vec::new(), (0.0, 0.0));
    for _ in 0..ROUNDS {
        for _ in 0..REFRESHES {
            now += STEP_MS;
            let text = format!(
                "INSERT INTO refresh_wide SELECT to_timestamp(({now} - 1) / 1000.0), 'host-' || h, h
                    FROM generate_series(1, {SERIES}) AS h"
            );
            sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *connection).await.expect("rows");
            let (time, origins, _) = Box::pin(asked(engine, now, &PANEL)).await;
            refreshes.push(time);
            rows.0 = rows_read(connection, &statements(engine, now, &PANEL, &origins)).await;
        }
        let (time, origins, _) = Box::pin(asked(&control, now, &PANEL)).await;
        wholes.push(time);
        rows.1 = rows_read(connection, &statements(&control, now, &PANEL, &origins)).await;
    }
    let (refresh, whole) = (median(&refreshes), median(&wholes));
    let (fewer, faster) = (rows.1 / rows.0, whole / refresh);
    println!(
        "  | a day of {SERIES} series at 15 s, {} points | rows | whole ÷ refresh | time | whole ÷ refresh |\n  \
         | {:.0}, a refresh {:.0} | {fewer:.0} | {whole:.0} ms, a refresh {refresh:.1} ms | {faster:.0} |",
        PANEL.points, rows.1, rows.0
    );
    assert!(fewer >= ROWS && faster >= TIMES, "{fewer:.0} times the rows, {faster:.0} times the time");
    sqlx::raw_sql("DROP TABLE refresh_wide").execute(connection).await.expect("the end");
}
