//! Declared labels, checked against the facts.

use super::error::CatalogError;
use super::lookup::{bad, column, relation, wrong};
use super::{layout, words};
use crate::catalog::facts::{ColumnFacts, Facts, RelationFacts};
use crate::catalog::file::{LabelDecl, LabelTable};
use crate::catalog::{
    Column, ColumnPath, ColumnType, LabelDocument, LabelIds, LabelValue, Source, SourceLabel, SourceRow,
};

const FORMS: &str = "a column, a part of one, a json member, all of a json document, the members of a text[] or hstore, or \
                     label ids";

/// A relation and the row that it has in a source.
#[derive(Clone, Copy)]
pub(super) struct SourceRelation<'a> {
    /// Everything, for tables that a label refers to.
    pub(super) all: &'a Facts,
    pub(super) relation: &'a RelationFacts,
    pub(super) row: SourceRow,
    /// Whether paths into JSON start at the element of an array.
    pub(super) each: bool,
}

impl<'a> SourceRelation<'a> {
    /// A relation alone.
    pub(super) const fn own(all: &'a Facts, relation: &'a RelationFacts) -> Self {
        Self { all, relation, row: SourceRow::Own, each: false }
    }

    /// A column of the row.
    pub(super) fn column(&self, name: &str) -> Result<Column, CatalogError> {
        Ok(self.placed(column(self.relation, name)?))
    }

    /// The column in its row; a joined row may be missing altogether.
    pub(super) fn placed(&self, column: &ColumnFacts) -> Column {
        let nullable = !column.not_null || self.row != SourceRow::Own;
        Column { row: self.row, nullable, ..column.column() }
    }

    fn facts(&self, name: &str) -> Result<&'a ColumnFacts, CatalogError> {
        column(self.relation, name)
    }
}

/// The labels that are declared, in their order.
pub(super) fn declared(place: SourceRelation<'_>, declared: &[LabelDecl]) -> Result<Vec<SourceLabel>, CatalogError> {
    declared.iter().map(|label| self::label(place, label)).collect()
}

fn label(place: SourceRelation<'_>, declared: &LabelDecl) -> Result<SourceLabel, CatalogError> {
    let table = match declared {
        LabelDecl::Column(name) => return plain(place, name, name),
        LabelDecl::Table(table) => &**table,
    };
    match table {
        LabelTable { ids: Some(ids), relation: Some(labels), .. } if is_ids(table) => {
            resolved(place, table, ids, labels)
        }
        _ if table.relation.is_some() || table.id.is_some() || table.key.is_some() || table.value.is_some() => {
            Err(form(place, table))
        }
        LabelTable { members: Some(column), .. } if *table == only_members(column) => members(place, column),
        _ if table.members.is_some() => Err(form(place, table)),
        LabelTable {
            name,
            column: Some(column),
            split: Some(separator),
            part: Some(part),
            json: None,
            all: false,
            ..
        } => {
            let name = name.as_ref().unwrap_or(column);
            let value = self::part(place, column, separator, *part)?;
            Ok(SourceLabel::One { name: name.clone(), value })
        }
        _ if table.split.is_some() || table.part.is_some() || table.ids.is_some() => Err(form(place, table)),
        LabelTable { name: Some(name), column, json: None, all: false, .. } => {
            plain(place, name, column.as_ref().unwrap_or(name))
        }
        LabelTable { name: None, column: Some(column), json: None, all: false, .. } => plain(place, column, column),
        LabelTable { name: None, column: None, json: Some(path), all: true, .. } => {
            let ColumnPath { column, path } = json(place, path, 1)?;
            Ok(SourceLabel::Members { document: LabelDocument::Json { column, path } })
        }
        LabelTable { name, column: None, json: Some(path), all: false, .. } => {
            let ColumnPath { column, path } = json(place, path, 2)?;
            let name = name.clone().or_else(|| path.last().cloned()).unwrap_or_default();
            Ok(SourceLabel::One { name, value: LabelValue::Member { column, path } })
        }
        _ => Err(form(place, table)),
    }
}

fn form(place: SourceRelation<'_>, table: &LabelTable) -> CatalogError {
    bad(&place.relation.relation, "labels", &format!("{table:?}"), FORMS)
}

/// A table that says nothing else.
fn only_members(column: &str) -> LabelTable {
    LabelTable { members: Some(column.to_owned()), ..LabelTable::default() }
}

/// Every member of a text[] or hstore.
fn members(place: SourceRelation<'_>, column: &str) -> Result<SourceLabel, CatalogError> {
    let column = place.facts(column)?;
    if !matches!(column.ty, ColumnType::TextArray | ColumnType::Hstore) {
        let wanted = "text[] or hstore; the members of a jsonb are `{ json = [\"column\"], all = true }`";
        return Err(wrong(place.relation, column, wanted));
    }
    Ok(SourceLabel::Members { document: LabelDocument::Json { column: place.placed(column), path: Vec::new() } })
}

const fn is_ids(table: &LabelTable) -> bool {
    table.name.is_none() && table.column.is_none() && table.json.is_none() && !table.all && table.split.is_none()
}

fn plain(place: SourceRelation<'_>, name: &str, column: &str) -> Result<SourceLabel, CatalogError> {
    let column = place.facts(column)?;
    if column.ty.can_be_label() {
        return Ok(SourceLabel::of_column(name, place.placed(column)));
    }
    let wanted =
        "a text, a number, a boolean, an identifier, an address or a date; members of a jsonb are `{ json = … }`";
    Err(wrong(place.relation, column, wanted))
}

