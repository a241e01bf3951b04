//! The demo's annotations: what the schedule says happened.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;

use super::DemoFailed;
use super::fleet::{REGIONS, ROLES};
use super::schedule::{Deploy, Incident, Schedule};

const INSERT: &str = "INSERT INTO datebin.annotations (time, time_end, title, text, tags) \
    SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS \
    (SELECT FROM datebin.annotations WHERE time = $1 AND title = $3 AND tags @> ARRAY['demo'])";

struct Event {
    start: i64,
    end: Option<i64>,
    title: String,
    text: String,
    tags: [&'static str; 3],
}

impl From<&Deploy> for Event {
    fn from(deploy: &Deploy) -> Self {
        let role = ROLES[deploy.role].name;
        let title = format!("{role} {}", deploy.version());
        let text = format!("Deployed to all {role} hosts, one after the other.");
        Self { start: deploy.at, end: None, title, text, tags: ["deploy", role, "demo"] }
    }
}

impl From<&Incident> for Event {
    fn from(incident: &Incident) -> Self {
        let tags = ["incident", REGIONS[incident.region].name, "demo"];
        let (title, text) = (incident.title(), incident.text().to_owned());
        Self { start: incident.start, end: Some(incident.end), title, text, tags }
    }
}

/// Writes what happened between those times (in seconds since 1970), unless it is written already. Returns how many
/// annotations are new.
pub(super) async fn write(
    connection: &mut PgConnection,
    schedule: &Schedule,
    from: i64,
    to: i64,
) -> Result<u64, DemoFailed> {
    let (deploys, incidents) = (schedule.deploys.iter().map(Event::from), schedule.incidents.iter().map(Event::from));
    let happened = |event: &Event| from <= event.start && event.end.unwrap_or(event.start) <= to;
    let mut new = 0;
    for event in deploys.chain(incidents).filter(happened) {
        let insert = sqlx::query(INSERT)
            .bind(time(event.start))
            .bind(event.end.map(time))
            .bind(event.title)
            .bind(event.text)
            .bind(event.tags.map(str::to_owned).to_vec());
        new += insert.execute(&mut *connection).await?.rows_affected();
    }
    Ok(new)
}

/// Removes the demo's annotations; gives their number. Without the migrations there are none.
pub(super) async fn remove(connection: &mut PgConnection) -> Result<u64, DemoFailed> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('datebin.annotations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !there {
        return Ok(0);
    }
    let removed = sqlx::query("DELETE FROM datebin.annotations WHERE tags OPERATOR(pg_catalog.@>) ARRAY['demo']")
        .execute(connection)
        .await?;
    Ok(removed.rows_affected())
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
