//! Numbers out of texts and JSON. What is no finite number reads as NULL, never as an error: a cast would fail the
//! whole statement, so each is tried before.

use super::condition::grouped;
use super::document::element;
use super::value::column;
use super::{Param, Statement, Writer, instant};
use crate::catalog::{CoalescedNumber, ColumnPath, LabelValue, Source};
use crate::time::Millis;

/// Rows that are looked at for the names of members.
const ROWS: i64 = 20_000;
/// A relation up to this size is sorted by time for them.
const SMALL: u64 = 256 << 20;

/// What `float8` takes without a second look: fifteen digits at most on either side of the point.
const PLAIN: &str = "^-?[0-9]{1,15}(\\.[0-9]{1,15})?$";
/// What `numeric` takes; longer ones are no measurements.
const NUMBER: &str = "^\\s*[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]{1,3})?\\s*$";

/// Writes the subquery that reads a row's value once, as `v.n`; `v.has` tells whether there is anything to read.
pub(super) fn lateral(w: &mut Writer, reading: &CoalescedNumber) {
    w.syntax(" CROSS JOIN LATERAL (SELECT ");
    number(w, reading);
    w.syntax(" AS n, ");
    any(w, reading);
    w.syntax(" AS has");
    let json: Vec<(usize, &ColumnPath)> = reading.cells.iter().enumerate().filter(|(_, cell)| cell.is_json()).collect();
    if !json.is_empty() {
        w.syntax(" FROM (SELECT ");
        for (at, (number, cell)) in json.iter().enumerate() {
            w.syntax(if at > 0 { ", " } else { "" });
            member(w, cell);
            w.generated(" AS c", *number);
        }
        // Without it the planner would read the document anew wherever it is used.
        w.syntax(" OFFSET 0) AS q");
    }
    w.syntax(" OFFSET 0) AS v");
}

/// Writes a member as jsonb, JSON's null as NULL.
fn member(w: &mut Writer, cell: &ColumnPath) {
    w.syntax("nullif(");
    element(w, &cell.column, &cell.path);
    w.syntax(", 'null')");
}

fn number(w: &mut Writer, reading: &CoalescedNumber) {
    if let [only] = reading.cells.as_slice() {
        return read(w, 0, only, &reading.words);
    }
    w.syntax("CASE");
    for (at, cell) in reading.cells.iter().enumerate() {
        w.syntax(" WHEN ");
        present(w, at, cell);
        w.syntax(" THEN ");
        read(w, at, cell, &reading.words);
    }
    w.syntax(" END");
}

fn any(w: &mut Writer, reading: &CoalescedNumber) {
    for (at, cell) in reading.cells.iter().enumerate() {
        w.syntax(if at > 0 { " OR " } else { "" });
        present(w, at, cell);
    }
}

fn present(w: &mut Writer, at: usize, cell: &ColumnPath) {
    raw(w, at, cell);
    w.syntax(" IS NOT NULL");
}

fn raw(w: &mut Writer, at: usize, cell: &ColumnPath) {
    if cell.is_json() {
        w.generated("q.c", at)
    } else {
        w.cell(&cell.column)
    };
}

fn read(w: &mut Writer, at: usize, cell: &ColumnPath, words: &[(String, f64)]) {
    if cell.is_json() {
        w.syntax("CASE jsonb_typeof(").generated("q.c", at).syntax(") WHEN 'number' THEN ");
        bounded(w, |w| {
            w.generated("q.c", at).syntax("::numeric");
        });
        w.syntax(" WHEN 'boolean' THEN ").generated("q.c", at).syntax("::boolean::int::float8 WHEN 'string' THEN ");
        text(w, words, |w| {
            w.syntax("(").generated("q.c", at).syntax(" #>> '{}')");
        });
        w.syntax(" END");
    } else if cell.column.ty.is_numeric() {
        column(w, &cell.column);
    } else {
        let cast = if cell.column.ty.is_text() { "" } else { "::text" };
        text(w, words, |w| {
            w.cell(&cell.column).syntax(cast);
        });
    }
}

