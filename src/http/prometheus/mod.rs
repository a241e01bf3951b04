//! The Prometheus API: one file per group of endpoints, under `/api/v1`.

mod expression;
mod federate;
mod form;
mod labels;
mod metadata;
mod query;
mod read;
mod status;
mod words;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{ALLOW, HeaderValue};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};

use super::{App, other_method};
pub(super) use words::{in_its_words, without_head};

/// The endpoints. Those of the API answer no HEAD, as those of Prometheus do.
pub(super) fn routes() -> Router<App> {
    let both = Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/query_exemplars", get(metadata::exemplars).post(metadata::exemplars))
        .route("/api/v1/format_query", get(expression::formatted).post(expression::formatted))
        .route("/api/v1/parse_query", get(expression::parsed).post(expression::parsed))
        .route("/api/v1/labels", get(labels::names).post(labels::names))
        .route("/api/v1/series", get(labels::series).post(labels::series))
        .route_layer(from_fn(async |request, next| refusing_head("GET,POST", request, next).await));
    let read_only = Router::new()
        .route("/api/v1/label/{name}/values", get(labels::values))
        .route("/api/v1/metadata", get(metadata::described))
        .route("/api/v1/rules", get(status::rules))
        .route("/api/v1/alerts", get(status::alerts))
        .route("/api/v1/alertmanagers", get(status::alertmanagers))
        .route("/api/v1/targets", get(status::targets))
        .route("/api/v1/targets/metadata", get(status::target_metadata))
        .route("/api/v1/scrape_pools", get(status::scrape_pools))
        .route("/federate", get(federate::got))
        .merge(of_status())
        .route_layer(from_fn(async |request, next| refusing_head("GET", request, next).await));
    both.merge(read_only)
        .route("/api/v1/read", post(read::posted))
        .route("/-/healthy", get(status::healthy))
        .route("/-/ready", get(status::ready))
}

fn of_status() -> Router<App> {
    Router::new()
        .route("/api/v1/status/buildinfo", get(status::build))
        .route("/api/v1/status/runtimeinfo", get(status::runtime))
        .route("/api/v1/status/flags", get(status::flags))
        .route("/api/v1/status/config", get(status::config))
        .route("/api/v1/status/tsdb", get(status::tsdb))
        .route("/api/v1/status/walreplay", get(status::wal_replay))
}

/// Refuses HEAD, which the router would take for GET.
async fn refusing_head(allowed: &'static str, request: Request, next: Next) -> Response {
    if *request.method() != Method::HEAD {
        return next.run(request).await;
    }
    let mut response = other_method().await;
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}
