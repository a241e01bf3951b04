//! The rows of a rollup as rows of its source.

use std::collections::BTreeMap;

use super::error::CatalogError;
use super::keys;
use super::lookup::wrong;
use crate::catalog::facts::{ColumnFacts, RelationFacts};
use crate::catalog::{Column, ColumnType, LabelValue, Relation, Source, SourceLabel, SourceRow, TimeColumn, path};
use crate::ident::Ident;

/// The rows of a rollup, and the labels that they lack. What tells rows apart in the source has the same names here; of
/// a continuous aggregate the names that `grouped` gives, and labels that it is not grouped by are left out.
pub(super) fn rows(
    source: &Source,
    facts: &RelationFacts,
    time: TimeColumn,
    grouped: Option<&BTreeMap<String, String>>,
) -> Result<(Source, Vec<String>), CatalogError> {
    let mut rows = Source {
        relation: facts.relation.clone(),
        time,
        end: None,
        metrics: Vec::new(),
        members: Vec::new(),
        rollups: Vec::new(),
        indexes: facts.indexes.clone(),
        children: facts.children,
        remote: facts.remote(),
        sparse: Vec::new(),
        bytes: facts.bytes,
        ..source.clone()
    };
    rows.indexes.sort();
    let lacks = grouped.map(|grouped| without_ungrouped(&mut rows, grouped)).unwrap_or_default();
    let name = |column: &Column| match grouped {
        Some(grouped) => grouped.get(column.name.as_str()).cloned(),
        None => Some(column.name.to_string()),
    };
    let labels = rows.labels.iter_mut().map(SourceLabel::column_mut);
    let filters = rows.filters.iter_mut().map(|filter| filter.value.column_mut());
    let keys = rows.joins.iter_mut().flat_map(|join| join.on.iter_mut().map(|(theirs, _)| theirs));
    for used in labels.chain(filters).chain(keys).chain(&mut rows.name_column).filter(|used| used.row == SourceRow::Own)
    {
        *used = same(used, name(used), facts, &source.relation)?;
    }
    Ok((rows, lacks))
}

/// Leaves out the labels and the joins whose columns are not grouped by; the names of the labels.
fn without_ungrouped(rows: &mut Source, grouped: &BTreeMap<String, String>) -> Vec<String> {
    let is_grouped = |column: &Column| column.row != SourceRow::Own || grouped.contains_key(column.name.as_str());
    let joins = std::mem::take(&mut rows.joins);
    let is_kept =
        |row: SourceRow| path(&joins, row).iter().all(|join| join.on.iter().all(|(theirs, _)| is_grouped(theirs)));
    let mut lacks = Vec::new();
    rows.labels.retain(|label| {
        let column = label.column();
        let is_kept = is_grouped(column) && is_kept(column.row);
        if let (false, SourceLabel::One { name, .. }) = (is_kept, label) {
            lacks.push(name.clone());
        }
        // A document's labels are not known by name: the look-up of its column says that it is missing.
        is_kept || matches!(label, SourceLabel::Members { .. })
    });
    rows.joins = joins.iter().filter(|join| is_kept(join.row)).cloned().collect();
    lacks.sort();
    lacks
}

/// The column of a rollup that stands for one of its source.
fn same(used: &Column, name: Option<String>, facts: &RelationFacts, source: &Relation) -> Result<Column, CatalogError> {
    let found = name.as_deref().and_then(|name| facts.column(name));
    let Some(own) = found else {
        let (rollup, source_relation) = (facts.relation.clone(), source.clone());
        return Err(CatalogError::RollupLacks { rollup, source_relation, column: used.name.to_string() });
    };
    if !own.readable {
        return Err(CatalogError::Unreadable { relation: facts.relation.clone(), column: own.name.to_string() });
    }
    if own.ty == used.ty || is_text(own) && is_text_type(&used.ty) || own.is_integer() && is_integer_type(&used.ty) {
        return Ok(own.column());
    }
    Err(wrong(facts, own, "of the type that it has in the source of the rollup"))
}

const fn is_text(column: &ColumnFacts) -> bool {
    is_text_type(&column.ty)
}

const fn is_text_type(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Text | ColumnType::Varchar | ColumnType::Bpchar)
}

const fn is_integer_type(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8)
}

/// Whether no two rows of a rollup can be of one series and interval: a unique key says so, or it has no column that
/// could tell further rows apart.
pub(super) fn is_unique(source: &Source, rows: &Source, facts: &RelationFacts, values: &[&Column]) -> bool {
    let Some(series) = series_columns(source, rows) else { return false };
    let is_known = |column: &Ident| series.contains(&column);
    let never_null = |column: &Ident| facts.column(column.as_str()).is_some_and(|column| column.not_null);
    let keys = facts.unique.iter().chain([&facts.primary_key]).filter(|key| !key.is_empty());
    let is_value = |column: &ColumnFacts| {
        matches!(column.ty, ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric { .. })
            || values.iter().any(|value| value.name == column.name)
    };
    keys.into_iter().any(|key| key.iter().all(|column| is_known(column) && never_null(column)))
        || facts.columns.iter().all(|column| is_known(&column.name) || is_value(column))
}

/// Whether a key says that no two rows of a source are of one series and instant.
pub(super) fn is_one_per_instant(source: &Source, facts: &RelationFacts) -> bool {
    let Some(series) = series_columns(source, source).filter(|_| source.time.row == SourceRow::Own) else {
        return false;
    };
    let never_null = |column: &Ident| facts.column(column.as_str()).is_some_and(|column| column.not_null);
    keys::whole(facts).iter().any(|key| key.iter().all(|column| series.contains(&column) && never_null(column)))
}

/// The columns of a rollup that make its interval and its series; none where other columns make them, or where two
/// values mean one label.
pub(super) fn series_columns<'a>(source: &Source, rows: &'a Source) -> Option<Vec<&'a Ident>> {
    let mut columns = vec![&rows.time.column];
    for label in &rows.labels {
        match label {
            SourceLabel::One { value, .. } if matches!(value.column().row, SourceRow::Joined(_)) => {}
            SourceLabel::One { name, value: LabelValue::Column(column) } if column.row == SourceRow::Own => {
                let original = source.label(name).map(SourceLabel::column);
                if column.nullable && original.is_none_or(|original| original.nullable) && may_be_empty(&column.ty) {
                    return None;
                }
                columns.push(&column.name);
            }
            _ => return None,
        }
    }
    columns.extend(rows.name_column.iter().filter(|column| column.row == SourceRow::Own).map(|column| &column.name));
    // What a join or a condition looks at may tell rows apart that have equal labels.
    let keys = rows.joins.iter().flat_map(|join| join.on.iter().map(|(theirs, _)| theirs));
    let filters = rows.filters.iter().map(|filter| filter.value.column());
    let mut others = keys.chain(filters).filter(|column| column.row == SourceRow::Own);
    others.all(|column| columns.contains(&&column.name)).then_some(columns)
}

/// Whether a type has an empty text, which means the absent label as NULL does.
const fn may_be_empty(ty: &ColumnType) -> bool {
    use ColumnType::{Bool, Date, Float4, Float8, Int2, Int4, Int8, Numeric, Timestamp, Timestamptz, Uuid};
    !matches!(ty, Bool | Date | Float4 | Float8 | Int2 | Int4 | Int8 | Numeric { .. } | Timestamp | Timestamptz | Uuid)
}