fn text(w: &mut Writer, words: &[(String, f64)], read: impl Fn(&mut Writer)) {
    w.syntax("CASE");
    for (word, number) in words {
        w.syntax(" WHEN ");
        read(w);
        w.syntax(" = ").param(Param::Text(word.clone())).syntax(" THEN ").param(Param::Float(*number));
    }
    w.syntax(" WHEN ");
    read(w);
    w.syntax(" ~ '").syntax(PLAIN).syntax("' THEN ");
    read(w);
    w.syntax("::float8 WHEN length(");
    read(w);
    w.syntax(") <= 400 AND ");
    read(w);
    w.syntax(" ~ '").syntax(NUMBER).syntax("' THEN ");
    bounded(w, |w| {
        read(w);
        w.syntax("::numeric");
    });
    w.syntax(" END");
}

/// Writes a numeric as float8: NULL where that cannot hold it, zero where it is too small to tell from it.
fn bounded(w: &mut Writer, read: impl Fn(&mut Writer)) {
    w.syntax("CASE WHEN abs(");
    read(w);
    w.syntax(") > 1.7976931348623157e308 THEN NULL WHEN abs(");
    read(w);
    w.syntax(") < 2.3e-308 THEN 0 ELSE (");
    read(w);
    w.syntax(")::float8 END");
}

/// Writes the condition that something is to be read in a row.
pub(super) fn has(w: &mut Writer, reading: &CoalescedNumber) {
    if reading.cells.iter().any(ColumnPath::is_json) {
        w.syntax("v.has");
        return;
    }
    // On the columns themselves, so that partial indexes serve.
    w.syntax("(");
    any(w, reading);
    w.syntax(")");
}

/// Writes the subquery of the elements of an array, each under the name of [`crate::catalog::Source::element`].
pub(super) fn elements(w: &mut Writer, array: &ColumnPath) {
    w.syntax(" CROSS JOIN LATERAL jsonb_array_elements((SELECT CASE jsonb_typeof(q.a) WHEN 'array' THEN q.a END FROM (SELECT ");
    element(w, &array.column, &array.path);
    w.syntax(" AS a OFFSET 0) AS q)) AS e(element)");
}

/// Whether the newest rows of a source are found without reading all of it: by an index, or as it is small.
#[must_use]
pub fn finds_newest(source: &Source) -> bool {
    source.bytes <= SMALL || source.is_indexed_by_time()
}

/// The names of a document's members that are numbers in some of the rows, at most `cap`: in the newest ones where they
/// are found, else in any, or in any `since` an instant.
#[must_use]
pub fn number_names(source: &Source, reading: &CoalescedNumber, since: Option<Millis>, cap: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT m.key FROM (SELECT DISTINCT r.x FROM (SELECT ");
    if let [document] = reading.cells.as_slice() {
        element(&mut w, &document.column, &document.path);
    }
    w.syntax(" AS x");
    some_rows(&mut w, source, since);
    w.syntax(") AS r) AS d, jsonb_each(CASE jsonb_typeof(d.x) ");
    w.syntax("WHEN 'object' THEN d.x END) AS m WHERE CASE jsonb_typeof(m.value) WHEN 'number' THEN true WHEN ");
    w.syntax("'boolean' THEN true WHEN 'string' THEN ");
    text(&mut w, &reading.words, |w| {
        w.syntax("(m.value #>> '{}')");
    });
    w.syntax(" IS NOT NULL END AND m.key <> '' LIMIT ").param(Param::Int(i64::from(cap)));
    w.finish()
}

/// The values of a member of JSON in some rows, as [`number_names`] has the names of members.
#[must_use]
pub fn member_values(source: &Source, value: &LabelValue, since: Option<Millis>, cap: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT r.x FROM (SELECT ");
    grouped(&mut w, value);
    w.syntax(" AS x");
    some_rows(&mut w, source, since);
    w.syntax(") AS r WHERE r.x <> '' LIMIT ").param(Param::Int(i64::from(cap)));
    w.finish()
}

/// Writes `FROM` and some rows of a source: the newest ones where they are found, else any, or any `since` an instant.
fn some_rows(w: &mut Writer, source: &Source, since: Option<Millis>) {
    w.rows_of(&source.relation, &source.needed());
    source.elements.iter().for_each(|array| elements(w, array));
    if let Some(since) = since {
        w.syntax(" WHERE ");
        instant::after(w, &source.time, since);
    } else if finds_newest(source) {
        w.syntax(" WHERE ").clock(&source.time).syntax(" IS NOT NULL ORDER BY ");
        w.clock(&source.time).syntax(" DESC");
    }
    w.syntax(" LIMIT ").param(Param::Int(ROWS));
}
