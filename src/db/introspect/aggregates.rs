//! TimescaleDB's account of itself, where it is there: continuous aggregates, what of them is materialised, hypertables.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use super::{Loading, Results};
use crate::catalog::Relation;
use crate::catalog::facts::{AggregateFacts, HypertableFacts, InvalidationEntry, MaterializedRange};
use crate::db::batch::batch;
use crate::ident::Ident;

const AGGREGATES: &str = "SELECT view_schema::text AS schema, view_name::text AS name, hypertable_schema::text AS of_schema, \
    hypertable_name::text AS of_name, view_definition::text AS definition FROM timescaledb_information.continuous_aggregates ORDER BY 1, 2";
const MATERIALIZED: &str = "SELECT a.user_view_schema::text AS schema, a.user_view_name::text AS name, \
    a.mat_hypertable_id::int8 AS id, a.raw_hypertable_id::int8 AS raw_id, w.watermark::int8 AS watermark FROM _timescaledb_catalog.continuous_agg AS a \
    JOIN _timescaledb_catalog.continuous_aggs_watermark AS w USING (mat_hypertable_id)";
/// What was never refreshed, or changed since its changes were last looked at.
const OWN_LOG: &str = "SELECT materialization_id::int8 AS id, lowest_modified_value::int8 AS lowest, \
    greatest_modified_value::int8 AS greatest \
    FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log";
/// What was changed since then.
const RAW_LOG: &str = "SELECT hypertable_id::int8 AS id, lowest_modified_value::int8 AS lowest, \
    greatest_modified_value::int8 AS greatest \
    FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log";
/// Chunks that were dropped have no slice of time.
const OLDEST: &str = "SELECT d.hypertable_id::int8 AS id, min(s.range_start)::int8 AS oldest \
    FROM _timescaledb_catalog.dimension AS d JOIN _timescaledb_catalog.dimension_slice AS s ON s.dimension_id = d.id \
    WHERE d.interval_length IS NOT NULL GROUP BY 1";
const HYPERTABLES: &str = "SELECT hypertable_schema::text AS schema, hypertable_name::text AS name, num_chunks::int8 AS chunks \
    FROM timescaledb_information.hypertables";
const TIMES: &str = "SELECT hypertable_schema::text AS schema, hypertable_name::text AS name, column_name::text AS time \
    FROM timescaledb_information.dimensions WHERE dimension_number = 1";
const COMPRESSED: &str = "SELECT h.schema_name::text AS schema, h.table_name::text AS name, count(*)::int8 AS chunks, \
    coalesce(sum(z.numrows_pre_compression), 0)::int8 AS rows, \
    sum(z.compressed_heap_size + z.compressed_toast_size)::int8 AS bytes \
    FROM _timescaledb_catalog.compression_chunk_size AS z \
    JOIN _timescaledb_catalog.chunk AS c ON c.id = z.chunk_id \
    JOIN _timescaledb_catalog.hypertable AS h ON h.id = c.hypertable_id GROUP BY 1, 2";

/// Each statement, with the relations that it reads, in the order in which they are taken.
const STATEMENTS: [(&str, &[&str]); 8] = [
    (AGGREGATES, &["continuous_aggregates"]),
    (MATERIALIZED, &["continuous_agg", "continuous_aggs_watermark"]),
    (OWN_LOG, &["continuous_aggs_materialization_invalidation_log"]),
    (RAW_LOG, &["continuous_aggs_hypertable_invalidation_log"]),
    (OLDEST, &["dimension", "dimension_slice"]),
    (HYPERTABLES, &["hypertables", "dimensions"]),
    (TIMES, &["hypertables", "dimensions"]),
    (COMPRESSED, &["compression_chunk_size", "chunk", "hypertable"]),
];

#[derive(Deserialize)]
struct AggregateRow {
    schema: String,
    name: String,
    of_schema: String,
    of_name: String,
    definition: String,
}

