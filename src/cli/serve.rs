//! `datebin serve`.

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{Instrument as _, Span};

use super::{CommandError, demo, say, variable_names};
use crate::access::Access;
use crate::check::undeclared_text;
use crate::config::{self, Environment, HttpConfig};
use crate::db::{self, Database};
use crate::engine::{Engine, Resources};
use crate::http;
use crate::refresh::{self, Catalog};
use crate::server::{self, Certificate};
use crate::time::Clock;

/// Serves until it is told to stop.
pub(super) async fn run(environment: &Environment<'_>) -> Result<(), CommandError> {
    let http = http(environment).await?;
    let names = variable_names();
    let databases = environment.databases(names.iter().map(String::as_str))?;
    let served = served(environment, databases, &http).await?;
    let entrance = listen(&http).await?;
    serve(served, &http, entrance).await
}

/// Loads the demo, keeps it coming, and serves it.
pub(super) async fn demo(environment: &Environment<'_>) -> Result<(), CommandError> {
    let http = http(environment).await?;
    let databases = environment.databases(std::iter::empty())?;
    let database = environment.database()?;
    // The port first: loading takes a while, and would be for nothing.
    let entrance = listen(&http).await?;
    db::demo::check(&database).await?;
    db::migrate(&database).await?;
    demo::load(&database, &mut std::io::stderr()).await?;
    tokio::spawn(db::demo::feed(database));
    let served = served(environment, databases, &http).await?;
    // For pasting into another terminal, as complete as the process itself has them.
    let program = std::env::current_exe().map_or_else(|_| "datebin".to_owned(), |path| path.display().to_string());
    let (url, place) = (entrance.url(&http)?, environment.database_url());
    say(&demo::what_to_try(&url, &program, &place.unwrap_or_default()));
    serve(served, &http, entrance).await
}

/// How the server listens, and whom it lets in.
async fn http(environment: &Environment<'_>) -> Result<HttpConfig, CommandError> {
    if let Some(idle) = environment.idle_access() {
        tracing::warn!("{idle}");
    }
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

/// Engines of all databases. They share the bytes and the threads of the process.
async fn served(
    environment: &Environment<'_>,
    databases: Vec<config::DatabaseSettings>,
    http: &HttpConfig,
) -> Result<Vec<http::ServedDatabase>, CommandError> {
    let names: Vec<&str> = databases.iter().filter_map(|one| one.name.as_deref()).collect();
    // Their clients would be refused without a word to the operator.
    for token in http.access.of_other_databases(&names) {
        tracing::warn!(
            %token,
            "the token names a database that is not served here: DATABASE_URL_SALES is served as sales, in lower case"
        );
    }
    let (resources, mut served) = (environment.resources()?, Vec::new());
    for one in databases {
        let name = one.name.clone();
        if let Some(name) = &name {
            let path = format!("{}/{name}/", http.base_path);
            tracing::info!(path, database = one.database.place(), "a database has a path of its own");
        }
        let engine = engine(environment, one, http, resources.clone()).instrument(span(name.as_deref())).await;
        let engine = engine.map_err(|error| match &name {
            Some(name) => format!("database {name}: {error}").into(),
            None => error,
        })?;
        served.push(http::ServedDatabase { name, engine });
    }
    Ok(served)
}

/// What the lines of the log about a database are in, where it has a name.
fn span(name: Option<&str>) -> Span {
    name.map_or_else(Span::none, |database| tracing::error_span!("catalog", database))
}

/// An engine whose catalog and health are kept current in the background.
async fn engine(
    environment: &Environment<'_>,
    config::DatabaseSettings { name, database, catalog: config }: config::DatabaseSettings,
    http: &HttpConfig,
    resources: Resources,
) -> Result<Engine, CommandError> {
    // Later a broken file keeps the old catalog; at the start there is none to keep.
    let file = refresh::file(&config).await;
    let variable = name.map_or_else(String::new, |name| format!("_{}", name.to_uppercase()));
    let file = file.map_err(|error| format!("{error}; DATEBIN_CONFIG{variable} says which file is read"))?;
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
        resources,
        cache: environment.cache()?,
    })
}

/// Where clients come in.
struct Entrance {
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
async fn listen(http: &HttpConfig) -> Result<Entrance, CommandError> {
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
async fn serve(served: Vec<http::ServedDatabase>, http: &HttpConfig, entrance: Entrance) -> Result<(), CommandError> {
    tracing::info!(url = %entrance.url(http)?, "listening");
    reload_on_hangup(served.iter().map(|one| one.engine.catalog.clone()).collect())?;
    for one in &served {
        let span = span(one.name.as_deref());
        tokio::spawn(reload_on_notice(&one.engine).instrument(span.clone()));
        tokio::spawn(tell_of_undeclared(&one.engine).instrument(span));
    }
    let service = http::service(served, http);
    server::run(entrance.listener, service, http.clone(), entrance.certificate, stop()?).await;
    tracing::info!("stopped");
    Ok(())
}

/// SIGHUP: the catalogs are read anew.
fn reload_on_hangup(catalogs: Vec<Catalog>) -> Result<(), CommandError> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            tracing::info!("reading the catalog anew");
            catalogs.iter().for_each(Catalog::refresh);
        }
    });
    Ok(())
}

/// `NOTIFY datebin_reload`: the same. It comes from the primary, and a standby may not have the rows yet: what was read of one
/// until it has them is forgotten, too.
fn reload_on_notice(engine: &Engine) -> impl Future<Output = ()> + use<> {
    let (catalog, database) = (engine.catalog.clone(), &engine.database);
    let replayed = database.config().replayed_after();
    db::listen(database.config().clone(), database.health().clone(), move || {
        tracing::info!("reading the catalog anew: the database says that something changed");
        catalog.refresh();
        for pause in &replayed {
            let (catalog, pause) = (catalog.clone(), *pause);
            tokio::spawn(async move {
                tokio::time::sleep(pause).await;
                catalog.refresh();
            });
        }
    })
}

/// Says which tables a file without discovery leaves out: once, when the catalog is there.
fn tell_of_undeclared(engine: &Engine) -> impl Future<Output = ()> + use<> {
    let (catalog, database) = (engine.catalog.clone(), engine.database.config().clone());
    async move {
        catalog.until_loaded().await;
        let Some(config) = catalog.config() else { return };
        let Ok(file) = refresh::file(config).await else { return };
        for relation in db::undeclared(&database, &file, config.zone).await.unwrap_or_default() {
            tracing::info!("{}", undeclared_text(&relation));
        }
    }
}

/// Ends with SIGTERM or SIGINT; the second one ends the process.
fn stop() -> Result<impl Future<Output = ()>, CommandError> {
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
