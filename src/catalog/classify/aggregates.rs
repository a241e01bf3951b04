//! TimescaleDB's continuous aggregates as rollups of their hypertables.

use std::collections::BTreeMap;

use super::draft::{Decision, Draft, DraftMetric, DraftSource, NarrowValue, Verdict};
use super::lookup::time_column;
use super::materialized::{both, held, stated, width_ms};
use super::rollups::{is_regular, unread};
use super::rows::{rows, series_columns};
use super::view::{BucketWidth, GroupColumn, ViewAggregate, ViewDefinition, parse};
use crate::catalog::facts::{AggregateFacts, Facts, RelationFacts};
use crate::catalog::file::{TimeDecl, TimeTable};
use crate::catalog::{
    Column, Join, MetricValue, Relation, Rollup, RollupColumns, RollupMetrics, Source, SourceRow, TimeColumn, TimeKind,
};
use crate::time::{TimeRange, Zone};

/// Aggregates of aggregates of … so many.
const DEPTH: usize = 8;

/// An aggregate in terms of the hypertable at the bottom.
#[derive(Clone)]
struct ResolvedAggregate<'a> {
    hypertable: &'a Relation,
    parsed: ViewDefinition,
    /// The aggregate and those that it is made of.
    chain: Vec<(&'a AggregateFacts, BucketWidth)>,
}

/// Gives every source of a hypertable its continuous aggregates. One that serves is no source of its own unless it is
/// declared; one that does not says why.
pub(super) fn add(draft: &mut Draft, facts: &Facts, local: Zone) {
    for aggregate in &facts.aggregates {
        let verdicts = verdicts(draft, facts, aggregate, local);
        let Some(first) = verdicts.iter().find(|verdict| verdict.is_ok()).or(verdicts.first()) else { continue };
        let of = format!("a continuous aggregate of {}", bottom(facts, aggregate));
        let reason = match first {
            Ok(()) => format!("{of}: its rollup"),
            Err(reason) => format!("{of}, but not its rollup: {reason}"),
        };
        if first.is_ok() {
            draft.sources.retain(|source| source.declared || source.source.relation != aggregate.view);
            draft.decisions.retain(|decision| decision.relation != aggregate.view);
        }
        if draft.sources.iter().any(|source| source.declared && source.source.relation == aggregate.view) {
            continue;
        }
        let relation = aggregate.view.clone();
        draft.decisions.push(Decision { relation, column: None, verdict: Verdict::LeftOut, reason });
    }
}

/// What became of an aggregate, for each source of its hypertable.
fn verdicts(draft: &mut Draft, facts: &Facts, aggregate: &AggregateFacts, local: Zone) -> Vec<Result<(), String>> {
    let resolved = resolved(facts, aggregate, DEPTH);
    let hypertable = match &resolved {
        Ok(resolved) => resolved.hypertable,
        Err(_) => bottom(facts, aggregate),
    };
    let mut verdicts = Vec::new();
    for source in draft.sources.iter_mut().filter(|source| source.source.relation == *hypertable) {
        if source.source.rollups.iter().all(|rollup| rollup.rows.relation != aggregate.view) {
            let found = resolved.clone().and_then(|resolved| rollup(facts, &resolved, source, local));
            verdicts.push(found.map(|rollup| source.source.rollups.push(rollup)));
        }
    }
    verdicts
}

/// The aggregate that another one reads; none where that reads the hypertable.
fn parent<'a>(facts: &'a Facts, aggregate: &AggregateFacts) -> Option<&'a AggregateFacts> {
    let (schema, name) = parse(&aggregate.definition).ok()?.from;
    let is_it = |other: &&AggregateFacts| {
        let is_schema = schema.as_ref().is_none_or(|schema| other.view.schema.as_str() == schema);
        other.view.name.as_str() == name && is_schema && other.view != aggregate.view
    };
    // A hypertable may have the name of a view in another schema.
    let reads_itself = schema.is_none() && aggregate.hypertable.name.as_str() == name;
    facts.aggregates.iter().find(is_it).filter(|_| !reads_itself)
}

/// The hypertable under an aggregate, whatever lies between.
fn bottom<'a>(facts: &'a Facts, aggregate: &'a AggregateFacts) -> &'a Relation {
    let mut at = aggregate;
    for _ in 0..DEPTH {
        match parent(facts, at) {
            Some(next) => at = next,
            None => break,
        }
    }
    &at.hypertable
}

