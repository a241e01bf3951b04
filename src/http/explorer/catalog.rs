//! The catalog as the page lists it.

use axum::extract::State;
use axum::response::Response;

use super::super::App;
use super::super::buffers::{JsonOf, answered};
use crate::error::Error;
use crate::render::explorer;

/// From here on a catalog takes milliseconds to write.
const MANY: usize = 500;

pub(in super::super) async fn got(State(app): State<App>) -> Response {
    answered(listed(&app).await)
}

async fn listed(app: &App) -> Result<Response, Error> {
    let scope = app.engine.scope()?;
    let large = scope.snapshot().names().take(MANY + 1).count() > MANY;
    app.buffers.answer(large, move || Ok(JsonOf(explorer::catalog(scope.snapshot())))).await
}
