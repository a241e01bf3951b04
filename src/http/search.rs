//! `POST /search`: the names of the metrics.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::{App, respond};
use crate::intake;
use crate::wire::request::Search;

/// All names, or those that contain the text typed so far, in any case. Plain strings: the client mangles anything
/// else.
pub(super) async fn search(State(app): State<App>, Json(search): Json<Search>) -> Response {
    let snapshot = match app.engine.snapshot() {
        Ok(snapshot) => snapshot,
        Err(error) => return respond::error(&error),
    };
    let typed = intake::search(&search);
    // A picked name that is opened again arrives regex-escaped, as in a query variable.
    let readings: Vec<String> =
        crate::language::names(&typed).into_iter().flatten().map(|name| name.to_lowercase()).collect();
    let wanted = |name: &&str| {
        let name = name.to_lowercase();
        typed.trim().is_empty() || readings.iter().any(|reading| name.contains(reading.trim()))
    };
    let names: Vec<&str> = snapshot.names().filter(wanted).collect();
    respond::json(StatusCode::OK, &names)
}
