//! The statements that list the names in a column.

use super::{LONGEST_NAME, SOME_ROWS};
use crate::catalog::{Column, Source};
use crate::sql::{Param, Statement, Writer};

/// Walks an index from name to name: each step reads one row.
pub(super) fn loose_scan(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("WITH RECURSIVE names(n) AS ((SELECT t.").ident(&column.name).syntax(" FROM ").relation(&source.relation);
    w.syntax(" AS t WHERE t.")
        .ident(&column.name)
        .syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT t.");
    w.ident(&column.name).syntax(" FROM ").relation(&source.relation).syntax(" AS t WHERE t.").ident(&column.name);
    w.syntax(" > names.n ORDER BY 1 LIMIT 1) FROM names WHERE names.n IS NOT NULL) SELECT n::text FROM names WHERE ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

/// Reads all rows.
pub(super) fn all_rows(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT t.").ident(&column.name).syntax("::text FROM ").relation(&source.relation);
    w.syntax(" AS t WHERE ");
    usable(&mut w, most, |w| {
        w.column(&column.name);
    });
    w.finish()
}

/// Reads some rows, the newest where that is said.
pub(super) fn some_rows(source: &Source, column: &Column, newest: bool, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT n::text FROM (SELECT t.").ident(&column.name).syntax(" AS n FROM ");
    w.relation(&source.relation).syntax(" AS t");
    if newest {
        // NULLs sort first and would use the limit up.
        w.syntax(" WHERE ").column(&source.time.column).syntax(" IS NOT NULL ORDER BY ");
        w.column(&source.time.column).syntax(" DESC");
    }
    w.syntax(" LIMIT ").param(Param::Int(SOME_ROWS)).syntax(") AS sampled WHERE ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

/// Reads the names that ANALYZE saw most.
pub(super) fn most_common(source: &Source, column: &Column, most: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT DISTINCT n FROM pg_catalog.pg_stats AS s, unnest(s.most_common_vals::text::text[]) AS n");
    w.syntax(" WHERE s.schemaname = ").param(Param::Text(source.relation.schema.as_str().to_owned()));
    w.syntax("::text AND s.tablename = ").param(Param::Text(source.relation.name.as_str().to_owned()));
    w.syntax("::text AND s.attname = ").param(Param::Text(column.name.as_str().to_owned())).syntax("::text AND ");
    usable(&mut w, most, |w| {
        w.syntax("n");
    });
    w.finish()
}

/// Names are not absent, not empty and not too long; one more than the most tells that there are too many.
fn usable(w: &mut Writer, most: u32, name: impl Fn(&mut Writer)) {
    name(w);
    w.syntax(" IS NOT NULL AND ");
    name(w);
    w.syntax("::text <> '' AND octet_length(");
    name(w);
    w.syntax("::text) <= ").param(Param::Int(LONGEST_NAME)).syntax(" LIMIT ").param(Param::Int(i64::from(most) + 1));
}
