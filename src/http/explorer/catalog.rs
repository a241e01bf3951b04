//! The catalog as the page lists it.

use axum::response::Response;

use super::super::buffers::{JsonOf, answered};
use super::super::{App, CallerApp};
use crate::error::Error;
use crate::identity::Identity;
use crate::plan;
use crate::render::explorer;

/// From here on a catalog takes milliseconds to write.
const MANY: usize = 500;

pub(in super::super) async fn got(CallerApp(app): CallerApp) -> Response {
    answered(listed(&app).await)
}

async fn listed(app: &App) -> Result<Response, Error> {
    // Without any metric the page says why.
    let scope = app.scope().await?;
    plan::found_in_time(scope.snapshot())?;
    let large = scope.snapshot().names().take(MANY + 1).count() > MANY;
    let is_whole = *app.caller.identity() == Identity::NOBODY;
    let catalog = move || explorer::catalog(scope.snapshot(), is_whole, |source| scope.hides_rows_of(source));
    app.buffers.answer(large, move || Ok(JsonOf(catalog()))).await
}
