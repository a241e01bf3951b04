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
use axum::routing::{get, post};

use super::App;
pub(super) use words::in_its_words;

/// The endpoints.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/query", get(query::instant).post(query::instant))
        .route("/api/v1/query_range", get(query::range).post(query::range))
        .route("/api/v1/query_exemplars", get(metadata::exemplars).post(metadata::exemplars))
        .route("/api/v1/format_query", get(expression::formatted).post(expression::formatted))
        .route("/api/v1/parse_query", get(expression::parsed).post(expression::parsed))
        .route("/api/v1/labels", get(labels::names).post(labels::names))
        .route("/api/v1/label/{name}/values", get(labels::values))
        .route("/api/v1/series", get(labels::series).post(labels::series))
        .route("/api/v1/metadata", get(metadata::described))
        .route("/api/v1/status/buildinfo", get(status::build))
        .route("/api/v1/status/runtimeinfo", get(status::runtime))
        .route("/api/v1/status/flags", get(status::flags))
        .route("/api/v1/status/config", get(status::config))
        .route("/api/v1/status/tsdb", get(status::tsdb))
        .route("/api/v1/rules", get(status::rules))
        .route("/api/v1/alerts", get(status::alerts))
        .route("/api/v1/targets", get(status::targets))
        .route("/api/v1/read", post(read::posted))
        .route("/federate", get(federate::got))
        .route("/-/healthy", get(status::healthy))
        .route("/-/ready", get(status::ready))
}
