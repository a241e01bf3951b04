//! The values of a label under conditions, by walking an index instead of reading the table.
//!
//! The distinct values of a leading index column cost one probe each, however many rows there are. For each of them
//! the newest rows say which values of the wanted label pass the conditions.
//!
//! Over partitions, chunks and children a probe looks into each of them. So the range of a question bounds the walk, which
//! leaves out the children outside; and where the range has few rows they are read instead. Without a range the newest rows
//! are read where the children are many and an index finds those rows.

use super::condition::{condition, grouped};
use super::labels::{WantedValues, distinct, is_spread, is_walkable, values};
use super::{Param, ParamNumber, Statement, Writer, joined, lasting, typed};
use crate::catalog::{Column, ColumnType, LabelValue, Source, SourceLabel, SourceRow};
use crate::ident::Ident;
use crate::plan::{Filter, ValueCondition};
use crate::time::TimeRange;

/// The most values of the walked column that are looked at.
const WALKED: i64 = 10_000;
/// The rows that are looked at over all of them: they lie far apart.
const ROWS: i64 = 20_000;
/// The least rows of each that are looked at.
const ROWS_OF_EACH: i64 = 10;
/// The rows that are looked at where the newest of all are: they lie side by side.
const NEWEST: i64 = 20_000;
/// Relations below this size are read where that is exact and a walk is not.
const SMALL: u64 = 32 << 20;

/// A way through one index to the rows that matter.
pub(super) struct Walk<'a> {
    pub(super) source: &'a Source,
    /// Columns of the index that the conditions hold fixed, with their values.
    fixed: Vec<(&'a Column, &'a str)>,
    /// The column after them, whose values are walked; none when the newest rows come next.
    pub(super) column: Option<&'a Column>,
    /// Whether the index goes on with the time, so that the newest rows are found at once.
    timed: bool,
    /// The range that bounds the walk itself, over children that it leaves out.
    pub(super) within: Option<TimeRange>,
}

/// The distinct non-empty values of a label on the rows that pass the filters, as text, unsorted, at most `cap` + 1;
/// with a prefix those that begin with it.
#[must_use]
pub fn narrowed_values(
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    WantedValues { range, prefix }: WantedValues<'_>,
    cap: u32,
) -> Statement {
    let rows = |w: &mut Writer| match walk(source, value, filters, range) {
        Some(walk) if walk.within.is_some() && walk.is_sparse(value) => {
            distinct(w, source, value, filters, range);
        }
        Some(walk) if walk.within.is_some() => walk.write_or_read(w, value, filters, range),
        None if source.children > 1 && range.is_some() && is_own(value) => {
            distinct(w, source, value, filters, range);
        }
        // Without a range each step of a walk looks into all children; the newest rows are side by side.
        Some(walk) if range.is_none() && walk.column.is_some() && is_spread(source) => {
            distinct(w, source, value, filters, range);
        }
        Some(walk) => walk.write(w, value, filters, range),
        None if matches!(value.column().row, SourceRow::Joined(_)) => joined::values(w, source, value, filters, range),
        None if filters.is_empty() => values(w, source, value, filters, range),
        None => distinct(w, source, value, filters, range),
    };
    texts(rows, prefix, cap)
}

/// The same by the rows alone, whatever an index or another relation has.
#[must_use]
pub fn values_of_rows(
    source: &Source,
    value: &LabelValue,
    filters: &[Filter],
    WantedValues { range, prefix }: WantedValues<'_>,
    cap: u32,
) -> Statement {
    texts(|w| distinct(w, source, value, filters, range), prefix, cap)
}

/// The statement of those texts that begin with a prefix, at most `cap` + 1.
fn texts(rows: impl FnOnce(&mut Writer), prefix: &str, cap: u32) -> Statement {
    let mut w = Writer::default();
    w.syntax("SELECT q.x FROM (");
    rows(&mut w);
    w.syntax(") AS q");
    if !prefix.is_empty() {
        w.syntax(" WHERE starts_with(q.x, ").param(Param::Text(prefix.to_owned())).syntax(")");
    }
    w.syntax(" LIMIT ").param(Param::Int(i64::from(cap) + 1));
    w.finish()
}