fn resolved<'a>(
    facts: &'a Facts,
    aggregate: &'a AggregateFacts,
    depth: usize,
) -> Result<ResolvedAggregate<'a>, String> {
    let parsed = parse(&aggregate.definition)?;
    let own = (aggregate, parsed.width);
    match parent(facts, aggregate) {
        None => Ok(ResolvedAggregate { hypertable: &aggregate.hypertable, parsed, chain: vec![own] }),
        Some(_) if depth == 0 => Err("it is an aggregate of too many others".to_owned()),
        Some(below) => {
            let mut resolved = resolved(facts, below, depth - 1)?;
            resolved.parsed = composed(&parsed, &resolved.parsed, &below.view)?;
            resolved.chain.push(own);
            Ok(resolved)
        }
    }
}

/// An aggregate of an aggregate in terms of what the inner one reads.
fn composed(outer: &ViewDefinition, inner: &ViewDefinition, view: &Relation) -> Result<ViewDefinition, String> {
    if outer.time != inner.bucket {
        return Err(format!("its buckets are cut by `{}`, which is not the bucket of {view}", outer.time));
    }
    let whole = match (outer.width, inner.width) {
        (BucketWidth::Millis(outer), BucketWidth::Millis(inner))
        | (BucketWidth::Units(outer), BucketWidth::Units(inner)) => outer % inner == 0,
        _ => false,
    };
    if !whole {
        return Err(format!("its buckets are not whole buckets of {view}"));
    }
    let key = |key: &GroupColumn| {
        let below = inner.keys.iter().find(|below| below.name == key.column)?;
        Some(GroupColumn { column: below.column.clone(), name: key.name.clone() })
    };
    let keys: Vec<GroupColumn> = outer.keys.iter().filter_map(key).collect();
    let item = |item: &ViewAggregate| {
        let below = inner.items.iter().find(|below| Some(&below.name) == item.of.as_ref())?;
        let function = match (item.function.as_str(), below.function.as_str()) {
            ("sum", "count") => "count",
            (same @ ("min" | "max" | "sum" | "first" | "last"), inner) if same == inner => same,
            _ => return None,
        };
        Some(ViewAggregate { name: item.name.clone(), function: function.to_owned(), of: below.of.clone() })
    };
    Ok(ViewDefinition {
        width: outer.width,
        time: inner.time.clone(),
        bucket: outer.bucket.clone(),
        has_other_keys: outer.has_other_keys || keys.len() < outer.keys.len(),
        keys,
        items: outer.items.iter().filter_map(item).collect(),
        from: inner.from.clone(),
    })
}

fn rollup(facts: &Facts, resolved: &ResolvedAggregate<'_>, draft: &DraftSource, local: Zone) -> Result<Rollup, String> {
    let ResolvedAggregate { hypertable, parsed, chain } = resolved;
    let Some((aggregate, _)) = chain.last() else { return Err("it reads nothing".to_owned()) };
    let view = &aggregate.view;
    let unusable =
        || format!("the schema {} may not be used: GRANT USAGE ON SCHEMA {} helps", view.schema, view.schema);
    let view = facts.relation(view.schema.as_str(), view.name.as_str()).ok_or_else(unusable)?;
    let source = &draft.source;
    if parsed.time != source.time.column.as_str() || source.time.row != SourceRow::Own {
        return Err(format!("its buckets are cut by `{}`, which is not the time of the source", parsed.time));
    }
    let step_ms = width_ms(parsed.width, &source.time.kind)?;
    if !is_regular(step_ms) {
        return Err("its buckets neither divide a day nor are whole weeks".to_owned());
    }
    let raw =
        facts.relation(hypertable.schema.as_str(), hypertable.name.as_str()).ok_or("its hypertable is unknown")?;
    let columns = metrics(parsed, view, raw, draft).ok_or("it has no aggregate of a metric's column")?;
    let time = bucket_column(view, &parsed.bucket, source, local)?;
    let grouped: BTreeMap<_, _> = parsed.keys.iter().map(|key| (key.column.clone(), key.name.clone())).collect();
    let (rows, lacks) = rows(source, view, time, Some(&grouped)).map_err(|error| error.to_string())?;
    let is_kept = |join: &Join| rows.joins.iter().any(|kept| kept.row == join.row);
    if source.joins.iter().any(|join| join.required && !is_kept(join)) {
        return Err("it is not grouped by the key of a join that is required".to_owned());
    }
    let is_unique = !parsed.has_other_keys && lacks.is_empty() && groups_series(source, &rows, parsed);
    let stated_ranges = chain_held(chain, &rows.time);
    let is_stated = stated_ranges.is_some();
    let held = stated_ranges.map_or_else(unread, stated);
    Ok(Rollup { rows, step_ms, columns, held, unsearched: None, is_stated, lacks, is_unique, is_safe: false })
}

