//! The demo's annotations: what the schedule says happened.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use super::DemoFailed;
use super::fleet::{REGIONS, ROLES};
use super::schedule::{Deploy, Incident, Schedule};

const INSERT: &str = "INSERT INTO datebin.annotations (time, time_end, title, text, tags) \
    SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS \
    (SELECT FROM datebin.annotations WHERE time = $1 AND title = $3 AND tags @> ARRAY['demo'])";

/// What may be the demo's. The demo writes nothing of the future, and no number of microseconds overflows in between.
const TAGGED: &str = "SELECT id, title, text, tags, \
    (extract(epoch FROM time) OPERATOR(pg_catalog.*) 1000000)::bigint AS time, \
    (extract(epoch FROM time_end) OPERATOR(pg_catalog.*) 1000000)::bigint AS time_end FROM datebin.annotations \
    WHERE tags OPERATOR(pg_catalog.@>) ARRAY['demo'] AND time OPERATOR(pg_catalog.>=) '2000-01-01Z' \
    AND coalesce(time_end, time) OPERATOR(pg_catalog.<) '3000-01-01Z'";
const MICROS: i64 = 1_000_000;

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

/// Removes the demo's annotations; gives their number. Without the migrations there are none. A tag is no proof, as it is
/// anybody's to use: only rows that are word for word what the demo writes are its own.
pub(super) async fn remove(connection: &mut PgConnection) -> Result<u64, DemoFailed> {
    let there: bool =
        sqlx::query_scalar("SELECT to_regclass('datebin.annotations') IS NOT NULL").fetch_one(&mut *connection).await?;
    if !there {
        return Ok(0);
    }
    let mut own: Vec<i64> = Vec::new();
    for row in sqlx::query(TAGGED).fetch_all(&mut *connection).await? {
        let stored = StoredEvent {
            start: row.try_get("time")?,
            end: row.try_get("time_end")?,
            title: row.try_get("title")?,
            text: row.try_get("text")?,
            tags: row.try_get("tags")?,
        };
        if stored.is_of_demo() {
            own.push(row.try_get("id")?);
        }
    }
    let removed = sqlx::query("DELETE FROM datebin.annotations WHERE id OPERATOR(pg_catalog.=) ANY ($1)")
        .bind(own)
        .execute(connection)
        .await?;
    Ok(removed.rows_affected())
}

/// An annotation that carries the demo's tag.
struct StoredEvent {
    /// In microseconds since 1970, as the end.
    start: i64,
    end: Option<i64>,
    title: String,
    text: String,
    tags: Vec<String>,
}

impl StoredEvent {
    fn is_of_demo(&self) -> bool {
        let schedule = Schedule::of_day(self.start.div_euclid(MICROS));
        let mut events = schedule.deploys.iter().map(Event::from).chain(schedule.incidents.iter().map(Event::from));
        let is_same = |event: Event| {
            event.start * MICROS == self.start
                && event.end.map(|end| end * MICROS) == self.end
                && (&event.title, &event.text) == (&self.title, &self.text)
                && self.tags == event.tags
        };
        events.any(is_same)
    }
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}
