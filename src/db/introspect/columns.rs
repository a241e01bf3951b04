//! Columns, their types and their comments.

use std::collections::HashMap;

use serde::Deserialize;

use super::Loading;
use super::Results;
use crate::catalog::facts::ColumnFacts;
use crate::catalog::{ColumnType, TypeName};
use crate::ident::Ident;

/// The digits before the point that a float8 holds: `numeric` of more may overflow it.
const FLOAT8_DIGITS: i32 = 308;
/// The digits behind the point of the smallest float8 that is not zero: a cast to float8 refuses what is smaller.
const FLOAT8_SCALE: i32 = 323;

/// The other types whose values are told apart by their text.
const SCALARS: [&str; 17] = [
    "char",
    "bit",
    "varbit",
    "xid",
    "xid8",
    "cid",
    "tid",
    "pg_lsn",
    "regclass",
    "regtype",
    "regproc",
    "regprocedure",
    "regoper",
    "regrole",
    "regnamespace",
    "regconfig",
    "regdictionary",
];

/// The columns of one relation.
#[derive(Deserialize)]
struct ColumnsRow {
    relation: i64,
    numbers: Vec<i16>,
    names: Vec<String>,
    types: Vec<i64>,
    typmods: Vec<i32>,
    not_null: Vec<bool>,
    numbered: Vec<bool>,
    /// None as in the relation's own right.
    granted: Vec<Option<bool>>,
}

/// A type, a domain resolved to its base.
#[derive(Deserialize)]
struct TypeRow {
    oid: i64,
    name: String,
    schema: String,
    usable: bool,
    kind: String,
    built_in: bool,
    of_extension: bool,
    is_domain: bool,
    typmod: i32,
    not_null: bool,
}

#[derive(Deserialize)]
struct CommentRow {
    relation: i64,
    number: i16,
    text: String,
}

/// The columns, their types, their comments.
pub(super) const SCRIPTS: [&str; 3] = [
    include_str!("../scripts/columns.sql"),
    include_str!("../scripts/types.sql"),
    include_str!("../scripts/comments.sql"),
];

/// Takes the columns of all relations.
pub(super) fn load(results: &mut Results, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let (rows, types): (Vec<ColumnsRow>, Vec<TypeRow>) = (results.rows()?, results.rows()?);
    let types: HashMap<i64, TypeRow> = types.into_iter().map(|ty| (ty.oid, ty)).collect();
    for row in rows {
        let Some(place) = loading.place.get(&row.relation).copied() else { continue };
        loading.is_torn |= row.granted.iter().any(Option::is_none);
        let mut columns = columns(row, &types, loading.readable[place]);
        columns.sort_by_key(|(number, _)| *number);
        (loading.numbers[place], loading.facts.relations[place].columns) = columns.into_iter().unzip();
    }
    comments(loading, results.rows()?);
    Ok(())
}

fn columns(row: ColumnsRow, types: &HashMap<i64, TypeRow>, readable: bool) -> Vec<(i16, ColumnFacts)> {
    let mut columns = Vec::with_capacity(row.names.len());
    for (at, name) in row.names.into_iter().enumerate() {
        let (Ok(name), Some(ty)) = (Ident::new(name), types.get(&row.types[at])) else { continue };
        let column = ColumnFacts {
            name,
            ty: column_type(ty, row.typmods[at]),
            whole: is_whole(ty, row.typmods[at]),
            not_null: row.not_null[at] || ty.not_null,
            numbered: row.numbered[at],
            comment: None,
            readable: readable || row.granted[at].unwrap_or(false),
            stats: None,
        };
        columns.push((row.numbers[at], column));
    }
    columns
}

fn comments(loading: &mut Loading, rows: Vec<CommentRow>) {
    for row in rows {
        let Some((relation, numbers)) = loading.at(row.relation) else { continue };
        if let Ok(at) = numbers.binary_search(&row.number) {
            relation.columns[at].comment = Some(row.text);
        }
    }
}

