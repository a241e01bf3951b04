//! Labels and joins as the file spells them.

use super::value::adjusted;
use super::{line, quoted};
use crate::ast::OverTime;
use crate::catalog::classify::guess_kind;
use crate::catalog::filter::{Filter, ValueCondition, ValueTest};
use crate::catalog::{
    Adjustment, Column, ColumnType, Join, LabelDocument, LabelIds, LabelValue, Metric, MetricKind, Order, RowEnd,
    Source, SourceLabel, SourceRow, TimeColumn, TimeKind,
};

/// The labels that come from one row, as a list.
pub(super) fn labels(source: &Source, row: SourceRow) -> String {
    let of_row = |own: SourceRow| own == row || own == SourceRow::Element && row == SourceRow::Own;
    let own = source.labels.iter().filter(|label| of_row(label.column().row));
    format!("[{}]", own.map(label).collect::<Vec<_>>().join(", "))
}

fn label(label: &SourceLabel) -> String {
    match label {
        SourceLabel::Members { document: LabelDocument::Json { column, path } }
            if path.is_empty() && matches!(column.ty, ColumnType::TextArray | ColumnType::Hstore) =>
        {
            format!("{{ members = {} }}", quoted(column.name.as_str()))
        }
        SourceLabel::Members { document: LabelDocument::Json { column, path } } => {
            format!("{{ json = {}, all = true }}", list(column, path))
        }
        SourceLabel::Members { document: LabelDocument::Ids(ids) } => label_ids(ids),
        SourceLabel::One { name, value } => {
            let column = value.column().name.as_str();
            let name_part = format!("name = {}", quoted(name));
            match value {
                LabelValue::Column(_) if column == name => quoted(name),
                LabelValue::Column(_) => format!("{{ {name_part}, column = {} }}", quoted(column)),
                LabelValue::Member { path, .. } => format!("{{ {name_part}, json = {} }}", list(value.column(), path)),
                LabelValue::Part { separator, part, .. } => {
                    let separator = quoted(separator);
                    format!("{{ {name_part}, column = {}, split = {separator}, part = {part} }}", quoted(column))
                }
                LabelValue::Resolved { ids, .. } => label_ids(ids),
            }
        }
    }
}

/// A path into JSON: the column first, but where it starts at the element of an array.
pub(super) fn list(column: &Column, path: &[String]) -> String {
    let column = Some(column.name.as_str()).filter(|_| column.row != SourceRow::Element);
    let all: Vec<String> = column.into_iter().chain(path.iter().map(String::as_str)).map(quoted).collect();
    format!("[{}]", all.join(", "))
}

/// A time column of rows beside some joins, as the file spells it.
pub(super) fn time(time: &TimeColumn, joins: &[Join]) -> String {
    let fields = time_fields(time, joins);
    if fields.is_empty() {
        quoted(time.column.as_str())
    } else {
        format!("{{ {} }}", of_column(time, fields).join(", "))
    }
}

/// The end of rows as the file spells it.
pub(super) fn end(end: &RowEnd, joins: &[Join]) -> String {
    if end.open.is_empty() {
        return time(&end.time, joins);
    }
    let values: Vec<String> = end.open.iter().map(|value| quoted(value)).collect();
    let mut fields = of_column(&end.time, time_fields(&end.time, joins));
    fields.push(format!("open = [{}]", values.join(", ")));
    format!("{{ {} }}", fields.join(", "))
}

fn of_column(time: &TimeColumn, fields: Vec<String>) -> Vec<String> {
    let column = format!("column = {}", quoted(time.column.as_str()));
    [column].into_iter().chain(fields).collect()
}

/// What is said of a time column besides its name.
fn time_fields(time: &TimeColumn, joins: &[Join]) -> Vec<String> {
    let mut fields = match &time.kind {
        TimeKind::Instant | TimeKind::Day(_) => Vec::new(),
        TimeKind::Local(zone) | TimeKind::Date(zone) => vec![format!("zone = {}", quoted(zone.name()))],
        TimeKind::Epoch { unit, .. } => {
            vec!["type = \"epoch\"".to_owned(), format!("unit = {}", quoted(unit.word()))]
        }
    };
    let join = joins.iter().find(|join| join.row == time.row);
    fields.extend(join.map(|join| format!("join = {}", quoted(&join.relation.to_string()))));
    fields
}

