//! TimescaleDB's account of itself, where it is there: continuous aggregates, what of them is materialised, hypertables.

use std::collections::{HashMap, HashSet};

use sqlx::postgres::PgRow;
use sqlx::{Connection as _, FromRow, PgConnection};

use super::Loading;
use crate::catalog::Relation;
use crate::catalog::facts::{AggregateFacts, HypertableFacts, Invalid, Materialized};
use crate::ident::Ident;

/// Its relations that are there and may be read. Their shapes differ from version to version, and so do rights.
const READABLE: &str = "SELECT c.relname::text FROM pg_catalog.pg_namespace AS n \
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid \
    WHERE n.nspname IN ('timescaledb_information', '_timescaledb_catalog') AND c.relkind IN ('r', 'v', 'm', 'p') \
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')";

const AGGREGATES: &str = "SELECT view_schema::text, view_name::text, hypertable_schema::text, hypertable_name::text, \
    view_definition::text FROM timescaledb_information.continuous_aggregates ORDER BY 1, 2";
const MATERIALIZED: &str = "SELECT a.user_view_schema::text, a.user_view_name::text, a.mat_hypertable_id::int8, \
    a.raw_hypertable_id::int8, w.watermark::int8 FROM _timescaledb_catalog.continuous_agg AS a \
    JOIN _timescaledb_catalog.continuous_aggs_watermark AS w USING (mat_hypertable_id)";
/// What was never refreshed, or changed since its changes were last looked at.
const OWN_LOG: &str = "SELECT materialization_id::int8, lowest_modified_value::int8, greatest_modified_value::int8 \
    FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log";
/// What was changed since then.
const RAW_LOG: &str = "SELECT hypertable_id::int8, lowest_modified_value::int8, greatest_modified_value::int8 \
    FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log";
/// Chunks that were dropped have no slice of time.
const OLDEST: &str = "SELECT d.hypertable_id::int8, min(s.range_start)::int8 \
    FROM _timescaledb_catalog.dimension AS d JOIN _timescaledb_catalog.dimension_slice AS s ON s.dimension_id = d.id \
    WHERE d.interval_length IS NOT NULL GROUP BY 1";
const HYPERTABLES: &str = "SELECT hypertable_schema::text, hypertable_name::text, num_chunks::int8 \
    FROM timescaledb_information.hypertables";
const TIMES: &str = "SELECT hypertable_schema::text, hypertable_name::text, column_name::text \
    FROM timescaledb_information.dimensions WHERE dimension_number = 1";
const COMPRESSED: &str = "SELECT h.schema_name::text, h.table_name::text, count(*)::int8, \
    coalesce(sum(z.numrows_pre_compression), 0)::int8, \
    sum(z.compressed_heap_size + z.compressed_toast_size)::int8 \
    FROM _timescaledb_catalog.compression_chunk_size AS z \
    JOIN _timescaledb_catalog.chunk AS c ON c.id = z.chunk_id \
    JOIN _timescaledb_catalog.hypertable AS h ON h.id = c.hypertable_id GROUP BY 1, 2";

type Hypertables = HashMap<Relation, HypertableFacts>;

/// What TimescaleDB says.
#[derive(Default)]
pub(super) struct Timescale {
    /// The continuous aggregates, which may be in schemas that nobody looks into otherwise.
    pub(super) aggregates: Vec<AggregateFacts>,
    hypertables: Hypertables,
}

