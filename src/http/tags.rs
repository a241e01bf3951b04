//! `POST /tag-keys` and `POST /tag-values`: what the ad hoc pickers offer.
//!
//! SimpleJson's pickers hang on an error, so what cannot be answered is an empty list.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::body::Json;
use super::{App, respond};
use crate::intake::{self, Moment};
use crate::wire::request::TagValues;
use crate::wire::response::TagOption;

pub(super) async fn keys(State(app): State<App>) -> Response {
    let snapshot = app.engine.catalog.current();
    let keys = snapshot.as_ref().map(|snapshot| snapshot.label_names()).unwrap_or_default();
    options(keys.into_iter().map(str::to_owned))
}

pub(super) async fn values(State(app): State<App>, request: Result<Json<TagValues>, Response>) -> Response {
    let (Some(snapshot), Ok(Json(request))) = (app.engine.catalog.current(), request) else {
        return options(std::iter::empty());
    };
    let Some(key) = intake::tag_key(&request) else { return options(std::iter::empty()) };
    let moment = Moment { now: app.engine.clock.now(), zone: snapshot.zone() };
    let range =
        if request.time_range.is_object() { intake::time_range(&request.time_range, moment).ok() } else { None };
    let found = app.engine.label_values(&snapshot, &key, range).await;
    let mut response = options(found.values.into_iter());
    let notice = found.partial.then(|| format!("not all values of {key} were found in time"));
    respond::warn(response.headers_mut(), notice.into_iter());
    response
}

fn options(texts: impl Iterator<Item = String>) -> Response {
    respond::json(StatusCode::OK, &texts.map(|text| TagOption { text }).collect::<Vec<_>>())
}
