//! Several databases behind one port: each under a path of its own, and at the root what is of the whole process.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::json;
use tower::ServiceExt as _;
use tower::util::BoxCloneSyncService;

use super::exposition::PageSources;
use super::observed::RequestObserver;
use super::{
    App, ServedDatabase, Service, exposition, health, layered, nothing_here, other_method, path, respond, surface,
};
use crate::access::AccessTarget;
use crate::config::HttpConfig;
use crate::observe::Observer;

/// The whole HTTP surface. A database without a name answers at the root; without one, the root tells of all databases
/// together.
#[must_use]
pub fn service(served: Vec<ServedDatabase>, config: &HttpConfig) -> Service {
    let apps: Arc<[App]> = App::all(served, config).into();
    let of_all = || PageSources { apps: Arc::clone(&apps), root: None };
    if let [only] = &*apps
        && only.name.is_none()
    {
        return surface(only, of_all(), config);
    }
    let base: Arc<str> = config.base_path.as_str().into();
    // The base path is removed here, once.
    let config = &HttpConfig { base_path: String::new(), ..config.clone() };
    let root = match apps.iter().find(|app| app.name.is_none()) {
        Some(app) => surface(app, of_all(), config),
        None => bare(&apps, config),
    };
    let named = apps.iter().filter_map(|app| {
        let name = app.name.clone()?;
        Some((name, surface(app, PageSources { apps: Arc::from([app.clone()]), root: None }, config)))
    });
    let named: Arc<BTreeMap<Arc<str>, Service>> = Arc::new(named.collect());
    BoxCloneSyncService::new(tower::service_fn(move |request: Request| {
        let request = path::normalised(request, &base);
        let first = request.uri().path().split('/').nth(1).unwrap_or_default();
        match named.get_key_value(first) {
            Some((name, service)) => service.clone().oneshot(path::normalised(request, &format!("/{name}"))),
            None => root.clone().oneshot(request),
        }
    }))
}

/// The root where every database has a name.
fn bare(apps: &Arc<[App]>, config: &HttpConfig) -> Service {
    let observer = Observer::of_root();
    let shown = PageSources { apps: Arc::clone(apps), root: Some(observer.clone()) };
    let watching = RequestObserver { observer, audit: config.audit, database: None };
    let routes = Router::new()
        .route("/", get(root))
        .route("/livez", get(health::live))
        .route("/readyz", get(ready))
        .route("/metrics", get(exposition::of_all))
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(Extension(shown))
        .with_state(Arc::clone(apps));
    layered(routes, config, watching, AccessTarget::Root)
}

/// Where the databases are is no secret of theirs, their names may be.
async fn root() -> Response {
    respond::json(StatusCode::OK, &json!({"status": "ok", "databases": "each one is under a path of its own: /NAME/"}))
}

/// Whether any database can be asked: one that is away is no reason to take the others from their clients.
async fn ready(State(apps): State<Arc<[App]>>) -> Response {
    let ready = apps.iter().filter(|app| health::is_ready(app)).count();
    let (status, state) =
        if ready > 0 { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready") };
    respond::json(status, &json!({"status": state, "databases": apps.len(), "ready": ready}))
}