fn part(place: SourceRelation<'_>, column: &str, separator: &str, part: u16) -> Result<LabelValue, CatalogError> {
    let column = place.facts(column)?;
    if !column.is_text() {
        return Err(wrong(place.relation, column, "text"));
    }
    if separator.is_empty() || separator.contains('\0') {
        return Err(bad(&place.relation.relation, "split", separator, "what stands between the parts"));
    }
    if part == 0 {
        return Err(bad(&place.relation.relation, "part", "0", "the number of a part, from 1"));
    }
    Ok(LabelValue::Part { column: place.placed(column), separator: separator.to_owned(), part })
}

/// A document's column and the path within it; where elements of an array are the samples, all of the path.
pub(super) fn json(place: SourceRelation<'_>, path: &[String], least: usize) -> Result<ColumnPath, CatalogError> {
    let whole = || bad(&place.relation.relation, "json", &path.join(", "), "a column and the path to a member");
    if path.iter().skip(1).any(|member| member.contains('\0')) {
        return Err(whole());
    }
    if let Some(column) = Source::element().filter(|_| place.each) {
        return Ok(ColumnPath { column, path: path.to_vec() });
    }
    let (name, members) = path.split_first().filter(|_| path.len() >= least).ok_or_else(whole)?;
    Ok(ColumnPath { column: document(place, name)?, path: members.to_vec() })
}

/// The array whose elements are samples.
pub(super) fn elements(place: SourceRelation<'_>, path: &[String]) -> Result<ColumnPath, CatalogError> {
    let array = json(SourceRelation { each: false, ..place }, path, 1);
    array.map_err(|error| match error {
        CatalogError::BadValue { place, value, .. } => {
            CatalogError::BadValue { place, field: "each", value, wanted: "a column and the path to an array" }
        }
        other => other,
    })
}

/// A column that holds JSON.
fn document(place: SourceRelation<'_>, name: &str) -> Result<Column, CatalogError> {
    let column = place.facts(name)?;
    let fits = column.is_text()
        || matches!(column.ty, ColumnType::Jsonb | ColumnType::Json | ColumnType::Hstore | ColumnType::TextArray);
    if fits { Ok(place.placed(column)) } else { Err(wrong(place.relation, column, "jsonb, json or JSON text")) }
}

fn resolved(
    place: SourceRelation<'_>,
    table: &LabelTable,
    ids: &str,
    labels: &str,
) -> Result<SourceLabel, CatalogError> {
    let column = place.facts(ids)?;
    if !matches!(column.ty, ColumnType::IntArray { .. }) {
        return Err(wrong(place.relation, column, "an array of integers"));
    }
    let facts = relation(place.all, labels)?;
    let own = |name: &Option<String>, or: &str| self::column(facts, name.as_deref().unwrap_or(or));
    let (id, key, value) = (own(&table.id, "id")?, own(&table.key, "key")?, own(&table.value, "value")?);
    if !id.is_integer() {
        return Err(wrong(facts, id, "an integer"));
    }
    let ids = LabelIds {
        column: place.placed(column),
        relation: facts.relation.clone(),
        id: id.column(),
        key: key.column(),
        value: value.column(),
    };
    Ok(SourceLabel::Members { document: LabelDocument::Ids(Box::new(ids)) })
}

/// The labels of a dimension that declares none: its short texts and enums.
pub(super) fn of_dimension(place: SourceRelation<'_>, without: &[&str]) -> Vec<SourceLabel> {
    let others = place.relation.columns.iter().filter(|column| !without.contains(&column.name.as_str()));
    let fits = |column: &&ColumnFacts| {
        let name = column.name.as_str();
        let short = column.is_text() || matches!(column.ty, ColumnType::Enum(_));
        let is_private = words::is_sensitive(name) || words::is_personal(name);
        // What a foreign key finds needs no second id.
        let is_own_id = words::is_one(name, &["uuid", "guid"]) || words::is_id_of_happening(name);
        short && column.readable && !is_private && !is_own_id && !words::is_free_text(name) && !column.is_dead()
    };
    let label = |column: &ColumnFacts| SourceLabel::One {
        name: column.name.to_string(),
        value: LabelValue::Column(place.placed(column)),
    };
    others.filter(fits).map(label).collect()
}

/// The labels of a whole source, sorted.
///
/// # Errors
/// Two are called the same, or there are two documents.
pub(super) fn settled(
    relation: &RelationFacts,
    mut labels: Vec<SourceLabel>,
) -> Result<Vec<SourceLabel>, CatalogError> {
    layout::sort(&mut labels);
    let twice = labels.windows(2).find_map(|pair| match pair {
        [SourceLabel::One { name, .. }, SourceLabel::One { name: next, .. }] if name == next => Some(name.clone()),
        _ => None,
    });
    if let Some(name) = twice {
        return Err(bad(&relation.relation, "labels", &name, "a name that no other label of the source has"));
    }
    let mut documents = labels.iter().filter(|label| matches!(label, SourceLabel::Members { .. }));
    match (documents.next(), documents.next()) {
        (Some(first), Some(second)) => {
            let both = format!("{} and {}", first.column().name, second.column().name);
            Err(bad(
                &relation.relation,
                "labels",
                &both,
                "a single one: only one of `all`, `members` and `ids` may be used",
            ))
        }
        _ => Ok(labels),
    }
}
