//! An engine in the bench's own process.

use std::time::Duration;

use datebin::cache::Cache;
use datebin::config::Environment;
use datebin::db::{Database, DatabaseConfig, Health};
use datebin::engine::{Engine, Resources};
use datebin::refresh::{Catalog, once};
use datebin::time::Clock;

/// The engine of a database as a catalog file describes it, without a cache; `patience` is the time of a question.
pub(super) async fn engine(url: &str, file: &str, patience: Duration) -> Engine {
    let path = std::env::temp_dir().join(format!("datebin-bench-{}-inside.toml", std::process::id()));
    std::fs::write(&path, file).expect("a file");
    let shown = path.display().to_string();
    let read = |name: &str| (name == "DATEBIN_CONFIG").then(|| shown.clone());
    let environment = Environment(&read);
    let mut database = DatabaseConfig::new(url).expect("a URL");
    database.statement_timeout = patience;
    let health = Health::default();
    let (snapshot, _) = once(&database, &environment.catalog().expect("settings"), &health).await.expect("a catalog");
    let _gone = std::fs::remove_file(&path);
    Engine {
        database: Database::new(database, health).expect("a pool"),
        catalog: Catalog::fixed(snapshot),
        limits: environment.limits().expect("limits"),
        clock: Clock::System,
        request_timeout: patience,
        show_sql: true,
        resources: Resources::default(),
        cache: Cache::off(),
    }
}
