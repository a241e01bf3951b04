//! HTTP: one file per endpoint, the middleware in one function.

mod annotations;
mod auth;
mod body;
mod buffers;
mod builder;
mod chart;
mod drawing;
mod explorer;
mod exposition;
mod flat;
mod freshness;
mod health;
mod middleware;
mod observed;
mod params;
mod path;
mod prometheus;
mod query;
mod respond;
mod search;
mod several;
mod tags;
mod variable;

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use crate::access::{AccessTarget, Caller};
use crate::config::HttpConfig;
use crate::engine::{Engine, RequestScope};
use crate::error::{Error, Kind};
use crate::observe::Record;
use crate::plan::{self, Limits};
use crate::time::to_rfc3339;
use buffers::Buffers;
use exposition::PageSources;
use observed::RequestObserver;
pub use several::service;

/// What every handler is given.
#[derive(Clone)]
struct App {
    /// The database's name in paths; none at the root.
    name: Option<Arc<str>>,
    /// Answers questions.
    engine: Engine,
    /// The largest body in bytes.
    body_limit: usize,
    /// What is held of bodies and answers.
    buffers: Buffers,
    /// Held by the one who reads the catalog for a look at all of it.
    reading: Arc<Semaphore>,
    /// When it started, as RFC 3339 writes it.
    started: Arc<str>,
    /// Who asks.
    caller: Caller,
    /// What is written down of the request.
    record: Record,
    /// Whether nothing that is known already may answer.
    is_fresh: bool,
    /// The number of the connection, 0 where there is none.
    connection: u64,
}

impl App {
    /// The scope of a request that lists every name.
    async fn whole_scope(&self) -> Result<RequestScope, Error> {
        let scope = self.scope().await?;
        plan::complete(scope.snapshot())?;
        Ok(scope)
    }

    /// The scope of the request.
    async fn scope(&self) -> Result<RequestScope, Error> {
        Ok(self.engine.scope_for(&self.caller, &self.record).await?.fresh(self.is_fresh).of_client(self.connection))
    }

    /// The bounds of an answer to the caller.
    fn limits(&self) -> Limits {
        self.caller.limits(self.engine.limits)
    }
}

/// What a handler is given: everything, for the caller of its request.
struct CallerApp(App);

impl FromRequestParts<App> for CallerApp {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let caller = parts.extensions.get::<Caller>().cloned().unwrap_or_default();
        let record = parts.extensions.get::<Record>().cloned().unwrap_or_default();
        let is_fresh = freshness::is_wanted(&parts.headers);
        let connection = parts.extensions.get::<ConnectionNumber>().map_or(0, |number| number.0);
        Ok(Self(App { caller, record, is_fresh, connection, ..app.clone() }))
    }
}

/// Marks the requests of a connection beyond the limit, while all others are at work.
#[derive(Clone, Copy, Debug)]
pub struct OverLimit;

/// The number of the connection that a request came on, from 1.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionNumber(pub u64);

/// The service that a connection talks to.
pub type Service = BoxCloneSyncService<axum::extract::Request, Response, Infallible>;

/// A database that is served.
#[derive(Clone)]
pub struct ServedDatabase {
    /// Its name in paths; none for the one at the root.
    pub name: Option<Arc<str>>,
    /// Answers questions about it.
    pub engine: Engine,
}

impl App {
    /// One for each database. They share what is held of bodies and answers.
    fn all(served: Vec<ServedDatabase>, config: &HttpConfig) -> Vec<Self> {
        let buffers = Buffers::new(config);
        let app = |ServedDatabase { name, engine }: ServedDatabase| Self {
            name,
            started: to_rfc3339(engine.clock.now()).into(),
            engine,
            body_limit: config.body_limit,
            buffers: buffers.clone(),
            reading: Arc::new(Semaphore::new(1)),
            caller: Caller::default(),
            record: Record::default(),
            is_fresh: false,
            connection: 0,
        };
        served.into_iter().map(app).collect()
    }
}

/// All that a database answers.
fn surface(app: &App, shown: PageSources, config: &HttpConfig) -> Service {
    let routes = Router::new()
        .route("/", get(explorer::root))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(async || respond::document(include_str!("../../openapi.json"))))
        .route("/chart.svg", get(chart::got))
        .route("/query", post(query::posted).get(flat::got))
        .route("/search", post(search::posted).get(search::got))
        .route("/metrics", post(builder::metrics).get(exposition::of_all))
        .route("/metric-payload-options", post(builder::options))
        .route("/variable", post(variable::posted).get(variable::got))
        .route("/annotations", post(annotations::posted).get(annotations::got))
        .route("/annotation", post(annotations::added))
        .route("/tag-keys", post(tags::posted_keys).get(tags::got_keys))
        .route("/tag-values", post(tags::posted_values).get(tags::got_values))
        .merge(prometheus::routes())
        .merge(explorer::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(Extension(shown))
        .with_state(app.clone());
    let observer = app.engine.database.observer().clone();
    let watching = RequestObserver { observer, audit: config.audit, database: app.name.clone() };
    layered(routes, config, watching, AccessTarget::of(app.name.clone()))
}

async fn nothing_here() -> Response {
    respond::error(&Error::new(Kind::NotFound, "there is nothing at this path"))
}

async fn other_method() -> Response {
    respond::error(&Error::new(Kind::MethodNotAllowed, "this path takes another method"))
}

/// Routes with what every request passes through.
fn layered(routes: Router, config: &HttpConfig, watching: RequestObserver, place: AccessTarget) -> Service {
    let base: Arc<str> = config.base_path.as_str().into();
    let layered = tower::util::MapResponse::new(middleware::layers(routes, config, watching, place), |response| {
        prometheus::without_head(auth::without_methods(response))
    });
    // Around the router, as the path decides which route matches.
    let normal = tower::util::MapRequest::new(layered, move |request| path::normalised(request, &base));
    BoxCloneSyncService::new(normal.map_err(|never| match never {}))
}
