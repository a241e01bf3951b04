//! What clients ask to learn whom they talk to, and what a server without rules and targets says of them.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::super::buffers::answered;
use super::super::{App, CallerApp};
use super::words::plain;
use crate::error::Error;
use crate::time::to_rfc3339;

/// The version whose language and API this is, and whose server it is not.
const VERSION: &str = concat!("3.5.0+datebin-", env!("CARGO_PKG_VERSION"));

pub(super) async fn build() -> Response {
    plain(json!({
        "version": VERSION, "revision": "", "branch": "", "buildUser": "datebin", "buildDate": "", "goVersion": "",
    }))
}

pub(super) async fn runtime(CallerApp(app): CallerApp) -> Response {
    plain(json!({
        "startTime": app.started, "CWD": "", "hostname": "", "serverTime": to_rfc3339(app.engine.clock.now()),
        "reloadConfigSuccess": app.engine.catalog.failure().is_none(), "lastConfigTime": app.started,
        "corruptionCount": 0, "goroutineCount": 0, "GOMAXPROCS": 0, "GOMEMLIMIT": 0, "GOGC": "", "GODEBUG": "",
        "storageRetention": "",
    }))
}

pub(super) async fn flags(CallerApp(app): CallerApp) -> Response {
    let limits = app.limits();
    plain(json!({
        "query.lookback-delta": format!("{}ms", limits.lookback_ms),
        "query.max-samples": limits.samples.to_string(),
        "query.timeout": format!("{}s", app.engine.request_timeout.as_secs_f64()),
    }))
}

pub(super) async fn config() -> Response {
    plain(json!({"yaml": ""}))
}

pub(super) async fn tsdb(CallerApp(app): CallerApp) -> Response {
    answered(counts(&app).await)
}

/// How many metrics there are. Series are not counted: that would read every table.
async fn counts(app: &App) -> Result<Response, Error> {
    let scope = app.whole_scope().await?;
    Ok(plain(json!({
        "headStats": {
            "numSeries": 0, "numLabelPairs": 0, "chunkCount": 0, "minTime": 0, "maxTime": app.engine.clock.now(),
        },
        "seriesCountByMetricName": [],
        "labelValueCountByLabelName": [{"name": "__name__", "value": scope.snapshot().names().count()}],
        "memoryInBytesByLabelName": [],
        "seriesCountByLabelValuePair": [],
    })))
}

pub(super) async fn rules() -> Response {
    plain(json!({"groups": []}))
}

pub(super) async fn alerts() -> Response {
    plain(json!({"alerts": []}))
}

pub(super) async fn targets() -> Response {
    plain(json!({"activeTargets": [], "droppedTargets": [], "droppedTargetCounts": {}}))
}

pub(super) async fn target_metadata() -> Response {
    plain(json!([]))
}

pub(super) async fn scrape_pools() -> Response {
    plain(json!({"scrapePools": []}))
}

pub(super) async fn alertmanagers() -> Response {
    plain(json!({"activeAlertmanagers": [], "droppedAlertmanagers": []}))
}

pub(super) async fn wal_replay() -> Response {
    plain(json!({"min": 0, "max": 0, "current": 0}))
}

pub(super) async fn healthy() -> Response {
    (StatusCode::OK, "datebin is healthy.\n").into_response()
}

/// Whether questions can be answered.
pub(super) async fn ready(CallerApp(app): CallerApp) -> Response {
    let is_ready = app.engine.database.health().is_up() && app.engine.catalog.current().is_some();
    if is_ready {
        return (StatusCode::OK, "datebin is ready.\n").into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, "datebin is not ready: the database or the catalog is missing.\n").into_response()
}
