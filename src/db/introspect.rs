//! Asks the database what it states about itself: a handful of statements over the system catalogs, whatever the
//! number of tables. The SQL is in `scripts/`.

use std::collections::HashMap;

use sqlx::{FromRow, PgConnection};

use crate::catalog::classify::is_epoch_name;
use crate::catalog::facts::{ColumnFacts, ColumnStats, Facts, RelationFacts, RelationKind, Scope};
use crate::catalog::{ColumnType, Relation};
use crate::ident::Ident;

/// The digits before the point that a float8 holds: `numeric` of more may overflow it.
const FLOAT8_DIGITS: i32 = 308;

#[derive(FromRow)]
struct RelationRow {
    id: i64,
    schema: String,
    name: String,
    kind: String,
    discoverable: bool,
    usable: bool,
    path_position: Option<i64>,
    comment: Option<String>,
    bytes: i64,
    rows: Option<f64>,
    is_parent: bool,
    sample: i64,
    partition_key: Vec<String>,
}

#[derive(FromRow)]
struct ColumnRow {
    relation: i64,
    number: i16,
    name: String,
    type_name: String,
    type_kind: String,
    built_in: bool,
    digits: Option<i32>,
    not_null: bool,
    numbered: bool,
    comment: Option<String>,
    readable: bool,
}

#[derive(FromRow)]
struct KeyRow {
    relation: i64,
    kind: String,
    numbers: Vec<i16>,
}

#[derive(FromRow)]
struct StatisticsRow {
    relation: i64,
    name: String,
    n_distinct: f64,
    null_frac: f64,
}

#[derive(FromRow)]
struct SpanRow {
    relation: i64,
    name: String,
    numbers: Vec<String>,
}

/// Relations by oid while they are put together.
struct Loading {
    facts: Facts,
    place: HashMap<i64, usize>,
    ids: Vec<i64>,
    samples: Vec<i64>,
    /// The numbers of each relation's columns, in their order.
    numbers: Vec<Vec<i16>>,
}

/// Loads the facts of every relation in scope.
///
/// # Errors
/// A statement failed.
pub async fn load(connection: &mut PgConnection, scope: &Scope) -> Result<Facts, sqlx::Error> {
    let mut loading = relations(connection, scope).await?;
    columns(connection, &mut loading).await?;
    keys(connection, &mut loading).await?;
    statistics(connection, &mut loading).await?;
    spans(connection, &mut loading).await?;
    Ok(loading.facts)
}

async fn relations(connection: &mut PgConnection, scope: &Scope) -> Result<Loading, sqlx::Error> {
    let (schemas, names): (Vec<_>, Vec<_>) =
        scope.declared.iter().map(|(schema, name)| (schema.clone().unwrap_or_default(), name.clone())).unzip();
    let rows: Vec<RelationRow> = sqlx::query_as(include_str!("scripts/relations.sql"))
        .bind(&scope.schemas)
        .bind(schemas)
        .bind(names)
        .fetch_all(connection)
        .await?;
    let mut loading = Loading {
        facts: Facts::default(),
        place: HashMap::with_capacity(rows.len()),
        ids: Vec::with_capacity(rows.len()),
        samples: Vec::with_capacity(rows.len()),
        numbers: Vec::with_capacity(rows.len()),
    };
    for row in rows {
        let (id, sample, usable) = (row.id, row.sample, row.usable);
        // Without USAGE on the schema nothing in it can be read.
        if let Some(relation) = usable.then(|| relation(row)).flatten() {
            loading.place.insert(id, loading.facts.relations.len());
            loading.ids.push(id);
            loading.samples.push(sample);
            loading.numbers.push(Vec::new());
            loading.facts.relations.push(relation);
        }
    }
    Ok(loading)
}

fn relation(row: RelationRow) -> Option<RelationFacts> {
    let kind = match row.kind.as_str() {
        "r" => RelationKind::Table,
        "p" => RelationKind::Partitioned,
        "v" => RelationKind::View,
        "m" => RelationKind::MaterializedView,
        _ => RelationKind::Foreign,
    };
    Some(RelationFacts {
        relation: Relation { schema: Ident::new(row.schema).ok()?, name: Ident::new(row.name).ok()? },
        kind,
        discoverable: row.discoverable,
        path_position: row.path_position,
        comment: row.comment,
        bytes: u64::try_from(row.bytes).unwrap_or(0),
        rows: row.rows,
        is_parent: row.is_parent,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        foreign_keys: Vec::new(),
        indexes: Vec::new(),
        partition_key: idents(row.partition_key),
    })
}

impl Loading {
    fn relation(&mut self, id: i64) -> Option<&mut RelationFacts> {
        self.facts.relations.get_mut(*self.place.get(&id)?)
    }

