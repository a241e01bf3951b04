//! The final names of metrics.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::declared::kind_and_over_time;
use super::draft::{Decision, Draft, DraftSource, Narrow, StoredNames, Verdict};
use super::error::CatalogError;
use super::{layout, rollups, united};
use crate::ast::OverTime;
use crate::catalog::{Metric, MetricValue, Relation, Snapshot};

/// What gets its name as a whole: one metric of a column, or all metrics of a narrow source.
struct Unit {
    source: usize,
    /// Absent: the stored names.
    metric: Option<usize>,
    level: usize,
    levels: usize,
}

/// Names every metric: the shortest name where it is the only one, a longer one where discovery alone would call two
/// metrics the same. `stored` holds what [`Draft::narrow`]'s sources store, by their numbers.
///
/// # Errors
/// Two metrics have one name and at least one of them is declared; or a declaration is wrong.
pub fn finish(
    mut draft: Draft,
    stored: &BTreeMap<usize, StoredNames>,
) -> Result<(Snapshot, Vec<Decision>), CatalogError> {
    for (at, names) in stored {
        if let Some(source) = draft.sources.get(*at) {
            let decision = listed(&source.source.relation, names);
            if names.cut {
                let note = "stores more metric names than a narrow source may have; the others are left out: raise `max_names` in [discovery]";
                draft.notes.push(format!("{} {note} ({})", source.source.relation, draft.most_names));
            }
            let own = draft.decisions.iter().rposition(|d| d.relation == source.source.relation);
            draft.decisions.insert(own.map_or(draft.decisions.len(), |own| own + 1), decision);
        }
    }
    let told = draft.of_relations();
    let mut units = units(&draft.sources);
    let stored: Vec<BTreeSet<&str>> = (0..draft.sources.len()).map(|at| all_stored(&draft, stored, at)).collect();
    while lengthen(&draft, &stored, &mut units) {}
    let mut metrics: Vec<Vec<Metric>> = vec![Vec::new(); draft.sources.len()];
    for unit in &units {
        let source = &draft.sources[unit.source];
        for (name, stored) in names(source, &stored[unit.source], unit) {
            let metric = match (unit.metric, &source.narrow) {
                (None, Some(narrow)) => narrow_metric(narrow, &source.source.relation, stored, name)?,
                (at, _) => Metric { name, ..source.metrics[at.unwrap_or(0)].metric.clone() },
            };
            metrics[unit.source].push(metric);
        }
    }
    for (draft, mut metrics) in draft.sources.iter_mut().zip(metrics) {
        metrics.sort_by(|a, b| a.name.cmp(&b.name));
        draft.source.metrics = metrics;
        rollups::resolve_names(&mut draft.source)?;
    }
    united::agree(&mut draft.sources);
    let aliases = aliases(&draft.sources);
    let unite: Vec<_> = draft.sources.iter().map(united::names).collect();
    let sources = draft.sources.into_iter().map(|own| own.source.seen_in(&draft.zone)).collect();
    let unites = |source: usize, metric: &Metric| unite[source].are_data(metric);
    let mut snapshot = Snapshot::united(sources, draft.annotations, draft.zone, unites)?;
    snapshot.set_aliases(aliases);
    snapshot.set_notes(draft.notes);
    snapshot.set_decisions(told);
    Ok((snapshot, draft.decisions))
}

/// `t` beside `t_value` and the reverse. Which of them is the name depends on whether the table has other values, and
/// a column that is added or dropped must not take a name away that panels ask for.
fn aliases(sources: &[DraftSource]) -> BTreeMap<String, String> {
    let mut aliases: BTreeMap<String, Option<String>> = BTreeMap::new();
    for draft in sources.iter().filter(|draft| !draft.declared) {
        for metric in draft.source.metrics.iter().filter(|metric| metric.stored_name.is_none()) {
            if matches!(&metric.value, MetricValue::Column(column) if column.name.as_str() == "value") {
                let shorter = metric.name.strip_suffix("_value").map(str::to_owned);
                let other = shorter.unwrap_or_else(|| format!("{}_value", metric.name));
                // Of two that would have it nobody gets it.
                let own = Some(metric.name.clone());
                aliases.entry(other).and_modify(|taken| *taken = None).or_insert(own);
            }
        }
    }
    aliases.into_iter().filter_map(|(alias, name)| Some((alias, name?))).collect()
}

