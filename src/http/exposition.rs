//! `GET /metrics`: how datebin itself is, for Prometheus. It does not use the pool.

use std::sync::Arc;

use axum::Extension;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse as _, Response};

use super::App;
use crate::access::Caller;
use crate::cache::CacheOutcome;
use crate::catalog::Source;
use crate::observe::{MetricsPage, Observer, PageFormat, exposition};

/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
const OPEN_METRICS: &str = "application/openmetrics-text";

/// What a page is about.
#[derive(Clone)]
pub(super) struct PageSources {
    /// The databases.
    pub(super) apps: Arc<[App]>,
    /// What was counted of the root, where it is no database's.
    pub(super) root: Option<Observer>,
}

pub(super) async fn of_all(
    Extension(PageSources { apps, root }): Extension<PageSources>,
    request: Request,
) -> Response {
    let accepted = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let (format, kind) = match accepted.flat_map(|value| value.split(',')).any(|part| part.contains(OPEN_METRICS)) {
        true => (
            PageFormat::OpenMetrics,
            HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8"),
        ),
        false => (PageFormat::Text, TEXT),
    };
    let caller = request.extensions().get::<Caller>().cloned().unwrap_or_default();
    let seen = apps.iter().filter(|app| caller.may_ask(app.name.as_deref()));
    let root = root.iter().map(|root| counted(None, root, &apps, &caller));
    let pages = std::iter::once(of_process(&apps)).chain(root).chain(seen.map(|app| of_one(app, &caller)));
    let text = exposition(&pages.collect::<Vec<_>>(), format);
    (StatusCode::OK, [(CONTENT_TYPE, kind)], text).into_response()
}

/// What the databases share.
fn of_process(apps: &[App]) -> MetricsPage {
    let mut page = MetricsPage::of_process();
    // All have the same.
    if let Some(app) = apps.first() {
        let process = &app.engine.resources.process;
        page.gauge("held_bytes", "Memory that requests hold", process.held());
        page.gauge("held_bytes_limit", "The most memory that requests may hold", process.whole());
        page.gauge("buffered_bytes", "Bodies and answers that are being read and sent", app.buffers.held());
    }
    page
}

/// What is known of a database now. The catalog and the requests of tokens are counted as the caller sees them.
fn of_one(app: &App, caller: &Caller) -> MetricsPage {
    let mut page = counted(app.name.as_deref(), app.engine.database.observer(), std::slice::from_ref(app), caller);
    of_database(&mut page, app);
    of_catalog(&mut page, app, caller);
    of_cache(&mut page, app);
    page
}

/// What was counted of databases, under the name of the only one where it has one. Tokens are told apart for whoever sees all
/// of them in each.
fn counted(name: Option<&str>, observer: &Observer, apps: &[App], caller: &Caller) -> MetricsPage {
    let mut page = MetricsPage::of_database(name, observer);
    let mut tokens = observer.token_requests();
    let wholes: Vec<_> = apps.iter().map(|app| app.engine.catalog.current()).collect();
    tokens.retain(|one| wholes.iter().all(|whole| caller.counts(&one.token, whole.as_deref())));
    page.token_requests(&tokens);
    page
}

fn of_database(page: &mut MetricsPage, app: &App) {
    let database = &app.engine.database;
    page.gauge("database_up", "Whether the database answers", database.health().is_up().into());
    let pool = database.pool_state();
    page.gauge("pool_size", "The most sessions that the pool may have", pool.most);
    page.gauge("pool_idle", "Sessions of the pool that wait for a statement", pool.idle);
    page.gauge("pool_waiting", "Statements that wait for a session of the pool", pool.waiting);
}

fn of_catalog(page: &mut MetricsPage, app: &App, caller: &Caller) {
    let catalog = &app.engine.catalog;
    let (tally, snapshot) = (catalog.tally(), catalog.current().map(|whole| caller.view(&whole)));
    page.gauge("catalog_loaded", "Whether there is a catalog", snapshot.is_some().into());
    page.counter("catalog_refreshes", "Times that the catalog was read", tally.refreshes);
    page.counter("catalog_refresh_failures", "Times that the catalog could not be read", tally.failures);
    let (Some(age), Some(snapshot)) = (tally.age, snapshot) else { return };
    page.seconds("catalog_age_seconds", "Time since the catalog was read", age.as_secs_f64());
    page.gauge("catalog_sources", "Sources in the catalog", snapshot.sources().len());
    let left_out = catalog.left_out();
    page.gauge("catalog_declarations_left_out", "Declarations of the file that are wrong", left_out);
    page.gauge("catalog_sources_unread", "Sources whose rows could not be read for the catalog", catalog.unread());
    // How many there are in rows that the caller does not see is not for it to know.
    let is_told_by_rows = |source: &Source| source.name_value().is_some() && caller.is_told_by_rows_of(source);
    if !snapshot.sources().iter().any(is_told_by_rows) {
        page.gauge("catalog_metrics", "Metrics in the catalog", snapshot.names().count());
    }
}

fn of_cache(page: &mut MetricsPage, app: &App) {
    let cache = &app.engine.cache;
    let Some(totals) = cache.totals() else { return };
    page.counter("cache_hits", "Fetches whose buckets were all known", totals.of(CacheOutcome::Hit));
    page.counter("cache_partial", "Fetches of whose buckets some were known", totals.of(CacheOutcome::Partial));
    page.counter("cache_misses", "Fetches of whose buckets none was known", totals.of(CacheOutcome::Miss));
    page.counter("cache_rows_saved", "Rows that the database need not give", totals.rows_saved());
    page.counter("cache_statements_saved", "Statements that the database need not run", totals.statements_saved());
    page.gauge(
        "cache_bytes",
        "Memory of what is known and of what is at hand for those who asked for it",
        usize::try_from(cache.bytes()).unwrap_or(usize::MAX),
    );
}
