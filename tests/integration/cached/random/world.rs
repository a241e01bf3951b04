//! The rows that random panels are drawn over, and the rows that arrive meanwhile.

use rand::RngExt as _;
use rand::rngs::StdRng;
use sqlx::PgPool;

use crate::support::{Server, sql};

/// 2025-03-30 22:00 UTC. The day has 23 hours in Prague.
const EVENING: i64 = 1_743_372_000_000;
const HOUR: i64 = 3_600_000;
/// The time between two samples.
const EVERY_MS: i64 = 20_000;
/// So long before the evening they begin to be that close.
const DENSE: i64 = 4 * HOUR;
/// Rows come within this time, unless they are late.
const USUAL_MS: i64 = 40_000;
/// A bucket is settled by then: the default of `settles`.
const SETTLED_MS: i64 = 60_000;

const TABLES: &str = "
    CREATE TABLE m (ts timestamptz NOT NULL, host text, region text, value float8, name text NOT NULL DEFAULT 'm');
    CREATE TABLE m_too (ts timestamptz NOT NULL, host text, region text, value float8, name text NOT NULL DEFAULT 'm');
    CREATE TABLE m_1h (bucket timestamptz NOT NULL, host text, region text, s float8, lo float8, hi float8, n bigint);
    CREATE INDEX ON m (host, ts); CREATE INDEX ON m (ts); CREATE INDEX ON m_too (host, ts); CREATE INDEX ON m_1h (bucket);";

/// One source, without and with a rollup; two sources of one metric; and one that is believed for a short time.
pub(super) const RAW: &str = "[discovery]\nenabled = false\n[[source]]\nrelation = \"m\"\ninterval = \"20s\"\n\
    labels = [\"host\", \"region\"]\n[source.metric.m]\ncolumn = \"value\"\n";
pub(super) const ROLLED: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "m"
    interval = "20s"
    labels = ["host", "region"]
    [source.metric.m]
    column = "value"
    [[source.rollup]]
    relation = "m_1h"
    step = "1h"
    time = "bucket"
    columns = { m = { sum = "s", min = "lo", max = "hi", count = "n" } }
"#;
pub(super) const BOTH: &str = r#"
    [discovery]
    enabled = false
    [[source]]
    relation = "m"
    interval = "20s"
    name = "name"
    value = "value"
    labels = ["host", "region"]
    [[source]]
    relation = "m_too"
    interval = "20s"
    name = "name"
    value = "value"
    labels = ["host", "region"]
"#;

/// Tables that grow.
pub(super) struct World {
    pool: PgPool,
    pub(super) now: i64,
    /// The end of what the rollup has.
    rolled: i64,
}

/// Rows of one table, column by column.
#[derive(Default)]
struct Rows {
    times: Vec<i64>,
    hosts: Vec<Option<String>>,
    regions: Vec<Option<String>>,
    values: Vec<f64>,
}

impl Rows {
    fn push(&mut self, at: i64, host: i64, random: &mut StdRng) {
        self.times.push(at);
        self.values.push(if random.random_bool(0.02) {
            0.0
        } else {
            (at - EVENING + 48 * HOUR) as f64 / 1000.0 + host as f64
        });
        // The labels of one series are unknown, and written as NULL and as nothing.
        let unknown = random.random_bool(0.5).then(String::new);
        self.hosts.push(if host == 5 { unknown.clone() } else { Some(format!("h{host}")) });
        self.regions.push(if host == 5 { unknown } else { Some(format!("r{}", host % 2)) });
    }

    async fn insert(self, pool: &PgPool, table: &'static str) {
        let text = match table {
            "m" => {
                "INSERT INTO m SELECT to_timestamp(t / 1000.0), h, r, v
                FROM unnest($1::int8[], $2::text[], $3::text[], $4::float8[]) AS x(t, h, r, v)"
            }
            _ => {
                "INSERT INTO m_too SELECT to_timestamp(t / 1000.0), h, r, v
                FROM unnest($1::int8[], $2::text[], $3::text[], $4::float8[]) AS x(t, h, r, v)"
            }
        };
        let insert = sqlx::query(text).bind(self.times).bind(self.hosts).bind(self.regions).bind(self.values);
        insert.execute(pool).await.expect("rows arrive");
    }
}