fn listed(relation: &Relation, names: &StoredNames) -> Decision {
    let most = if names.cut { ", the most that `max_names` in [discovery] allows: others are missing" } else { "" };
    let reason = format!("{} names{most}, {}", names.names.len(), names.strategy.describe());
    Decision { relation: relation.clone(), column: None, verdict: Verdict::Name, reason }
}

/// The stored names of a source: those found and those declared.
fn all_stored<'a>(draft: &'a Draft, stored: &'a BTreeMap<usize, StoredNames>, at: usize) -> BTreeSet<&'a str> {
    let Some(narrow) = &draft.sources[at].narrow else { return BTreeSet::new() };
    let found = stored.get(&at).into_iter().flat_map(|stored| &stored.names);
    found.chain(narrow.declared.keys()).map(String::as_str).collect()
}

fn units(sources: &[DraftSource]) -> Vec<Unit> {
    let mut units = Vec::new();
    for (source, draft) in sources.iter().enumerate() {
        for (at, metric) in draft.metrics.iter().enumerate() {
            let levels = if draft.declared { 1 } else { metric.names.len() };
            units.push(Unit { source, metric: Some(at), level: 0, levels });
        }
        if let Some(narrow) = &draft.narrow {
            let levels = if draft.declared { 1 } else { narrow.prefixes.len() };
            units.push(Unit { source, metric: None, level: 0, levels });
        }
    }
    units
}

/// The names of a unit at its level, with the stored name of each.
fn names<'a>(source: &'a DraftSource, stored: &BTreeSet<&'a str>, unit: &Unit) -> Vec<(String, &'a str)> {
    match (unit.metric, &source.narrow) {
        (Some(at), _) => source.metrics[at].names.get(unit.level).map(|name| (name.clone(), "")).into_iter().collect(),
        (None, Some(narrow)) => {
            let prefix = narrow.prefixes.get(unit.level).map_or("", String::as_str);
            stored.iter().map(|stored| (format!("{prefix}{stored}"), *stored)).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Gives each discovered unit that shares a name with discovered units only the next longer name, and each discovered
/// narrow source that shares one with any: stored names are data. Whether any got one.
fn lengthen(draft: &Draft, stored: &[BTreeSet<&str>], units: &mut [Unit]) -> bool {
    let mut owners: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        for (name, _) in names(&draft.sources[unit.source], &stored[unit.source], unit) {
            owners.entry(name).or_default().push(at);
        }
    }
    let mut longer = BTreeSet::new();
    for owners in owners.values().filter(|owners| owners.len() > 1) {
        let is_alone = owners.iter().all(|at| !draft.sources[units[*at].source].declared);
        let yields = |at: &usize| (is_alone || units[*at].metric.is_none()) && units[*at].level + 1 < units[*at].levels;
        longer.extend(owners.iter().copied().filter(yields));
    }
    for at in &longer {
        units[*at].level += 1;
    }
    !longer.is_empty()
}

fn narrow_metric(narrow: &Narrow, relation: &Relation, stored: &str, name: String) -> Result<Metric, CatalogError> {
    let declared = narrow.declared.get(stored).cloned().unwrap_or_default();
    let (kind, over_time) = kind_and_over_time(relation, &declared)?;
    let kind = kind.unwrap_or_else(|| layout::guess_kind(stored));
    let own = narrow.own.get(stored).cloned().unwrap_or_default();
    own.is_fit_for(relation, kind)?;
    Ok(Metric {
        name,
        value: narrow.value.of(stored),
        adjustment: own.adjustment,
        filters: own.filters,
        stored_name: Some(stored.to_owned()),
        kind,
        unit: declared.unit,
        help: declared.help.or_else(|| narrow.help.clone()),
        over_time: over_time.unwrap_or(OverTime::Avg),
    })
}
