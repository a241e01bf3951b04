//! The program's commands, one file each.

mod annotate;
mod chart;
mod check;
mod demo;
mod discover;
mod dotenv;
mod flags;
mod health;
mod instant;
mod promql;
mod query;
mod refused;
mod serve;
mod settings;
mod shell;
mod terminal;
mod token;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::catalog::file::CatalogFile;
use crate::config::{ConfigError, Environment, LogConfig, unknown_variables};
use crate::db::{self, DbError};
use crate::server::STACK;
use refused::refused;
use settings::Flags;

/// Lets Grafana chart, alert on and annotate from the metrics that already live in PostgreSQL.
///
/// Settings are flags of `serve`, variables of the environment, and lines of `.env`, in that order; `datebin serve --help`
/// lists them with their defaults, and `datebin config` those in force.
#[derive(Debug, Parser)]
#[command(version, about, long_about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer Grafana (the default).
    Serve(Flags),
    /// Load sample metrics and annotations into the database, keep them coming, and serve them.
    Demo(demo::Arguments),
    /// Print the settings in force, without what is secret.
    Config(Flags),
    /// Create or update schema `datebin` (annotations); the same as `sqlx migrate run`.
    Migrate,
    /// Ask a question and see the answer as a chart, a table, CSV or JSON.
    Query(Box<query::Arguments>),
    /// Add an annotation, such as a deployment, to datebin's own table.
    Annotate(annotate::Arguments),
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
    /// Print a script that completes commands and flags in a shell.
    Completions(shell::Completions),
    /// Print the manual page, or write one for each command.
    Man(shell::Man),
}

impl Command {
    /// The settings that its command line gives.
    fn flags(&self) -> Flags {
        match self {
            Self::Serve(flags) | Self::Config(flags) => flags.clone(),
            Self::Demo(arguments) => arguments.flags.clone(),
            _ => Flags::default(),
        }
    }

    /// Whether it asks nothing of the environment.
    const fn is_about_itself(&self) -> bool {
        matches!(self, Self::Schema | Self::Completions(_) | Self::Man(_) | Self::Token(_))
    }
}

/// Why a command failed, as one sentence.
type CommandError = Box<dyn std::error::Error + Send + Sync>;

/// How long the end waits for what cannot be cancelled, e.g. a name server that does not answer.
const PATIENCE: Duration = Duration::from_millis(200);

/// Runs the program on threads of its own. A future of it that another crate polled would be compiled there once more, with all
/// that it calls: the program would be an eighth larger.
///
/// # Errors
/// The threads cannot be started.
pub fn main(threads: &mut Builder) -> std::io::Result<ExitCode> {
    // Rows of large answers come in pieces of half a millisecond: sockets are looked at between few of them, not sixty.
    let runtime = threads.enable_all().event_interval(8).thread_stack_size(STACK).build()?;
    let code = runtime.block_on(command());
    runtime.shutdown_timeout(PATIENCE);
    Ok(code)
}

/// Does what the command line says.
async fn command() -> ExitCode {
    // A missing .env is the normal case; a broken one is worth a word.
    let hidden = match dotenv::read() {
        Ok(hidden) => hidden,
        Err(error) => {
            say(&format!("datebin: {error}"));
            return ExitCode::from(2);
        }
    };
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refused(&error),
    };
    match run(arguments.command.unwrap_or_else(|| Command::Serve(Flags::default())), hidden).await {
        Ok(code) => code,
        Err(error) => {
            say(&format!("datebin: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Where the database is that could not be asked, and what to do; nothing for other errors.
fn cure(error: &(dyn std::error::Error + 'static), environment: &Environment<'_>) -> String {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let (Some(cause), Ok(database)) =
        (causes.find_map(|cause| cause.downcast_ref::<DbError>()), environment.database())
    else {
        return String::new();
    };
    let Some(cure) = cause.cure() else { return String::new() };
    format!("\n  the database is {} (role {}), as DATABASE_URL says: {cure}", database.place(), database.role())
}

/// Runs a command with its flags, and with the environment but for the name that is hidden.
async fn run(command: Command, hidden: Option<&str>) -> Result<ExitCode, CommandError> {
    let flags = command.flags();
    // Who says on the command line where the database is means that, and not the other variable for it.
    let is_overruled = |name: &str| dotenv::other_place(name).is_some_and(|other| flags.get(other).is_some());
    let of_environment =
        |name: &str| if hidden == Some(name) || is_overruled(name) { None } else { std::env::var(name).ok() };
    let read = |name: &str| flags.get(name).or_else(|| of_environment(name));
    let environment = Environment(&read);
    let done = done(command, &environment).await;
    done.map_err(|error| flags.named(&format!("{error}{}", cure(&*error, &environment))).into())
}

async fn done(command: Command, environment: &Environment<'_>) -> Result<ExitCode, CommandError> {
    if !command.is_about_itself() {
        log(&environment.log()?, terminal::is_coloured(environment, &std::io::stderr()))?;
        warn_of_unknown_variables();
    }
    match command {
        Command::Serve(_) => serve::run(environment).await?,
        Command::Demo(arguments) if arguments.remove => demo::remove(environment).await?,
        Command::Demo(_) => serve::demo(environment).await?,
        Command::Config(_) => settings::show(environment)?,
        Command::Completions(arguments) => arguments.print()?,
        Command::Man(arguments) => arguments.write()?,
        Command::Migrate => {
            db::migrate(&environment.database()?).await?;
            say("schema datebin is up to date");
        }
        Command::Query(arguments) => return query::run(environment, &arguments).await,
        Command::Annotate(arguments) => annotate::run(environment, &arguments).await?,
        Command::Discover(arguments) => discover::run(environment, &arguments).await?,
        Command::Check(arguments) => return Ok(check::run(environment, &arguments).await),
        Command::Schema => print(&serde_json::to_string_pretty(&CatalogFile::schema())?)?,
        Command::Token(arguments) => token::run(&arguments)?,
        Command::Health(arguments) => return Ok(health::run(environment, &arguments).await?),
    }
    Ok(ExitCode::SUCCESS)
}

/// A misspelt setting would otherwise be one that silently does nothing.
fn warn_of_unknown_variables() {
    let names = variable_names();
    for said in unknown_variables(names.iter().map(String::as_str)) {
        tracing::warn!("{said}");
    }
}

/// The names of all variables.
fn variable_names() -> Vec<String> {
    std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
}

/// Starts the log, on standard error: standard output is for answers.
fn log(config: &LogConfig, is_coloured: bool) -> Result<(), ConfigError> {
    // Whatever the filter says: the first target prints the values of a URL's parameters, and the audit has a setting of
    // its own.
    let filter = format!("{},sqlx_postgres::options=off,audit=info", config.filter);
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|_| ConfigError::Invalid("DATEBIN_LOG", "a filter such as info or info,sqlx=warn"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_coloured)
        .with_target(false);
    let started = if config.json { log.json().try_init() } else { log.try_init() };
    if let Err(error) = started {
        say(&format!("datebin: the log cannot be started: {error}"));
    }
    Ok(())
}

/// A line for the person at the terminal, without a connection string of the command line; a closed standard error is no
/// reason to stop.
fn say(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{}", refused::shown(line));
}

/// The answer of a command, on standard output. A reader that has seen enough, such as `head`, is no failure.
fn print(text: &str) -> std::io::Result<()> {
    match written(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

fn written(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()
}
