//! `datebin demo`: the loading, with its progress, and what to try then.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::settings::Flags;
use super::{CommandError, say};
use crate::config::Environment;
use crate::db::DatabaseConfig;
use crate::db::demo::{self, DemoFailed};
use crate::time::Clock;

/// What to do with the demo.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Take the demo's tables and annotations out of the database again, and nothing else.
    #[arg(long)]
    pub(super) remove: bool,
    #[command(flatten)]
    pub(super) flags: Flags,
}

/// Takes the demo away.
pub(super) async fn remove(environment: &Environment<'_>) -> Result<(), CommandError> {
    let database = environment.database()?;
    let removed = demo::remove(&database).await?;
    let (tables, annotations, place) = (removed.tables, removed.annotations, database.place());
    say(&format!("removed {tables} tables and {annotations} annotations from {place}"));
    for name in removed.foreign {
        say(&format!("{name} stays: it is not the demo's"));
    }
    Ok(())
}

/// Loads the demo. A terminal gets a progress bar on standard error; `out` gets a line at the start and at the end.
pub(super) async fn load(database: &DatabaseConfig, out: &mut dyn Write) -> Result<(), DemoFailed> {
    tell(out, &format!("loading the demo into {}", database.place()));
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent:>3} %  {human_pos} rows  {eta} left") {
        bar.set_style(style);
    }
    let mut progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let loaded = demo::load(database, Clock::System.now(), &mut progress).await;
    bar.finish_and_clear();
    let loaded = loaded?;
    let took = bar.elapsed().as_secs_f64();
    tell(out, &format!("added {} rows and {} annotations in {took:.1} s", loaded.rows, loaded.annotations));
    Ok(())
}

/// A closed output is no reason to stop.
fn tell(out: &mut dyn Write, line: &str) {
    let _closed = writeln!(out, "{line}");
}

/// What to try on a server that answers at this URL, started as `program` over `database` (a URL).
pub(super) fn what_to_try(listen: &str, program: &str, database: &str) -> String {
    // An address to listen on is not always one to call.
    let url = listen.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    let url = url.trim_end_matches('/');
    let (program, database) = (quoted(program), quoted(database));
    format!(
        "
The demo is loaded and keeps growing. Ctrl-C ends it.

Open the explorer in a browser:
  {url}/

In Grafana, add a Prometheus data source with the URL
  {url}
(SimpleJson, JSON and Infinity data sources take the same URL.)

Which metrics are there?
  curl -s {url}/search -d '{{\"target\":\"demo\"}}'
CPU by region, in PromQL:
  curl -sG {url}/api/v1/query --data-urlencode 'query=avg by (region) (demo_hosts_cpu)'
The last six hours of it, as JSON data sources ask:
  curl -s {url}/query -d '{{\"maxDataPoints\":6,\"targets\":[{{\"target\":\"avg by (region) (demo_hosts_cpu)\"}}]}}'
What was deployed?
  curl -s {url}/annotations -d '{{\"range\":{{\"from\":\"now-7d\",\"to\":\"now\"}},\"annotation\":{{\"query\":\"#deploy\"}}}}'
The same from the shell, as a chart:
  DATABASE_URL={database} {program} query 'avg by (region) (demo_hosts_cpu)'
A table of your own becomes a metric; README has one to paste:
  psql {database}
To take the demo out of the database again:
  DATABASE_URL={database} {program} demo --remove
"
    )
}

/// A word of the shell; plain ones stay as they are.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_and_addresses_can_be_called() {
        let text = what_to_try("http://0.0.0.0:8080/base/", "/a b/datebin", "postgres://u:p@h:1/d?x='y'&z");
        assert!(!text.contains("0.0.0.0") && text.contains("\n  http://127.0.0.1:8080/base\n"), "{text}");
        let bodies: Vec<_> = text.lines().filter_map(|line| line.split_once(" -d '")).collect();
        assert_eq!(bodies.len(), 3);
        assert!(text.find("http://127.0.0.1:8080/base/\n") < text.find("Grafana"), "the explorer comes first: {text}");
        assert!(
            text.contains(r"DATABASE_URL='postgres://u:p@h:1/d?x='\''y'\''&z' '/a b/datebin' demo --remove"),
            "{text}"
        );
        for (_, body) in bodies {
            assert!(serde_json::from_str::<serde_json::Value>(body.trim_end_matches('\'')).is_ok(), "{body}");
        }
    }
}
