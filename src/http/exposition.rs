//! `GET /metrics`: how datebin itself is, for Prometheus. It does not use the pool.

use std::fmt::Write as _;

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use super::Asked;

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

pub(super) async fn got(Asked(app): Asked) -> Response {
    let catalog = &app.engine.catalog;
    let (tally, snapshot) = (catalog.tally(), catalog.current().map(|whole| app.caller.view(&whole)));
    let mut text = String::new();
    let mut one = |name: &str, kind: &str, help: &str, value: f64| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "# HELP datebin_{name} {help}\n# TYPE datebin_{name} {kind}\ndatebin_{name} {value}");
    };
    let flag = |holds: bool| f64::from(u8::from(holds));
    one("database_up", "gauge", "Whether the database answers.", flag(app.engine.database.health().is_up()));
    one("catalog_loaded", "gauge", "Whether there is a catalog.", flag(snapshot.is_some()));
    #[expect(clippy::cast_precision_loss, reason = "a count of what fits into memory or into a life")]
    let count = |number: u64| number as f64;
    one("catalog_refreshes_total", "counter", "Times that the catalog was read.", count(tally.refreshes));
    one("catalog_refresh_failures_total", "counter", "Times that it could not be.", count(tally.failures));
    if let (Some(age), Some(snapshot)) = (tally.age, snapshot) {
        one("catalog_age_seconds", "gauge", "Since the catalog was read.", age.as_secs_f64());
        one("catalog_sources", "gauge", "Sources in the catalog.", count(snapshot.sources().len() as u64));
        let left_out = count(catalog.left_out() as u64);
        one("catalog_declarations_left_out", "gauge", "Declarations of the file that are wrong.", left_out);
        one("catalog_metrics", "gauge", "Metrics in the catalog.", count(snapshot.names().count() as u64));
    }
    (StatusCode::OK, [(CONTENT_TYPE, TEXT)], text).into_response()
}
