//! `datebin query`: a question from the shell.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget};
use serde_json::{Value, json};

use super::flags::{error_text, range_text, refusal};
use super::instant::moment;
use super::{CommandError, chart, print, promql, say, terminal};
use crate::cache::FetchOrigin;
use crate::config::Environment;
use crate::db::{Database, Deadline, Health};
use crate::engine::Engine;
use crate::frame::Frame;
use crate::intake;
use crate::refresh::{Catalog, once};
use crate::render::chart::{Chart, ChartStyle, Theme, svg};
use crate::time::{Clock, TimeRange, Zone, to_rfc3339};
use crate::wire::request::Query;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The question: a metric's name, or an expression such as `avg by (region) (cpu)`.
    #[arg(required = true)]
    pub(super) target: Vec<String>,
    /// Start: ISO 8601, seconds or milliseconds since 1970, or relative such as -6h.
    #[arg(long, default_value = "now-6h", allow_hyphen_values = true, value_parser = moment)]
    pub(super) from: String,
    /// End.
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_parser = moment)]
    pub(super) to: String,
    /// The most points of a series; a chart asks for what it can draw.
    #[arg(long)]
    max_data_points: Option<u32>,
    /// The zone of buckets and times, an IANA name.
    #[arg(long)]
    tz: Option<String>,
    /// The distance of the points, such as 15s, 1h or 1d.
    #[arg(long, conflicts_with = "instant")]
    pub(super) step: Option<String>,
    /// What stands in buckets without a value: none, null, zero, previous or linear.
    #[arg(long, conflicts_with = "promql")]
    fill: Option<String>,
    /// What series are called, such as `{{host}}`.
    #[arg(long, conflicts_with = "promql")]
    legend: Option<String>,
    /// Asks in Prometheus' language, over the range.
    #[arg(long)]
    pub(super) promql: bool,
    /// With --promql: asks at the end of the range only.
    #[arg(long, requires = "promql")]
    pub(super) instant: bool,
    /// The file that describes tables, instead of the one that DATEBIN_CONFIG names.
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Says of each read which relation it asks for which interval: a rollup, or the rows themselves.
    #[arg(long)]
    pub(super) explain: bool,
    /// The form of the answer.
    #[arg(long, value_enum, default_value_t = QueryFormat::Chart)]
    format: QueryFormat,
    /// How wide a picture is, in columns of the terminal or pixels.
    #[arg(long)]
    width: Option<u32>,
    /// How high a picture is, in rows or pixels.
    #[arg(long)]
    height: Option<u32>,
    /// The colours of --format svg: light or dark.
    #[arg(long, default_value = "light", value_parser = ["light", "dark"])]
    theme: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum QueryFormat {
    /// A line chart.
    Chart,
    /// A row per point.
    Table,
    /// Comma-separated, with a heading.
    Csv,
    /// An array of series.
    Json,
    /// A picture, as GET /chart.svg gives it.
    Svg,
}

const HEIGHT: u32 = 20;
/// Sizes that a terminal may have.
const SIZES: std::ops::RangeInclusive<u32> = 10..=2000;

/// An engine for one question: the catalog as it is now, nothing in the background.
pub(super) async fn one_shot(environment: &Environment<'_>, file: Option<&Path>) -> Result<Engine, CommandError> {
    let database = Database::new(environment.database()?, Health::default())?;
    let (mut catalog, timeout) = (environment.catalog()?, environment.http()?.request_timeout);
    catalog.file = file.map(Path::to_owned).or(catalog.file);
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
        cache: environment.cache()?,
    })
}

/// Answers of all targets.
pub(super) struct QueryAnswers {
    pub(super) frames: Vec<Frame>,
    pub(super) range: TimeRange,
    zone: Zone,
    /// What could not be answered or is to be said, as it was said.
    said: Vec<String>,
    /// Whether a target failed.
    pub(super) failed: bool,
}

