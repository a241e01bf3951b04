//! Annotations as Grafana's events.

use crate::db::AnnotationRow;
use crate::wire::response::Event;

/// The events of the rows that have a time. A region carries its end, and for Grafana before 6.4 a number that is
/// the same at both ends.
#[must_use]
pub fn events(rows: Vec<AnnotationRow>) -> Vec<Event> {
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(time) = row.start else { continue };
        let time_end = row.until.filter(|end| *end > time);
        let region_id = time_end.map(|_| events.len() as u64 + 1);
        events.push(Event {
            time,
            time_end,
            is_region: time_end.map(|_| true),
            region_id,
            title: row.title.unwrap_or_default(),
            text: row.text.unwrap_or_default(),
            tags: row.tags,
        });
    }
    events
}