#[derive(Deserialize)]
struct MaterializedRow {
    schema: String,
    name: String,
    id: i64,
    raw_id: i64,
    watermark: i64,
}

#[derive(Deserialize)]
struct LogRow {
    id: i64,
    lowest: i64,
    greatest: i64,
}

#[derive(Deserialize)]
struct OldestRow {
    id: i64,
    oldest: i64,
}

#[derive(Deserialize)]
struct HypertableRow {
    schema: String,
    name: String,
    chunks: Option<i64>,
}

#[derive(Deserialize)]
struct TimeRow {
    schema: String,
    name: String,
    time: String,
}

#[derive(Deserialize)]
struct CompressedRow {
    schema: String,
    name: String,
    chunks: i64,
    rows: i64,
    bytes: i64,
}

type Hypertables = HashMap<Relation, HypertableFacts>;

/// What TimescaleDB says.
#[derive(Default)]
pub(super) struct Timescale {
    /// The continuous aggregates, which may be in schemas that nobody looks into otherwise.
    pub(super) aggregates: Vec<AggregateFacts>,
    hypertables: Hypertables,
}

/// Asks TimescaleDB. What it does not show, or not in the shape that is known, is left out.
pub(super) async fn load(connection: &mut PgConnection, readable: &HashSet<String>) -> Result<Timescale, sqlx::Error> {
    let mut answers = BatchAnswers::of(connection, readable).await?;
    let aggregates = answers.next()?.unwrap_or_default();
    let mut timescale = Timescale { aggregates: named(aggregates), hypertables: Hypertables::new() };
    materialized(&mut answers, &mut timescale.aggregates)?;
    timescale.hypertables = hypertables(&mut answers)?;
    Ok(timescale)
}

/// The answers to all statements, in their order.
struct BatchAnswers(std::vec::IntoIter<Option<Results>>);

impl BatchAnswers {
    /// Asks all at once. Where a relation has another shape than is known, each alone.
    async fn of(connection: &mut PgConnection, readable: &HashSet<String>) -> Result<Self, sqlx::Error> {
        let can = |reads: &[&str]| reads.iter().all(|name| readable.contains(*name));
        let asked: Vec<&str> = STATEMENTS.iter().filter(|(_, reads)| can(reads)).map(|(text, _)| *text).collect();
        let mut answers = Vec::with_capacity(STATEMENTS.len());
        match batch(connection, &asked).await {
            Ok(mut all) => {
                for (_, reads) in STATEMENTS {
                    answers.push(if can(reads) { Some(all.one()?) } else { None });
                }
            }
            Err(error) if error.as_database_error().is_some() => {
                for (text, reads) in STATEMENTS {
                    answers.push(if can(reads) { alone(connection, text).await? } else { None });
                }
            }
            Err(error) => return Err(error),
        }
        Ok(Self(answers.into_iter()))
    }

    /// The rows of the next statement; none where it cannot be asked.
    fn next<T: DeserializeOwned>(&mut self) -> Result<Option<Vec<T>>, sqlx::Error> {
        self.0.next().flatten().map(|mut results| results.rows()).transpose()
    }
}