/// Asks and prints; fails where a target failed, after what the others gave was printed.
pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> Result<ExitCode, CommandError> {
    let form = arguments.form();
    arguments.sizes(form)?;
    arguments.values()?;
    let engine = one_shot(environment, arguments.config.as_deref()).await?;
    let spinner = spinner();
    let columns = arguments.width.unwrap_or_else(|| terminal::columns(environment));
    let answers = ask(&engine, arguments, columns).await;
    spinner.finish_and_clear();
    let answers = answers?;
    let colour = terminal::is_coloured(environment, &std::io::stdout());
    let (frames, zone) = (&answers.frames, &answers.zone);
    for said in &answers.said {
        say(said);
    }
    let text = match form {
        QueryFormat::Chart => {
            let height = arguments.height.unwrap_or(HEIGHT);
            chart::chart(frames, columns as usize, height as usize, zone, colour)
        }
        QueryFormat::Table => chart::table(frames, zone),
        QueryFormat::Csv => chart::csv(frames)?,
        QueryFormat::Json => serde_json::to_string(&chart::json(frames))?,
        QueryFormat::Svg => picture(&answers, arguments.look())?,
    };
    print(&text)?;
    Ok(if answers.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Turns while the database works, on a terminal only.
fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message("asking the database");
    spinner.set_draw_target(ProgressDrawTarget::stderr());
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn picture(answers: &QueryAnswers, look: ChartStyle) -> Result<String, CommandError> {
    let QueryAnswers { frames, range, zone, said, .. } = answers;
    let drawn = svg(&Chart { frames, marks: &[], notices: said, range: *range, zone, look });
    Ok(drawn.map_err(|error| error.sentence())?.svg)
}

impl Arguments {
    /// The form; a point is not a line.
    fn form(&self) -> QueryFormat {
        if self.instant && self.format == QueryFormat::Chart { QueryFormat::Table } else { self.format }
    }

    fn look(&self) -> ChartStyle {
        let usual = ChartStyle::default();
        let (width, height) = (self.width.unwrap_or(usual.width), self.height.unwrap_or(usual.height));
        ChartStyle { width, height, theme: Theme::parse(&self.theme).unwrap_or_default(), ..usual }
    }

    fn sizes(&self, form: QueryFormat) -> Result<(), CommandError> {
        let (widths, heights) =
            if form == QueryFormat::Svg { (ChartStyle::WIDTHS, ChartStyle::HEIGHTS) } else { (SIZES, SIZES) };
        for (name, size, allowed) in [("width", self.width, widths), ("height", self.height, heights)] {
            if size.is_some_and(|size| !allowed.contains(&size)) {
                return Err(format!("--{name} must be from {} to {}", allowed.start(), allowed.end()).into());
            }
        }
        Ok(())
    }

    /// Refuses a value that a panel would be answered without, with a notice: a script must not get other data than it
    /// asked for.
    fn values(&self) -> Result<(), CommandError> {
        let times = [("from", Some(&self.from)), ("to", Some(&self.to))];
        let options = [("step", self.step.as_ref()), ("fill", self.fill.as_ref()), ("tz", self.tz.as_ref())];
        let empty = |(_, value): &(&str, Option<&String>)| value.is_some_and(|value| value.trim().is_empty());
        if let Some((name, _)) = times.into_iter().chain(options).find(empty) {
            return Err(format!("--{name} is empty").into());
        }
        if self.max_data_points == Some(0) {
            return Err("--max-data-points must be 1 or more".into());
        }
        // Prometheus reads its own steps, and has nothing else of these.
        let panels =
            if self.promql { &[][..] } else { &[("step", &self.step), ("fill", &self.fill), ("legend", &self.legend)] };
        for (name, value) in panels {
            if let Some(why) = value.as_ref().and_then(|value| refusal(name, value)) {
                return Err(format!("--{name} cannot be used{why}").into());
            }
        }
        Ok(())
    }

    /// How many points a series has at most.
    fn points(&self, columns: u32) -> u32 {
        let drawn = match self.form() {
            QueryFormat::Chart => 2 * columns,
            QueryFormat::Svg => self.look().points(),
            QueryFormat::Table | QueryFormat::Csv | QueryFormat::Json => 1000,
        };
        self.max_data_points.unwrap_or(drawn)
    }

    /// What a target says besides its text.
    fn payload(&self) -> Value {
        let members = [("step", &self.step), ("fill", &self.fill), ("legend", &self.legend)];
        let said = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?.into())));
        Value::Object(said.collect())
    }
}

/// Where the buckets of a read came from, as a line.
pub(super) fn explained(origin: &FetchOrigin) -> String {
    let FetchOrigin { metric, relation, outcome, known, asked } = origin;
    let asked: Vec<String> =
        asked.iter().map(|range| format!("{} to {}", to_rfc3339(range.from), to_rfc3339(range.to))).collect();
    let asked = if asked.is_empty() { "nothing".to_owned() } else { asked.join(", ") };
    format!("explain: {metric} of {relation}: {}; {known} rows known; asked: {asked}", outcome.word())
}

async fn ask(engine: &Engine, arguments: &Arguments, columns: u32) -> Result<QueryAnswers, CommandError> {
    let scope = engine.scope()?;
    let zone = match &arguments.tz {
        Some(name) => Zone::parse(name).ok_or_else(|| format!("--tz {name:?} is not an IANA time zone"))?,
        None => *scope.snapshot().zone(),
    };
    let range = json!({"from": arguments.from, "to": arguments.to});
    let range = intake::time_range(&range, scope.moment_in(&zone)).map_err(|error| range_text(&error))?;
    let mut answers = QueryAnswers { frames: Vec::new(), range, zone, said: Vec::new(), failed: false };
    if arguments.promql {
        promql::ask(engine, arguments, arguments.points(columns), &mut answers).await?;
        return Ok(answers);
    }
    let payload = arguments.payload();
    let targets = arguments.target.iter().map(|text| json!({"target": text, "refId": text, "payload": payload}));
    let query = Query {
        targets: targets.collect(),
        range: json!({"from": range.from, "to": range.to}),
        max_data_points: arguments.points(columns).into(),
        timezone: zone.name().into(),
        ..Query::default()
    };
    let question = intake::question(&query, scope.moment_in(&zone), scope.limits())?;
    let answer = scope.answer(&question).await.map_err(|error| error_text(&error))?;
    answers.failed = !answer.failed.is_empty();
    answers.said.extend(answer.failed.iter().map(|error| {
        let target = error.target.as_deref().unwrap_or_default();
        format!("datebin: {target}: {}", error_text(error))
    }));
    if arguments.explain {
        answers.said.extend(scope.origins().iter().map(explained));
    }
    let notices = answer.answered.iter().flat_map(|target| &target.notices);
    answers.said.extend(notices.map(|notice| format!("note: {notice}")));
    answers.frames = answer.answered.into_iter().flat_map(|target| target.frames).collect();
    Ok(answers)
}

impl QueryAnswers {
    /// Adds what is to be said.
    pub(super) fn say(&mut self, line: String) {
        self.said.push(line);
    }
}
