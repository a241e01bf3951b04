//! The Prometheus API over HTTP.

mod errors;
mod grafana;
mod large;
mod lists;
mod queries;
mod remote;
mod remote_real;
mod status;
mod tools;

use serde_json::Value;

use crate::support::{Answer, Server};

/// The content type of a form.
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// A wide table, a narrow one with labels in a document, and one whose rows are events; all of 2026-01-05.
pub const TABLES: &str = "
    CREATE TABLE host_stats (ts timestamptz NOT NULL, host text NOT NULL, region text, cpu double precision, mem double precision);
    CREATE INDEX ON host_stats (host, ts);
    COMMENT ON COLUMN host_stats.cpu IS 'How busy it is.';
    INSERT INTO host_stats
    SELECT '2026-01-05Z'::timestamptz + n * interval '1 min', 'web-' || n % 3, CASE n % 3 WHEN 2 THEN NULL ELSE 'eu' END,
           n, CASE n % 3 WHEN 0 THEN n END
    FROM generate_series(0, 599) AS n;
    CREATE TABLE samples (ts timestamptz NOT NULL, metric text NOT NULL, value double precision, labels jsonb);
    CREATE INDEX ON samples (metric, ts);
    INSERT INTO samples
    SELECT '2026-01-05Z'::timestamptz + n * interval '1 min', (ARRAY['requests_total', 'room.temperature'])[n % 2 + 1], n,
           (ARRAY['{\"site.name\": \"a\\\"b\\\\c\\nd\"}', '{\"größe\": \" e\u{301} <b>\", \"le\": \"\"}'])[n % 2 + 1]::jsonb
    FROM generate_series(0, 599) AS n;
    INSERT INTO samples VALUES ('2025-06-01Z', 'old_total', 1, '{\"job\": \"a_b\"}');";

impl Server {
    /// Asks with a form in the body.
    pub async fn form(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, &[FORM], body).await
    }

    /// The data of a successful answer.
    pub async fn data(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!((answer.status, &answer.body["status"]), (200, &Value::from("success")), "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/json");
        answer.body["data"].clone()
    }
}
