//! TimescaleDB's continuous aggregates as rollups of their hypertables.

use super::draft::{Decision, Draft, DraftMetric, DraftSource, NarrowValue, Verdict};
use super::lookup::{relation, time_column};
use super::rollups::{is_regular, rows, unread};
use super::view::{Item, Parsed, parse};
use crate::catalog::facts::{AggregateFacts, Facts, RelationFacts};
use crate::catalog::file::TimeDecl;
use crate::catalog::{Column, Label, Rollup, RollupColumns, RollupMetrics, Row, Value};
use crate::time::Zone;

/// Gives every source of a hypertable its continuous aggregates. One that serves is no source of its own unless it is
/// declared; one that does not says why.
pub(super) fn add(draft: &mut Draft, facts: &Facts, local: Zone) {
    for aggregate in &facts.aggregates {
        let Ok(view) = relation(facts, &aggregate.view.to_string()) else { continue };
        let mut verdicts = Vec::new();
        for source in draft.sources.iter_mut().filter(|source| source.source.relation == aggregate.hypertable) {
            if source.source.rollups.iter().all(|rollup| rollup.rows.relation != aggregate.view) {
                let found = rollup(facts, view, aggregate, source, local);
                verdicts.push(found.map(|rollup| source.source.rollups.push(rollup)));
            }
        }
        let Some(first) = verdicts.iter().find(|verdict| verdict.is_ok()).or(verdicts.first()) else { continue };
        let of = format!("a continuous aggregate of {}", aggregate.hypertable);
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

fn rollup(
    facts: &Facts,
    view: &RelationFacts,
    aggregate: &AggregateFacts,
    draft: &DraftSource,
    local: Zone,
) -> Result<Rollup, String> {
    let parsed = parse(&aggregate.definition)?;
    if parsed.time != draft.source.time.column.as_str() {
        return Err(format!("its buckets are cut by `{}`, which is not the time of the source", parsed.time));
    }
    if !is_regular(parsed.step_ms) {
        return Err("its buckets divide no day and are no whole weeks".to_owned());
    }
    let labels = draft.source.labels.iter().map(Label::column).chain(&draft.source.name_column);
    let keys = draft.source.joins.iter().flat_map(|join| join.on.iter().map(|(theirs, _)| theirs));
    for column in labels.chain(keys).filter(|column| column.row == Row::Own) {
        if !parsed.keys.iter().any(|key| *key == column.name.as_str()) {
            return Err(format!("it is not grouped by `{}`", column.name));
        }
    }
    let hypertable = relation(facts, &aggregate.hypertable.to_string()).map_err(|error| error.to_string())?;
    let columns = metrics(&parsed, view, hypertable, draft).ok_or("it has no aggregate of a metric's column")?;
    let time = time_column(view, &TimeDecl::Column(parsed.bucket.clone()), local).map_err(|error| error.to_string())?;
    let rows = rows(&draft.source, view, time).map_err(|error| error.to_string())?;
    Ok(Rollup { rows, step_ms: parsed.step_ms, columns, held: unread() })
}

/// The columns of each metric whose value is a column; none where there are none.
fn metrics(
    parsed: &Parsed,
    view: &RelationFacts,
    hypertable: &RelationFacts,
    draft: &DraftSource,
) -> Option<RollupMetrics> {
    let of = |value: &Value| {
        let Value::Column(column) = value else { return None };
        let columns = columns(parsed, view, hypertable, column);
        (columns != RollupColumns::default()).then(|| (column.name.to_string(), columns))
    };
    if let Some(narrow) = &draft.narrow {
        let NarrowValue::One(value) = &narrow.value else { return None };
        return of(value).map(|(_, columns)| RollupMetrics::Stored(Box::new(columns)));
    }
    let named: std::collections::BTreeMap<_, _> =
        draft.metrics.iter().filter_map(|DraftMetric { metric, .. }| of(&metric.value)).collect();
    (!named.is_empty()).then_some(RollupMetrics::Named(named))
}

fn columns(parsed: &Parsed, view: &RelationFacts, hypertable: &RelationFacts, value: &Column) -> RollupColumns {
    let never_null = hypertable.column(value.name.as_str()).is_some_and(|column| column.not_null);
    let column = |function: &str| {
        let is_it = |item: &&Item| {
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
