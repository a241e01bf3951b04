//! What the page asks of the live database: `check`, what discovery decides and why, and what the file does not name.
//!
//! All of them tell of the database as a whole, so none is for callers who may see a part of it.

use std::io::{self, Write};
use std::time::Duration;

use axum::response::Response;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::super::buffers::{Document, JsonOf, answered};
use super::super::{App, CallerApp};
use crate::cache::Cache;
use crate::catalog::file::CatalogFile;
use crate::catalog::toml_out;
use crate::check::{check, undeclared_text};
use crate::db::{self, LoadError, load};
use crate::engine::Engine;
use crate::error::{Error, Kind};
use crate::identity::Identity;
use crate::refresh::{self, CatalogConfig};

/// How long one look at the whole catalog waits for another.
const TURN: Duration = Duration::from_secs(10);

/// What `datebin check` says.
pub(in super::super) async fn checked(CallerApp(app): CallerApp) -> Response {
    answered(report(&app).await)
}

/// What `datebin discover` prints.
pub(in super::super) async fn discovered(CallerApp(app): CallerApp) -> Response {
    answered(decisions(&app).await)
}

/// The relations that a file without discovery does not name.
pub(in super::super) async fn undeclared(CallerApp(app): CallerApp) -> Response {
    answered(forgotten(&app).await)
}

async fn forgotten(app: &App) -> Result<Response, Error> {
    let (config, file) = file(app).await?;
    if file.discovery.enabled {
        return app.buffers.answer(false, || Ok(JsonOf(Vec::<String>::new()))).await;
    }
    let _alone = alone(app).await?;
    let found = db::undeclared(app.engine.database.config(), &file, config.zone).await;
    let found = found.map_err(|error| failed(&error))?;
    let told: Vec<String> = found.iter().map(|relation| undeclared_text(relation)).collect();
    app.buffers.answer(false, move || Ok(JsonOf(told))).await
}

async fn report(app: &App) -> Result<Response, Error> {
    let _alone = alone(app).await?;
    let (config, file) = file(app).await?;
    let engine = |catalog| Engine { catalog, cache: Cache::off(), ..app.engine.clone() };
    let found =
        check(app.engine.database.config(), config.zone, &file, engine).await.map_err(|error| failed(&error))?;
    app.buffers.answer(true, move || Ok(JsonOf(found))).await
}

async fn decisions(app: &App) -> Result<Response, Error> {
    let _alone = alone(app).await?;
    let (config, mut file) = file(app).await?;
    // What is left out, and why, is found where discovery looks.
    file.discovery.enabled = true;
    let loaded = load(app.engine.database.config(), &file, config.zone).await;
    let (snapshot, decisions) = loaded.map_err(|error| failed(&error))?;
    app.buffers.answer(true, move || Ok(Toml(toml_out::write(&snapshot, &decisions)))).await
}

/// The only one who reads the whole catalog at this time.
async fn alone(app: &App) -> Result<SemaphorePermit<'_>, Error> {
    if *app.caller.identity() != Identity::NOBODY {
        let message = "this tells of the whole database, and is answered only where no tokens are needed";
        return Err(
            Error::new(Kind::Forbidden, message).hint("`datebin check` and `datebin discover` tell it on the server")
        );
    }
    let busy = || Error::new(Kind::Busy, "the catalog is being checked").hint("try again in a few seconds");
    timeout(TURN, app.reading.acquire()).await.ok().and_then(Result::ok).ok_or_else(busy)
}

/// What the catalog is made from, read again.
async fn file(app: &App) -> Result<(CatalogConfig, CatalogFile), Error> {
    let config = app.engine.catalog.config().cloned();
    let config = config.ok_or_else(|| Error::new(Kind::NotFound, "this catalog is not read from a database"))?;
    let file = refresh::file(&config).await.map_err(|error| failed(&error))?;
    Ok((config, file))
}

/// The error as a client may see it.
fn failed(error: &LoadError) -> Error {
    tracing::warn!(%error, "the catalog cannot be checked");
    match error {
        LoadError::Database(error) => error.public(),
        error => Error::new(Kind::NoCatalog, format!("the catalog cannot be checked: {}", error.reason())),
    }
}

/// A file in TOML.
struct Toml(String);

impl Document for Toml {
    const TYPE: &'static str = "text/plain; charset=utf-8";

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        self.0.as_bytes().chunks(16 * 1024).try_for_each(|piece| out.write_all(piece))
    }
}
