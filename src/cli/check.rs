//! `datebin check`: the catalog against the live database.

use std::process::ExitCode;

use super::{CommandError, cure, print, say};
use crate::cache::Cache;
use crate::catalog::file::CatalogFile;
use crate::check::{Report, check};
use crate::config::Environment;
use crate::db::{Database, Health};
use crate::engine::Engine;
use crate::refresh;
use crate::time::Clock;

/// How `datebin check` ends: 0, every question works; 1, something is broken; 2, nothing could be checked (a setting, the
/// file's syntax, the database is away); 3, with --strict, something is slow.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit codes:
  0  every question works (what is slow is said)
  1  something is broken: a relation or column does not exist or may not be read, a question fails
  2  nothing could be checked: a setting, the file's syntax, the database is away
  3  with --strict: all works, but something is slow")]
pub(super) struct Arguments {
    /// The file to check instead of DATEBIN_CONFIG; - reads it from standard input.
    #[arg(long, value_name = "FILE")]
    config: Option<String>,
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Fail when something is slow, too.
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Checks, reports, and says by the exit code how it went.
pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> ExitCode {
    match checked(environment, arguments).await {
        Ok(report) if report.broken > 0 => ExitCode::from(1),
        Ok(report) if report.slow > 0 && arguments.strict => ExitCode::from(3),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("datebin: {error}{}", cure(&*error, environment)));
            ExitCode::from(2)
        }
    }
}

async fn checked(environment: &Environment<'_>, arguments: &Arguments) -> Result<Report, CommandError> {
    let database = environment.database()?;
    let config = environment.catalog()?;
    let file = match arguments.config.as_deref() {
        // Nothing else runs yet that a wait could hold up.
        Some("-") => CatalogFile::parse(&std::io::read_to_string(std::io::stdin())?)?,
        Some(path) => refresh::file(&refresh::CatalogConfig { file: Some(path.into()), ..config.clone() }).await?,
        None => refresh::file(&config).await?,
    };
    let (pool, limits) = (Database::new(database.clone(), Health::default())?, environment.limits()?);
    let (request_timeout, resources) = (environment.http()?.request_timeout, environment.resources()?);
    let engine = |catalog| Engine {
        database: pool,
        catalog,
        limits,
        clock: Clock::System,
        request_timeout,
        show_sql: false,
        resources,
        cache: Cache::off(),
    };
    let report = check(&database, config.zone, &file, engine).await?;
    print(&match arguments.format {
        ReportFormat::Text => report.text(),
        ReportFormat::Json => serde_json::to_string_pretty(&report)?,
    })?;
    Ok(report)
}