/// Whether an aggregate is grouped by nothing but what makes a series.
fn groups_series(source: &Source, rows: &Source, parsed: &ViewDefinition) -> bool {
    let series = series_columns(source, rows).unwrap_or_default();
    !series.is_empty() && parsed.keys.iter().all(|key| series.iter().any(|column| column.as_str() == key.name))
}

/// What an aggregate and all that it is made of hold, where TimescaleDB states that of each.
fn chain_held(chain: &[(&AggregateFacts, BucketWidth)], time: &TimeColumn) -> Option<Vec<TimeRange>> {
    let one = |(aggregate, width): &(&AggregateFacts, BucketWidth)| {
        Some(held(aggregate.materialized.as_ref()?, *width, time))
    };
    let mut all = chain.iter().map(one);
    let first = all.next()??;
    all.try_fold(first, |held, next| Some(both(&held, &next?)))
}

/// The column of the buckets, read as the source's own time.
fn bucket_column(view: &RelationFacts, bucket: &str, source: &Source, local: Zone) -> Result<TimeColumn, String> {
    let (unit, zone) = match &source.time.kind {
        TimeKind::Epoch { unit, .. } => (Some(unit.word().to_owned()), local),
        TimeKind::Local(zone) | TimeKind::Date(zone) | TimeKind::Day(zone) => (None, *zone),
        TimeKind::Instant => (None, local),
    };
    let table = TimeTable { column: bucket.to_owned(), unit, ..TimeTable::default() };
    let time = time_column(view, &TimeDecl::Table(table), zone).map_err(|error| error.to_string())?;
    Ok(super::rollups::added_up(source, time))
}

/// The columns of each metric whose value is a column; none where there are none.
fn metrics(
    parsed: &ViewDefinition,
    view: &RelationFacts,
    hypertable: &RelationFacts,
    draft: &DraftSource,
) -> Option<RollupMetrics> {
    let of = |value: &MetricValue| {
        let MetricValue::Column(column) = value else { return None };
        let columns = columns(parsed, view, hypertable, column);
        (columns != RollupColumns::default()).then(|| (column.name.to_string(), columns))
    };
    if let Some(narrow) = &draft.narrow {
        let NarrowValue::One(value) = &narrow.value else { return None };
        return of(value).map(|(_, columns)| RollupMetrics::Stored(Box::new(columns)));
    }
    let named: BTreeMap<_, _> =
        draft.metrics.iter().filter_map(|DraftMetric { metric, .. }| of(&metric.value)).collect();
    (!named.is_empty()).then_some(RollupMetrics::Named(named))
}

fn columns(parsed: &ViewDefinition, view: &RelationFacts, hypertable: &RelationFacts, value: &Column) -> RollupColumns {
    let never_null = hypertable.column(value.name.as_str()).is_some_and(|column| column.not_null);
    let column = |function: &str| {
        let is_it = |item: &&ViewAggregate| {
            let of_value = item.of.as_deref() == Some(value.name.as_str());
            // Rows with NULL are among those that `count(*)` counts.
            // A first or last row with NULL hides the first or last sample.
            let is_sample = never_null || !matches!(function, "first" | "last");
            item.function == function && (of_value && is_sample || item.of.is_none() && never_null)
        };
        let item = parsed.items.iter().find(is_it)?;
        view.column(&item.name).filter(|column| column.readable && column.is_number()).map(|column| column.column())
    };
    RollupColumns {
        avg: column("avg"),
        min: column("min"),
        max: column("max"),
        sum: column("sum"),
        count: column("count"),
        first: column("first"),
        last: column("last"),
    }
}
