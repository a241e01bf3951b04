//! The program's commands, one file each.

mod chart;
mod check;
mod demo;
mod discover;
mod dotenv;
mod health;
mod promql;
mod query;
mod serve;
mod token;

use std::io::{IsTerminal as _, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::catalog::file::CatalogFile;
use crate::config::{ConfigError, Environment, LogConfig};
use crate::db;

/// Lets Grafana chart, alert on and annotate from the metrics that already live in PostgreSQL.
///
/// Settings come from the environment and from `.env`; `.env.example` lists them.
#[derive(Debug, Parser)]
#[command(version, about, long_about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer Grafana (the default).
    Serve,
    /// Load sample metrics and annotations, keep them coming, and serve them.
    Demo,
    /// Create or update schema `datebin` (annotations); the same as `sqlx migrate run`.
    Migrate,
    /// Ask a question and see the answer as a chart, a table, CSV or JSON.
    Query(query::Arguments),
    /// Print what was found in the database as a `datebin.toml`, with the reasons.
    Discover(discover::Arguments),
    /// Hold the catalog against the live database: what works, what is slow, what would help.
    Check(check::Arguments),
    /// Print the JSON Schema of datebin.toml, for editors.
    Schema,
    /// Ask a running server whether it lives; for container health checks.
    Health(health::Arguments),
    /// Make a token: its lines for the file of tokens, and the secret that proves it.
    Token(token::Arguments),
}

/// Why a command failed, as one sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the program.
pub async fn main() -> ExitCode {
    // A missing .env is the normal case; a broken one is worth a word.
    if let Err(error) = dotenv::read() {
        say(&format!("datebin: {error}"));
        return ExitCode::from(2);
    }
    match run(Arguments::parse().command.unwrap_or(Command::Serve)).await {
        Ok(code) => code,
        Err(error) => {
            say(&format!("datebin: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    let read = |name: &str| std::env::var(name).ok();
    let environment = Environment(&read);
    log(&environment.log()?)?;
    match command {
        Command::Serve => serve::run(&environment).await?,
        Command::Demo => serve::demo(&environment).await?,
        Command::Migrate => {
            db::migrate(&environment.database()?).await?;
            say("schema datebin is up to date");
        }
        Command::Query(arguments) => query::run(&environment, &arguments).await?,
        Command::Discover(arguments) => discover::run(&environment, &arguments).await?,
        Command::Check(arguments) => return Ok(check::run(&environment, &arguments).await),
        Command::Schema => print(&serde_json::to_string_pretty(&CatalogFile::schema())?)?,
        Command::Token(arguments) => token::run(&arguments)?,
        Command::Health(arguments) => return Ok(health::run(&environment, &arguments).await?),
    }
    Ok(ExitCode::SUCCESS)
}

/// Starts the log, on standard error: standard output is for answers.
fn log(config: &LogConfig) -> Result<(), ConfigError> {
    // Whatever the filter says: that target prints the values of a URL's parameters.
    let filter = tracing_subscriber::EnvFilter::try_new(format!("{},sqlx_postgres::options=off", config.filter))
        .map_err(|_| ConfigError::Invalid("DATEBIN_LOG", "a filter such as info or info,sqlx=warn"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let started = if config.json { log.json().try_init() } else { log.try_init() };
    if let Err(error) = started {
        say(&format!("datebin: the log cannot be started: {error}"));
    }
    Ok(())
}

/// A line for the person at the terminal; a closed standard error is no reason to stop.
fn say(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}

/// The answer of a command, on standard output.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}
