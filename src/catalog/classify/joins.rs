//! Declared joins, checked against the facts.

use super::error::CatalogError;
use super::labels::{self, SourceRelation};
use super::lookup::{bad, name_column, relation, wrong};
use super::matchers::filters;
use crate::catalog::facts::{Facts, RelationFacts, RelationKind};
use crate::catalog::file::{JoinDecl, SourceDecl};
use crate::catalog::{Column, ColumnType, Join, LabelDocument, LabelValue, SourceLabel, SourceRow};

/// What the joins of a source come to.
#[derive(Default)]
pub(super) struct ResolvedJoins {
    /// Each behind the one it is joined to.
    pub(super) joins: Vec<Join>,
    pub(super) labels: Vec<SourceLabel>,
    /// The column with the metric's name, and what stands in front of it.
    pub(super) name: Option<(Column, Option<String>)>,
}

/// The joins of a source, those of joined rows included.
pub(super) fn joins(all: &Facts, own: &RelationFacts, declared: &SourceDecl) -> Result<ResolvedJoins, CatalogError> {
    let mut joined = ResolvedJoins::default();
    let parent = SourceRelation::own(all, own);
    for join in &declared.joins {
        one(&mut joined, parent, join)?;
    }
    Ok(joined)
}

fn one(joined: &mut ResolvedJoins, parent: SourceRelation<'_>, declared: &JoinDecl) -> Result<(), CatalogError> {
    let facts = relation(parent.all, &declared.relation)?;
    let row = SourceRow::Joined(joined.joins.len());
    let place = SourceRelation { all: parent.all, relation: facts, row, each: false };
    let on = keys(parent, place, declared)?;
    let mut found = match &declared.labels {
        Some(declared) => labels::declared(place, declared)?,
        None => {
            let keys: Vec<&str> = declared.on.values().chain(&declared.name).map(String::as_str).collect();
            let own = labels::of_dimension(place, &keys);
            own.into_iter().map(|label| apart(label, &joined.labels, facts)).collect()
        }
    };
    let mut columns: Vec<Column> = found.iter().map(|label| label.column().clone()).collect();
    if let Some(name) = &declared.name {
        let column = place.placed(name_column(facts, name)?);
        columns.push(column.clone());
        if joined.name.replace((column, declared.prefix.clone())).is_some() {
            return Err(bad(&facts.relation, "name", name, "the only one of its source"));
        }
    }
    let filters = filters(place, declared.matchers.as_deref())?;
    let at = joined.joins.len();
    joined.joins.push(Join {
        row,
        relation: facts.relation.clone(),
        unique: is_unique(facts, &on),
        required: declared.required,
        on,
        filters,
        documents: documents(&found),
        columns: Vec::new(),
        indexes: facts.indexes.clone(),
    });
    joined.labels.append(&mut found);
    for join in &declared.joins {
        for name in join.on.keys() {
            columns.push(place.column(name)?);
        }
        one(joined, place, join)?;
    }
    columns.sort_by(|a, b| a.name.cmp(&b.name));
    columns.dedup();
    columns.retain(|column| joined.joins[at].on.iter().all(|(_, own)| own.name != column.name));
    joined.joins[at].columns = columns;
    Ok(())
}

/// The columns of text that labels are read from as JSON.
fn documents(labels: &[SourceLabel]) -> Vec<Column> {
    let read = labels.iter().filter_map(|label| match label {
        SourceLabel::One { value: LabelValue::Member { column, .. }, .. }
        | SourceLabel::Members { document: LabelDocument::Json { column, .. } } => Some(column),
        _ => None,
    });
    let mut documents: Vec<Column> = read.filter(|column| column.ty.is_text()).cloned().collect();
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    documents.dedup();
    documents
}

/// A label that nobody named gives way to one of the same name.
fn apart(label: SourceLabel, others: &[SourceLabel], facts: &RelationFacts) -> SourceLabel {
    match label {
        SourceLabel::One { name, value }
            if others.iter().any(|o| matches!(o, SourceLabel::One { name: own, .. } if *own == name)) =>
        {
            SourceLabel::One { name: format!("{}_{name}", facts.relation.name), value }
        }
        other => other,
    }
}

fn keys(
    parent: SourceRelation<'_>,
    place: SourceRelation<'_>,
    declared: &JoinDecl,
) -> Result<Vec<(Column, Column)>, CatalogError> {
    if declared.on.is_empty() {
        let missing = "a join says which columns are equal, as `on = { mine = \"theirs\" }`";
        return Err(CatalogError::Incomplete { relation: place.relation.relation.clone(), missing });
    }
    let key = |(mine, theirs): (&String, &String)| Ok((comparable(parent, mine)?, comparable(place, theirs)?));
    declared.on.iter().map(key).collect()
}

fn comparable(place: SourceRelation<'_>, name: &str) -> Result<Column, CatalogError> {
    let column = place.column(name)?;
    let fits = !matches!(
        column.ty,
        ColumnType::Json
            | ColumnType::Jsonb
            | ColumnType::TextArray
            | ColumnType::Hstore
            | ColumnType::IntArray { .. }
            | ColumnType::Other(_)
    );
    if fits {
        return Ok(column);
    }
    let facts = super::lookup::column(place.relation, name)?;
    Err(wrong(place.relation, facts, "a number, a text, a time, an enum or a uuid, as keys are"))
}

/// Whether a constraint keeps the rows to one per key. That of an inheritance parent says nothing of its children.
fn is_unique(facts: &RelationFacts, on: &[(Column, Column)]) -> bool {
    let keyed = |key: &[crate::ident::Ident]| {
        !key.is_empty() && key.iter().all(|column| on.iter().any(|(_, own)| own.name == *column))
    };
    let trusted = !facts.is_parent || facts.kind == RelationKind::Partitioned;
    trusted && (keyed(&facts.primary_key) || facts.unique.iter().any(|key| keyed(key)))
}
