//! Which relations a role may read.

use super::{Param, Statement, Writer};
use crate::catalog::Relation;

/// The numbers, from 1, of those relations that the current role may read: all of their columns, in a schema that it may
/// use. With some columns only, a question for another one would tell that it exists.
#[must_use]
pub fn readable(relations: &[&Relation]) -> Statement {
    let schemas = relations.iter().map(|relation| relation.schema.as_str().to_owned()).collect();
    let names = relations.iter().map(|relation| relation.name.as_str().to_owned()).collect();
    let mut w = Writer::default();
    w.syntax("SELECT x.number::text FROM ROWS FROM (pg_catalog.unnest(").param(Param::Texts(schemas));
    w.syntax("::text[]), pg_catalog.unnest(").param(Param::Texts(names));
    w.syntax("::text[])) WITH ORDINALITY AS x(schema, name, number)");
    w.syntax(" JOIN pg_catalog.pg_namespace AS n ON n.nspname = x.schema");
    w.syntax(" JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = x.name");
    w.syntax(" WHERE pg_catalog.has_schema_privilege(n.oid, 'USAGE')");
    w.syntax(" AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a");
    w.syntax(" WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped");
    w.syntax(" AND NOT pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT')))");
    w.finish()
}
