//! Annotations that overlap a range.
//!
//! The columns of the answer: start and end in milliseconds since 1970, title, text, tags, id.

use super::{Param, Statement, Writer, instant, lasting};
use crate::catalog::{AnnotationSource, Column, ColumnType, RowEnd, TimeColumn};
use crate::time::TimeRange;

/// What an annotation must have besides overlapping the range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnotationFilter {
    /// For each list, one of its tags.
    pub tags: Vec<Vec<String>>,
    /// For each list, one of its words in the title or the text, in any case.
    pub words: Vec<Vec<String>>,
}

/// The most characters of a title and of an id.
pub const TITLE: u32 = 1000;
/// The most characters of a text.
pub const TEXT: u32 = 8192;

/// The statement for one relation: ordered by time, at most `cap` + 1 rows. Both edges of the range count.
/// Rows whose time is outside of the calendar come last, without a time, so that they can be counted.
#[must_use]
pub fn annotations(source: &AnnotationSource, filter: &AnnotationFilter, range: TimeRange, cap: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT ");
    instant::whole_ms(&mut w, |w| instant::checked(w, &source.time));
    w.syntax(" AS start, ");
    match &source.time_end {
        Some(end) => up_to(&mut w, end, instant::checked_end_ms, "floor(date_part('epoch', now()) * 1000)::int8"),
        None => {
            w.syntax("NULL::int8");
        }
    }
    w.syntax(" AS until, ");
    shown(&mut w, source.title.as_ref(), TITLE);
    w.syntax(" AS title, ");
    shown(&mut w, source.text.as_ref(), TEXT);
    w.syntax(" AS text, ");
    tags(&mut w, source);
    w.syntax(" AS tags, ");
    shown(&mut w, source.id.as_ref(), TITLE);
    w.syntax(" AS id FROM ").relation(&source.relation).syntax(" AS t WHERE ");
    overlap(&mut w, source, range);
    conditions(&mut w, source, filter);
    w.syntax(" ORDER BY 1, 2, 3, 4, 6 LIMIT ").param(Param::Int(i64::from(cap) + 1));
    w.finish()
}

/// Writes when an annotation ends; one that still goes on ends `now`.
fn up_to(w: &mut Writer, end: &RowEnd, time: fn(&mut Writer, &TimeColumn), now: &'static str) {
    if end.open.is_empty() {
        return time(w, &end.time);
    }
    w.syntax("CASE WHEN ");
    lasting::listed(w, end, " = ANY(");
    w.syntax(" THEN ").syntax(now).syntax(" ELSE ");
    time(w, &end.time);
    w.syntax(" END");
}

/// Writes the beginning of a text, and one character more, which says that there is more.
fn shown(w: &mut Writer, column: Option<&Column>, most: u32) {
    match column {
        Some(column) => w.syntax("left(").column(&column.name).syntax("::text, ").number(most as usize + 1).syntax(")"),
        None => w.syntax("NULL::text"),
    };
}

/// Writes as much of a text as is searched for words.
fn text(w: &mut Writer, column: Option<&Column>) {
    match column {
        Some(column) => w.syntax("left(").column(&column.name).syntax("::text, 65536)"),
        None => w.syntax("NULL::text"),
    };
}

fn tags(w: &mut Writer, source: &AnnotationSource) {
    w.syntax("array_remove(ARRAY[]::text[]");
    for column in &source.tags {
        w.syntax(" || ");
        if column.ty == ColumnType::TextArray {
            w.column(&column.name).syntax("::text[]");
        } else {
            w.syntax("ARRAY[").column(&column.name).syntax("::text]");
        }
    }
    w.syntax(", NULL)");
}

/// datebin's own table has an index on the span of its rows; of other relations only comparisons are known to work.
fn overlap(w: &mut Writer, source: &AnnotationSource, range: TimeRange) {
    let from = w.bind(Param::Instant(range.from));
    let to = w.bind(Param::Instant(range.to));
    if source.is_own() {
        w.syntax("tstzrange(t.time, coalesce(t.time_end, t.time), '[]') && tstzrange(");
        w.slot(from).syntax(", ").slot(to).syntax(", '[]')");
        return;
    }
    let may_fail = instant::may_fail(&source.time);
    w.syntax(if may_fail { "(" } else { "" });
    instant::checked(w, &source.time);
    w.syntax(" <= ").slot(to).syntax(" AND ");
    match &source.time_end {
        Some(end) => {
            // One that ends before it begins is a point at its start.
            w.syntax("greatest(");
            up_to(w, end, instant::checked_end, "now()");
            w.syntax(", ");
            instant::checked(w, &source.time);
            w.syntax(")");
        }
        None => instant::checked(w, &source.time),
    }
    w.syntax(" >= ").slot(from);
    if may_fail {
        w.syntax(" OR NOT ");
        instant::is_in_calendar(w, &source.time);
        w.syntax(")");
    }
}

fn conditions(w: &mut Writer, source: &AnnotationSource, filter: &AnnotationFilter) {
    for any in &filter.tags {
        w.syntax(" AND (");
        if source.is_own() {
            w.syntax("t.tags");
        } else {
            tags(w, source);
        }
        w.syntax(" && ").param(Param::Texts(any.clone())).syntax(")");
    }
    for any in &filter.words {
        w.syntax(" AND EXISTS (SELECT 1 FROM unnest(").param(Param::Texts(any.clone()));
        w.syntax(") AS word WHERE strpos(lower(concat_ws(' ', ");
        text(w, source.title.as_ref());
        w.syntax(", ");
        text(w, source.text.as_ref());
        // Both by the database's rules: which letters have a lower case depends on its locale.
        w.syntax(")), lower(word)) > 0)");
    }
}