/// The best walk that the indexes allow.
pub(super) fn walk<'a>(
    source: &'a Source,
    value: &LabelValue,
    filters: &'a [Filter],
    range: Option<TimeRange>,
) -> Option<Walk<'a>> {
    // It reads the source's own rows alone.
    if !source.needed().is_empty() {
        return None;
    }
    if !is_own(value) || !filters.iter().all(|filter| is_own(&filter.value)) {
        return None;
    }
    let within = range.filter(|_| source.children > 1);
    let walks = source.indexes.iter().filter_map(|index| along(source, index, filters));
    let walks = walks.map(|walk| Walk { within, ..walk });
    let usable = walks.filter(|walk| {
        let whole = walk.is_whole(value, filters);
        (walk.timed || (whole && (range.is_none() || within.is_some()))) && walk.fixes_the_name(filters)
    });
    let best = usable.max_by_key(|walk| {
        let whole = walk.is_whole(value, filters);
        (whole, walk.fixed.len(), walk.walks(value), walk.column.is_some())
    })?;
    let is_exact = best.is_whole(value, filters);
    (is_exact || source.bytes == 0 || source.bytes > SMALL).then_some(best)
}

/// The walk along one index: past the columns that are held fixed to a label, or to the time.
fn along<'a>(source: &'a Source, index: &[Ident], filters: &'a [Filter]) -> Option<Walk<'a>> {
    let fixed: Vec<_> = index.iter().map_while(|column| held(column, filters)).collect();
    let at = index.get(fixed.len())?;
    if *at == source.time.column {
        return Some(Walk { source, fixed, column: None, timed: true, within: None });
    }
    let labels = source.labels.iter().filter_map(|label| match label {
        SourceLabel::One { value: LabelValue::Column(column), .. } => Some(column),
        _ => None,
    });
    let own = |column: &&Column| column.row == SourceRow::Own && column.name == *at && is_walkable(&column.ty);
    let column = labels.chain(source.name_column.iter().filter(|_| source.name_path.is_empty())).find(own)?;
    let timed = index.get(fixed.len() + 1) == Some(&source.time.column);
    Some(Walk { source, fixed, column: Some(column), timed, within: None })
}

/// The single value that the conditions leave to a column.
fn held<'a>(column: &Ident, filters: &'a [Filter]) -> Option<(&'a Column, &'a str)> {
    filters.iter().find_map(|filter| match (&filter.value, &filter.wanted) {
        (LabelValue::Column(own), ValueCondition::OneOf(values)) if own.name == *column && is_text(&own.ty) => {
            match &**values {
                [value] if !value.is_empty() => Some((own, value.as_str())),
                _ => None,
            }
        }
        _ => None,
    })
}

const fn is_text(ty: &ColumnType) -> bool {
    matches!(ty, ColumnType::Text | ColumnType::Varchar)
}

/// Whether the source's own columns tell the value.
fn is_own(value: &LabelValue) -> bool {
    value.column().row == SourceRow::Own && !matches!(value, LabelValue::Resolved { .. })
}

/// What is asked of the rows that a walk finds.
#[derive(Clone, Copy)]
pub(super) struct WalkQuestion<'a> {
    pub(super) value: &'a LabelValue,
    pub(super) filters: &'a [Filter],
    pub(super) fixed: &'a [ParamNumber],
    pub(super) range: Option<TimeRange>,
}

