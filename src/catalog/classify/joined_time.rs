//! Times that are in a joined row.

use super::error::CatalogError;
use super::joins::ResolvedJoins;
use super::lookup::{bad, column, relation, time_column};
use crate::catalog::facts::{Facts, RelationFacts};
use crate::catalog::file::{TimeDecl, TimeTable, split_relation};
use crate::catalog::{Join, SourceRow, TimeColumn};
use crate::time::Zone;

/// A source's relation and what is joined to it, where its times are looked for.
pub(super) struct JoinedRelations<'a> {
    pub(super) all: &'a Facts,
    pub(super) facts: &'a RelationFacts,
    pub(super) local: Zone,
}

impl<'a> JoinedRelations<'a> {
    /// The declared time: in the source's own row, in the row of the join that it names, or in that of the only join
    /// that has such a column.
    pub(super) fn time(&self, declared: &TimeDecl, joined: &mut ResolvedJoins) -> Result<TimeColumn, CatalogError> {
        let (join, name) = declared.place();
        let Some(at) = self.place(join, name, &joined.joins)? else {
            return time_column(self.facts, declared, self.local);
        };
        let theirs = self.relation(&joined.joins[at])?;
        let here = match declared {
            TimeDecl::Column(_) => declared.clone(),
            TimeDecl::Table(table) => TimeDecl::Table(TimeTable { join: None, ..table.clone() }),
        };
        let row = joined.joins[at].row;
        let found = TimeColumn { row, ..time_column(theirs, &here, self.local)? };
        read(&mut joined.joins[at], theirs, name)?;
        Ok(found)
    }

    /// The number of the join whose row has the time; none where it is in the source's own row.
    fn place(&self, join: Option<&str>, name: &str, joins: &[Join]) -> Result<Option<usize>, CatalogError> {
        let fits: Vec<usize> = match join {
            Some(join) => (0..joins.len()).filter(|at| is_called(&joins[*at], join)).collect(),
            None if self.facts.column(name).is_some() => return Ok(None),
            None => {
                let has = |at: &usize| self.relation(&joins[*at]).is_ok_and(|theirs| theirs.column(name).is_some());
                (0..joins.len()).filter(has).collect()
            }
        };
        match (fits.as_slice(), join) {
            ([only], _) => Ok(Some(*only)),
            ([], None) => Ok(None),
            ([], Some(join)) => Err(bad(&self.facts.relation, "join", join, "the relation of a [[source.join]]")),
            (_, None) => {
                let wanted = "in one joined relation: several have it, so say which, as `{ join = …, column = … }`";
                Err(bad(&self.facts.relation, "time", name, wanted))
            }
            (_, Some(join)) => {
                Err(bad(&self.facts.relation, "join", join, "joined once: name a view of it in one of the joins"))
            }
        }
    }

    fn relation(&self, join: &Join) -> Result<&'a RelationFacts, CatalogError> {
        let all: &'a Facts = self.all;
        match all.relation(join.relation.schema.as_str(), join.relation.name.as_str()) {
            Some(facts) => Ok(facts),
            None => relation(all, &join.relation.to_string()),
        }
    }
}

/// Whether a join is the one that the file means: by the relation's name, with its schema or without.
fn is_called(join: &Join, declared: &str) -> bool {
    match split_relation(declared) {
        (None, name) => join.relation.name.as_str() == name,
        (Some(schema), name) => join.relation.schema.as_str() == schema && join.relation.name.as_str() == name,
    }
}

/// Reads a column of a joined row besides the others.
fn read(join: &mut Join, theirs: &RelationFacts, name: &str) -> Result<(), CatalogError> {
    let own = column(theirs, name)?.column();
    let own = crate::catalog::Column { row: join.row, nullable: true, ..own };
    let is_key = join.on.iter().any(|(_, key)| key.name == own.name);
    if !is_key && join.columns.iter().all(|column| column.name != own.name) {
        join.columns.push(own);
        join.columns.sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(())
}

/// Rows without the row that has their time do not exist.
pub(super) fn require(joins: &mut [Join], row: SourceRow) {
    let path: Vec<SourceRow> = crate::catalog::path(joins, row).iter().map(|join| join.row).collect();
    joins.iter_mut().filter(|join| path.contains(&join.row)).for_each(|join| join.required = true);
}