/// Asks TimescaleDB. What it does not show, or not in the shape that is known, is left out.
pub(super) async fn load(connection: &mut PgConnection) -> Result<Timescale, sqlx::Error> {
    let readable: HashSet<String> =
        sqlx::query_scalar(READABLE).fetch_all(&mut *connection).await?.into_iter().collect();
    let mut timescale = Timescale::default();
    if readable.contains("continuous_aggregates") {
        timescale.aggregates = aggregates(connection).await?;
    }
    if !timescale.aggregates.is_empty() && has(&readable, &["continuous_agg", "continuous_aggs_watermark"]) {
        materialized(connection, &readable, &mut timescale.aggregates).await?;
    }
    if has(&readable, &["hypertables", "dimensions"]) {
        timescale.hypertables = hypertables(connection, &readable).await?;
    }
    Ok(timescale)
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

fn has(readable: &HashSet<String>, names: &[&str]) -> bool {
    names.iter().all(|name| readable.contains(*name))
}

/// The rows of a statement; none where the relations have another shape than is known.
async fn rows<T>(connection: &mut PgConnection, statement: &'static str) -> Result<Vec<T>, sqlx::Error>
where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
{
    let mut nested = connection.begin().await?;
    match sqlx::query_as(statement).fetch_all(&mut *nested).await {
        Ok(rows) => {
            nested.commit().await?;
            Ok(rows)
        }
        Err(error) if error.as_database_error().is_some() => {
            nested.rollback().await?;
            tracing::warn!(%error, "TimescaleDB's catalog is not as expected");
            Ok(Vec::new())
        }
        Err(error) => Err(error),
    }
}

fn relation(schema: String, name: String) -> Option<Relation> {
    Some(Relation { schema: Ident::new(schema).ok()?, name: Ident::new(name).ok()? })
}

async fn aggregates(connection: &mut PgConnection) -> Result<Vec<AggregateFacts>, sqlx::Error> {
    let rows: Vec<(String, String, String, String, String)> = rows(connection, AGGREGATES).await?;
    let found = rows.into_iter().filter_map(|(schema, name, of_schema, of_name, definition)| {
        let (view, hypertable) = (relation(schema, name)?, relation(of_schema, of_name)?);
        Some(AggregateFacts { view, hypertable, definition, materialized: None })
    });
    Ok(found.collect())
}

/// What of the aggregates is materialised.
async fn materialized(
    connection: &mut PgConnection,
    readable: &HashSet<String>,
    aggregates: &mut [AggregateFacts],
) -> Result<(), sqlx::Error> {
    let own: Vec<(String, String, i64, i64, i64)> = rows(connection, MATERIALIZED).await?;
    if !readable.contains("continuous_aggs_materialization_invalidation_log") {
        return Ok(());
    }
    let mut log = logged(connection, OWN_LOG).await?;
    let raw = if readable.contains("continuous_aggs_hypertable_invalidation_log") {
        logged(connection, RAW_LOG).await?
    } else {
        HashMap::new()
    };
    let knows_chunks = has(readable, &["dimension", "dimension_slice"]);
    let oldest: HashMap<i64, i64> =
        if knows_chunks { rows(connection, OLDEST).await?.into_iter().collect() } else { HashMap::new() };
    for (schema, name, id, raw_id, watermark) in own {
        let is_it = |a: &&mut AggregateFacts| a.view.schema.as_str() == schema && a.view.name.as_str() == name;
        let Some(aggregate) = aggregates.iter_mut().find(is_it) else { continue };
        let mut invalid = log.remove(&id).unwrap_or_default();
        invalid.extend(raw.get(&raw_id).into_iter().flatten());
        let oldest = if knows_chunks { oldest.get(&id).copied() } else { Some(i64::MIN) };
        aggregate.materialized = Some(Materialized { oldest, watermark, invalid });
    }
    Ok(())
}

async fn logged(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<HashMap<i64, Vec<Invalid>>, sqlx::Error> {
    let rows: Vec<(i64, i64, i64)> = rows(connection, statement).await?;
    let mut log: HashMap<i64, Vec<Invalid>> = HashMap::new();
    for (id, lowest, greatest) in rows {
        log.entry(id).or_default().push(Invalid { lowest, greatest });
    }
    Ok(log)
}

async fn hypertables(connection: &mut PgConnection, readable: &HashSet<String>) -> Result<Hypertables, sqlx::Error> {
    let mut found = Hypertables::new();
    let counted: Vec<(String, String, Option<i64>)> = rows(connection, HYPERTABLES).await?;
    for (schema, name, chunks) in counted {
        let Some(relation) = relation(schema, name) else { continue };
        let chunks = u32::try_from(chunks.unwrap_or(0)).unwrap_or(u32::MAX);
        found.insert(relation, HypertableFacts { chunks, ..HypertableFacts::default() });
    }
    let times: Vec<(String, String, String)> = rows(connection, TIMES).await?;
    for (schema, name, column) in times {
        if let Some(facts) = relation(schema, name).and_then(|relation| found.get_mut(&relation)) {
            facts.time = Ident::new(column).ok();
        }
    }
    if has(readable, &["compression_chunk_size", "chunk", "hypertable"]) {
        let sizes: Vec<(String, String, i64, i64, i64)> = rows(connection, COMPRESSED).await?;
        for (schema, name, chunks, rows, bytes) in sizes {
            let Some(facts) = relation(schema, name).and_then(|relation| found.get_mut(&relation)) else { continue };
            facts.compressed_chunks = u32::try_from(chunks).unwrap_or(u32::MAX);
            facts.compressed_rows = u64::try_from(rows).unwrap_or(0);
            facts.compressed_bytes = u64::try_from(bytes).unwrap_or(0);
        }
    }
    Ok(found)
}
