//! `labels`, `label/NAME/values` and `series`.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::Response;
use serde::Serialize;

use super::super::buffers::answered;
use super::super::{App, CallerApp};
use super::form::FormParameters;
use super::words::{ListAnswer, list};
use crate::engine::{LabelListing, MetadataList};
use crate::error::{Error, Kind};
use crate::intake::prometheus::{ListQuery, Parameters, unescaped};
use crate::render::prometheus::CUT;
use crate::wire::prometheus::LabelSet;

pub(super) async fn names(CallerApp(app): CallerApp, FormParameters(parameters): FormParameters) -> Response {
    answered(texts(&app, LabelListing::Names, &parameters).await)
}

pub(super) async fn values(
    CallerApp(app): CallerApp,
    name: Result<Path<String>, PathRejection>,
    FormParameters(parameters): FormParameters,
) -> Response {
    let Ok(Path(name)) = name else {
        let error = Error::new(Kind::BadRequest, "the label's name in the path is not UTF-8");
        return answered(Err(error));
    };
    let name = unescaped(&name);
    if name.is_empty() {
        return answered(Err(Error::new(Kind::BadRequest, "invalid label name: \"\"")));
    }
    answered(texts(&app, LabelListing::Values(&name), &parameters).await)
}

async fn texts(app: &App, listed: LabelListing<'_>, parameters: &Parameters) -> Result<Response, Error> {
    let listing = ListQuery::read(parameters)?;
    let found = app.scope().await?.list(listed, &listing).await?;
    list(app, said(found, |text| text)).await
}

pub(super) async fn series(CallerApp(app): CallerApp, FormParameters(parameters): FormParameters) -> Response {
    answered(sets(&app, &parameters).await)
}

async fn sets(app: &App, parameters: &Parameters) -> Result<Response, Error> {
    let listing = ListQuery::read(parameters)?;
    if listing.selectors.is_empty() {
        return Err(Error::new(Kind::BadRequest, "no match[] parameter provided"));
    }
    let found = app.scope().await?.list_series(&listing).await?;
    list(app, said(found, LabelSet)).await
}

/// What was found, with what is to be said of it.
fn said<T, S: Serialize>(found: MetadataList<T>, write: impl Fn(T) -> S) -> ListAnswer<S> {
    let cut = found.is_cut.then(|| CUT.to_owned());
    let warnings = cut.into_iter().chain(found.looked.warnings()).collect();
    ListAnswer { entries: found.entries.into_iter().map(write).collect(), warnings, held: vec![found.held] }
}
