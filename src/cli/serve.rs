//! `datebin serve`.

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, demo, say};
use crate::access::Access;
use crate::check::undeclared_text;
use crate::config::{Environment, HttpConfig};
use crate::db::{self, Database};
use crate::engine::Engine;
use crate::http;
use crate::refresh::{self, Catalog};
use crate::server::{self, Certificate};
use crate::time::Clock;

/// Serves until it is told to stop.
pub(super) async fn run(environment: &Environment<'_>) -> Result<(), Failure> {
    let http = http(environment).await?;
    let engine = engine(environment, &http).await?;
    let entrance = listen(&http).await?;
    serve(engine, &http, entrance).await
}

/// Loads the demo, keeps it coming, and serves it.
pub(super) async fn demo(environment: &Environment<'_>) -> Result<(), Failure> {
    let http = http(environment).await?;
    let database = environment.database()?;
    // The port first: loading takes a while, and would be for nothing.
    let entrance = listen(&http).await?;
    db::migrate(&database).await?;
    demo::load(&database, &mut std::io::stderr()).await?;
    tokio::spawn(db::demo::feed(database));
    let engine = engine(environment, &http).await?;
    // For pasting into another terminal, as complete as the process itself has them.
    let program = std::env::current_exe().map_or_else(|_| "datebin".to_owned(), |path| path.display().to_string());
    let (url, place) = (entrance.url(&http)?, environment.database_url());
    say(&demo::what_to_try(&url, &program, &place.unwrap_or_default()));
    serve(engine, &http, entrance).await
}

/// How the server listens, and whom it lets in.
async fn http(environment: &Environment<'_>) -> Result<HttpConfig, Failure> {
    let access = match environment.access() {
        Some(files) => Access::of(files).await?,
        None => {
            tracing::warn!(
                "no tokens: whoever reaches the port reads every metric; DATEBIN_TOKENS names a file of tokens"
            );
            Access::open()
        }
    };
    Ok(HttpConfig { access, ..environment.http()? })
}

/// An engine whose catalog and health are kept current in the background.
pub(super) async fn engine(environment: &Environment<'_>, http: &HttpConfig) -> Result<Engine, Failure> {
    let (database, config) = (environment.database()?, environment.catalog()?);
    // Later a broken file keeps the old catalog; at the start there is none to keep.
    let file = refresh::file(&config).await;
    let file = file.map_err(|error| format!("{error}; DATEBIN_CONFIG says which file is read"))?;
    if environment.strict()? {
        let loaded = db::load(&database, &file, config.zone).await;
        loaded.map_err(|error| format!("{error}; DATEBIN_STRICT=false would leave it out and serve the rest"))?;
    }
    let health = db::watch(database.clone());
    let catalog = Catalog::kept(database.clone(), config, health.clone());
    Ok(Engine {
        database: Database::new(database, health)?,
        catalog,
        limits: environment.limits()?,
        clock: Clock::System,
        request_timeout: http.request_timeout,
        show_sql: environment.show_sql()?,
        resources: environment.resources()?,
        cache: environment.cache()?,
    })
}

/// Where clients come in.
pub(super) struct Entrance {
    listener: TcpListener,
    certificate: Option<Certificate>,
}

impl Entrance {
    /// Where the server is asked.
    fn url(&self, http: &HttpConfig) -> std::io::Result<String> {
        let scheme = if self.certificate.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}{}", self.listener.local_addr()?, http.base_path))
    }
}

/// Reads the certificate and takes the port.
pub(super) async fn listen(http: &HttpConfig) -> Result<Entrance, Failure> {
    let certificate = match http.tls.clone() {
        None => None,
        Some(files) => {
            let kept = Certificate::kept(files).await;
            let named = "DATEBIN_TLS_CERT and DATEBIN_TLS_KEY name the files, in PEM";
            Some(kept.map_err(|error| format!("{error}; {named}"))?)
        }
    };
    let listener = TcpListener::bind(http.listen).await;
    let listener = listener
        .map_err(|error| format!("cannot listen on {}: {error}; DATEBIN_LISTEN sets the address", http.listen))?;
    Ok(Entrance { listener, certificate })
}

/// Serves on a port that was taken.
pub(super) async fn serve(engine: Engine, http: &HttpConfig, entrance: Entrance) -> Result<(), Failure> {
    tracing::info!(url = %entrance.url(http)?, "listening");
    reload_on_hangup(engine.catalog.clone())?;
    reload_on_notice(&engine);
    tell_of_undeclared(&engine);
    let service = http::service(engine, http);
    server::run(entrance.listener, service, http.clone(), entrance.certificate, stop()?).await;
    tracing::info!("stopped");
    Ok(())
}

/// SIGHUP: the catalog is read anew.
fn reload_on_hangup(catalog: Catalog) -> Result<(), Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!("reading the catalog anew");
            catalog.refresh();
        }
    });
    Ok(())
}

/// `NOTIFY datebin_reload`: the same.
fn reload_on_notice(engine: &Engine) {
    let (catalog, database) = (engine.catalog.clone(), &engine.database);
    tokio::spawn(db::listen(database.config().clone(), database.health().clone(), move || {
        tracing::info!("reading the catalog anew: the database says that something changed");
        catalog.refresh();
    }));
}

/// Says which tables a file without discovery leaves out: once, when the catalog is there.
fn tell_of_undeclared(engine: &Engine) {
    let (catalog, database) = (engine.catalog.clone(), engine.database.config().clone());
    tokio::spawn(async move {
        catalog.until_loaded().await;
        let Some(config) = catalog.config() else { return };
        let Ok(file) = refresh::file(config).await else { return };
        for relation in db::undeclared(&database, &file, config.zone).await.unwrap_or_default() {
            tracing::info!("{}", undeclared_text(&relation));
        }
    });
}

/// Ends with SIGTERM or SIGINT; the second one ends the process.
fn stop() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        either(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping; a second signal stops at once");
        tokio::spawn(async move {
            either(&mut terminate, &mut interrupt).await;
            std::process::exit(1);
        });
    })
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