fn label_ids(ids: &LabelIds) -> String {
    format!(
        "{{ ids = {}, relation = {}, id = {}, key = {}, value = {} }}",
        quoted(ids.column.name.as_str()),
        quoted(&ids.relation.to_string()),
        quoted(ids.id.name.as_str()),
        quoted(ids.key.name.as_str()),
        quoted(ids.value.name.as_str())
    )
}

/// `where`, if the rows are restricted.
pub(super) fn matchers(out: &mut String, filters: &[Filter]) {
    if !filters.is_empty() {
        let all: Vec<String> = filters.iter().map(matcher).collect();
        line(out, &["where = ", &quoted(&all.join(", "))]);
    }
}

fn matcher(filter: &Filter) -> String {
    let column = quoted(filter.value.column().name.as_str());
    match &filter.wanted {
        ValueCondition::OneOf(values) if values.len() == 1 => format!("{column}={}", quoted(&values[0])),
        ValueCondition::NoneOf(values) if values.len() == 1 => format!("{column}!={}", quoted(&values[0])),
        ValueCondition::OneOf(values) => format!("{column}=~{}", quoted(&any(values))),
        ValueCondition::NoneOf(values) => format!("{column}!~{}", quoted(&any(values))),
        ValueCondition::Passing(ValueTest::Regex(regex, negated)) => {
            format!("{column}{}{}", if *negated { "!~" } else { "=~" }, quoted(regex.as_str()))
        }
        // In quotes an equal text would be meant.
        ValueCondition::Compared(wanted) if matches!(wanted.order, Order::Equal | Order::NotEqual) => {
            format!("{column}{}{}", wanted.order.word(), wanted.bound)
        }
        ValueCondition::Compared(wanted) => format!("{column}{}{}", wanted.order.word(), quoted(&wanted.bound)),
        // Those of ad hoc filters, which no file has.
        ValueCondition::Passing(ValueTest::Compare(..)) => String::new(),
    }
}

fn any(values: &[String]) -> String {
    values.iter().map(|value| regex::escape(value)).collect::<Vec<_>>().join("|")
}

/// What the file says of a stored name, where it is more than the name does.
pub(super) fn refined(out: &mut String, metric: &Metric) {
    let Some(stored) = &metric.stored_name else { return };
    let is_adjusted = metric.adjustment != Adjustment::default() || !metric.filters.is_empty();
    let is_guessed = metric.over_time == OverTime::Avg && metric.kind == guess_kind(stored);
    if metric.unit.is_none() && is_guessed && !is_adjusted {
        return;
    }
    line(out, &["[source.metric.", &quoted(stored), "]"]);
    adjusted(out, metric);
    line(out, &["kind = ", &quoted(if metric.kind == MetricKind::Counter { "counter" } else { "gauge" })]);
    line(out, &["over_time = ", &quoted(metric.over_time.word())]);
    if let Some(unit) = &metric.unit {
        line(out, &["unit = ", &quoted(unit)]);
    }
    if let Some(help) = &metric.help {
        line(out, &["help = ", &quoted(help)]);
    }
}

/// The joins of a row, each with those of its own; `place` is the array of tables that they stand in.
pub(super) fn joins(out: &mut String, source: &Source, parent: SourceRow, place: &str) {
    for join in source.joins.iter().filter(|join| join.parent() == parent) {
        let place = format!("{place}.join");
        line(out, &["[[", &place, "]]"]);
        line(out, &["relation = ", &quoted(&join.relation.to_string())]);
        line(out, &["on = { ", &on(join), " }"]);
        line(out, &["labels = ", &labels(source, join.row)]);
        if join.required {
            line(out, &["required = true"]);
        }
        if let Some(name) = source.name_column.as_ref().filter(|name| name.row == join.row) {
            line(out, &["name = ", &quoted(name.name.as_str())]);
        }
        matchers(out, &join.filters);
        joins(out, source, join.row, &place);
    }
}

fn on(join: &Join) -> String {
    let pair = |(mine, theirs): &(Column, Column)| {
        format!("{} = {}", quoted(mine.name.as_str()), quoted(theirs.name.as_str()))
    };
    join.on.iter().map(pair).collect::<Vec<_>>().join(", ")
}
