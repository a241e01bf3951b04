//! Partials from the rows of a rollup instead of from samples.

use super::value::{scale, value};
use super::{Writer, instant};
use crate::ast::OverTime;
use crate::catalog::{Column, MetricValue, RollupColumns, RollupPartial};
use crate::evaluate::RangeFunction;
use crate::plan::{Fetch, RolledUp};

/// Writes the partials of a bucket, named and merged as those of samples are. A row's start is the time of its first
/// and of its last sample.
pub(super) fn partials(w: &mut Writer, fetch: &Fetch, columns: &RollupColumns) {
    let RangeFunction::OverTime(function) = fetch.fold.function else {
        w.syntax(", 1::float8 AS p0");
        return;
    };
    match function {
        OverTime::Avg => {
            total(w, fetch, columns);
            aggregate(w, ", sum(", columns.count.as_ref(), ") AS p1");
        }
        OverTime::Sum if columns.sum.is_some() => {
            scaled(w, fetch, |w| aggregate(w, ", sum(", columns.sum.as_ref(), ")"))
        }
        OverTime::Sum => total(w, fetch, columns),
        OverTime::Count => aggregate(w, ", sum(", columns.count.as_ref(), ") AS p0"),
        OverTime::Min => scaled(w, fetch, |w| aggregate(w, ", min(", columns.min.as_ref(), ")")),
        // PostgreSQL's own `max` is NaN as soon as one sample was, and hides the others: then it is not known. Only
        // where the least is NaN too was there nothing else.
        OverTime::Max if columns.min.is_some() => scaled(w, fetch, |w| {
            aggregate(w, ", coalesce(max(", columns.max.as_ref(), ") FILTER (WHERE ");
            aggregate(w, "(", columns.min.as_ref(), " = 'NaN') IS NOT TRUE), 'NaN')");
        }),
        OverTime::Max => scaled(w, fetch, |w| aggregate(w, ", max(", columns.max.as_ref(), ")")),
        OverTime::First => edge(w, fetch, ", (min(ARRAY[", columns.first.as_ref()),
        OverTime::Last => edge(w, fetch, ", (max(ARRAY[", columns.last.as_ref()),
    }
}

/// Writes the first partial of stored values, as one of samples: the factor of a rollup is above 0.
fn scaled(w: &mut Writer, fetch: &Fetch, partial: impl FnOnce(&mut Writer)) {
    partial(w);
    scale(w, fetch);
    w.syntax(" AS p0");
}

/// Writes the condition that a row stands for samples.
pub(super) fn present(w: &mut Writer, fetch: &Fetch, columns: &RollupColumns) {
    let needed = columns.needed(fetch.fold.function).unwrap_or_default();
    for (at, column) in needed.iter().enumerate() {
        w.syntax(if at > 0 { " AND " } else { "" }).cell(column).syntax(" IS NOT NULL");
    }
    if let Some(count) = &columns.count {
        let (before, after) = if needed.contains(&count) { ("", " > 0") } else { ("(", " = 0) IS NOT TRUE") };
        w.syntax(" AND ").syntax(before).cell(count).syntax(after);
    }
}

/// Writes whether NaN hides what else a bucket has. PostgreSQL's `max` is NaN as soon as one sample is; only where the
/// least is NaN too was there nothing else. Where NaN samples do not exist, no number beside one is known.
pub(super) fn hidden(w: &mut Writer, rolled: &RolledUp) {
    let columns = &rolled.columns;
    w.syntax(", max((");
    if rolled.skip_nan {
        let numbers = columns.all().into_iter().filter_map(|(word, column)| column.filter(|_| word != "count"));
        w.syntax("false");
        numbers.for_each(|column| is_nan(w, " OR ", column));
    } else if let Some(max) = &columns.max {
        is_nan(w, "", max);
        if let Some(min) = &columns.min {
            is_nan(w, " AND NOT ", min);
        }
    } else {
        w.syntax("false");
    }
    w.syntax(")::int)::float8 AS gd");
}

fn is_nan(w: &mut Writer, before: &'static str, column: &Column) {
    w.syntax(before).syntax("coalesce(");
    number(w, column);
    w.syntax(" = 'NaN', false)");
}

fn number(w: &mut Writer, column: &Column) {
    value(w, &MetricValue::Column(column.clone()));
}

fn aggregate(w: &mut Writer, before: &'static str, column: Option<&Column>, after: &'static str) {
    w.syntax(before);
    column.into_iter().for_each(|column| number(w, column));
    w.syntax(after);
}

/// Writes the sum of the samples of all rows.
fn total(w: &mut Writer, fetch: &Fetch, columns: &RollupColumns) {
    match columns.total() {
        Some((RollupPartial::Product(avg, count), _)) => scaled(w, fetch, |w| {
            w.syntax(", sum(");
            number(w, avg);
            w.syntax(" * ");
            number(w, count);
            w.syntax(")");
        }),
        Some((RollupPartial::Column(sum), _)) => scaled(w, fetch, |w| aggregate(w, ", sum(", Some(sum), ")")),
        None => {}
    }
}

fn edge(w: &mut Writer, fetch: &Fetch, extreme: &'static str, column: Option<&Column>) {
    w.syntax(extreme);
    instant::seconds(w, &fetch.rows.time);
    aggregate(w, ", ", column, "]))[1] AS p0");
    w.syntax(extreme);
    instant::seconds(w, &fetch.rows.time);
    aggregate(w, ", ", column, "]))[2]");
    scale(w, fetch);
    w.syntax(" AS p1");
}