fn column_type(ty: &TypeRow, typmod: i32) -> ColumnType {
    if ty.kind == "e" {
        return match type_name(ty) {
            // It would have to be cast to the type, to be compared at all.
            None if ty.is_domain => ColumnType::Scalar("enum".to_owned()),
            name => ColumnType::Enum(name),
        };
    }
    match ty.name.as_str() {
        // Types of extensions, wherever those are installed.
        "citext" if ty.of_extension => ColumnType::Citext(type_name(ty)),
        "ltree" if ty.of_extension => ColumnType::Ltree(type_name(ty)),
        "hstore" if ty.of_extension => ColumnType::Hstore,
        name if !ty.built_in => ColumnType::Other(name.to_owned()),
        name if SCALARS.contains(&name) => ColumnType::Scalar(name.to_owned()),
        "bool" => ColumnType::Bool,
        "int2" => ColumnType::Int2,
        "int4" => ColumnType::Int4,
        "int8" => ColumnType::Int8,
        "float4" => ColumnType::Float4,
        "float8" => ColumnType::Float8,
        "numeric" => ColumnType::Numeric { bounded: is_bounded(ty.typmod.max(typmod)) },
        "text" => ColumnType::Text,
        "varchar" => ColumnType::Varchar,
        "bpchar" => ColumnType::Bpchar,
        "uuid" => ColumnType::Uuid,
        "name" => ColumnType::Name,
        "inet" => ColumnType::Inet,
        "cidr" => ColumnType::Cidr,
        "macaddr" => ColumnType::Macaddr,
        "macaddr8" => ColumnType::Macaddr8,
        "oid" => ColumnType::Oid,
        "bytea" => ColumnType::Bytea,
        "money" => ColumnType::Money,
        "interval" => ColumnType::Interval,
        "timestamptz" => ColumnType::Timestamptz,
        "timestamp" => ColumnType::Timestamp,
        "date" => ColumnType::Date,
        "json" => ColumnType::Json,
        "jsonb" => ColumnType::Jsonb,
        "_text" | "_varchar" => ColumnType::TextArray,
        "_int2" => ColumnType::IntArray { bytes: 2 },
        "_int4" => ColumnType::IntArray { bytes: 4 },
        "_int8" => ColumnType::IntArray { bytes: 8 },
        name => ColumnType::Other(name.strip_prefix('_').map_or_else(|| name.to_owned(), |of| format!("{of}[]"))),
    }
}

/// The name of a type, where the role may use it: what it may not name is compared by its text.
fn type_name(ty: &TypeRow) -> Option<Box<TypeName>> {
    let (schema, name) = (Ident::new(ty.schema.as_str()).ok()?, Ident::new(ty.name.as_str()).ok()?);
    ty.usable.then(|| Box::new(TypeName { schema, name, is_domain: ty.is_domain }))
}

/// Whether a `numeric` whose modifier declares no digit behind the point.
fn is_whole(ty: &TypeRow, typmod: i32) -> bool {
    let typmod = ty.typmod.max(typmod);
    ty.built_in && ty.name == "numeric" && digits(typmod).is_some_and(|(_, scale)| scale <= 0)
}

/// Whether the digits that a numeric's modifier declares keep it within float8.
fn is_bounded(typmod: i32) -> bool {
    digits(typmod).is_some_and(|(precision, scale)| precision - scale <= FLOAT8_DIGITS && scale <= FLOAT8_SCALE)
}

/// The precision and the scale that a numeric's modifier declares. It is the precision above eleven bits of scale, plus
/// four; less than four: none declared. A scale below zero leaves out digits before the point.
fn digits(typmod: i32) -> Option<(i32, i32)> {
    let packed = typmod.checked_sub(4).filter(|packed| *packed >= 0)?;
    Some(((packed >> 16) & 0xffff, ((packed & 0x7ff) ^ 0x400) - 0x400))
}
