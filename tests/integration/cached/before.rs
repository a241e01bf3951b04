//! The last samples before a range: a look-up in an index for each series, not all rows of a day.

use datebin::time::Clock;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use super::counts;
use crate::support::{Server, Setup, sql};

/// 2025-01-02 00:00 UTC.
const MIDNIGHT: i64 = 1_735_776_000_000;
const MINUTE: i64 = 60_000;

/// How the time and the label of a table are stored.
struct Layout {
    relation: &'static str,
    time: &'static str,
    /// The time of an instant `x.at`.
    stored: &'static str,
    /// The time in a `datebin.toml`.
    declared: &'static str,
    host: &'static str,
}

const LAYOUTS: [Layout; 4] = [
    Layout { relation: "instants", time: "timestamptz", stored: "x.at", declared: "\"ts\"", host: "text" },
    Layout {
        relation: "locals",
        time: "timestamp",
        stored: "x.at AT TIME ZONE 'Europe/Prague'",
        declared: "{ column = \"ts\", zone = \"Europe/Prague\" }",
        host: "inet",
    },
    Layout {
        relation: "numbers",
        time: "bigint",
        stored: "extract(epoch FROM x.at)::int8 * 1000",
        declared: "{ column = \"ts\", type = \"epoch\", unit = \"ms\" }",
        host: "name",
    },
    Layout {
        relation: "fractions",
        time: "float8",
        stored: "extract(epoch FROM x.at)::float8",
        declared: "{ column = \"ts\", type = \"epoch\", unit = \"s\" }",
        host: "char(12)",
    },
];

impl Layout {
    /// Counters of two hundred hosts and of one without a name: a sample each six minutes of a day, none in its last hour, and two
    /// after midnight. A page has few rows, so that pages tell how many rows were read.
    fn rows(&self) -> String {
        let Self { relation, time, stored, host, .. } = self;
        format!(
            "CREATE TABLE {relation} (ts {time} NOT NULL, host {host}, value float8) WITH (fillfactor = 10);
             INSERT INTO {relation} SELECT {stored}, x.host::{host}, x.n
                FROM (SELECT n, '2025-01-01Z'::timestamptz + n * interval '6 min' AS at,
                    CASE WHEN h > 0 THEN '10.0.0.' || h END AS host
                    FROM generate_series(0, 242) n, generate_series(0, 200) h WHERE n < 230 OR n > 240 ORDER BY n) AS x;
             CREATE INDEX ON {relation} (host, ts); ANALYZE {relation};"
        )
    }

    fn source(&self) -> String {
        let Self { relation, declared, .. } = self;
        format!(
            "[[source]]\nrelation = \"{relation}\"\ntime = {declared}\ninterval = \"6m\"\nlabels = [\"host\"]\n\
             [source.metric.{relation}]\ncolumn = \"value\"\n"
        )
    }
}

async fn served(pool: &PgPool, toml: &str) -> Server {
    Server::declared_with(pool, toml, Setup { clock: Clock::Fixed(MIDNIGHT + 60 * MINUTE), ..Setup::default() }).await
}

/// The growth of each series in a window of minutes.
async fn grown(server: &Server, relation: &str, (from, minutes): (i64, i64)) -> Vec<Value> {
    let body = json!({
        "range": {"from": from, "to": from + minutes * MINUTE}, "maxDataPoints": 100,
        "targets": [{
            "target": format!("increase({relation}[{minutes}m])"), "refId": "A", "payload": {"step": format!("{minutes}m")},
        }],
    });
    let answer = server.post("/query", body).await;
    assert_eq!(answer.status, 200, "{relation}: {}", answer.body);
    answer.drawn().iter().map(|series| series["datapoints"][0][0].clone()).collect()
}

/// The rows that look-ups found so far, and the pages that all statements over a relation looked at but for those of the samples in
/// the range itself, which travel as arrays.
async fn looked_up(pool: &PgPool, relation: &str) -> (i64, i64) {
    let text = "SELECT coalesce(sum(rows) FILTER (WHERE query LIKE '%CROSS JOIN LATERAL%'), 0)::int8,
            coalesce(sum(shared_blks_hit + shared_blks_read), 0)::int8
        FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = current_database() AND query LIKE $1 AND query LIKE 'SELECT%'
            AND query NOT LIKE '%array_agg%'";
    sqlx::query_as(text).bind(format!("%\"{relation}\"%")).fetch_one(pool).await.expect("counts")
}

#[sqlx::test(migrations = false)]
async fn each_series_is_looked_up_whatever_type_its_time_and_label_have(pool: PgPool) {
    if !counts(&pool).await {
        return;
    }
    for layout in &LAYOUTS {
        sqlx::raw_sql(AssertSqlSafe(layout.rows())).execute(&pool).await.expect("rows");
    }
    let server = served(&pool, &LAYOUTS.iter().map(Layout::source).collect::<String>()).await;
    for Layout { relation, .. } in LAYOUTS {
        let before = looked_up(&pool, relation).await;
        let grown = grown(&server, relation, (MIDNIGHT, 20)).await;
        let after = looked_up(&pool, relation).await;
        // From the sample of 22:54 to that of 00:12.
        assert_eq!(grown, vec![json!(13.0); 201], "{relation}");
        let size = "SELECT pg_relation_size($1::text::regclass) / current_setting('block_size')::int8";
        let all: i64 = sqlx::query_scalar(size).bind(relation).fetch_one(&pool).await.expect("a size");
        let (rows, pages) = (after.0 - before.0, after.1 - before.1);
        // The host without a name is read: its rows alone.
        assert!(rows == 200 && pages * 2 <= all, "{relation}: {rows} rows looked up, {pages} pages of {all}");
    }
}

/// In the night when clocks go forward in Prague a device wrote 02:30, which no clock showed: that is 01:30 UTC, later than 03:10.
const NIGHT: &str = "
    CREATE TABLE night (ts timestamp NOT NULL, host text NOT NULL, value float8);
    INSERT INTO night VALUES ('2025-03-30 01:50', 'a', 1), ('2025-03-30 03:10', 'a', 5), ('2025-03-30 02:30', 'a', 7),
        ('2025-03-30 04:05', 'a', 10), ('2025-03-30 04:06', 'a', 12);
    CREATE INDEX ON night (host, ts); ANALYZE night;";

#[sqlx::test(migrations = false)]
async fn the_last_sample_is_the_last_one_where_clocks_are_set(pool: PgPool) {
    sql(&pool, NIGHT).await;
    let toml =
        "[[source]]\nrelation = \"night\"\ninterval = \"1m\"\ntime = { column = \"ts\", zone = \"Europe/Prague\" }\n";
    let server = served(&pool, toml).await;
    // 2025-03-30 02:00 UTC, 04:00 in Prague.
    assert_eq!(grown(&server, "night", (1_743_300_000_000, 10)).await, [json!(5.0)]);
}