async fn alone(connection: &mut PgConnection, statement: &'static str) -> Result<Option<Results>, sqlx::Error> {
    match batch(connection, &[statement]).await {
        Ok(results) => Ok(Some(results)),
        Err(error) if error.as_database_error().is_some() => {
            tracing::warn!(%error, "TimescaleDB's catalog is not as expected");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

impl Timescale {
    /// Adds what is said to the relations.
    pub(super) fn put_into(self, loading: &mut Loading) {
        for facts in &mut loading.facts.relations {
            let Some(hypertable) = self.hypertables.get(&facts.relation) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            if hypertable.compressed_rows > 0 {
                // A chunk that is compressed has no row of its own.
                facts.rows = Some(facts.rows.unwrap_or(0.0) + hypertable.compressed_rows as f64);
            }
            facts.bytes += hypertable.compressed_bytes;
            facts.partition_key.extend(hypertable.time.clone().filter(|time| !facts.partition_key.contains(time)));
            facts.hypertable = Some(hypertable.clone());
        }
        loading.facts.aggregates = self.aggregates;
    }
}

fn relation(schema: String, name: String) -> Option<Relation> {
    Some(Relation { schema: Ident::new(schema).ok()?, name: Ident::new(name).ok()? })
}

fn named(rows: Vec<AggregateRow>) -> Vec<AggregateFacts> {
    let named = |row: AggregateRow| {
        let (view, hypertable) = (relation(row.schema, row.name)?, relation(row.of_schema, row.of_name)?);
        Some(AggregateFacts { view, hypertable, definition: row.definition, materialized: None })
    };
    rows.into_iter().filter_map(named).collect()
}

/// What of the aggregates is materialised.
fn materialized(answers: &mut BatchAnswers, aggregates: &mut [AggregateFacts]) -> Result<(), sqlx::Error> {
    let own: Option<Vec<MaterializedRow>> = answers.next()?;
    let log = answers.next()?;
    let raw = logged(answers.next()?.unwrap_or_default());
    let oldest: Option<Vec<OldestRow>> = answers.next()?;
    let (Some(own), Some(log)) = (own, log) else { return Ok(()) };
    let mut log = logged(log);
    let oldest: Option<HashMap<i64, i64>> =
        oldest.map(|rows| rows.into_iter().map(|row| (row.id, row.oldest)).collect());
    for row in own {
        let is_it = |a: &&mut AggregateFacts| a.view.schema.as_str() == row.schema && a.view.name.as_str() == row.name;
        let Some(aggregate) = aggregates.iter_mut().find(is_it) else { continue };
        let mut invalid = log.remove(&row.id).unwrap_or_default();
        invalid.extend(raw.get(&row.raw_id).into_iter().flatten());
        let oldest = oldest.as_ref().map_or(Some(i64::MIN), |oldest| oldest.get(&row.id).copied());
        aggregate.materialized = Some(MaterializedRange { oldest, watermark: row.watermark, invalid });
    }
    Ok(())
}

fn logged(rows: Vec<LogRow>) -> HashMap<i64, Vec<InvalidationEntry>> {
    let mut log: HashMap<i64, Vec<InvalidationEntry>> = HashMap::new();
    for row in rows {
        log.entry(row.id).or_default().push(InvalidationEntry { lowest: row.lowest, greatest: row.greatest });
    }
    log
}

fn hypertables(answers: &mut BatchAnswers) -> Result<Hypertables, sqlx::Error> {
    let mut found = Hypertables::new();
    for row in answers.next::<HypertableRow>()?.unwrap_or_default() {
        let Some(relation) = relation(row.schema, row.name) else { continue };
        let chunks = u32::try_from(row.chunks.unwrap_or(0)).unwrap_or(u32::MAX);
        found.insert(relation, HypertableFacts { chunks, ..HypertableFacts::default() });
    }
    for row in answers.next::<TimeRow>()?.unwrap_or_default() {
        if let Some(facts) = relation(row.schema, row.name).and_then(|relation| found.get_mut(&relation)) {
            facts.time = Ident::new(row.time).ok();
        }
    }
    for row in answers.next::<CompressedRow>()?.unwrap_or_default() {
        let Some(facts) = relation(row.schema, row.name).and_then(|relation| found.get_mut(&relation)) else {
            continue;
        };
        facts.compressed_chunks = u32::try_from(row.chunks).unwrap_or(u32::MAX);
        facts.compressed_rows = u64::try_from(row.rows).unwrap_or(0);
        facts.compressed_bytes = u64::try_from(row.bytes).unwrap_or(0);
    }
    Ok(found)
}
