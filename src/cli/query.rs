//! `datebin query`: a question from the shell.

use std::io::IsTerminal as _;

use serde_json::json;

use super::{Failure, chart, print, promql, say};
use crate::config::Environment;
use crate::db::{Database, Deadline, Health};
use crate::engine::Engine;
use crate::frame::Frame;
use crate::intake;
use crate::refresh::{Catalog, once};
use crate::render;
use crate::time::{Clock, Zone};
use crate::wire::request::Query;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The question: a metric's name, or an expression such as `avg by (region) (cpu)`.
    #[arg(required = true)]
    pub(super) target: Vec<String>,
    /// Start: ISO 8601, seconds or milliseconds since 1970, or relative.
    #[arg(long, default_value = "now-6h", allow_hyphen_values = true)]
    pub(super) from: String,
    /// End.
    #[arg(long, default_value = "now", allow_hyphen_values = true)]
    pub(super) to: String,
    /// The most points of a series; a chart asks for what it can draw.
    #[arg(long)]
    max_data_points: Option<u32>,
    /// The zone of buckets and times, an IANA name.
    #[arg(long)]
    tz: Option<String>,
    /// Asks in Prometheus' language, over the range.
    #[arg(long)]
    pub(super) promql: bool,
    /// With --promql: asks at the end of the range only.
    #[arg(long, requires = "promql")]
    pub(super) instant: bool,
    /// With --promql: the distance of the points, such as 15s.
    #[arg(long, requires = "promql", conflicts_with = "instant")]
    pub(super) step: Option<String>,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = Form::Chart)]
    format: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A line chart.
    Chart,
    /// A row per point.
    Table,
    /// Comma-separated, with a heading.
    Csv,
    /// An array of series.
    Json,
}

const WIDTH: usize = 100;
const HEIGHT: usize = 20;

/// An engine for one question: the catalog as it is now, nothing in the background.
pub(super) async fn one_shot(environment: &Environment<'_>) -> Result<Engine, Failure> {
    let database = Database::new(environment.database()?, Health::default())?;
    let (catalog, timeout) = (environment.catalog()?, environment.http()?.request_timeout);
    // A session for the question opens while the catalog is read.
    let reading = once(database.config(), &catalog, database.health());
    let (read, ()) = tokio::join!(reading, database.warm(Deadline::after(timeout)));
    let (snapshot, _) = read?;
    Ok(Engine {
        database,
        catalog: Catalog::fixed(snapshot),
        limits: environment.limits()?,
        clock: Clock::System,
        request_timeout: timeout,
        show_sql: false,
        resources: environment.resources()?,
    })
}

pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> Result<(), Failure> {
    let engine = one_shot(environment).await?;
    let (frames, zone) = ask(&engine, arguments).await?;
    let colour = std::io::stdout().is_terminal();
    // A point is no line.
    let form = if arguments.instant && arguments.format == Form::Chart { Form::Table } else { arguments.format };
    let text = match form {
        Form::Chart => chart::chart(&frames, WIDTH, HEIGHT, &zone, colour),
        Form::Table => chart::table(&frames, &zone),
        Form::Csv => chart::csv(&frames)?,
        Form::Json => serde_json::to_string(&chart::json(&frames))?,
    };
    print(&text)?;
    Ok(())
}

async fn ask(engine: &Engine, arguments: &Arguments) -> Result<(Vec<Frame>, Zone), Failure> {
    let scope = engine.scope()?;
    let zone = match &arguments.tz {
        Some(name) => Zone::parse(name).ok_or_else(|| format!("{name:?} is not an IANA time zone"))?,
        None => *scope.snapshot().zone(),
    };
    let points =
        arguments.max_data_points.unwrap_or(if arguments.format == Form::Chart { 2 * WIDTH as u32 } else { 1000 });
    if arguments.promql {
        return Ok((promql::ask(engine, arguments, &zone, points).await?, zone));
    }
    let targets: Vec<_> = arguments.target.iter().map(|target| json!({"target": target, "refId": target})).collect();
    let query = Query {
        targets: targets.into(),
        range: json!({"from": arguments.from, "to": arguments.to}),
        max_data_points: points.into(),
        timezone: zone.name().into(),
        ..Query::default()
    };
    let question = intake::question(&query, scope.moment_in(&zone), scope.limits())?;
    let answer = scope.answer(&question).await.map_err(|error| error.full_message())?;
    for error in &answer.failed {
        say(&format!("datebin: {}", render::told(error)));
    }
    for notice in answer.answered.iter().flat_map(|target| &target.notices) {
        say(&format!("note: {notice}"));
    }
    Ok((answer.answered.into_iter().flat_map(|target| target.frames).collect(), zone))
}
