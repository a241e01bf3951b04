//! Upper bounds of histograms that are numbers: the label `le` reads as Prometheus' clients write it.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::Server;

/// What is stored, and how Go writes it.
const BOUNDS: &[(&str, &str)] = &[
    ("0.00001", "1e-05"),
    ("0.00025", "0.00025"),
    ("0.5", "0.5"),
    ("1", "1"),
    ("999999", "999999"),
    ("1000000", "1e+06"),
    ("12345675", "1.2345675e+07"),
    ("Infinity", "+Inf"),
];

/// A histogram whose bucket counts are 1, 2, 3 and so on.
async fn histogram(pool: &PgPool, ty: &str, stored: &[&str]) -> Server {
    let rows: Vec<String> = stored.iter().enumerate().map(|(at, le)| format!("('{le}', {})", at + 1)).collect();
    let text = format!(
        "DROP TABLE IF EXISTS xle; CREATE TABLE xle (ts timestamptz NOT NULL, le {ty} NOT NULL, n float8 NOT NULL);
         INSERT INTO xle SELECT '2026-01-05 00:10Z', le::{ty}, n FROM (VALUES {}) AS b (le, n); CREATE INDEX ON xle (le, ts);",
        rows.join(", ")
    );
    sqlx::raw_sql(AssertSqlSafe(text)).execute(pool).await.expect("the table");
    let toml = "[discovery]\nenabled = false\n[[source]]\nrelation = \"xle\"\nlabels = [\"le\"]\n[source.metric.xle_bucket]\ncolumn = \"n\"\n";
    Server::declared(pool, toml).await
}

/// The values of series by a label.
async fn by_label(server: &Server, query: &str) -> Value {
    let encoded: String = url(query);
    let found = server.data(&format!("/api/v1/query?time=1767571805&query={encoded}")).await;
    let one = |one: &Value| json!([one["metric"]["le"], one["value"][1]]);
    found["result"].as_array().unwrap().iter().map(one).collect()
}

fn url(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn check(pool: &PgPool, ty: &str, bounds: &[(&str, &str)]) {
    let stored: Vec<&str> = bounds.iter().map(|(stored, _)| *stored).collect();
    let server = histogram(pool, ty, &stored).await;
    let mut names: Vec<&str> = bounds.iter().map(|(_, name)| *name).collect();
    names.sort_unstable();
    assert_eq!(server.data("/api/v1/label/le/values").await, json!(names), "{ty}");
    let listed = json!({"payload": {"target": "label_values(xle_bucket, le)"},
        "range": {"from": "2026-01-05T00:00:00Z", "to": "2026-01-05T01:00:00Z"}});
    let listed = server.post("/variable", listed).await.body;
    assert_eq!(
        listed.as_array().unwrap().iter().map(|one| one["__text"].clone()).collect::<Value>(),
        json!(names),
        "{ty}"
    );
    for (at, (stored, name)) in bounds.iter().enumerate() {
        let count = (at + 1).to_string();
        let pattern = regex_of(name);
        for query in [
            format!("xle_bucket{{le=\"{name}\"}}"),
            format!("xle_bucket{{le=~\"{pattern}\"}}"),
            format!("sum by (le) (xle_bucket{{le=\"{name}\"}})"),
            format!("xle_bucket unless xle_bucket{{le!=\"{name}\"}}"),
        ] {
            assert_eq!(by_label(&server, &query).await, json!([[name, count]]), "{ty}: {query}");
        }
        let other = if stored == name { "1.50" } else { stored };
        assert_eq!(by_label(&server, &format!("xle_bucket{{le=\"{other}\"}}")).await, json!([]), "{ty}: {other}");
        let body = json!({
            "range": {"from": "2026-01-05T00:00:00Z", "to": "2026-01-05T01:00:00Z"}, "maxDataPoints": 1,
            "targets": [{"refId": "A", "target": format!("sum by (le) (xle_bucket{{le=\"{name}\"}})")}],
        });
        let panel = server.post("/query", body).await.body;
        assert_eq!((&panel[0]["tags"]["le"], panel.as_array().map(Vec::len)), (&json!(name), Some(1)), "{ty}: {panel}");
    }
}

fn regex_of(name: &str) -> String {
    name.replace('+', "[+]").replace('.', "[.]")
}

#[sqlx::test(migrations = false)]
async fn bounds_of_every_number_type_read_as_go_writes_them(pool: PgPool) {
    for ty in ["float8", "numeric", "real"] {
        check(&pool, ty, BOUNDS).await;
    }
    check(&pool, "numeric(14, 6)", &BOUNDS[..7]).await;
    check(&pool, "bigint", &[("1", "1"), ("250", "250"), ("1000000", "1e+06"), ("123456789", "1.23456789e+08")]).await;
}

#[sqlx::test(migrations = false)]
async fn other_labels_and_texts_keep_their_own_form(pool: PgPool) {
    let server = histogram(&pool, "text", &["Infinity", "1.00"]).await;
    assert_eq!(server.data("/api/v1/label/le/values").await, json!(["1.00", "Infinity"]));
    let text = "CREATE TABLE q (ts timestamptz NOT NULL, quantile float8, v float8); INSERT INTO q VALUES ('2026-01-05 00:10Z', 'Infinity', 1)";
    sqlx::raw_sql(text).execute(&pool).await.expect("the table");
    let toml = "[[source]]\nrelation = \"q\"\nlabels = [\"quantile\"]\n[source.metric.q]\ncolumn = \"v\"\n";
    let server = Server::declared(&pool, toml).await;
    assert_eq!(server.data("/api/v1/label/quantile/values").await, json!(["Infinity"]));
}

#[sqlx::test(migrations = false)]
async fn quantiles_and_fractions_read_such_bounds(pool: PgPool) {
    let server = histogram(&pool, "float8", &["0.5", "1000000", "Infinity"]).await;
    assert_eq!(by_label(&server, "histogram_quantile(0.5, xle_bucket)").await, json!([[null, "500000.25"]]));
    assert_eq!(
        by_label(&server, "histogram_fraction(0.5, 1e6, xle_bucket)").await,
        json!([[null, "0.3333333333333333"]])
    );
}
