//! `datebin annotate`: an annotation from the shell, such as the last line of a deployment.

use serde_json::{Map, Value};

use super::instant::moment;
use super::{CommandError, print, say};
use crate::catalog::OWN;
use crate::config::Environment;
use crate::db::{Database, Deadline, Health};
use crate::error::{Error, Kind};
use crate::intake::{Moment, new_annotation};
use crate::refresh::file;
use crate::sql::{AnnotationInsert, add_annotation};
use crate::time::{Clock, Zone, to_rfc3339};
use crate::wire::request;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// What happened, such as 'deploy 1.4'.
    title: String,
    /// More about it.
    #[arg(long)]
    text: Option<String>,
    /// Its tags, separated by commas; may be repeated.
    #[arg(long, value_delimiter = ',')]
    tags: Vec<String>,
    /// When it is, or begins: ISO 8601, seconds or milliseconds since 1970, or -5m for five minutes ago.
    #[arg(long, default_value = "now", allow_hyphen_values = true, value_parser = moment)]
    from: String,
    /// When it ends; a point without.
    #[arg(long, allow_hyphen_values = true, value_parser = moment)]
    to: Option<String>,
    /// The zone of times that name none, an IANA name.
    #[arg(long)]
    tz: Option<String>,
}

/// Adds an annotation with the rights of the role in `DATABASE_URL`, and prints its id.
pub(super) async fn run(environment: &Environment<'_>, arguments: &Arguments) -> Result<(), CommandError> {
    let zone = zone(environment, arguments).await?;
    let moment = Moment { now: Clock::System.now(), zone: &zone };
    let annotation = new_annotation(&arguments.request(), moment).map_err(|error| arguments.error_text(&error))?;
    let database = Database::new(environment.database()?, Health::default())?;
    let deadline = Deadline::after(environment.http()?.request_timeout);
    match database.annotate(&add_annotation(&annotation), deadline).await {
        Ok(id) => {
            say(&summary(&annotation));
            Ok(print(&format!("{OWN}:{id}"))?)
        }
        // Where it is about the connection, `main` says where that goes and what to do.
        Err(error) if error.cure().is_some() => Err(error.into()),
        Err(error) => {
            let (place, role) = (database.config().place(), database.config().role());
            let said = error.public_of_annotation().sentence();
            Err(format!("{said}\n  the database is {place} (role {role}); its own words: {error}").into())
        }
    }
}

/// The zone of the flag, else the catalog's.
async fn zone(environment: &Environment<'_>, arguments: &Arguments) -> Result<Zone, CommandError> {
    let read = |name: &str| Zone::parse(name).ok_or_else(|| format!("{name:?} is not an IANA time zone"));
    if let Some(name) = &arguments.tz {
        return Ok(read(name).map_err(|error| format!("--tz {error}"))?);
    }
    let config = environment.catalog()?;
    match file(&config).await?.time_zone {
        Some(name) => Ok(read(&name)?),
        None => Ok(config.zone.unwrap_or(Zone::UTC)),
    }
}

impl Arguments {
    fn request(&self) -> request::NewAnnotation {
        let text = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
        request::NewAnnotation {
            time: self.from.clone().into(),
            time_end: text(&self.to),
            title: self.title.clone().into(),
            text: text(&self.text),
            tags: self.tags.iter().map(|tag| tag.trim()).collect(),
            unknown: Map::new(),
        }
    }

    /// An error in the words of the command line.
    fn error_text(&self, error: &Error) -> String {
        if error.kind == Kind::BadRange {
            let end = self.to.as_deref().unwrap_or_default();
            return format!("the annotation ends before it begins: --to {end} is before --from {}", self.from);
        }
        let sentence = error.sentence();
        let short = sentence.replace("` cannot be read: cannot read", "`: cannot read");
        short.replace("`time_end`", "--to").replace("`time`", "--from").replace('`', "")
    }
}

/// What was added.
fn summary(annotation: &AnnotationInsert) -> String {
    let AnnotationInsert { time, time_end, title, tags, .. } = annotation;
    let until = time_end.map_or_else(String::new, |end| format!(" until {}", to_rfc3339(end)));
    let tags = if tags.is_empty() { String::new() } else { format!(" [{}]", tags.join(", ")) };
    format!("added at {}{until}: {title}{tags}", to_rfc3339(*time))
}
