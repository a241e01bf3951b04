//! Continuous aggregates, where TimescaleDB is there.

use sqlx::PgConnection;

use super::Loading;
use crate::catalog::Relation;
use crate::catalog::facts::AggregateFacts;
use crate::ident::Ident;

type Row = (String, String, String, String, String);

/// Whether the view that lists them is there and may be read.
const READABLE: &str = "SELECT coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), false) \
    FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid \
    WHERE n.nspname = 'timescaledb_information' AND c.relname = 'continuous_aggregates'";

pub(super) async fn load(connection: &mut PgConnection, loading: &mut Loading) -> Result<(), sqlx::Error> {
    let readable: Option<bool> = sqlx::query_scalar(READABLE).fetch_optional(&mut *connection).await?;
    if readable != Some(true) {
        return Ok(());
    }
    let rows: Vec<Row> = sqlx::query_as(include_str!("../scripts/aggregates.sql")).fetch_all(connection).await?;
    let relation = |schema, name| Some(Relation { schema: Ident::new(schema).ok()?, name: Ident::new(name).ok()? });
    let found = rows.into_iter().filter_map(|(schema, name, of_schema, of_name, definition)| {
        let (view, hypertable) = (relation(schema, name)?, relation(of_schema, of_name)?);
        Some(AggregateFacts { view, hypertable, definition })
    });
    loading.facts.aggregates = found.collect();
    Ok(())
}