    fn column(&mut self, id: i64, name: &str) -> Option<&mut ColumnFacts> {
        self.relation(id)?.columns.iter_mut().find(|column| column.name.as_str() == name)
    }
}

async fn columns(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("scripts/columns.sql")).bind(&loading.ids);
    let rows: Vec<ColumnRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some(at) = loading.place.get(&row.relation).copied() else { continue };
        let number = row.number;
        if let Some(column) = column(row) {
            loading.facts.relations[at].columns.push(column);
            loading.numbers[at].push(number);
        }
    }
    Ok(())
}

fn column(row: ColumnRow) -> Option<ColumnFacts> {
    let ty = column_type(&row);
    Some(ColumnFacts {
        name: Ident::new(row.name).ok()?,
        ty,
        not_null: row.not_null,
        numbered: row.numbered,
        comment: row.comment,
        readable: row.readable,
        stats: None,
    })
}

fn column_type(row: &ColumnRow) -> ColumnType {
    if row.type_kind == "e" {
        return ColumnType::Enum;
    }
    match row.type_name.as_str() {
        name if !row.built_in => ColumnType::Other(name.to_owned()),
        "bool" => ColumnType::Bool,
        "int2" => ColumnType::Int2,
        "int4" => ColumnType::Int4,
        "int8" => ColumnType::Int8,
        "float4" => ColumnType::Float4,
        "float8" => ColumnType::Float8,
        "numeric" => ColumnType::Numeric { bounded: row.digits.is_some_and(|digits| digits <= FLOAT8_DIGITS) },
        "text" => ColumnType::Text,
        "varchar" => ColumnType::Varchar,
        "bpchar" => ColumnType::Bpchar,
        "uuid" => ColumnType::Uuid,
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

async fn keys(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("scripts/keys.sql")).bind(&loading.ids);
    let rows: Vec<KeyRow> = query.fetch_all(connection).await?;
    for row in rows {
        let Some(at) = loading.place.get(&row.relation).copied() else { continue };
        let (relation, numbers) = (&mut loading.facts.relations[at], &loading.numbers[at]);
        let place = |number: &i16| numbers.binary_search(number).ok();
        // A key of something else than a column (a system column, a whole row) is of no use.
        let Some(places) = row.numbers.iter().map(place).collect::<Option<Vec<_>>>() else { continue };
        let columns = places.into_iter().map(|place| relation.columns[place].name.clone()).collect();
        match row.kind.as_str() {
            "p" => relation.primary_key = columns,
            "u" => relation.unique.push(columns),
            "f" => relation.foreign_keys.push(columns),
            _ => relation.indexes.push(columns),
        }
    }
    for relation in &mut loading.facts.relations {
        relation.indexes.dedup();
        relation.unique.dedup();
    }
    Ok(())
}

async fn statistics(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(include_str!("scripts/statistics.sql")).bind(&loading.ids).bind(&loading.samples);
    let rows: Vec<StatisticsRow> = query.fetch_all(connection).await?;
    for row in rows {
        if let Some(column) = loading.column(row.relation, &row.name) {
            column.stats = Some(ColumnStats { n_distinct: row.n_distinct, null_frac: row.null_frac, span: None });
        }
    }
    Ok(())
}

/// Of the few columns that may be an epoch only: turning every histogram into text would cost seconds.
async fn spans(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let (mut ids, mut samples, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (at, relation) in loading.facts.relations.iter().enumerate() {
        for column in &relation.columns {
            if column.is_number() && column.stats.is_some() && is_epoch_name(column.name.as_str()) {
                ids.push(loading.ids[at]);
                samples.push(loading.samples[at]);
                names.push(column.name.as_str().to_owned());
            }
        }
    }
    if ids.is_empty() {
        return Ok(());
    }
    let query = sqlx::query_as(include_str!("scripts/spans.sql")).bind(ids).bind(samples).bind(names);
    let rows: Vec<SpanRow> = query.fetch_all(connection).await?;
    for row in rows {
        let stats = loading.column(row.relation, &row.name).and_then(|column| column.stats.as_mut());
        if let Some(stats) = stats {
            stats.span = span(&row.numbers);
        }
    }
    Ok(())
}

fn span(numbers: &[String]) -> Option<[f64; 3]> {
    let mut numbers: Vec<f64> =
        numbers.iter().filter_map(|text| text.parse().ok()).filter(|number: &f64| number.is_finite()).collect();
    numbers.sort_by(f64::total_cmp);
    Some([*numbers.first()?, numbers[numbers.len() / 2], *numbers.last()?])
}

fn idents(names: Vec<String>) -> Vec<Ident> {
    names.into_iter().filter_map(|name| Ident::new(name).ok()).collect()
}
