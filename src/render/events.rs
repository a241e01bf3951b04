//! Annotations: as SimpleJson's events, as flat rows, as one table.

use crate::db::AnnotationRow;
use crate::wire::flat::FlatEvent;
use crate::wire::response::{Element, Event, Meta, Table, TableCell, TableColumn, TableRows};

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

/// The rows that have a time, every member there. Grafana splits a text of tags at commas and trims nothing.
#[must_use]
pub fn flat_events(rows: Vec<AnnotationRow>) -> Vec<FlatEvent> {
    let flat = |row: AnnotationRow| {
        let time = row.start?;
        Some(FlatEvent {
            time,
            time_end: row.until.filter(|end| *end > time),
            title: row.title.unwrap_or_default(),
            text: row.text.unwrap_or_default(),
            tags: row.tags.join(","),
            id: row.id,
        })
    };
    rows.into_iter().filter_map(flat).collect()
}

/// The columns of a table of annotations. Grafana maps them by name; a label on one would change its name.
const COLUMNS: [(&str, &str); 6] = [
    ("time", "time"),
    ("timeEnd", "time"),
    ("title", "string"),
    ("text", "string"),
    ("tags", "string"),
    ("id", "string"),
];

/// One table with all annotations, for the annotation queries of the JSON plugin.
#[must_use]
pub fn event_table(rows: Vec<AnnotationRow>, said: Vec<String>) -> Element {
    let columns = COLUMNS.map(|(text, r#type)| TableColumn { text: text.to_owned(), r#type, unit: None });
    let row = |event: FlatEvent| {
        vec![
            TableCell::Time(event.time),
            event.time_end.map_or(TableCell::Absent, TableCell::Time),
            TableCell::Text(event.title),
            TableCell::Text(event.text),
            TableCell::Text(event.tags),
            event.id.map_or(TableCell::Absent, TableCell::Text),
        ]
    };
    let rows = flat_events(rows).into_iter().map(row).collect();
    let notices = super::notices("warning", said.into_iter());
    Element::Table(Table {
        r#type: "table",
        ref_id: Some("Anno".to_owned()),
        meta: (!notices.is_empty()).then(|| Meta { notices, ..Meta::default() }),
        columns: columns.to_vec(),
        rows: TableRows::Cells(rows),
    })
}