impl World {
    /// The rows of so many hours until late in the evening, and the rollup of the first of them.
    pub(super) async fn begin(pool: &PgPool, random: &mut StdRng, hours: i64) -> Self {
        sql(pool, TABLES).await;
        let begin = EVENING - hours * HOUR;
        let mut world = Self { pool: pool.clone(), now: EVENING - DENSE, rolled: begin };
        // Of the day before there are fewer.
        world.arrive(random, (begin, world.now), 4 * EVERY_MS).await;
        world.go_on(random, DENSE).await;
        world.roll(world.now - 3 * HOUR).await;
        sql(pool, "ANALYZE m; ANALYZE m_too; ANALYZE m_1h").await;
        world
    }

    /// Lets time pass.
    pub(super) async fn go_on(&mut self, random: &mut StdRng, ms: i64) {
        let from = self.now;
        self.now += ms;
        self.arrive(random, (from, self.now), EVERY_MS).await;
    }

    /// Adds rows that lie behind all that is settled; the rollup is made again where they are.
    pub(super) async fn be_late(&mut self, random: &mut StdRng) {
        let from = self.now - random.random_range(USUAL_MS + SETTLED_MS + 300_000..100 * 60_000);
        self.arrive(random, (from, from + 200_000), EVERY_MS).await;
        let (rolled, hour) = (self.rolled, (from - USUAL_MS).div_euclid(HOUR) * HOUR);
        if hour < rolled {
            self.rolled = hour;
            self.roll(rolled).await;
        }
    }

    /// Refreshes the rollup up to the last hour that gets no more rows.
    pub(super) async fn roll_on(&mut self, server: &Server) {
        let until = (self.now - SETTLED_MS).div_euclid(HOUR) * HOUR;
        if until == self.rolled {
            return;
        }
        self.roll(until).await;
        // As a refresh on its interval finds it, without anybody saying so.
        let before = server.catalog.current().expect("a catalog");
        server.catalog.newer(&before, None).await;
    }

    async fn roll(&mut self, until: i64) {
        let text = "WITH gone AS (DELETE FROM m_1h WHERE bucket >= to_timestamp($1 / 1000.0) AND bucket < to_timestamp($2 / 1000.0))
            INSERT INTO m_1h SELECT date_trunc('hour', ts, 'UTC'), nullif(host, ''), nullif(region, ''), sum(value), min(value),
                max(value), count(*) FROM m WHERE ts >= to_timestamp($1 / 1000.0) AND ts < to_timestamp($2 / 1000.0) GROUP BY 1, 2, 3";
        let roll = sqlx::query(text).bind(self.rolled).bind(until);
        roll.execute(&self.pool).await.expect("a rollup");
        self.rolled = until;
    }

    /// Adds what the hosts say between two instants; some samples come late, others never.
    async fn arrive(&self, random: &mut StdRng, (from, to): (i64, i64), every_ms: i64) {
        let (mut rows, mut others) = (Rows::default(), Rows::default());
        for host in 0..6 {
            for at in (from..to).step_by(every_ms as usize) {
                if host == 4 && at / HOUR % 3 != 0 || random.random_bool(0.1) {
                    continue;
                }
                let late = if random.random_bool(0.1) { random.random_range(0..USUAL_MS) } else { 0 };
                rows.push(at - late + host * 7, host, random);
            }
        }
        // One series is in both tables, one in the other one alone.
        for host in [1, 9] {
            for at in (from..to).step_by(3 * every_ms as usize) {
                others.push(at + 3000 + host, host, random);
            }
        }
        rows.insert(&self.pool, "m").await;
        others.insert(&self.pool, "m_too").await;
    }
}
