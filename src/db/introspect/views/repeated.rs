//! Rows that a query gives several times for one, and those of which it leaves one.

use super::calls;
use super::derived::RowFacts;
use super::scope;
use super::select::{Select, ShownColumn};
use super::tree::Node;

impl Select<'_> {
    /// Takes what functions in the list do that return several rows for each.
    pub(super) fn multiply(&self, rows: &mut RowFacts) {
        let many: Vec<&ShownColumn<'_>> = self.open().filter(|column| returns_rows(column.node)).collect();
        let Some(first) = many.first() else { return };
        match many.iter().find(|column| calls::tells_rows(column.node, self.scope.reading.graph)) {
            Some(teller) => {
                let keys = rows.keys.iter_mut().chain(&mut rows.nullable_keys);
                keys.for_each(|key| key.push(teller.number));
                for key in &mut rows.tellers {
                    key.parts.extend(self.key(&[teller.number], false).parts);
                }
            }
            None => rows.dropped.push(format!("which of several rows `{}` is of", first.name)),
        }
        rows.numbered.clear();
    }

    /// Takes what DISTINCT does, with ON or without.
    pub(super) fn leave_one_each(&self, query: &Node, mut rows: RowFacts) -> RowFacts {
        let Some(columns) = self.distinct(query.get("distinctClause")) else { return rows };
        // With ON the rest is that of one row; without, columns that were measured are no names of what is there.
        let is_on = query.get("hasDistinctOn").is_true();
        let is_what = |column: &ShownColumn<'_>| is_on || scope::is_what(scope::type_of(column.node));
        if self.open().all(|column| !column.is_time && is_what(column)) {
            return rows.once_each(self.key(&columns, true).parts);
        }
        rows.keys.push(columns);
        rows
    }

    /// The columns of which DISTINCT leaves no values twice.
    fn distinct(&self, clause: &Node) -> Option<Vec<i16>> {
        let groups = clause.items().iter().map(|group| group.get("tleSortGroupRef").number());
        let column = |group| self.open().find(|column| column.group == group).map(|column| column.number);
        groups.map(column).collect::<Option<Vec<i16>>>().filter(|columns| !columns.is_empty())
    }
}

/// Whether an expression returns several rows for each.
fn returns_rows(node: &Node) -> bool {
    let is_one = matches!(node.kind(), "SUBLINK" | "QUERY");
    !is_one && (node.get("funcretset").is_true() || node.get("opretset").is_true() || node.children().any(returns_rows))
}
