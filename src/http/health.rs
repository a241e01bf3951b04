//! `GET /`, `/livez` and `/readyz`. None of them uses the pool.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::{App, CallerApp, respond};
use crate::error::{Error, Kind};

/// What "Save & test" asks.
pub(super) async fn root(CallerApp(app): CallerApp) -> Response {
    if let Some(reason) = app.engine.database.health().reason() {
        let error = Error::new(Kind::Unavailable, reason);
        return respond::error(&error.hint("datebin itself runs; see its log"));
    }
    match app.engine.snapshot() {
        Ok(_) => respond::json(StatusCode::OK, &json!({"status": "ok"})),
        Err(error) => respond::error(&error),
    }
}

/// Whether the process runs.
pub(super) async fn live() -> Response {
    respond::json(StatusCode::OK, &json!({"status": "ok"}))
}

/// Whether questions can be answered, and whether the catalog is as fresh as it should be.
pub(super) async fn ready(CallerApp(app): CallerApp) -> Response {
    let (database, loaded) = (app.engine.database.health().is_up(), app.engine.catalog.current().is_some());
    let failure = app.engine.catalog.failure().map(|_| "the last refresh failed; see the log");
    let ready = is_ready(&app);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let state = if ready { "ready" } else { "not ready" };
    let mut body = json!({"status": state, "database": database, "catalog": loaded, "refresh": failure});
    let catalog = &app.engine.catalog;
    for (name, count) in [("left_out", catalog.left_out()), ("unread", catalog.unread())] {
        if count > 0 {
            body[name] = count.into();
        }
    }
    respond::json(status, &body)
}

/// Whether questions can be answered.
pub(super) fn is_ready(app: &App) -> bool {
    app.engine.database.health().is_up() && app.engine.catalog.current().is_some()
}