impl Walk<'_> {
    /// Whether it is the wanted label's own column that is walked.
    fn walks(&self, value: &LabelValue) -> bool {
        matches!((value, self.column), (LabelValue::Column(wanted), Some(own)) if wanted.name == own.name)
    }

    /// Whether its values are those that are wanted: it walks their own column, and holds all conditions fixed.
    pub(super) fn is_whole(&self, value: &LabelValue, filters: &[Filter]) -> bool {
        self.walks(value) && self.fixed.len() == filters.len()
    }

    /// The newest rows of all metrics together may have none of the one that is asked for.
    fn fixes_the_name(&self, filters: &[Filter]) -> bool {
        let Some(name) = &self.source.name_column else { return true };
        let on_name = filters.iter().any(|filter| filter.value.column().name == name.name);
        !on_name || self.fixed.iter().any(|(column, _)| column.name == name.name)
    }

    pub(super) fn bound(&self, w: &mut Writer) -> Vec<ParamNumber> {
        self.fixed.iter().map(|(_, value)| w.bind(Param::Text((*value).to_owned()))).collect()
    }

    pub(super) fn write(&self, w: &mut Writer, value: &LabelValue, filters: &[Filter], range: Option<TimeRange>) {
        let bound = self.bound(w);
        // The rows themselves are bounded as well.
        let ask = WalkQuestion { value, filters, fixed: &bound, range: range.filter(|_| self.within.is_none()) };
        let Some(column) = self.column else {
            w.syntax("SELECT DISTINCT t.\"datebin x\"::text AS x FROM (");
            self.newest(w, ask, |_| {});
            w.param(Param::Int(NEWEST)).syntax(") AS t");
            passing(w, filters);
            return;
        };
        self.values(w, &bound, column);
        let whole = self.is_whole(value, filters);
        if whole && (range.is_none() || self.within.is_some()) {
            w.syntax("SELECT ");
            typed::walked(w, &column.ty);
            w.syntax(" AS x FROM v WHERE v.x IS NOT NULL AND v.x::text <> ''");
            return;
        }
        w.syntax(", w AS MATERIALIZED (SELECT v.x FROM v WHERE v.x IS NOT NULL LIMIT ").param(Param::Int(WALKED));
        w.syntax(") SELECT DISTINCT t.\"datebin x\"::text AS x FROM (SELECT t.* FROM w CROSS JOIN LATERAL (");
        self.newest(w, ask, |w| {
            w.syntax(" AND ").column(&column.name).syntax(" = w.x");
        });
        if whole {
            w.syntax("1");
        } else {
            w.syntax("greatest(").param(Param::Int(ROWS_OF_EACH)).syntax(", ").param(Param::Int(ROWS));
            w.syntax(" / (SELECT greatest(count(*), 1) FROM w))");
        }
        w.syntax(") AS t");
        if column.nullable && !self.walks(value) {
            w.syntax(" UNION ALL (");
            self.newest(w, ask, |w| {
                w.syntax(" AND ").column(&column.name).syntax(" IS NULL");
            });
            w.param(Param::Int(ROWS)).syntax(")");
        }
        w.syntax(") AS t");
        passing(w, filters);
    }

    /// Writes `v`: the distinct values of the walked column.
    fn values(&self, w: &mut Writer, fixed: &[ParamNumber], column: &Column) {
        w.syntax("WITH RECURSIVE v AS ((SELECT ").column(&column.name).syntax(" AS x");
        self.rows(w, fixed);
        w.syntax(" AND ").column(&column.name).syntax(" IS NOT NULL ORDER BY 1 LIMIT 1) UNION ALL SELECT (SELECT ");
        w.column(&column.name);
        self.rows(w, fixed);
        w.syntax(" AND ").column(&column.name).syntax(" > v.x ORDER BY 1 LIMIT 1) FROM v WHERE v.x IS NOT NULL) ");
    }

    /// Writes the rows with the fixed columns as they must be.
    fn rows(&self, w: &mut Writer, fixed: &[ParamNumber]) {
        w.rows_of(&self.source.relation, &[]).syntax(" WHERE true");
        for ((column, _), slot) in self.fixed.iter().zip(fixed) {
            w.syntax(" AND ").column(&column.name).syntax(" = ").slot(*slot);
        }
        if let Some(range) = self.within {
            w.syntax(" AND ");
            lasting::within(w, self.source, range);
        }
    }

    /// Writes the newest rows under a further condition, up to their number.
    fn newest(&self, w: &mut Writer, ask: WalkQuestion<'_>, further: impl FnOnce(&mut Writer)) {
        self.rows_asked(w, ask);
        further(w);
        if let Some(range) = ask.range {
            w.syntax(" AND ");
            lasting::within(w, self.source, range);
        }
        w.syntax(" ORDER BY ").clock(&self.source.time).syntax(" DESC LIMIT ");
    }

    /// Writes the rows: the wanted value as `x`, and the columns that the filters look at under their own
    /// names.
    pub(super) fn rows_asked(&self, w: &mut Writer, ask: WalkQuestion<'_>) {
        w.syntax("SELECT ");
        grouped(w, ask.value);
        // Not `x`, as a column may be called.
        w.syntax(" AS \"datebin x\"");
        let mut named: Vec<&Ident> = ask.filters.iter().map(|filter| &filter.value.column().name).collect();
        named.sort_unstable();
        named.dedup();
        for name in named {
            w.syntax(", ").column(name);
        }
        self.rows(w, ask.fixed);
    }
}

/// Writes the conditions on the rows that were found.
pub(super) fn passing(w: &mut Writer, filters: &[Filter]) {
    w.syntax(" WHERE t.\"datebin x\"::text <> ''");
    for filter in filters {
        w.syntax(" AND ");
        condition(w, &[], filter);
    }
}
